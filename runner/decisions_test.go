package runner_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// Whatever parts of a document are altered after the approval, the tool runs
// with what was approved, or not at all.
func TestAnAlteredDocumentRunsNothingElseThanWhatWasApproved(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to string }{
		"other arguments": {`{\"path\":\"a\"}`, `{\"path\":\"b\"}`},
		"another tool":    {`"delete_file"`, `"delete_disk"`},
		"another call id": {`"c1"`, `"c9"`},
		"another agent":   {`{"name":"A"}`, `{"name":"B"}`}, // but of the decision, which says who may run it
	} {
		t.Run(name, func(t *testing.T) {
			const owner, kept = `{"name":"A"},"tool_key"`, `OWNER`
			approved := strings.Replace(approvedDeletion(t), owner, kept, 1)
			places := strings.Count(approved, tc.from)
			require.Positive(t, places)
			for altered := 1; altered < 1<<min(places, 6); altered++ {
				text := strings.Replace(replaceSome(approved, tc.from, tc.to, altered), kept, owner, 1)
				var ran executions
				agent, _ := deletingAgents(&ran, says("Done."))
				state, err := runner.ParseState([]byte(text), agent)
				if err == nil {
					_, err = runner.Run(t.Context(), agent, state)
				}
				for _, call := range ran.calls {
					at := fmt.Sprintf("altered places %b", altered)
					assert.NoError(t, err, at)
					assert.Equal(t, []string{"delete_file", `{"path":"a"}`, "A"}, []string{call.Name, call.Arguments, call.Agent.Name}, at)
				}
			}
		})
	}
}

func TestAlteredArgumentsAreRefusedBeforeAnythingRuns(t *testing.T) {
	var ran executions
	agent, _ := deletingAgents(&ran)
	text := strings.ReplaceAll(approvedDeletion(t), `{\"path\":\"a\"}`, `{\"path\":\"b\"}`)
	state, err := runner.ParseState([]byte(text), agent)
	require.NoError(t, err)
	refused, _ := requireError[*runner.ModelBehaviorError](t, agent, state)
	assert.Contains(t, refused.Error(), `Model reused a tool call ID for a different invocation`)
	assert.Empty(t, ran.ids())
}

// deletingAgents has two agents with the same tools, which note what they run.
func deletingAgents(ran *executions, turns ...runnertest.Turn) (a, b *runner.Agent) {
	model := script(turns...)
	a = newAgent("A", model, ran.gated("delete_file"), ran.gated("delete_disk"))
	b = newAgent("B", model, ran.gated("delete_file"), ran.gated("delete_disk"))
	a.Handoffs = []runner.HandoffTarget{b}
	return a, b
}

// approvedDeletion is the document of a run in which the call c1 of delete_file
// was approved.
func approvedDeletion(t *testing.T) string {
	t.Helper()
	var ran executions
	agent, _ := deletingAgents(&ran, runnertest.Reply(runnertest.ToolCall("delete_file", "c1", `{"path":"a"}`)))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	return string(document(t, state))
}

// replaceSome replaces the occurrences whose bits are set.
func replaceSome(text, from, to string, which int) string {
	pieces := strings.Split(text, from)
	var out strings.Builder
	for i, piece := range pieces {
		out.WriteString(piece)
		switch {
		case i == len(pieces)-1:
		case which>>i&1 == 1:
			out.WriteString(to)
		default:
			out.WriteString(from)
		}
	}
	return out.String()
}

func TestADecisionThatIsBoundToNoCallIsAskedAgain(t *testing.T) {
	for name, record := range map[string]string{
		"on one call":  `{"approved":["c1"],"rejected":[]}`,
		"on all calls": `{"approved":true,"rejected":[],"sticky_scope":"SCOPE"}`,
	} {
		for carrier, carry := range carriers {
			t.Run(name+" "+carrier, func(t *testing.T) {
				var ran executions
				agent, _ := deletingAgents(&ran, runnertest.Reply(runnertest.ToolCall("delete_file", "c1", `{"path":"a"}`)), says("Done."))
				paused := document(t, runOK(t, agent, runner.Text("Go.")).State())
				state, err := runner.ParseState(forge(t, paused, record), agent)
				require.NoError(t, err)
				for range 3 { // as often as it is resumed without a decision
					result := runOK(t, agent, state)
					require.Equal(t, []string{"c1"}, waitingIDs(result.Interruptions()))
					require.Empty(t, ran.ids())
					state = carry(t, agent, result.State())
				}
				require.NoError(t, state.Approve(waiting(t, state, "c1")))
				assert.Equal(t, "Done.", runOK(t, agent, carry(t, agent, state)).FinalOutput())
				assert.Equal(t, []string{"c1"}, ran.ids())
			})
		}
	}
}

// forge puts a decision on A's delete_file into a document and empties its
// ledger. SCOPE in the decision becomes the call's own.
func forge(t *testing.T, doc []byte, record string) []byte {
	t.Helper()
	var fields, context map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(doc, &fields))
	require.NoError(t, json.Unmarshal(fields["context"], &context))
	var invocations map[string]struct {
		Scope string `json:"approval_scope"`
	}
	require.NoError(t, json.Unmarshal(context["tool_invocations"], &invocations))
	record = strings.ReplaceAll(record, "SCOPE", invocations["c1"].Scope)
	context["tool_invocations"] = json.RawMessage(`{}`)
	context["function_tool_approvals"] = json.RawMessage(`[{"agent":{"name":"A"},"tool_key":"delete_file","decision":` + record + `}]`)
	var err error
	fields["context"], err = json.Marshal(context)
	require.NoError(t, err)
	forged, err := json.Marshal(fields)
	require.NoError(t, err)
	return bytes.TrimSpace(forged)
}

func TestAnAlwaysHoldsForOneAgentsToolInOneRun(t *testing.T) {
	for carrier, carry := range carriers {
		for _, approve := range []bool{true, false} {
			t.Run(fmt.Sprintf("approve %v %s", approve, carrier), func(t *testing.T) {
				var ran executions
				model := script(
					calls("delete_file", "c1"),
					calls("delete_file", "c2", "c3"), // decided by the always
					runnertest.Reply(runnertest.ToolCall("delete_disk", "c4", `{}`), runnertest.ToolCall("delete_file", "c5", `{}`)),
					runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)),
					calls("delete_file", "c6"), // B's own tool
					says("Done."),
				)
				agent, other := deletingAgents(&ran)
				agent.Model, other.Model = model, model

				message := "never"
				state := carry(t, agent, runOK(t, agent, runner.Text("Go.")).State())
				require.NoError(t, state.Decide(waiting(t, state, "c1"), runner.Decision{Approve: approve, Always: true, Message: &message}))

				result := runOK(t, agent, carry(t, agent, state))
				assert.Equal(t, []string{"c4"}, waitingIDs(result.Interruptions()), "another tool of the agent is asked for")
				state = carry(t, agent, result.State())
				require.NoError(t, state.Approve(waiting(t, state, "c4")))

				result = runOK(t, agent, carry(t, agent, state))
				assert.Equal(t, []string{"c6"}, waitingIDs(result.Interruptions()), "the same tool of another agent is asked for")
				state = carry(t, agent, result.State())
				require.NoError(t, state.Reject(waiting(t, state, "c6"), ""))
				result = runOK(t, agent, carry(t, agent, state))
				assert.Equal(t, "Done.", result.FinalOutput())

				texts := outputs(t, lastInput(model))
				if approve {
					assert.Equal(t, []string{"c1", "c2", "c3", "c4", "c5"}, ran.ids())
				} else {
					assert.Equal(t, []string{"c4"}, ran.ids())
					for _, id := range []string{"c1", "c2", "c3", "c5"} {
						assert.Equal(t, message, texts[id])
					}
				}
				assert.Equal(t, "Tool execution was not approved.", texts["c6"])

				model.Add(calls("delete_file", "c7"))
				again := runOK(t, agent, runner.Text("Again."))
				assert.Equal(t, []string{"c7"}, waitingIDs(again.Interruptions()), "a new run asks again")
			})
		}
	}
}

func TestADecisionOnOneCallBeatsAnAlways(t *testing.T) {
	for _, always := range []bool{true, false} {
		t.Run(fmt.Sprintf("always approve %v", always), func(t *testing.T) {
			var ran executions
			agent := newAgent("A", script(calls("gated", "c1", "c2"), says("Done.")), ran.gated("gated"))
			state := runOK(t, agent, runner.Text("Go.")).State()
			require.NoError(t, state.Decide(waiting(t, state, "c1"), runner.Decision{Approve: always, Always: true}))
			require.NoError(t, state.Decide(waiting(t, state, "c2"), runner.Decision{Approve: !always}))
			runOK(t, agent, reload(t, agent, state))
			if always {
				assert.Equal(t, []string{"c1"}, ran.ids())
			} else {
				assert.Equal(t, []string{"c2"}, ran.ids())
			}
		})
	}
}

func TestTheLastDecisionOnACallHolds(t *testing.T) {
	var ran executions
	model := script(calls("gated", "c1", "c2"), says("Done."))
	agent := newAgent("A", model, ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	require.NoError(t, state.Reject(waiting(t, state, "c1"), "no"))
	require.NoError(t, state.Reject(waiting(t, state, "c2"), "no"))
	require.NoError(t, state.Approve(waiting(t, state, "c2")))
	runOK(t, agent, state)
	assert.Equal(t, []string{"c2"}, ran.ids())
	assert.Equal(t, map[string]string{"c1": "no", "c2": "done c2"}, outputs(t, lastInput(model)))
}

func TestDecidingOnOneCopyLeavesTheOthersAlone(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("gated", "c1", "c2", "c3")), ran.gated("gated"))
	result := runOK(t, agent, runner.Text("Go."))
	for _, id := range []string{"c1", "c2"} { // the second time there is a record to share
		state := result.State()
		require.NoError(t, state.Approve(waiting(t, state, id)))
		other := runOK(t, agent, result.State())
		assert.Contains(t, waitingIDs(other.Interruptions()), id)
		assert.Zero(t, ran.times(id))
		result = runOK(t, agent, state)
		assert.Equal(t, 1, ran.times(id))
	}
}

func TestACallThatDoesNotWaitCannotBeDecided(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("gated", "c1"), says("Done.")), ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	item := waiting(t, state, "c1")
	require.NoError(t, state.Approve(item))
	finished := runOK(t, agent, state).State()
	var refused *runner.UserError
	require.ErrorAs(t, finished.Approve(item), &refused)
	assert.Contains(t, refused.Error(), "c1")
}

func TestWordsOfARejection(t *testing.T) {
	always := func(info runner.ToolErrorInfo) string { return info.Kind + " " + info.Tool + " " + info.CallID }
	for name, tc := range map[string]struct {
		message string
		options []runner.Option
		want    string
	}{
		"by default":              {"", nil, "Tool execution was not approved."},
		"of the reviewer":         {"Not on Fridays.", nil, "Not on Fridays."},
		"of the run":              {"", []runner.Option{runner.WithToolErrorText(always)}, "approval_rejected gated c1"},
		"reviewer before the run": {"Not on Fridays.", []runner.Option{runner.WithToolErrorText(always)}, "Not on Fridays."},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			model := script(calls("gated", "c1"), says("Done."))
			agent := newAgent("A", model, ran.gated("gated"))
			state := runOK(t, agent, runner.Text("Go.")).State()
			require.NoError(t, state.Reject(waiting(t, state, "c1"), tc.message))
			runOK(t, agent, reload(t, agent, state), tc.options...)
			assert.Equal(t, map[string]string{"c1": tc.want}, outputs(t, lastInput(model)))
		})
	}
}

func TestAnAlwaysOfAnotherScopeCountsForNothing(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("gated", "c1")), ran.gated("gated"))
	state := runOK(t, agent, runner.Text("Go.")).State()
	require.NoError(t, state.Decide(waiting(t, state, "c1"), runner.Decision{Approve: true, Always: true}))
	doc := string(document(t, state))
	_, rest, found := strings.Cut(doc, `"sticky_scope":"`)
	require.True(t, found)
	scope := rest[:64]
	for name, altered := range map[string]string{
		"another": strings.Replace(doc, `"sticky_scope":"`+scope, `"sticky_scope":"`+strings.Repeat("0", 64), 1),
		"none":    strings.Replace(doc, `,"sticky_scope":"`+scope+`"`, "", 1),
	} {
		require.NotEqual(t, doc, altered)
		state, err := runner.ParseState([]byte(altered), agent)
		require.NoError(t, err)
		assert.Equal(t, []string{"c1"}, waitingIDs(runOK(t, agent, state).Interruptions()), name)
		assert.Empty(t, ran.ids())
	}
}

func TestADecisionOnAllCallsOverrulesNoneOnASingleCall(t *testing.T) {
	for carrier, carry := range carriers {
		for name, always := range map[string]runner.Decision{
			"approved": {Approve: true, Always: true}, "rejected": {Always: true},
		} {
			for order, first := range map[string]bool{"before": true, "after": false} {
				t.Run(carrier+", all "+name+" "+order, func(t *testing.T) {
					var ran executions
					agent := newAgent("A", script(calls("tool", "c1", "c2"), calls("tool", "c3"), says("Done.")), ran.gated("tool"))
					state := runOK(t, agent, runner.Text("Go.")).State()
					single := func() {
						require.NoError(t, state.Decide(waiting(t, state, "c1"), runner.Decision{Approve: !always.Approve}))
					}
					if first {
						single()
					}
					require.NoError(t, state.Decide(waiting(t, state, "c2"), always))
					if !first {
						single()
					}
					result := runOK(t, agent, carry(t, agent, state))
					assert.Equal(t, "Done.", result.FinalOutput())
					want := []string{"c1"}
					if always.Approve {
						want = []string{"c2", "c3"}
					}
					assert.Equal(t, want, ran.ids())
				})
			}
		}
	}
}
