package responses_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/responses"
)

const (
	head     = `{"model":"gpt-5","stream":true,"input":[{"role":"user","content":"Hi"}]`
	place    = `{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}`
	noParams = `{"type":"object","properties":{},"required":[],"additionalProperties":false}`
)

func weather() *runner.FunctionTool {
	return &runner.FunctionTool{Name: "weather", Description: "Tells it.", Parameters: json.RawMessage(place)}
}

// The bodies are those that the Agents SDK for Python sends for the same.
func TestEncode(t *testing.T) {
	for name, tc := range map[string]struct {
		request runner.ModelRequest
		want    string // after head
	}{
		"no more than needed": {want: `,"tools":[]}`},
		"instructions":        {runner.ModelRequest{Instructions: "Say <b> & \u2028."}, `,"instructions":"Say <b> & \u2028.","tools":[]}`},
		"a tool": {runner.ModelRequest{Tools: []runner.Tool{weather()}},
			`,"tools":[{"type":"function","name":"weather","description":"Tells it.","parameters":` + place + `,"strict":true}]}`},
		"a tool without parameters, not strict": {runner.ModelRequest{Tools: []runner.Tool{&runner.FunctionTool{Name: "now", NotStrict: true}}},
			`,"tools":[{"type":"function","name":"now","description":"","parameters":` + noParams + `,"strict":false}]}`},
		"handoffs come after tools": {runner.ModelRequest{
			Tools:    []runner.Tool{weather()},
			Handoffs: []*runner.Handoff{{Agent: &runner.Agent{Name: "Tax Office", HandoffDescription: "Knows taxes."}}},
		}, `,"tools":[{"type":"function","name":"weather","description":"Tells it.","parameters":` + place + `,"strict":true},` +
			`{"type":"function","name":"transfer_to_tax_office","description":"Handoff to the Tax Office agent to handle the request. Knows taxes.",` +
			`"parameters":{"additionalProperties":false,"type":"object","properties":{},"required":[]},"strict":true}]}`},
		"an output schema": {runner.ModelRequest{Output: &runner.OutputSchema{Schema: json.RawMessage(place)}},
			`,"tools":[],"text":{"format":{"type":"json_schema","name":"final_output","schema":` + place + `,"strict":true}}}`},
		"an output schema with a name, not strict, and verbosity": {runner.ModelRequest{
			Output:   &runner.OutputSchema{Name: "place", Schema: json.RawMessage(place), NotStrict: true},
			Settings: runner.ModelSettings{Verbosity: "low"},
		}, `,"tools":[],"text":{"format":{"type":"json_schema","name":"place","schema":` + place + `,"strict":false},"verbosity":"low"}}`},
		"verbosity alone": {runner.ModelRequest{Settings: runner.ModelSettings{Verbosity: "low"}}, `,"tools":[],"text":{"verbosity":"low"}}`},
		"a prompt leaves an empty list of tools out": {runner.ModelRequest{Prompt: json.RawMessage(`{"id":"p"}`)}, `,"prompt":{"id":"p"}}`},
		"a prompt's own tools are not chosen by name": {runner.ModelRequest{
			Prompt: json.RawMessage(`{"id":"p"}`), Settings: runner.ModelSettings{ToolChoice: "weather", ParallelToolCalls: new(true)},
		}, `,"prompt":{"id":"p"},"parallel_tool_calls":true}`},
		"but by a word": {runner.ModelRequest{
			Prompt: json.RawMessage(`{"id":"p"}`), Settings: runner.ModelSettings{ToolChoice: "required"},
		}, `,"prompt":{"id":"p"},"tool_choice":"required"}`},
		"parallel calls need tools": {runner.ModelRequest{Settings: runner.ModelSettings{ParallelToolCalls: new(false)}}, `,"tools":[]}`},
		"a conversation that the server keeps": {runner.ModelRequest{PreviousResponseID: "resp_1", ConversationID: "conv_1"},
			`,"previous_response_id":"resp_1","conversation":"conv_1","tools":[]}`},
		"alternatives are included where they are asked for": {runner.ModelRequest{Settings: runner.ModelSettings{TopLogprobs: new(0), Include: []string{"reasoning.encrypted_content"}}},
			`,"tools":[],"include":["reasoning.encrypted_content","message.output_text.logprobs"],"top_logprobs":0}`},
		"once": {runner.ModelRequest{Settings: runner.ModelSettings{TopLogprobs: new(2), Include: []string{"message.output_text.logprobs"}}},
			`,"tools":[],"include":["message.output_text.logprobs"],"top_logprobs":2}`},
		"all settings": {runner.ModelRequest{
			Tools: []runner.Tool{weather()},
			Settings: runner.ModelSettings{
				Temperature: new(0.0), TopP: new(0.5), FrequencyPenalty: new(1.0), PresencePenalty: new(1.0), ToolChoice: "weather",
				ParallelToolCalls: new(false), Truncation: "auto", MaxTokens: new(0), Reasoning: json.RawMessage(`{"effort":"low"}`),
				Metadata: map[string]string{"b": "2", "a": "1"}, Store: new(false), PromptCacheRetention: "24h", PromptCacheKey: "k",
			},
		}, `,"tools":[{"type":"function","name":"weather","description":"Tells it.","parameters":` + place + `,"strict":true}],` +
			`"tool_choice":{"name":"weather","type":"function"},"parallel_tool_calls":false,"temperature":0,"top_p":0.5,"truncation":"auto","max_output_tokens":0,` +
			`"store":false,"reasoning":{"effort":"low"},"metadata":{"a":"1","b":"2"},"prompt_cache_retention":"24h","prompt_cache_key":"k"}`},
	} {
		t.Run(name, func(t *testing.T) {
			tc.request.Input = []json.RawMessage{[]byte(`{"role":"user","content":"Hi"}`)}
			body, err := responses.Encode("gpt-5", &tc.request)
			require.NoError(t, err)
			assert.Equal(t, head+tc.want, string(body))
		})
	}
}

func TestToolsOfEveryKind(t *testing.T) {
	function := func(name string) *runner.FunctionTool {
		return &runner.FunctionTool{Name: name, Namespace: "crm", NamespaceDescription: "Customers."}
	}
	encoded := func(name string) string {
		return `{"type":"function","name":"` + name + `","description":"","parameters":` + noParams + `,"strict":true}`
	}
	screen := &runner.ComputerTool{Preview: &runner.ComputerPreview{Environment: "browser", Width: 800, Height: 600}}
	for name, tc := range map[string]struct {
		model string
		tools []runner.Tool
		want  string
	}{
		"a namespace stands where its first tool does": {tools: []runner.Tool{&runner.FunctionTool{Name: "a"}, function("b"), &runner.FunctionTool{Name: "c"}, function("d")},
			want: encoded("a") + `,{"type":"namespace","name":"crm","description":"Customers.","tools":[` + encoded("b") + `,` + encoded("d") + `]},` + encoded("c")},
		"a tool that is searched for": {tools: []runner.Tool{&runner.FunctionTool{Name: "a", DeferLoading: true}, runner.ToolSearch()},
			want: strings.TrimSuffix(encoded("a"), "}") + `,"defer_loading":true},{"type":"tool_search"}`},
		"a hosted tool":          {tools: []runner.Tool{runner.CodeInterpreter()}, want: `{"type":"code_interpreter","container":{"type":"auto"}}`},
		"a hosted MCP server":    {tools: []runner.Tool{&runner.HostedMCPTool{Config: []byte(`{"type":"mcp","server_label":"x"}`)}}, want: `{"type":"mcp","server_label":"x"}`},
		"a custom tool":          {tools: []runner.Tool{&runner.CustomTool{Name: "sql"}}, want: `{"type":"custom","name":"sql"}`},
		"a custom tool, grammar": {tools: []runner.Tool{&runner.CustomTool{Name: "sql", Description: "Asks.", Format: []byte(`{"type":"text"}`)}}, want: `{"type":"custom","name":"sql","description":"Asks.","format":{"type":"text"}}`},
		"a shell":                {tools: []runner.Tool{&runner.ShellTool{}}, want: `{"environment":{"type":"local"},"type":"shell"}`},
		"a shell elsewhere":      {tools: []runner.Tool{&runner.ShellTool{Environment: []byte(`{"type":"container_auto"}`)}}, want: `{"environment":{"type":"container_auto"},"type":"shell"}`},
		"the old shell":          {tools: []runner.Tool{&runner.LocalShellTool{}}, want: `{"type":"local_shell"}`},
		"patches":                {tools: []runner.Tool{&runner.ApplyPatchTool{}}, want: `{"type":"apply_patch"}`},
		"a computer":             {tools: []runner.Tool{screen}, want: `{"type":"computer"}`},
		"a computer for the preview's model": {model: "computer-use-preview-2025-03-11", tools: []runner.Tool{screen},
			want: `{"display_height":600,"display_width":800,"environment":"browser","type":"computer_use_preview"}`},
		"a computer without a preview": {model: "computer-use-preview", tools: []runner.Tool{&runner.ComputerTool{}}, want: `{"type":"computer"}`},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := responses.Encode(tc.model, &runner.ModelRequest{Tools: tc.tools})
			require.NoError(t, err)
			var fields struct{ Tools json.RawMessage }
			require.NoError(t, json.Unmarshal(body, &fields))
			assert.Equal(t, "["+tc.want+"]", string(fields.Tools))
		})
	}
}

func TestANamespaceHasOneDescription(t *testing.T) {
	_, err := responses.Encode("gpt-5", &runner.ModelRequest{Tools: []runner.Tool{
		&runner.FunctionTool{Name: "a", Namespace: "crm", NamespaceDescription: "Customers."},
		&runner.FunctionTool{Name: "b", Namespace: "crm"},
	}})
	assert.Equal(t, "UserError", runner.ErrorName(err))
	assert.ErrorContains(t, err, "namespace crm")
}

func TestToolsSayWhatToInclude(t *testing.T) {
	search := &runner.HostedTool{Name: "file_search", Config: []byte(`{}`), Includes: []string{"file_search_call.results"}}
	assert.Equal(t, `["x","file_search_call.results"]`, field(t, &runner.ModelRequest{
		Tools: []runner.Tool{search, search}, Settings: runner.ModelSettings{Include: []string{"x"}},
	}, "include"))
}

func TestToolChoice(t *testing.T) {
	for choice, want := range map[string]string{
		"auto":                 `"auto"`,
		"required":             `"required"`,
		"none":                 `"none"`,
		"file_search":          `{"type":"file_search"}`,
		"web_search":           `{"type":"web_search"}`,
		"web_search_preview":   `{"type":"web_search_preview"}`,
		"computer_use_preview": `{"type":"computer_use_preview"}`,
		"image_generation":     `{"type":"image_generation"}`,
		"code_interpreter":     `{"type":"code_interpreter"}`,
		"mcp":                  `{"type":"mcp"}`,
		"weather":              `{"type":"function","name":"weather"}`,
		"shell":                `{"type":"function","name":"shell"}`,
		"apply_patch":          `{"type":"function","name":"apply_patch"}`,
		"computer":             `{"type":"function","name":"computer"}`,

		"programmatic_tool_calling": `{"type":"programmatic_tool_calling"}`,
	} {
		assert.JSONEq(t, want, field(t, &runner.ModelRequest{Settings: runner.ModelSettings{ToolChoice: choice}}, "tool_choice"))
	}
	for choice, want := range map[string]string{
		"shell": "shell", "apply_patch": "apply_patch", "computer": "computer", "computer_use": "computer", "computer_use_preview": "computer",
	} {
		assert.JSONEq(t, `{"type":"`+want+`"}`, field(t, &runner.ModelRequest{
			Tools:    []runner.Tool{&runner.ShellTool{}, &runner.ApplyPatchTool{}, &runner.ComputerTool{}},
			Settings: runner.ModelSettings{ToolChoice: choice},
		}, "tool_choice"), "of a tool that the agent has")
	}
	body, err := responses.Encode("computer-use-preview", &runner.ModelRequest{
		Tools: []runner.Tool{&runner.ComputerTool{}}, Settings: runner.ModelSettings{ToolChoice: "computer"},
	})
	require.NoError(t, err)
	assert.Contains(t, string(body), `"tool_choice":{"type":"computer_use_preview"}`)
}

func TestInputPassesAsItIs(t *testing.T) {
	items := `[{"type":"reasoning","encrypted_content":"<a&b>","n":1.0},{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,aGk="}]}]`
	var input []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(items), &input))
	assert.Equal(t, items, field(t, &runner.ModelRequest{Input: input}, "input"))
	assert.Equal(t, `[]`, field(t, &runner.ModelRequest{}, "input"))
}

func TestExtraBodyWins(t *testing.T) {
	body, err := responses.Encode("gpt-5", &runner.ModelRequest{
		Instructions: "Say <b>.",
		Settings: runner.ModelSettings{Temperature: new(0.5), ExtraBody: map[string]json.RawMessage{
			"temperature": []byte(`1.0`), "service_tier": []byte(`"flex"`), "nested": []byte(`{"a":["<"]}`), "model": []byte(`null`),
		}},
	})
	require.NoError(t, err)
	assert.Equal(t, `{"input":[],"instructions":"Say <b>.","model":null,"nested":{"a":["<"]},"service_tier":"flex","stream":true,"temperature":1.0,"tools":[]}`, string(body))
}

func TestTheRequestIsNotChanged(t *testing.T) {
	include := make([]string, 1, 4)
	include[0] = "reasoning.encrypted_content"
	request := &runner.ModelRequest{Settings: runner.ModelSettings{TopLogprobs: new(1), Include: include}}
	_, err := responses.Encode("gpt-5", request)
	require.NoError(t, err)
	assert.Len(t, request.Settings.Include, 1)
	assert.Empty(t, include[:4][1])
	assert.Nil(t, request.Input)
}

func TestWhatIsNotJSONIsNamed(t *testing.T) {
	broken := json.RawMessage(`{"a":`)
	for want, request := range map[string]runner.ModelRequest{
		"because of input item 1":                   {Input: []json.RawMessage{[]byte(`{}`), broken}},
		"because of the parameters of tool weather": {Tools: []runner.Tool{&runner.FunctionTool{Name: "weather", Parameters: broken}}},
		"because of the format of tool sql":         {Tools: []runner.Tool{&runner.CustomTool{Name: "sql", Format: broken}}},
		"because of the configuration of tool web":  {Tools: []runner.Tool{&runner.HostedTool{Name: "web", Config: broken}}},
		"because of the configuration of MCP":       {Tools: []runner.Tool{&runner.HostedMCPTool{ServerLabel: "x", Config: broken}}},
		"because of the environment of the shell":   {Tools: []runner.Tool{&runner.ShellTool{Environment: broken}}},
		"because of the parameters of handoff pass": {Handoffs: []*runner.Handoff{{Agent: &runner.Agent{}, ToolName: "pass", InputSchema: broken}}},
		"because of the output schema":              {Output: &runner.OutputSchema{Schema: broken}},
		"because of the prompt":                     {Prompt: broken},
		"because of the reasoning setting":          {Settings: runner.ModelSettings{Reasoning: broken}},
		"because of the extra field tier":           {Settings: runner.ModelSettings{ExtraBody: map[string]json.RawMessage{"tier": broken}}},
		"unsupported value: NaN":                    {Settings: runner.ModelSettings{Temperature: new(math.NaN())}},
	} {
		_, err := responses.Encode("gpt-5", &request)
		var misused *runner.UserError
		require.ErrorAs(t, err, &misused)
		assert.ErrorContains(t, err, "the model request cannot be written as JSON")
		assert.ErrorContains(t, err, want)
	}
}

// field gives one field of a request's body.
func field(t *testing.T, request *runner.ModelRequest, name string) string {
	t.Helper()
	body, err := responses.Encode("gpt-5", request)
	require.NoError(t, err)
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(body, &fields))
	return string(fields[name])
}

func TestAToolThatTheModelCannotFindIsRefused(t *testing.T) {
	_, err := responses.Encode("gpt-5", &runner.ModelRequest{Tools: []runner.Tool{&runner.FunctionTool{Name: "a", DeferLoading: true}}})
	assert.ErrorContains(t, err, "ToolSearchTool()")
}

// A conversation may have begun on another server.
func TestEncodeLeavesOutWhatOtherServersNoted(t *testing.T) {
	body, err := responses.Encode("gpt-5", &runner.ModelRequest{Input: []json.RawMessage{
		json.RawMessage(`{"type":"reasoning","id":"__fake_id__","summary":[],"provider_data":{"model":"local"}}`),
		json.RawMessage(`{"type":"reasoning","id":"rs_1","summary":[]}`),
		json.RawMessage(`{"type":"message","id":"__fake_id__","role":"assistant","content":[],"provider_data":{"model":"local"}}`),
		json.RawMessage(`{"role":"user","content":"What is \"provider_data\", what __fake_id__?"}`),
	}})
	require.NoError(t, err)
	var sent struct {
		Input []json.RawMessage `json:"input"`
	}
	require.NoError(t, json.Unmarshal(body, &sent))
	require.Len(t, sent.Input, 3, "the reasoning of another server is no use to this one")
	assert.JSONEq(t, `{"type":"reasoning","id":"rs_1","summary":[]}`, string(sent.Input[0]))
	assert.JSONEq(t, `{"type":"message","role":"assistant","content":[]}`, string(sent.Input[1]))
	assert.JSONEq(t, `{"role":"user","content":"What is \"provider_data\", what __fake_id__?"}`, string(sent.Input[2]))
}
