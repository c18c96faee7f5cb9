package chatcompletions

import (
	"encoding/json"

	"runstream/internal/codec"
	"runstream/internal/wire"
	"runstream/runner"
)

// asked is a request as it is sent, and what the answer needs to know of it.
type asked struct {
	body     []byte
	callIDs  map[string]bool          // those in the input
	hasCall  func(callID string) bool // the run's, nil for none
	response response                 // what the answer's events say of the request
}

// encode makes the request, as the Agents SDK for Python makes it.
func (m *Model) encode(r *runner.ModelRequest) (*asked, error) {
	s := r.Settings
	if r.ConversationID != "" || r.PreviousResponseID != "" {
		return nil, &runner.UserError{Message: "a Chat Completions server keeps no conversation, and the model would get only what is new; leave out the conversation's id and the previous response's"}
	}
	conversation, err := convertInput(m, r.Input)
	if err != nil {
		return nil, err
	}
	tools, err := encodeTools(r.Tools, r.Handoffs)
	if err != nil {
		return nil, err
	}
	messages := conversation.messages
	if r.Instructions != "" {
		messages = append([]message{{Role: "system", Content: r.Instructions}}, messages...)
	}
	var parallel *bool
	if len(tools) > 0 {
		parallel = s.ParallelToolCalls // an error without tools
	}
	var options codec.Fields
	if m.Official {
		options = codec.Fields{"include_usage", true}
		if s.Store == nil {
			s.Store = new(true)
		}
	}
	var format codec.Fields
	if r.Output != nil {
		schema := codec.Fields{"name", "final_output", "strict", !r.Output.NotStrict, "schema", r.Output.Schema}
		format = codec.Fields{"type", "json_schema", "json_schema", schema}
	}
	echoed := response{
		ID: wire.FakeID, Object: "response", Model: m.Name, Output: []any{}, Tools: []any{}, ToolChoice: "auto",
		Temperature: s.Temperature, TopP: s.TopP, Reasoning: s.Reasoning,
		ParallelToolCalls: parallel != nil && *parallel,
	}
	var choice any
	switch s.ToolChoice {
	case "":
	case "auto", "required", "none":
		choice, echoed.ToolChoice = s.ToolChoice, s.ToolChoice
	case "programmatic_tool_calling":
		return nil, &runner.UserError{Message: `the tool choice "programmatic_tool_calling" needs a model of the Responses API; a Chat Completions server does not know it`}
	default:
		choice = codec.Fields{"function", codec.Fields{"name", s.ToolChoice}, "type", "function"}
		echoed.ToolChoice = codec.Fields{"name", s.ToolChoice, "type", "function"}
	}
	encoded, err := encodeBody(codec.Fields{
		"model", m.Name,
		"stream", true,
		"messages", codec.List(&messages, (*message).fields),
		"tools,omitempty", tools,
		"tool_choice,omitempty", choice,
		"parallel_tool_calls,omitempty", &parallel,
		"response_format,omitempty", format,
		"stream_options,omitempty", options,
		"temperature,omitempty", &s.Temperature,
		"top_p,omitempty", &s.TopP,
		"frequency_penalty,omitempty", &s.FrequencyPenalty,
		"presence_penalty,omitempty", &s.PresencePenalty,
		"max_tokens,omitempty", &s.MaxTokens,
		"store,omitempty", &s.Store,
		"reasoning_effort,omitempty", effort(s.Reasoning),
		"verbosity,omitempty", s.Verbosity,
		"metadata,omitempty", s.Metadata,
		"logprobs,omitempty", s.TopLogprobs != nil,
		"top_logprobs,omitempty", &s.TopLogprobs,
		"prompt_cache_retention,omitempty", s.PromptCacheRetention,
		"prompt_cache_key,omitempty", s.PromptCacheKey,
	}, s.ExtraBody)
	if err != nil {
		return nil, &runner.UserError{Message: "the model request cannot be written as JSON: " + err.Error(), Err: err}
	}
	return &asked{encoded, conversation.callIDs, r.HasCall, echoed}, nil
}

func encodeTools(tools []runner.Tool, handoffs []*runner.Handoff) ([]any, error) {
	var encoded []any
	for _, t := range tools {
		f, ok := t.(*runner.FunctionTool)
		if !ok {
			return nil, &runner.UserError{Message: "tool " + nameOf(t) + " needs a model of the Responses API; a Chat Completions server takes function tools only"}
		}
		if f.Namespace != "" || f.DeferLoading {
			return nil, &runner.UserError{Message: "tool " + f.Name + " has a namespace or is loaded on demand, which needs a model of the Responses API; give it neither for a Chat Completions server"}
		}
		parameters := f.Parameters
		if parameters == nil {
			parameters = json.RawMessage(wire.NoArguments)
		}
		encoded = append(encoded, encodeTool(f.Name, f.Description, parameters, !f.NotStrict))
	}
	for _, h := range handoffs {
		encoded = append(encoded, encodeTool(h.Name(), h.Description(), h.Parameters(), !h.NotStrict))
	}
	return encoded, nil
}

func encodeTool(name, description string, parameters json.RawMessage, strict bool) codec.Fields {
	function := codec.Fields{"name", name, "description", description, "parameters", parameters, "strict", strict}
	return codec.Fields{"type", "function", "function", function}
}

// nameOf names a tool that is no function.
func nameOf(t runner.Tool) string {
	switch t := t.(type) {
	case *runner.HostedTool:
		return t.Name
	case *runner.HostedMCPTool:
		return "hosted_mcp (" + t.ServerLabel + ")"
	case *runner.CustomTool:
		return t.Name
	case *runner.ShellTool:
		return "ShellTool"
	case *runner.LocalShellTool:
		return "LocalShellTool"
	case *runner.ApplyPatchTool:
		return "ApplyPatchTool"
	case *runner.ComputerTool:
		return "ComputerTool"
	}
	return "of another kind"
}

// effort reads the one reasoning setting that the API has.
func effort(reasoning json.RawMessage) json.RawMessage {
	var effort json.RawMessage
	if codec.Read(reasoning, codec.Fields{"effort", &effort}) != nil || codec.IsNull(effort) {
		return nil
	}
	return effort
}

func encodeBody(body codec.Fields, extra map[string]json.RawMessage) ([]byte, error) {
	encoded, err := codec.Write(body)
	if err != nil || len(extra) == 0 {
		return encoded, err
	}
	var fields map[string]json.RawMessage
	if err := codec.Read(encoded, &fields); err != nil {
		return nil, err
	}
	for key, value := range extra {
		fields[key] = value
	}
	return codec.Write(fields)
}
