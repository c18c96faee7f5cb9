package chatcompletions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/chatcompletions"
)

// call is a recorded model call: what the Agents SDK for Python sent, and the
// events and the error that it made of the server's chunks. See
// testdata/record.py.
type call struct {
	Model    string `json:"model"`
	Official bool   `json:"official"`
	Request  struct {
		Instructions string            `json:"instructions"`
		Input        []json.RawMessage `json:"input"`
		Settings     callSettings      `json:"settings"`
		Tools        []callTool        `json:"tools"`
		Handoffs     []struct {
			Agent       string `json:"agent"`
			Description string `json:"description"`
		} `json:"handoffs"`
		Output *struct {
			Name   string          `json:"name"`
			Schema json.RawMessage `json:"schema"`
			Strict *bool           `json:"strict"`
		} `json:"output"`
	} `json:"request"`
	Chunks []json.RawMessage `json:"chunks"`
	Body   json.RawMessage   `json:"body"`
	Events []json.RawMessage `json:"events"`
	Error  string            `json:"error"`
}

type callSettings struct {
	Temperature          *float64                   `json:"temperature"`
	TopP                 *float64                   `json:"top_p"`
	FrequencyPenalty     *float64                   `json:"frequency_penalty"`
	PresencePenalty      *float64                   `json:"presence_penalty"`
	ToolChoice           string                     `json:"tool_choice"`
	ParallelToolCalls    *bool                      `json:"parallel_tool_calls"`
	MaxTokens            *int                       `json:"max_tokens"`
	Reasoning            json.RawMessage            `json:"reasoning"`
	Verbosity            string                     `json:"verbosity"`
	Metadata             map[string]string          `json:"metadata"`
	Store                *bool                      `json:"store"`
	TopLogprobs          *int                       `json:"top_logprobs"`
	PromptCacheRetention string                     `json:"prompt_cache_retention"`
	Truncation           string                     `json:"truncation"`
	Include              []string                   `json:"response_include"`
	ExtraBody            map[string]json.RawMessage `json:"extra_body"`
}

type callTool struct {
	Kind         string          `json:"kind"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	Parameters   json.RawMessage `json:"parameters"`
	Strict       *bool           `json:"strict"`
	DeferLoading bool            `json:"defer_loading"`
	Namespace    string          `json:"namespace"`
}

func TestRecordedCalls(t *testing.T) {
	paths, err := filepath.Glob("testdata/calls/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			var recorded call
			require.NoError(t, json.Unmarshal(data, &recorded))
			server := &server{chunks: recorded.Chunks}
			model := &chatcompletions.Model{Name: recorded.Model, Transport: server, Official: recorded.Official}

			events, err := collect(t.Context(), model, recorded.modelRequest())
			if recorded.Error == "" {
				require.NoError(t, err)
			} else {
				require.Error(t, err)
				assert.Equal(t, nameOf(recorded.Error), runner.ErrorName(err), err.Error())
			}
			if recorded.Body != nil {
				assert.Equal(t, plain(t, recorded.Body), plain(t, server.body))
			} else {
				assert.Nil(t, server.body, "nothing is sent")
			}
			require.Equal(t, types(recorded.Events), types(events))
			for i := range events {
				assert.Equal(t, plain(t, recorded.Events[i]), plain(t, events[i]), "event %d", i)
			}
		})
	}
}

// nameOf gives our name for an error of the SDK's.
func nameOf(recorded string) string {
	switch recorded {
	case "AgentsException":
		return "ModelBehaviorError" // the SDK has no name for it
	}
	return recorded
}

func (c *call) modelRequest() *runner.ModelRequest {
	r, s := c.Request, c.Request.Settings
	request := &runner.ModelRequest{
		Instructions: r.Instructions, Input: r.Input,
		Settings: runner.ModelSettings{
			Temperature: s.Temperature, TopP: s.TopP, FrequencyPenalty: s.FrequencyPenalty, PresencePenalty: s.PresencePenalty,
			ToolChoice: s.ToolChoice, ParallelToolCalls: s.ParallelToolCalls, MaxTokens: s.MaxTokens, Reasoning: s.Reasoning,
			Verbosity: s.Verbosity, Metadata: s.Metadata, Store: s.Store, TopLogprobs: s.TopLogprobs,
			PromptCacheRetention: s.PromptCacheRetention, Truncation: s.Truncation, Include: s.Include, ExtraBody: s.ExtraBody,
		},
	}
	for _, tool := range r.Tools {
		request.Tools = append(request.Tools, tool.make())
	}
	for _, h := range r.Handoffs {
		request.Handoffs = append(request.Handoffs, &runner.Handoff{Agent: &runner.Agent{Name: h.Agent, HandoffDescription: h.Description}})
	}
	if o := r.Output; o != nil {
		request.Output = &runner.OutputSchema{Name: o.Name, Schema: o.Schema, NotStrict: o.Strict != nil && !*o.Strict}
	}
	return request
}

func (t callTool) make() runner.Tool {
	if t.Kind == "code_interpreter" {
		return runner.CodeInterpreter()
	}
	return &runner.FunctionTool{
		Name: t.Name, Description: t.Description, Parameters: t.Parameters, NotStrict: t.Strict != nil && !*t.Strict,
		DeferLoading: t.DeferLoading, Namespace: t.Namespace,
	}
}

// server answers every request with the same chunks.
type server struct {
	chunks []json.RawMessage
	path   string
	body   []byte
}

func (s *server) Post(_ context.Context, path string, body []byte) (io.ReadCloser, error) {
	s.path, s.body = path, body
	var stream bytes.Buffer
	for _, chunk := range s.chunks {
		var line bytes.Buffer
		if json.Compact(&line, chunk) != nil {
			line.Write(chunk)
		}
		fmt.Fprintf(&stream, "data: %s\n\n", line.Bytes())
	}
	stream.WriteString("data: [DONE]\n\n")
	return io.NopCloser(&stream), nil
}

func collect(ctx context.Context, model runner.Model, request *runner.ModelRequest) (events []json.RawMessage, err error) {
	for event, err := range model.Stream(ctx, request) {
		if err != nil {
			return events, err
		}
		events = append(events, event.Data)
	}
	return events, nil
}

func types(events []json.RawMessage) []string {
	found := []string{}
	for _, event := range events {
		var head struct {
			Type string `json:"type"`
		}
		_ = json.Unmarshal(event, &head)
		found = append(found, head.Type)
	}
	return found
}

// plain decodes a JSON value without its nulls, which mean nothing, and without
// the time of a response.
func plain(t *testing.T, raw []byte) any {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal(raw, &value))
	return withoutNulls(value)
}

func withoutNulls(value any) any {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "created_at")
		for key, inner := range v {
			if v[key] = withoutNulls(inner); inner == nil {
				delete(v, key)
			}
		}
	case []any:
		for i, inner := range v {
			v[i] = withoutNulls(inner)
		}
	}
	return value
}
