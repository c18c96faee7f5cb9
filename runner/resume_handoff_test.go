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

// enabledIf makes an IsEnabled that reads a variable.
func enabledIf(yes *bool) func(context.Context, *runner.RunContext, *runner.Agent) bool {
	return func(context.Context, *runner.RunContext, *runner.Agent) bool { return *yes }
}

// waitsToHandOver is a turn whose handoff waits for a gated call.
func waitsToHandOver(tool string) runnertest.Turn {
	return runnertest.Reply(runnertest.ToolCall("gated", "c1", `{}`), runnertest.ToolCall(tool, "h1", `{}`))
}

func TestAResumedHandoffGoesWhereTheEnabledOneLeads(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			yes, no := true, false
			agent := newAgent("A", script(waitsToHandOver("transfer")), ran.gated("gated"))
			agent.Handoffs = []runner.HandoffTarget{
				&runner.Handoff{Agent: newAgent("Paid", script(says("Paid."))), ToolName: "transfer", IsEnabled: enabledIf(&no)},
				&runner.Handoff{Agent: newAgent("Free", script(says("Free."))), ToolName: "transfer", IsEnabled: enabledIf(&yes)},
			}
			state := runOK(t, agent, runner.Text("Go.")).State()
			result := runOK(t, agent, approveAll(t, carry(t, agent, state)))
			assert.Equal(t, "Free", result.LastAgent().Name)
		})
	}
}

func TestAHandoffThatWasDisabledDuringThePauseIsNotTaken(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			enabled := true
			agent := pair(script(waitsToHandOver("transfer_to_b"), says("Done.")), &runner.Handoff{IsEnabled: enabledIf(&enabled)}, ran.gated("gated"))
			state := runOK(t, agent, runner.Text("Go.")).State()
			enabled = false
			state = approveAll(t, carry(t, agent, state))
			refused, result := requireError[*runner.ModelBehaviorError](t, agent, state)
			assert.Contains(t, refused.Error(), "transfer_to_b")
			assert.Empty(t, ran.ids(), "nothing runs before all is known to be there")

			enabled = true
			result = runOK(t, agent, carry(t, agent, result.State()))
			assert.Equal(t, "B", result.LastAgent().Name)
			assert.Equal(t, []string{"c1"}, ran.ids())
		})
	}
}

// What a handoff does to the world, it does once: a hook that fails behind it
// does not take that back.
func TestAHandoffsCallbackIsCalledOnceForAHandoff(t *testing.T) {
	for name, carry := range carriers {
		for failing, wanted := range map[string]int{"callback": 2, "hook": 1} {
			t.Run(failing+" fails, "+name, func(t *testing.T) {
				var ran executions
				called, hooked := 0, 0
				agent := pair(script(waitsToHandOver("transfer_to_b"), says("Done.")), &runner.Handoff{OnHandoff: func(context.Context, *runner.RunContext, json.RawMessage) error {
					if called++; called == 1 && failing == "callback" {
						return errBroken
					}
					return nil
				}}, ran.gated("gated"))
				agent.Hooks = &runner.Hooks{Handoff: func(context.Context, *runner.RunContext, *runner.Agent, *runner.Agent) error {
					if hooked++; hooked == 1 && failing == "hook" {
						return errBroken
					}
					return nil
				}}
				state := approveAll(t, runOK(t, agent, runner.Text("Go.")).State())
				failed, err := runner.Run(t.Context(), agent, state)
				require.ErrorIs(t, err, errBroken)
				result := runOK(t, agent, carry(t, agent, failed.State()))
				assert.Equal(t, "B", result.LastAgent().Name)
				assert.Equal(t, wanted, called)
				assert.Equal(t, map[string]string{"c1": "done c1", "h1": `{"assistant": "B"}`}, outputs(t, result.ToInputList()))
			})
		}
	}
}

// As with calls of tools, what a person says last of a hosted server's call is
// what the server gets.
func TestADecisionOnAHostedServersCallMayChangeAfterAFailure(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			failures := 1
			model := script(runnertest.Reply(
				runnertest.ToolCall("gated", "c1", `{}`),
				runnertest.Item(json.RawMessage(`{"id":"m1","type":"mcp_approval_request","server_label":"docs","name":"drop","arguments":"{}"}`))), says("Done."))
			agent := newAgent("A", model, ran.gated("gated"), &runner.HostedMCPTool{ServerLabel: "docs", Config: json.RawMessage(`{"type":"mcp","server_label":"docs"}`)})
			agent.ToolUse.Func = func(context.Context, *runner.RunContext, []runner.ToolResult) (runner.ToolsToFinalOutput, error) {
				if failures--; failures == 0 {
					return runner.ToolsToFinalOutput{}, errBroken
				}
				return runner.ToolsToFinalOutput{}, nil
			}
			state := approveAll(t, runOK(t, agent, runner.Text("Go.")).State())
			failed, err := runner.Run(t.Context(), agent, state)
			require.ErrorIs(t, err, errBroken)

			state = carry(t, agent, failed.State())
			require.NoError(t, state.Reject(waiting(t, state, "m1"), "no"))
			runOK(t, agent, carry(t, agent, state))
			var answers []string
			for _, raw := range lastInput(model) {
				var answer struct {
					Type    string
					Approve bool
				}
				require.NoError(t, json.Unmarshal(raw, &answer))
				if answer.Type == "mcp_approval_response" {
					answers = append(answers, string(raw))
					assert.False(t, answer.Approve)
				}
			}
			assert.Len(t, answers, 1)
			assert.Equal(t, []string{"c1"}, ran.ids())
		})
	}
}
