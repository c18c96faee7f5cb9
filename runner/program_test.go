package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

var theProgram = runnertest.Item(json.RawMessage(`{"type":"program","id":"prog_1","call_id":"p1","code":"await tool()","fingerprint":"f"}`))

func programTurn() runnertest.Turn {
	return runnertest.Reply(
		theProgram,
		runnertest.Item(json.RawMessage(`{"type":"function_call","id":"fc_1","call_id":"c1","name":"tool","arguments":"{}","status":"completed","caller":{"type":"program","caller_id":"p1"}}`)),
	)
}

// A program that the server runs goes on with the outputs of its calls.
func TestAProgramIsSentBackWithTheOutputsOfItsCalls(t *testing.T) {
	for name, needsApproval := range map[string]bool{"at once": false, "after a pause": true} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			tool := ran.free("tool")
			tool.AllowedCallers = []string{"programmatic"}
			if needsApproval {
				tool.NeedsApproval = runner.Always
			}
			model := script(programTurn(), says("Done."))
			agent := newAgent("A", model, tool, runner.ProgrammaticToolCalling())
			result := runOK(t, agent, runner.Text("Go."))
			if needsApproval {
				state := reload(t, agent, result.State())
				require.NoError(t, state.Approve(state.Interruptions()[0]))
				runOK(t, agent, state)
			}
			assert.Equal(t, []string{"user", "program p1", "function_call c1", "function_call_output c1"}, itemLines(t, lastInput(model)))
		})
	}
}

func TestAProgramOfASessionIsSentOnlyWithWhatGoesOn(t *testing.T) {
	program := `{"type":"program","id":"prog_1","call_id":"p1","code":"await tool()","fingerprint":"f"}`
	byProgram := `,"caller":{"type":"program","caller_id":"p1"}}`
	for name, tc := range map[string]struct {
		items []string
		sent  []string
	}{
		"its call has no output":  {[]string{program, `{"type":"function_call","call_id":"c1","name":"tool","arguments":"{}"` + byProgram}, []string{"user", "user"}},
		"the server ran its tool": {[]string{program, `{"type":"web_search_call","id":"w1","status":"completed"` + byProgram}, []string{"user", "program p1", "web_search_call", "user"}},
		"it has ended":            {[]string{program, `{"type":"program_output","id":"po_1","call_id":"p1","result":"ok"}`}, []string{"user", "program p1", "program_output p1", "user"}},
	} {
		t.Run(name, func(t *testing.T) {
			session := runner.NewMemorySession(json.RawMessage(`{"role":"user","content":"Before."}`))
			for _, item := range tc.items {
				require.NoError(t, session.AddItems(t.Context(), []json.RawMessage{json.RawMessage(item)}))
			}
			model := script(says("Done."))
			runOK(t, newAgent("A", model), runner.Text("Go."), runner.WithSession(session))
			assert.Equal(t, tc.sent, itemLines(t, lastInput(model)))
		})
	}
}

func TestOnlyAllowedCallersMayCall(t *testing.T) {
	byProgram := runnertest.Item([]byte(`{"type":"function_call","id":"fc_1","call_id":"c1","name":"look_up","arguments":"{}","status":"completed","caller":{"type":"program","caller_id":"p1"}}`))
	for name, tc := range map[string]struct {
		allowed []string
		call    runnertest.Output
		runs    bool
	}{
		"the model, by default":            {nil, runnertest.ToolCall("look_up", "c1", "{}"), true},
		"a program, where it is allowed":   {[]string{"programmatic"}, byProgram, true},
		"no program, by default":           {nil, byProgram, false},
		"not the model, for programs only": {[]string{"programmatic"}, runnertest.ToolCall("look_up", "c1", "{}"), false},
	} {
		t.Run(name, func(t *testing.T) {
			ran := false
			agent := &runner.Agent{
				Name:  "A",
				Model: runnertest.NewScriptedModel(runnertest.Reply(theProgram, tc.call), runnertest.Reply(runnertest.Message("ok"))),
				Tools: []runner.Tool{runner.ProgrammaticToolCalling(), &runner.FunctionTool{Name: "look_up", AllowedCallers: tc.allowed, Invoke: func(context.Context, *runner.ToolCall) (any, error) { ran = true; return "x", nil }}},
			}
			_, err := runner.Run(t.Context(), agent, runner.Text("go"))
			assert.Equal(t, tc.runs, ran)
			var mistake *runner.ModelBehaviorError
			assert.Equal(t, !tc.runs, errors.As(err, &mistake), "%v", err)
		})
	}
}

// What has no list of callers of its own is for the model itself: a program that
// it writes reaches no shell and no disk.
func TestProgramsCallNothingThatIsNotMeantForThem(t *testing.T) {
	const caller = `"call_id":"c1","caller":{"type":"program","caller_id":"p1"}}`
	for name, call := range map[string]string{
		"a shell":                  `{"type":"shell_call","id":"s1","action":{"commands":["ls"]},` + caller,
		"an older shell":           `{"type":"local_shell_call","id":"s1","status":"completed","action":{"type":"exec","command":["ls"],"env":{}},` + caller,
		"an editor":                `{"type":"apply_patch_call","id":"e1","status":"completed","operation":{"type":"delete_file","path":"a"},` + caller,
		"an editor as a tool":      `{"type":"function_call","id":"e1","name":"apply_patch","arguments":"{\"type\":\"delete_file\",\"path\":\"a\"}",` + caller,
		"a custom tool":            `{"type":"custom_tool_call","id":"u1","name":"raw","input":"x",` + caller,
		"a handoff":                `{"type":"function_call","id":"h1","name":"transfer_to_b","arguments":"{}",` + caller,
		"a hosted MCP server":      `{"type":"mcp_approval_request","id":"m1","server_label":"files","name":"remove","arguments":"{}",` + caller,
		"a tool of a caller 5":     `{"type":"function_call","id":"f1","call_id":"c1","name":"tool","arguments":"{}","caller":{"type":5}}`,
		"a tool of a caller {}":    `{"type":"function_call","id":"f1","call_id":"c1","name":"tool","arguments":"{}","caller":{}}`,
		"a tool of a caller \"x\"": `{"type":"function_call","id":"f1","call_id":"c1","name":"tool","arguments":"{}","caller":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(runnertest.Reply(theProgram, runnertest.Item(json.RawMessage(call))), says("Done.")),
				runner.ProgrammaticToolCalling(), ran.free("tool"),
				&runner.ShellTool{Run: func(_ context.Context, call *runner.ToolCall, _ runner.ShellAction) (runner.ShellResult, error) {
					ran.note(call)
					return runner.ShellResult{}, nil
				}},
				&runner.ApplyPatchTool{Apply: func(_ context.Context, call *runner.ToolCall, _ runner.PatchOperation) (string, error) {
					ran.note(call)
					return "", nil
				}},
				&runner.HostedMCPTool{ServerLabel: "files", Config: json.RawMessage(`{"type":"mcp","server_label":"files"}`),
					OnApproval: func(_ context.Context, call *runner.ToolCall) (*runner.ApprovalAnswer, error) {
						ran.note(call)
						return &runner.ApprovalAnswer{Approve: true}, nil
					}},
				&runner.CustomTool{Name: "raw", Invoke: func(_ context.Context, call *runner.ToolCall) (string, error) {
					ran.note(call)
					return "", nil
				}})
			agent.Handoffs = []runner.HandoffTarget{newAgent("B", script(says("No.")))}
			mistake, result := requireError[*runner.ModelBehaviorError](t, agent, runner.Text("Go."))
			assert.Contains(t, mistake.Error(), "allows only direct")
			assert.Empty(t, ran.calls)
			assert.Equal(t, "A", result.LastAgent().Name)
		})
	}
}

func TestACallNeedsItsProgram(t *testing.T) {
	const (
		program = `{"type":"program","id":"prog_1","call_id":"p1","code":"await tool()","fingerprint":"f"}`
		ended   = `{"type":"program_output","id":"po_1","call_id":"p1","status":"completed","result":"ok"}`
		call    = `{"type":"function_call","id":"fc_1","call_id":"c1","name":"tool","arguments":"{}","status":"completed","caller":{"type":"program","caller_id":"p1"}}`
		earlier = `{"type":"function_call_output","call_id":"c0","output":"x","caller":{"type":"program","caller_id":"p1"}}`
	)
	for name, tc := range map[string]struct {
		input   []string
		output  []string
		options []runner.Option
		tools   []runner.Tool
		mistake string
	}{
		"of this response":               {output: []string{program, call}},
		"of the conversation":            {input: []string{program, `{"type":"function_call","call_id":"c0","name":"tool","arguments":"{}","caller":{"type":"program","caller_id":"p1"}}`, earlier}, output: []string{call}},
		"of a server's conversation":     {input: []string{earlier}, output: []string{call}, options: []runner.Option{runner.WithConversationID("conv_1")}},
		"of another's conversation":      {input: []string{earlier}, output: []string{call}, mistake: "does not match a parent program"},
		"which is not there":             {output: []string{call}, mistake: "does not match a parent program"},
		"which has ended":                {output: []string{program, ended, call}, mistake: "already completed"},
		"which no tool of the agent has": {output: []string{program, call}, tools: []runner.Tool{}, mistake: "without a programmatic_tool_calling tool"},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			tool := ran.free("tool")
			tool.AllowedCallers = []string{"programmatic"}
			if tc.tools == nil {
				tc.tools = []runner.Tool{runner.ProgrammaticToolCalling()}
			}
			var made []runnertest.Output
			for _, item := range tc.output {
				made = append(made, runnertest.Item(json.RawMessage(item)))
			}
			input := []json.RawMessage{runner.UserMessage("Go.")}
			for _, item := range tc.input {
				input = append(input, json.RawMessage(item))
			}
			agent := newAgent("A", script(runnertest.Reply(made...), says("Done.")), append(tc.tools, tool)...)
			_, err := runner.Run(t.Context(), agent, runner.Items(input), tc.options...)
			if tc.mistake == "" {
				require.NoError(t, err)
				assert.Len(t, ran.calls, 1)
				return
			}
			assert.ErrorContains(t, err, tc.mistake)
			assert.Empty(t, ran.calls)
		})
	}
}

// An output without its caller counts as one of another call.
func TestWhatAnswersAProgramNamesIt(t *testing.T) {
	turn := runnertest.Reply(
		theProgram,
		runnertest.Item(json.RawMessage(`{"type":"function_call","id":"fc_1","call_id":"c1","name":"nope","arguments":"{}","status":"completed","caller":{"type":"program","caller_id":"p1"}}`)),
	)
	model := script(turn, says("Done."))
	runOK(t, newAgent("A", model, runner.ProgrammaticToolCalling()), runner.Text("Go."), runner.WithToolNotFoundToModel())
	assert.Equal(t, []string{"user", "program p1", "function_call c1", "function_call_output c1"}, itemLines(t, lastInput(model)))
	assert.Contains(t, string(lastInput(model)[3]), `"caller":{"type":"program","caller_id":"p1"}`)
}

func TestWhatAnswersACallNamesItsCaller(t *testing.T) {
	const caller = `"caller":{"type":"direct"}`
	handoff := func(id string) runnertest.Output {
		return runnertest.Item(json.RawMessage(`{"type":"function_call","id":"f` + id + `","call_id":"` + id + `","name":"transfer_to_b","arguments":"{}",` + caller + `}`))
	}
	model := script(says("Done."))
	agent := newAgent("A", script(runnertest.Reply(handoff("h1"), handoff("h2"))))
	agent.Handoffs = []runner.HandoffTarget{newAgent("B", model)}
	runOK(t, agent, runner.Text("Go."))
	for _, item := range lastInput(model)[1:] {
		assert.Contains(t, string(item), caller)
	}
}

// What a program gave is for the model, which has not answered yet.
func TestTheModelGoesOnAfterAProgram(t *testing.T) {
	var ran executions
	tool := ran.free("tool")
	tool.AllowedCallers = []string{"programmatic"}
	given := runnertest.Reply(runnertest.Item(json.RawMessage(`{"type":"program_output","id":"po_1","call_id":"p1","status":"completed","result":"ok"}`)))
	programs := &runner.HostedTool{Name: "programs", Config: json.RawMessage(`{"type":"programmatic_tool_calling"}`)}
	agent := newAgent("A", script(programTurn(), given, says("The answer.")), tool, programs)
	assert.Equal(t, "The answer.", runOK(t, agent, runner.Text("Go.")).FinalOutput())
}
