package runner_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// keptByServer are the ways to leave a conversation to the model's server.
var keptByServer = map[string]runner.Option{
	"by conversation id":       runner.WithConversationID("conv_1"),
	"by previous response id":  runner.WithPreviousResponseID("resp_0"),
	"by previous ids from now": runner.WithAutoPreviousResponseID(),
}

func TestOnlyTheNewGoesToAServerThatKeepsTheConversation(t *testing.T) {
	for name, option := range keptByServer {
		for carrier, carry := range carriers {
			t.Run(name+" "+carrier, func(t *testing.T) {
				var ran executions
				model := script(calls("gated", "c1"), says("Done."))
				agent := newAgent("A", model, ran.gated("gated"))
				state := carry(t, agent, runOK(t, agent, runner.Text("Go."), option).State())
				require.NoError(t, state.Approve(waiting(t, state, "c1")))
				runOK(t, agent, state)
				requests := model.Requests()
				assert.Equal(t, []string{"user"}, itemLines(t, requests[0].Input))
				assert.Equal(t, []string{"function_call_output c1"}, itemLines(t, requests[1].Input))
				if name == "by conversation id" {
					assert.Equal(t, "conv_1", requests[1].ConversationID)
				} else {
					assert.Equal(t, "resp_1", requests[1].PreviousResponseID)
				}
			})
		}
	}
}

// What the server has never answered it has not kept.
func TestAMessageThatTheServerNeverAnsweredIsSentAgain(t *testing.T) {
	for name, option := range keptByServer {
		for carrier, carry := range carriers {
			t.Run(name+", "+carrier, func(t *testing.T) {
				model := script(runnertest.Fail("server_error", "overloaded"), says("Done."))
				agent := newAgent("A", model)
				result, err := runner.Run(t.Context(), agent, runner.Text("Go."), option)
				require.Error(t, err)
				runOK(t, agent, carry(t, agent, result.State()))
				assert.Equal(t, []string{"user"}, itemLines(t, lastInput(model)))
			})
		}
	}
}

// A response that is gone on from wants an output for each of its calls, which a
// stopped turn does not have.
func TestAStoppedTurnIsAskedForAgainFromTheResponseBeforeIt(t *testing.T) {
	for name, tc := range map[string]struct {
		option runner.Option
		first  string
	}{
		"a previous response":       {runner.WithPreviousResponseID("resp_0"), "resp_0"},
		"the one before, by itself": {runner.WithAutoPreviousResponseID(), ""},
	} {
		for _, call := range []string{"c1", "c2"} {
			for carrier, carry := range carriers {
				t.Run(name+", stopped in "+call+", "+carrier, func(t *testing.T) {
					stopped := call
					var ran executions
					var result *runner.StreamResult
					stops := ran.free("tool")
					finish := stops.Invoke
					stops.Invoke = func(ctx context.Context, call *runner.ToolCall) (any, error) {
						if call.ID == stopped {
							result.Cancel(runner.CancelImmediate)
							<-ctx.Done()
						}
						return finish(ctx, call)
					}
					model := script(calls("tool", "c1"), calls("tool", "c2"), says("Done."), says("Done."))
					agent := newAgent("A", model, stops)
					result = runner.RunStreamed(t.Context(), agent, runner.Text("Go."), tc.option)
					require.NoError(t, result.Wait(t.Context()))
					asked := model.Requests()

					stopped = "nothing any more"
					runOK(t, agent, carry(t, agent, result.State()))
					again := model.Requests()[len(asked)]
					assert.Equal(t, asked[len(asked)-1].PreviousResponseID, again.PreviousResponseID)
					assert.Equal(t, asked[len(asked)-1].Input, again.Input)
					assert.Equal(t, tc.first, asked[0].PreviousResponseID)
				})
			}
		}
	}
}
