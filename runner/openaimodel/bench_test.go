package openaimodel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	wire "github.com/openai/openai-go/v3/responses"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/openaimodel"
	"runstream/runner/runnertest"
)

const (
	benchDeltas = 20_000
	benchTurns  = 50
)

// canned answers requests without a network, so that only the programs are
// measured.
type canned func(request *http.Request) []byte

func (c canned) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/event-stream"}},
		Body:       io.NopCloser(bytes.NewReader(c(request))),
		Request:    request,
	}, nil
}

func cannedClient(answer canned) openai.Client {
	return openai.NewClient(option.WithAPIKey("none"), option.WithBaseURL("http://model.test/v1/"),
		option.WithHTTPClient(&http.Client{Transport: answer}))
}

func encoded(response runnertest.Response, outputs ...runnertest.Output) []byte {
	var text bytes.Buffer
	for _, event := range runnertest.Reply(outputs...).Events(response) {
		fmt.Fprintf(&text, "event: %s\ndata: %s\n\n", event.Type, event.Data)
	}
	return text.Bytes()
}

// BenchmarkStream reads a response of 20,000 deltas: as a run, as the runner's
// model alone, and as openai-go gives it.
func BenchmarkStream(b *testing.B) {
	stream := encoded(runnertest.Response{}, runnertest.Message(strings.Repeat(" word", benchDeltas)))
	client := cannedClient(func(*http.Request) []byte { return stream })
	model := openaimodel.Responses(client, "gpt-5")
	agent := &runner.Agent{Name: "Writer", Model: model}
	question := &runner.ModelRequest{Input: []json.RawMessage{runner.UserMessage("Write.")}}
	for _, way := range []struct {
		name string
		read func(ctx context.Context) (deltas, events int, err error)
	}{
		{"runner.RunStreamed", func(ctx context.Context) (deltas, events int, err error) {
			for event, err := range runner.RunStreamed(ctx, agent, runner.Text("Write.")).Events() {
				if err != nil {
					return deltas, events, err
				}
				events++
				if event.Raw.Type == "response.output_text.delta" {
					deltas++
				}
			}
			return deltas, events, nil
		}},
		{"openaimodel.Responses", func(ctx context.Context) (deltas, events int, err error) {
			for event, err := range model.Stream(ctx, question) {
				if err != nil {
					return deltas, events, err
				}
				events++
				if event.Type == "response.output_text.delta" {
					deltas++
				}
			}
			return deltas, events, nil
		}},
		{"openai-go NewStreaming", func(ctx context.Context) (deltas, events int, err error) {
			stream := client.Responses.NewStreaming(ctx, wire.ResponseNewParams{Model: "gpt-5",
				Input: wire.ResponseNewParamsInputUnion{OfString: openai.String("Write.")}})
			defer stream.Close()
			for stream.Next() {
				events++
				if stream.Current().Type == "response.output_text.delta" {
					deltas++
				}
			}
			return deltas, events, stream.Err()
		}},
	} {
		b.Run(strings.ReplaceAll(way.name, " ", "_"), func(b *testing.B) {
			events := 0
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				deltas, read, err := way.read(b.Context())
				require.NoError(b, err)
				require.Equal(b, benchDeltas, deltas)
				events += read
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(events), "allocs/event")
		})
	}
}

// BenchmarkTurns runs 50 turns with one tool call each.
func BenchmarkTurns(b *testing.B) {
	var turns [][]byte
	for i := range benchTurns {
		turns = append(turns, encoded(runnertest.Response{ID: fmt.Sprintf("resp_%d", i)},
			runnertest.ToolCall("look_up", fmt.Sprintf("call_%d", i), `{"key":"an entry"}`)))
	}
	turns = append(turns, encoded(runnertest.Response{ID: "resp_last"}, runnertest.Message("Done.")))
	next := 0
	client := cannedClient(func(*http.Request) []byte {
		turn := turns[next]
		next = (next + 1) % len(turns)
		return turn
	})
	lookUp := &runner.FunctionTool{Name: "look_up", Parameters: json.RawMessage(`{"type":"object","properties":{"key":{"type":"string"}}}`),
		Invoke: func(context.Context, *runner.ToolCall) (any, error) { return "what is known of it", nil }}
	agent := &runner.Agent{Name: "Clerk", Model: openaimodel.Responses(client, "gpt-5"), Tools: []runner.Tool{lookUp}}
	b.Run("runner.RunStreamed", func(b *testing.B) {
		runs := 0
		for b.Loop() {
			result := runner.RunStreamed(b.Context(), agent, runner.Text("Look it up."), runner.WithMaxTurns(benchTurns+1))
			for _, err := range result.Events() {
				require.NoError(b, err)
			}
			runs++
		}
		b.ReportMetric(float64(runs*(benchTurns+1))/b.Elapsed().Seconds(), "turns/s")
	})
}
