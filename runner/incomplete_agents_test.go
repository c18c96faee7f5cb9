package runner_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestWhatHasNothingToRunIsNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		agent func(*runner.Agent)
		says  string
	}{
		"a tool":             {func(a *runner.Agent) { a.Tools = []runner.Tool{&runner.FunctionTool{Name: "tool"}} }, "tool tool has nothing to run; set Invoke"},
		"a tool that is nil": {func(a *runner.Agent) { a.Tools = []runner.Tool{(*runner.FunctionTool)(nil)} }, "agent A has a tool that is nil"},
		"a schema that is no JSON": {func(a *runner.Agent) {
			a.Tools = []runner.Tool{&runner.FunctionTool{Name: "tool", NeedsApproval: runner.Always, Parameters: json.RawMessage("nope")}}
		}, "what tool tool of agent A shows the model is not JSON"},
		"a custom tool": {func(a *runner.Agent) {
			a.Tools = []runner.Tool{&runner.CustomTool{Name: "tool"}}
			a.Model = script(runnertest.Reply(runnertest.Item(json.RawMessage(`{"type":"custom_tool_call","call_id":"c1","name":"tool","input":"x"}`))))
		}, "tool tool has nothing to run; set Invoke"},
		"a tool's guardrail": {func(a *runner.Agent) {
			var ran executions
			tool := ran.free("tool")
			tool.OutputGuardrails = []runner.ToolGuardrail{{Name: "g"}}
			a.Tools = []runner.Tool{tool}
		}, "tool guardrail g has nothing to run; set Run"},
		"an input guardrail": {func(a *runner.Agent) { a.InputGuardrails = []runner.InputGuardrail{{Name: "g"}} }, "input guardrail g of agent A has nothing to run; set Run"},
		"an output one":      {func(a *runner.Agent) { a.OutputGuardrails = []runner.OutputGuardrail{{Name: "g"}} }, "output guardrail g of agent A has nothing to run; set Run"},
	} {
		t.Run(name, func(t *testing.T) {
			agent := newAgent("A", script(calls("tool", "c1"), says("Done.")))
			tc.agent(agent)
			user, _ := requireError[*runner.UserError](t, agent, runner.Text("Go."))
			assert.Contains(t, user.Message, tc.says)
		})
	}
}

func TestAStateIsReadForAgentsThatAreWhole(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*runner.Agent)
		says  string
	}{
		"a tool that is nil":        {func(a *runner.Agent) { a.Tools = append(a.Tools, nil) }, "agent A has a tool that is nil"},
		"a handoff that is nil":     {func(a *runner.Agent) { a.Handoffs = []runner.HandoffTarget{nil} }, "agent A has a handoff to no agent"},
		"a handoff to no agent":     {func(a *runner.Agent) { a.Handoffs = []runner.HandoffTarget{&runner.Handoff{}} }, "agent A has a handoff to no agent"},
		"a guardrail with no check": {func(a *runner.Agent) { a.OutputGuardrails = []runner.OutputGuardrail{{Name: "g"}} }, "output guardrail g of agent A"},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(calls("gated", "c1")), ran.gated("gated"))
			paused := document(t, runOK(t, agent, runner.Text("Go.")).State())
			state, err := runner.ParseState(paused, agent)
			require.NoError(t, err)
			require.NoError(t, state.Approve(state.Interruptions()[0]))
			tc.spoil(agent)
			user, _ := requireError[*runner.UserError](t, agent, state)
			assert.Contains(t, user.Message, tc.says)
			_, err = runner.ParseState(paused, agent)
			require.ErrorAs(t, err, &user)
			assert.Contains(t, user.Message, tc.says)
			assert.Empty(t, ran.ids())
		})
	}
}

func TestAContextOfOnesOwnHasUsedNothing(t *testing.T) {
	assert.Zero(t, (&runner.RunContext{Value: "mine"}).Usage())
}

// A shell's state may be resumed by an agent whose shell runs nothing.
func TestAShellThatHasNothingToRunIsNamedInAResumedRun(t *testing.T) {
	shell := &runner.ShellTool{NeedsApproval: runner.Always, Run: func(context.Context, *runner.ToolCall, runner.ShellAction) (runner.ShellResult, error) {
		return runner.ShellResult{}, nil
	}}
	agent := newAgent("A", script(runnertest.Reply(runnertest.Item(json.RawMessage(`{"type":"shell_call","call_id":"c1","action":{"commands":["ls"]}}`)))), shell)
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	shell.Run = nil
	user, _ := requireError[*runner.UserError](t, agent, state)
	assert.Contains(t, user.Message, "the shell has nothing to run; set Run")
}
