package runner_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// withWhat gives the arguments of the calls that were run, in their order.
func (e *executions) withWhat() (arguments []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, call := range e.calls {
		arguments = append(arguments, call.Arguments)
	}
	return arguments
}

// twins waits inside two runs of one agent tool, which number their calls alike.
func twins(t *testing.T, ran *executions, first, second string) (*runner.Agent, *runner.State) {
	t.Helper()
	ask := func(arguments string) runnertest.Turn {
		return runnertest.Reply(runnertest.ToolCall("del", "call_0", arguments))
	}
	inner := newAgent("Inner", script(ask(first), ask(second), says("One."), says("Two.")), ran.gated("del"))
	agent := newAgent("A", script(runnertest.Reply(
		runnertest.ToolCall("nested", "call_0", `{"input":"a"}`), runnertest.ToolCall("nested", "call_1", `{"input":"b"}`)), says("Done.")),
		inner.AsTool(runner.AgentToolOptions{Name: "nested"}))
	return agent, runOK(t, agent, runner.Text("Go."), runner.WithMaxToolConcurrency(1)).State()
}

func asked(state *runner.State) (arguments []string) {
	for _, item := range state.Interruptions() {
		arguments = append(arguments, item.Arguments())
	}
	return arguments
}

func TestOfTwoCallsOfOneIDInsideTheOneDecidedOnRuns(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			agent, state := twins(t, &ran, `{"p":"/etc"}`, `{"p":"/tmp"}`)
			require.Equal(t, []string{`{"p":"/etc"}`, `{"p":"/tmp"}`}, asked(state))
			state = carry(t, agent, state)
			require.NoError(t, state.Approve(withArguments(t, state, `{"p":"/tmp"}`)))
			state = carry(t, agent, state)
			result := runOK(t, agent, state)
			assert.Equal(t, []string{`{"p":"/tmp"}`}, ran.withWhat())

			state = carry(t, agent, result.State())
			require.Equal(t, []string{`{"p":"/etc"}`}, asked(state))
			require.NoError(t, state.Reject(state.Interruptions()[0], "no"))
			state = carry(t, agent, state)
			result = runOK(t, agent, state)
			assert.Equal(t, []string{`{"p":"/tmp"}`}, ran.withWhat())
			assert.Equal(t, "Done.", result.FinalOutput())
			assert.Len(t, outputs(t, result.ToInputList()), 2)
		})
	}
}

func TestOfTwoCallsThatAreAlikeEachIsDecidedOn(t *testing.T) {
	for carrier, carry := range carriers {
		for at := range 2 {
			t.Run(carrier, func(t *testing.T) {
				var ran executions
				agent, state := twins(t, &ran, `{}`, `{}`)
				state = carry(t, agent, state)
				require.NoError(t, state.Approve(state.Interruptions()[at]))
				require.NoError(t, state.Reject(state.Interruptions()[1-at], "no"))
				result := runOK(t, agent, carry(t, agent, state))
				assert.Equal(t, []string{`{}`}, ran.withWhat())
				assert.Equal(t, "Done.", result.FinalOutput())
			})
			t.Run(carrier+", one after the other", func(t *testing.T) {
				var ran executions
				agent, state := twins(t, &ran, `{}`, `{}`)
				for n := range 2 {
					state = carry(t, agent, state)
					require.Len(t, state.Interruptions(), 2-n)
					require.NoError(t, state.Approve(state.Interruptions()[at*(1-n)]))
					result := runOK(t, agent, carry(t, agent, state))
					assert.Len(t, ran.withWhat(), n+1)
					state = result.State()
				}
				assert.Empty(t, state.Interruptions())
			})
		}
	}
}

func TestAlwaysHoldsInTheRunInsideThatItWasSaidOf(t *testing.T) {
	var ran executions
	agent, state := twins(t, &ran, `{"n":1}`, `{"n":2}`)
	require.NoError(t, state.Decide(withArguments(t, state, `{"n":2}`), runner.Decision{Approve: true, Always: true}))
	result := runOK(t, agent, state)
	assert.Equal(t, []string{`{"n":2}`}, ran.withWhat())
	assert.Equal(t, []string{`{"n":1}`}, asked(result.State()))
}

func TestAnAgentThatIsItsOwnToolIsAskedForEachCall(t *testing.T) {
	outer, inner := `{"n":0}`, `{"n":1}`
	for carrier, carry := range carriers {
		for _, order := range [][]string{{outer, inner}, {inner, outer}} {
			t.Run(carrier, func(t *testing.T) {
				var ran executions
				agent := newAgent("A", script(
					runnertest.Reply(runnertest.ToolCall("del", "call_0", outer), runnertest.ToolCall("self", "call_1", `{"input":"a"}`)),
					runnertest.Reply(runnertest.ToolCall("del", "call_0", inner)), says("Inside."), says("Done."),
				), ran.gated("del"))
				agent.Tools = append(agent.Tools, agent.AsTool(runner.AgentToolOptions{Name: "self"}))
				state := runOK(t, agent, runner.Text("Go.")).State()
				require.ElementsMatch(t, order, asked(state))
				for n, arguments := range order {
					state = carry(t, agent, state)
					require.NoError(t, state.Approve(withArguments(t, state, arguments)))
					state = runOK(t, agent, carry(t, agent, state)).State()
					assert.Equal(t, order[:n+1], ran.withWhat())
					assert.ElementsMatch(t, order[n+1:], asked(carry(t, agent, state)))
				}
			})
		}
	}
}

func TestACallOfAnotherCopyIsFoundByWhatItSays(t *testing.T) {
	var ran executions
	agent, state := twins(t, &ran, `{"n":1}`, `{"n":2}`)
	copied := reload(t, agent, state)
	require.NoError(t, copied.Approve(withArguments(t, state, `{"n":2}`)))
	runOK(t, agent, copied)
	assert.Equal(t, []string{`{"n":2}`}, ran.withWhat())

	ask := func(arguments string) runnertest.Turn {
		return runnertest.Reply(runnertest.ToolCall("del", "call_0", arguments))
	}
	alone := newAgent("A", script(ask(`{"p":"/tmp"}`), ask(`{"p":"/etc"}`)), ran.gated("del"))
	shown, waits := runOK(t, alone, runner.Text("Go.")), runOK(t, alone, runner.Text("Go.")).State()
	var refused *runner.UserError
	require.ErrorAs(t, waits.Approve(shown.Interruptions()[0]), &refused, "what waits was not shown")

	alike, state := twins(t, &ran, `{}`, `{}`)
	copied = reload(t, alike, state)
	require.ErrorAs(t, copied.Approve(state.Interruptions()[0]), &refused, "which of the two it is cannot be told")
	_, err := json.Marshal(copied)
	require.NoError(t, err)
}

// Tools may have one name where no two are offered at once: a call is of the one
// that was.
func TestOfTwoAgentToolsOfOneNameTheEnabledOneGoesOn(t *testing.T) {
	for carrier, carry := range carriers {
		for _, order := range [][]string{{"Production", "Sandbox"}, {"Sandbox", "Production"}} {
			t.Run(order[0]+" first, "+carrier, func(t *testing.T) {
				var ran executions
				agent := newAgent("A", script(runnertest.Reply(runnertest.ToolCall("ask", "c1", `{"input":"x"}`)), says("Done.")))
				for _, name := range order {
					enabled := name == "Sandbox"
					inner := newAgent(name, script(calls("delete", name), says("Inside.")), ran.gated("delete"))
					agent.Tools = append(agent.Tools, inner.AsTool(runner.AgentToolOptions{Name: "ask", IsEnabled: enabledIf(&enabled)}))
				}
				state := carry(t, agent, runOK(t, agent, runner.Text("Go.")).State())
				assert.Equal(t, "Done.", runOK(t, agent, approveAll(t, state)).FinalOutput())
				assert.Equal(t, []string{"Sandbox"}, ran.ids())
			})
		}
	}
}
