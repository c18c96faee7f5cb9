package responses

import (
	"encoding/json"
	"strconv"

	"runstream/internal/codec"
	"runstream/runner"
)

// Encode makes the body of a request, as the Agents SDK for Python makes it.
func Encode(model string, r *runner.ModelRequest) ([]byte, error) {
	s := r.Settings
	if r.Prompt == nil { // a hosted prompt may bring its own tool search
		if err := checkDeferred(r.Tools); err != nil {
			return nil, err
		}
	}
	tools, err := encodeTools(model, r.Tools, r.Handoffs)
	if err != nil {
		return nil, err
	}
	choice := toolChoice(s.ToolChoice, model, r.Tools)
	if _, named := choice.(codec.Fields); named && len(tools) == 0 && r.Prompt != nil {
		choice = nil // the tool is the prompt's, and unknown here
	}
	body := codec.Fields{
		"model,omitempty", model,
		"stream", true,
		"input", withoutForeign(r.Input),
		"instructions,omitempty", r.Instructions,
		"previous_response_id,omitempty", r.PreviousResponseID,
		"conversation,omitempty", r.ConversationID,
		"prompt,omitempty", r.Prompt,
	}
	if r.Prompt == nil || len(tools) > 0 {
		body = append(body, "tools", tools)
	}
	body = append(body, "tool_choice,omitempty", choice)
	if len(tools) > 0 || r.Prompt != nil {
		body = append(body, "parallel_tool_calls,omitempty", &s.ParallelToolCalls)
	}
	body = append(body,
		"text,omitempty", textFormat(r.Output, s.Verbosity),
		"temperature,omitempty", &s.Temperature,
		"top_p,omitempty", &s.TopP,
		"truncation,omitempty", s.Truncation,
		"max_output_tokens,omitempty", &s.MaxTokens,
		"store,omitempty", &s.Store,
		"reasoning,omitempty", s.Reasoning,
		"metadata,omitempty", s.Metadata,
		"include,omitempty", includes(r),
		"top_logprobs,omitempty", &s.TopLogprobs,
		"prompt_cache_retention,omitempty", s.PromptCacheRetention,
		"prompt_cache_key,omitempty", s.PromptCacheKey,
	)
	encoded, err := codec.Write(body)
	if err == nil && len(s.ExtraBody) > 0 {
		encoded, err = withExtra(encoded, s.ExtraBody)
	}
	if err != nil {
		return nil, &runner.UserError{Message: "the model request cannot be written as JSON" + culprit(r) + ": " + err.Error(), Err: err}
	}
	return encoded, nil
}

// textFormat gives the fields of "text", none for nothing to say.
func textFormat(output *runner.OutputSchema, verbosity string) codec.Fields {
	if output == nil {
		if verbosity == "" {
			return nil
		}
		return codec.Fields{"verbosity", verbosity}
	}
	name := output.Name
	if name == "" {
		name = "final_output"
	}
	format := codec.Fields{"type", "json_schema", "name", name, "schema", output.Schema, "strict", !output.NotStrict}
	return codec.Fields{"format", format, "verbosity,omitempty", verbosity}
}

func withExtra(body []byte, extra map[string]json.RawMessage) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := codec.Read(body, &fields); err != nil {
		return nil, err
	}
	for key, value := range extra {
		fields[key] = value
	}
	return codec.Write(fields)
}

// culprit names the first part of a request that is no JSON, empty if all are.
func culprit(r *runner.ModelRequest) (text string) {
	check := func(name string, part json.RawMessage) {
		if text == "" && part != nil && !codec.Valid(part) {
			text = ", because of " + name
		}
	}
	for i, item := range r.Input {
		check("input item "+strconv.Itoa(i), item)
	}
	for _, tool := range r.Tools {
		switch tool := tool.(type) {
		case *runner.FunctionTool:
			check("the parameters of tool "+tool.Name, tool.Parameters)
		case *runner.CustomTool:
			check("the format of tool "+tool.Name, tool.Format)
		case *runner.HostedTool:
			check("the configuration of tool "+tool.Name, tool.Config)
		case *runner.HostedMCPTool:
			check("the configuration of MCP server "+tool.ServerLabel, tool.Config)
		case *runner.ShellTool:
			check("the environment of the shell", tool.Environment)
		}
	}
	for _, h := range r.Handoffs {
		check("the parameters of handoff "+h.Name(), h.Parameters())
	}
	if r.Output != nil {
		check("the output schema", r.Output.Schema)
	}
	check("the prompt", r.Prompt)
	check("the reasoning setting", r.Settings.Reasoning)
	for key, value := range r.Settings.ExtraBody {
		check("the extra field "+key, value)
	}
	return text
}
