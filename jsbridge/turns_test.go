package jsbridge

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestThePageHasATurnsEventsBeforeItIsAskedAboutTheNext(t *testing.T) {
	page, server := newTestPage(t, callsTheTool...)
	page.functions[1] = func([]json.RawMessage) (any, bool) {
		seen(page, func(m eventsMessage) bool { return strings.Contains(string(m.Batch), "agent_updated") }) // it reads
		return "gone", true
	}
	page.functions[turnFunction] = func([]json.RawMessage) (any, bool) {
		assert.Contains(t, kinds(page.events(1)), "tool_output")
		assert.Len(t, server.requests(), 1)
		return nil, true
	}
	page.run(1, toolAgent(`"execute":{"fn":1}`))
	page.snapshot(1)
}

func TestThePageHasATurnsSnapshotBeforeAnythingOfTheNext(t *testing.T) {
	page, _ := newTestPage(t, callsTheTool...)
	page.functions[1] = func([]json.RawMessage) (any, bool) { return "gone", true }
	page.functions[2] = func([]json.RawMessage) (any, bool) { return nil, true }
	page.run(1, strings.Replace(toolAgent(`"execute":{"fn":1}`), `"input"`, `"options":{"hooks":{"modelStart":{"fn":2}}},"input"`, 1))
	page.snapshot(1)
	log := page.log()
	turn := slices.IndexFunc(log, func(m fromEngine) bool { call, ok := m.(callMessage); return ok && call.Fn == turnFunction })
	require.IsType(t, snapshotMessage{}, log[turn+1])
	now := readSnapshot(t, log[turn+1].(snapshotMessage).Snapshot)
	assert.Equal(t, 1, now.CurrentTurn)
	assert.Nil(t, now.FinalOutput)
	assert.Len(t, now.InputList, 3)
	assert.Equal(t, 2, log[turn+2].(callMessage).Fn, "the hook of the next turn")
}

// A page may be closed in a turn that its reader lingers on, when the session has
// the turn already: its state must have it, too.
func TestATurnsSnapshotDoesNotWaitForThePagesReader(t *testing.T) {
	page, _ := newTestPage(t, callsTheTool...)
	page.functions[1] = func([]json.RawMessage) (any, bool) { return "gone", true }
	page.functions[turnFunction] = func([]json.RawMessage) (any, bool) {
		now := readSnapshot(t, seen(page, func(snapshotMessage) bool { return true }).Snapshot)
		assert.Len(t, now.InputList, 3)
		return nil, true
	}
	page.run(1, toolAgent(`"execute":{"fn":1}`))
	page.snapshot(1)
}

// A page has the run's document after every turn. What it has already does not
// cross again: else long runs would slow down with their square.
func TestWhatCrossesBetweenTurnsDoesNotGrow(t *testing.T) {
	const turns = 40
	var script []runnertest.Turn
	for i := range turns {
		script = append(script, runnertest.Reply(runnertest.ToolCall("remove", "call_"+strconv.Itoa(100+i), `{"path":"logs"}`)))
	}
	page, _ := newTestPage(t, append(script, runnertest.Reply(runnertest.Message("Done.")))...)
	page.functions[1] = func([]json.RawMessage) (any, bool) { return strings.Repeat("gone ", 200), true }
	page.run(1, strings.Replace(toolAgent(`"execute":{"fn":1}`), `"input"`, `"options":{"maxTurns":`+strconv.Itoa(turns+1)+`},"input"`, 1))
	assert.Equal(t, "Done.", page.snapshot(1).FinalOutput)
	var sizes []int
	for _, message := range page.log() {
		if m, ok := message.(snapshotMessage); ok {
			sizes = append(sizes, len(m.Snapshot))
		}
	}
	require.Len(t, sizes, turns)
	early, late := sizes[4], sizes[turns-1]
	t.Logf("%d bytes after turn 5, %d after turn %d", early, late, turns)
	assert.Less(t, late-early, 80*(turns-5), "the numbers of texts are all that may become more")
}

func TestAStopBetweenTurnsComesBeforeTheNextModelCall(t *testing.T) {
	for mode, turns := range map[string]int{"immediate": 1, "after_turn": 1} {
		t.Run(mode, func(t *testing.T) {
			page, server := newTestPage(t, callsTheTool...)
			page.functions[1] = func([]json.RawMessage) (any, bool) { return "gone", true }
			page.functions[turnFunction] = func([]json.RawMessage) (any, bool) {
				page.engine.handle(cancelMessage{Run: 1, Mode: mode})
				return nil, true
			}
			page.run(1, toolAgent(`"execute":{"fn":1}`))
			now := page.snapshot(1)
			assert.Nil(t, now.FinalOutput)
			assert.Len(t, now.InputList, 3)
			assert.Len(t, server.requests(), turns)
		})
	}
}

// A stop may cross with the call of an approved tool: the page, which runs nothing
// any more, says which calls it has come to.
func TestACallThatThePageHasNotComeToMayRunLater(t *testing.T) {
	for name, reached := range map[string]bool{"on its way": false, "at its tool": true} {
		t.Run(name, func(t *testing.T) {
			page, _ := newTestPage(t, callsTheTool...)
			spec := toolAgent(`"needsApproval":true,"execute":{"fn":1}`)
			page.run(1, spec)
			paused := page.snapshot(1)
			page.functions[1] = func([]json.RawMessage) (any, bool) {
				at := []int{}
				if reached {
					at = append(at, seen(page, func(m callMessage) bool { return m.Fn == 1 }).Call)
				}
				page.engine.handle(cancelMessage{Run: 2, Mode: "immediate", Calls: at})
				return nil, false
			}
			page.run(2, resuming(t, spec, approved(t, paused)))
			stopped := page.snapshot(2)

			page.functions[1] = func([]json.RawMessage) (any, bool) { return "gone", true }
			page.run(3, resuming(t, spec, stopped.document()))
			if reached {
				assert.Contains(t, page.end(3).Error.Message, "was begun")
				return
			}
			assert.Equal(t, "Done.", page.snapshot(3).FinalOutput)
		})
	}
}

// A patch calls the page for each of its operations: once one was carried out, the
// patch has begun, whatever the page has come to of the next.
func TestAPatchOfWhichAPartIsDoneIsNotRunAgain(t *testing.T) {
	patch := `{"operations":[{"type":"delete_file","path":"a"},{"type":"delete_file","path":"b"}]}`
	page, _ := newTestPage(t,
		runnertest.Reply(runnertest.Item(json.RawMessage(`{"type":"custom_tool_call","id":"u1","call_id":"call_1","name":"apply_patch","input":`+strconv.Quote(patch)+`}`))),
		runnertest.Reply(runnertest.Message("Done.")))
	spec := `{"agents":[{"name":"Janitor","tools":[{"type":"apply_patch","name":"apply_patch","needsApproval":true,"execute":{"fn":1}}]}],"input":{"text":"Tidy up"},` + testProvider + `}`
	page.run(1, spec)
	agent := &runner.Agent{Name: "Janitor", Tools: []runner.Tool{&runner.ApplyPatchTool{
		NeedsApproval: runner.Always, Apply: func(context.Context, *runner.ToolCall, runner.PatchOperation) (string, error) { return "", nil },
	}}}
	state, err := runner.ParseState([]byte(page.snapshot(1).document()), agent)
	require.NoError(t, err)
	require.NoError(t, state.Approve(state.Interruptions()[0]))
	decided, err := state.MarshalJSON()
	require.NoError(t, err)

	done := 0
	page.functions[1] = func([]json.RawMessage) (any, bool) {
		if done == 1 {
			page.engine.handle(cancelMessage{Run: 2, Mode: "immediate", Calls: []int{}})
			return nil, false
		}
		done++
		return "ok", true
	}
	page.run(2, resuming(t, spec, string(decided)))
	stopped := page.snapshot(2)
	page.functions[1] = func([]json.RawMessage) (any, bool) { done++; return "ok", true }
	page.run(3, resuming(t, spec, stopped.document()))
	if failed := page.end(3).Error; failed != nil { // else the stopped run has said what was done
		assert.Contains(t, failed.Message, "was begun")
	}
	assert.Equal(t, 1, done)
}
