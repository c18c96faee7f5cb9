package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// notedSession is a session in memory that notes each write, and fails those
// that fail says.
type notedSession struct {
	runner.MemorySession
	mu     sync.Mutex
	writes [][]json.RawMessage
	fail   func(write int) error
}

func (s *notedSession) AddItems(ctx context.Context, items []json.RawMessage) error {
	s.mu.Lock()
	s.writes = append(s.writes, items)
	write := len(s.writes)
	s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(write); err != nil {
			return err
		}
	}
	return s.MemorySession.AddItems(ctx, items)
}

// failingAt fails one write to a session.
func failingAt(fails int) *notedSession {
	return &notedSession{fail: func(write int) error {
		if write == fails {
			return errBroken
		}
		return nil
	}}
}

// log is the session's content as lines such as "user", "message" and
// "function_call c1".
func (s *notedSession) log(t *testing.T) []string {
	t.Helper()
	items, err := s.Items(t.Context(), 0)
	require.NoError(t, err)
	return itemLines(t, items)
}

func itemLines(t *testing.T, items []json.RawMessage) []string {
	t.Helper()
	lines := []string{}
	for _, raw := range items {
		var item struct {
			Type, Role string
			CallID     string `json:"call_id"`
		}
		require.NoError(t, json.Unmarshal(raw, &item))
		kind := item.Type
		if kind == "" {
			kind = item.Role
		}
		lines = append(lines, strings.TrimSpace(kind+" "+item.CallID))
	}
	return lines
}

var longRunLog = []string{
	"user", "reasoning", "message", "function_call a1", "function_call b1", "function_call_output a1", "function_call_output b1",
	"function_call h2", "function_call_output h2", "function_call c3", "function_call_output c3", "message",
}

func TestASessionGetsEveryItemOnceAndTurnByTurn(t *testing.T) {
	var ran executions
	agent, _ := longRun(&ran)
	session := &notedSession{}
	runOK(t, agent, runner.Text("Go."), runner.WithSession(session))
	assert.Equal(t, longRunLog, session.log(t))
	sizes := []int{}
	for _, write := range session.writes {
		sizes = append(sizes, len(write))
	}
	assert.Equal(t, []int{1, 6, 2, 2, 1}, sizes, "the input, then a write a turn")
}

func TestASessionGoesBeforeTheNewInput(t *testing.T) {
	model := script(says("One."), says("Two."))
	agent := newAgent("A", model)
	session := runner.NewMemorySession()
	runOK(t, agent, runner.Text("First."), runner.WithSession(session))
	result := runOK(t, agent, runner.Text("Second."), runner.WithSession(session))
	assert.Equal(t, []string{"user", "message", "user"}, itemLines(t, lastInput(model)))
	assert.Len(t, result.ToInputList(), 4)
}

func TestASessionAfterPausesEqualsThatOfARunWithoutPauses(t *testing.T) {
	turns := func() *runnertest.ScriptedModel {
		return script(
			runnertest.Reply(runnertest.Message("I look."), runnertest.ToolCall("free", "c1", `{}`), runnertest.ToolCall("gated", "c2", `{}`), runnertest.ToolCall("gated", "c3", `{}`)),
			runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)),
			calls("gated", "c4"), says("Done."),
		)
	}
	agents := func(ran *executions, gate bool) *runner.Agent {
		model := turns()
		tool := ran.free("gated")
		if gate {
			tool = ran.gated("gated")
		}
		a := newAgent("A", model, ran.free("free"), tool)
		a.Handoffs = []runner.HandoffTarget{newAgent("B", model, tool)}
		return a
	}
	var ran executions
	whole := &notedSession{}
	runOK(t, agents(&ran, false), runner.Text("Go."), runner.WithSession(whole))

	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			agent := agents(&ran, true)
			session := &notedSession{}
			result := runOK(t, agent, runner.Text("Go."), runner.WithSession(session))
			for len(result.Interruptions()) > 0 {
				state := carry(t, agent, result.State())
				require.NoError(t, state.Approve(state.Interruptions()[0])) // one by one
				result = runOK(t, agent, carry(t, agent, state), runner.WithSession(session))
			}
			assert.ElementsMatch(t, whole.log(t), session.log(t), "every item, and each once")
			items, err := session.Items(t.Context(), 0)
			require.NoError(t, err)
			assert.Len(t, outputs(t, items), 5)
		})
	}
}

func TestASessionThatFailsEndsTheRun(t *testing.T) {
	for name, tc := range map[string]struct {
		fails int
		ran   []string
		asked int
	}{
		"at the input":     {1, []string{}, 0},
		"after a turn":     {2, []string{"a1", "b1"}, 1},
		"after the answer": {5, []string{"a1", "b1", "c3"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			var ran executions
			agent, model := longRun(&ran)
			session := failingAt(tc.fails)
			failed, result := requireError[*runner.UserError](t, agent, runner.Text("Go."), runner.WithSession(session))
			assert.ErrorIs(t, failed, errBroken)
			assert.Equal(t, tc.ran, ran.ids())
			assert.Equal(t, tc.asked, model.asked())
			assert.Nil(t, result.FinalOutput())
			outputs(t, result.ToInputList())
		})
	}
}

func TestASessionThatCannotBeReadEndsTheRunBeforeTheModelIsAsked(t *testing.T) {
	model := script(says("Done."))
	failed, _ := requireError[*runner.UserError](t, newAgent("A", model), runner.Text("Go."), runner.WithSession(unreadable{}))
	assert.ErrorIs(t, failed, errBroken)
	assert.Empty(t, model.Requests())
}

func TestWhatASessionHoldsThatIsNoItemIsNotSent(t *testing.T) {
	model := script(says("Done."))
	session := &runner.MemorySession{}
	require.NoError(t, session.AddItems(t.Context(), []json.RawMessage{json.RawMessage(`"Hi"`)}))
	failed, _ := requireError[*runner.UserError](t, newAgent("A", model), runner.Text("Go."), runner.WithSession(session))
	assert.ErrorContains(t, failed, "the session could not be read: input item 0 is not a JSON object")
	assert.Empty(t, model.Requests())
}

type unreadable struct{ runner.Session }

func (unreadable) Items(context.Context, int) ([]json.RawMessage, error) { return nil, errBroken }

func TestAWriteIsFinishedThoughTheRunIsStopped(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	session := &notedSession{fail: func(write int) error {
		if write == 2 {
			end(errBroken) // in the middle of it
		}
		return nil
	}}
	var ran executions
	agent, _ := longRun(&ran)
	_, err := runner.Run(ctx, agent, runner.Text("Go."), runner.WithSession(session))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, longRunLog[:7], session.log(t))
}

func TestALimitReadsTheLatestItemsAndPartsNoCallFromItsOutput(t *testing.T) {
	history := func(items ...string) []json.RawMessage {
		var raws []json.RawMessage
		for _, item := range items {
			raws = append(raws, json.RawMessage(item))
		}
		return raws
	}(
		`{"role":"user","content":"Old."}`,
		`{"type":"function_call","call_id":"c1","name":"tool","arguments":"{}"}`,
		`{"type":"function_call_output","call_id":"c1","output":"one"}`,
		`{"type":"reasoning","id":"rs_1","summary":[]}`,
		`{"type":"function_call","call_id":"c2","name":"tool","arguments":"{}"}`,
		`{"type":"function_call_output","call_id":"c2","output":"two"}`,
		`{"role":"assistant","content":"Fine."}`,
	)
	for limit, want := range [][]string{
		0: {"user", "function_call c1", "function_call_output c1", "reasoning", "function_call c2", "function_call_output c2", "assistant", "user"},
		1: {"assistant", "user"},
		2: {"assistant", "user"}, // the output alone is left out
		3: {"function_call c2", "function_call_output c2", "assistant", "user"},
		4: {"reasoning", "function_call c2", "function_call_output c2", "assistant", "user"},
		5: {"reasoning", "function_call c2", "function_call_output c2", "assistant", "user"},
		6: {"function_call c1", "function_call_output c1", "reasoning", "function_call c2", "function_call_output c2", "assistant", "user"},
	} {
		model := script(says("Done."))
		runOK(t, newAgent("A", model), runner.Text("New."), runner.WithSession(runner.NewMemorySession(history...)), runner.WithSessionLimit(limit))
		assert.Equal(t, want, itemLines(t, lastInput(model)), "limit %d", limit)
	}
}

func TestACallThatAStoppedRunLeftInTheSessionIsNotSentAlone(t *testing.T) {
	var ran executions
	model := script(calls("gated", "c1"), says("Done."))
	agent := newAgent("A", model, ran.gated("gated"))
	session := &notedSession{}
	runOK(t, agent, runner.Text("Go."), runner.WithSession(session)) // it waits, and the person asks something else
	assert.Equal(t, []string{"user", "function_call c1"}, session.log(t))
	runOK(t, agent, runner.Text("Never mind."), runner.WithSession(session))
	assert.Equal(t, []string{"user", "user"}, itemLines(t, lastInput(model)))
}

func TestAnOutputWhoseCallIsInAnotherSessionIsNotSentAlone(t *testing.T) {
	var ran executions
	model := script(calls("gated", "c1"), says("Done."), says("Again."))
	agent := newAgent("A", model, ran.gated("gated"))
	one, other := runner.NewMemorySession(), runner.NewMemorySession()
	state := runOK(t, agent, runner.Text("Go."), runner.WithSession(one)).State()
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	runOK(t, agent, state, runner.WithSession(other))
	runOK(t, agent, runner.Text("More."), runner.WithSession(other))
	assert.Equal(t, []string{"message", "user"}, itemLines(t, lastInput(model)))
}

func TestTheSessionInputFunctionMakesTheInputAndOnlyNewItemsAreSaved(t *testing.T) {
	model := script(says("Done."))
	session := &notedSession{}
	require.NoError(t, session.MemorySession.AddItems(t.Context(), []json.RawMessage{runner.UserMessage("Old."), runner.UserMessage("Older.")}))
	runOK(t, newAgent("A", model), runner.Text("New."), runner.WithSession(session),
		runner.WithSessionInput(func(_ context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error) {
			return slices.Concat(fresh, []json.RawMessage{runner.UserMessage("Extra.")}, history[:1]), nil
		}))
	assert.Equal(t, []json.RawMessage{runner.UserMessage("New."), runner.UserMessage("Extra."), runner.UserMessage("Old.")}, lastInput(model))
	assert.Equal(t, []json.RawMessage{runner.UserMessage("New."), runner.UserMessage("Extra.")}, session.writes[0])
}

func TestTheSessionInputFunctionMayFail(t *testing.T) {
	for name, merge := range map[string]func(context.Context, []json.RawMessage, []json.RawMessage) ([]json.RawMessage, error){
		"with an error": func(context.Context, []json.RawMessage, []json.RawMessage) ([]json.RawMessage, error) {
			return nil, errBroken
		},
		"with what is no object": func(context.Context, []json.RawMessage, []json.RawMessage) ([]json.RawMessage, error) {
			return []json.RawMessage{[]byte("1")}, nil
		},
		"with a panic": func(context.Context, []json.RawMessage, []json.RawMessage) ([]json.RawMessage, error) {
			panic("broken on purpose")
		},
	} {
		t.Run(name, func(t *testing.T) {
			model := script(says("Done."))
			session := &notedSession{}
			_, err := runner.Run(t.Context(), newAgent("A", model), runner.Text("New."), runner.WithSession(session), runner.WithSessionInput(merge))
			assert.Error(t, err)
			assert.Empty(t, model.Requests())
			assert.Empty(t, session.writes)
		})
	}
}

func TestCompactionIsPartOfTheRun(t *testing.T) {
	session := &notedSession{}
	var result *runner.StreamResult
	started := make(chan struct{})
	result = runner.RunStreamed(t.Context(), newAgent("A", script(says("Done."))), runner.Text("Go."), runner.WithSession(session),
		runner.WithCompaction(func(ctx context.Context, s runner.Session) error {
			<-started
			assert.False(t, result.IsComplete())
			assert.Equal(t, []string{"user", "message"}, session.log(t), "it sees the whole run")
			return s.Clear(ctx)
		}))
	close(started)
	require.NoError(t, result.Wait(t.Context()))
	assert.True(t, result.IsComplete())
	assert.Empty(t, session.log(t))

	_, err := runner.Run(t.Context(), newAgent("A", script(says("Done."))), runner.Text("Go."), runner.WithSession(session),
		runner.WithCompaction(func(context.Context, runner.Session) error { return errBroken }))
	assert.ErrorIs(t, err, errBroken)
}

// slowSession holds its writes until it is let go on, and notes how their contexts
// are then.
type slowSession struct {
	runner.MemorySession
	writing chan struct{}
	release chan struct{}
	ended   error
}

func (s *slowSession) AddItems(ctx context.Context, items []json.RawMessage) error {
	s.writing <- struct{}{}
	<-s.release
	s.ended = errors.Join(s.ended, ctx.Err())
	return s.MemorySession.AddItems(ctx, items)
}

// What has happened is saved: a write under way goes on when its run is stopped.
func TestAWriteToTheSessionDoesNotEndWithTheRun(t *testing.T) {
	session := &slowSession{writing: make(chan struct{}), release: make(chan struct{})}
	result := runner.RunStreamed(t.Context(), newAgent("A", script(says("Done."))), runner.Text("Go."), runner.WithSession(session))
	<-session.writing
	result.Cancel(runner.CancelImmediate)
	go func() {
		for range session.writing {
		}
	}()
	close(session.release)
	require.NoError(t, result.Wait(t.Context()))
	close(session.writing)
	assert.NoError(t, session.ended)
	items, err := session.Items(t.Context(), 0)
	require.NoError(t, err)
	assert.Contains(t, itemLines(t, items), "user")
}
