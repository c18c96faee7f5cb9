package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// answering is a model that makes each turn from the conversation, so that a
// run which was stopped anywhere can go on.
type answering struct {
	mu       sync.Mutex
	requests []*runner.ModelRequest
	turn     func(request *runner.ModelRequest, number int) runnertest.Turn
	begin    chan struct{} // if not nil, the model says nothing before it is closed
}

func (m *answering) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		m.mu.Lock()
		m.requests = append(m.requests, request)
		number := len(m.requests)
		m.mu.Unlock()
		if m.begin != nil {
			<-m.begin
		}
		for _, event := range m.turn(request, number).Events(runnertest.Response{ID: fmt.Sprint("resp_", number)}) {
			if ctx.Err() != nil {
				yield(runner.RawEvent{}, context.Cause(ctx))
				return
			}
			if !yield(event, nil) {
				return
			}
		}
	}
}

func (m *answering) asked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.requests)
}

func (m *answering) lastInput() []json.RawMessage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.requests[len(m.requests)-1].Input
}

// longRun is an agent that calls two tools, hands over to a second one, which
// calls a tool and answers. Call ids are new with every request.
func longRun(ran *executions) (*runner.Agent, *answering) {
	model := &answering{turn: func(request *runner.ModelRequest, number int) runnertest.Turn {
		done := 0
		for _, raw := range request.Input {
			if strings.Contains(string(raw), "function_call_output") {
				done++
			}
		}
		id := func(name string) string { return fmt.Sprint(name, number) }
		switch done {
		case 0:
			return runnertest.Reply(runnertest.Reasoning("Hm."), runnertest.Message("I look."), runnertest.ToolCall("tool", id("a"), `{}`), runnertest.ToolCall("tool", id("b"), `{}`))
		case 2:
			return runnertest.Reply(runnertest.ToolCall("transfer_to_b", id("h"), `{}`))
		case 3:
			return calls("tool", id("c"))
		}
		return says("Done.")
	}}
	other := newAgent("B", model, ran.free("tool"))
	agent := newAgent("A", model, ran.free("tool"))
	agent.Handoffs = []runner.HandoffTarget{other}
	return agent, model
}

// longRunEvents counts the events of a long run that nobody stops.
func longRunEvents(t *testing.T) int {
	t.Helper()
	var ran executions
	agent, _ := longRun(&ran)
	events := 0
	for _, err := range runner.RunStreamed(t.Context(), agent, runner.Text("Go.")).Events() {
		require.NoError(t, err)
		events++
	}
	return events
}

// readSome reads that many events and then calls stop within the loop, and
// reads on to the end; it closes reading once it reads. It gives how many
// responses were begun when it stopped.
func readSome(result *runner.StreamResult, events int, reading chan struct{}, stop func()) (begun int, err error) {
	if events == 0 {
		stop()
		close(reading)
	}
	seen := 0
	for event, failure := range result.Events() {
		if failure != nil {
			return begun, failure
		}
		if seen++; seen > events {
			continue
		}
		if seen == 1 {
			close(reading)
		}
		if event.Raw.Type == "response.created" {
			begun++
		}
		if seen == events {
			stop()
		}
	}
	return begun, nil
}

func TestStoppingAtAnyEventLeavesAConversationThatCanGoOn(t *testing.T) {
	t.Parallel()
	total := longRunEvents(t)
	for mode, stopper := range map[string]func(result *runner.StreamResult, end context.CancelCauseFunc){
		"cancelled at once":        func(result *runner.StreamResult, _ context.CancelCauseFunc) { result.Cancel(runner.CancelImmediate) },
		"cancelled after the turn": func(result *runner.StreamResult, _ context.CancelCauseFunc) { result.Cancel(runner.CancelAfterTurn) },
		"the context ends":         func(_ *runner.StreamResult, end context.CancelCauseFunc) { end(errBroken) },
	} {
		step := 3
		if mode == "cancelled at once" {
			step = 1
		}
		for events := 0; events <= total; events += step {
			t.Run(fmt.Sprint(mode, " at event ", events), func(t *testing.T) {
				var ran executions
				agent, model := longRun(&ran)
				model.begin = make(chan struct{}) // a run that nobody reads waits for nobody
				ctx, end := context.WithCancelCause(t.Context())
				defer end(nil)
				result := runner.RunStreamed(ctx, agent, runner.Text("Go."))
				begun, err := readSome(result, events, model.begin, func() { stopper(result, end) })
				if mode == "the context ends" && result.FinalOutput() == nil {
					assert.ErrorIs(t, err, errBroken)
				} else {
					assert.NoError(t, err)
				}
				_ = result.Wait(t.Context())
				asked := model.asked()
				if events > 0 {
					assert.LessOrEqual(t, asked, max(begun, 1), "no further model call")
				}
				outputs(t, result.ToInputList())
				if result.FinalOutput() != nil {
					assert.Equal(t, "Done.", result.FinalOutput())
					return
				}

				for carrier, carry := range carriers {
					resumed := runOK(t, agent, carry(t, agent, result.State()), runner.WithMaxTurns(0))
					assert.Equal(t, "Done.", resumed.FinalOutput(), carrier)
					outputs(t, model.lastInput())
					outputs(t, resumed.ToInputList())
				}
				fresh := runOK(t, agent, runner.Items(append(result.ToInputList(), runner.UserMessage("Go on."))))
				assert.Equal(t, "Done.", fresh.FinalOutput())
				outputs(t, model.lastInput())
				for _, id := range ran.ids() {
					assert.Equal(t, 1, ran.times(id), id)
				}
			})
		}
	}
}

func TestAfterTheTurnItsToolsHaveRunAndAreNotRunAgain(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			agent, model := longRun(&ran)
			model.begin = make(chan struct{})
			result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
			_, err := readSome(result, 3, model.begin, func() { result.Cancel(runner.CancelAfterTurn) })
			require.NoError(t, err)
			assert.Equal(t, []string{"a1", "b1"}, ran.ids())
			assert.Nil(t, result.FinalOutput())
			assert.Empty(t, result.Interruptions())
			assert.Equal(t, 1, result.CurrentTurn())
			assert.Equal(t, map[string]string{"a1": "done a1", "b1": "done b1"}, outputs(t, result.ToInputList()))

			resumed := runner.RunStreamed(t.Context(), agent, carry(t, agent, result.State()))
			lines, err := story(resumed)
			require.NoError(t, err)
			assert.Equal(t, []string{
				"agent A", "raw", "handoff_requested h2", "handoff_occured h2",
				"agent B", "raw", "tool_called c3", "tool_output c3", "raw", "message_output_created",
			}, lines)
			assert.Equal(t, []string{"a1", "b1", "c3"}, ran.ids())
			assert.Equal(t, 4, model.asked())
		})
	}
}

func TestAnImmediateCancelReachesModelAndTools(t *testing.T) {
	t.Run("model", func(t *testing.T) {
		agent := newAgent("A", script(runnertest.Turn{Outputs: []runnertest.Output{runnertest.Message("Well")}, Hang: true}))
		result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
		_, err := readSome(result, 3, make(chan struct{}), func() { result.Cancel(runner.CancelImmediate) })
		assert.NoError(t, err)
		assert.NoError(t, result.Wait(t.Context()))
		assert.Nil(t, result.FinalOutput())
		assert.Empty(t, result.NewItems())
	})
	t.Run("tool", func(t *testing.T) {
		started, ended := make(chan struct{}), make(chan struct{})
		tool := &runner.FunctionTool{Name: "tool", Invoke: func(ctx context.Context, _ *runner.ToolCall) (any, error) {
			close(started)
			<-ctx.Done()
			close(ended)
			return nil, context.Cause(ctx)
		}}
		result := runner.RunStreamed(t.Context(), newAgent("A", script(calls("tool", "c1")), tool), runner.Text("Go."))
		<-started
		result.Cancel(runner.CancelImmediate)
		assert.NoError(t, result.Wait(t.Context()))
		<-ended
	})
}

func TestTheRunEndsWhereAToolIgnoresItsContext(t *testing.T) {
	for name, stopper := range map[string]func(result *runner.StreamResult, end context.CancelCauseFunc){
		"cancelled":        func(result *runner.StreamResult, _ context.CancelCauseFunc) { result.Cancel(runner.CancelImmediate) },
		"the context ends": func(_ *runner.StreamResult, end context.CancelCauseFunc) { end(errBroken) },
	} {
		for kind, tool := range map[string]func(wait func()) runner.Tool{
			"function": func(wait func()) runner.Tool {
				return &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) { wait(); return "late", nil }}
			},
			"custom": func(wait func()) runner.Tool {
				return &runner.CustomTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (string, error) { wait(); return "late", nil }}
			},
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				started, release := make(chan struct{}), make(chan struct{})
				left := make(chan struct{})
				agent := newAgent("A", script(runnertest.Reply(map[string]runnertest.Output{
					"function": runnertest.ToolCall("tool", "c1", `{}`),
					"custom":   runnertest.Item(json.RawMessage(`{"type":"custom_tool_call","call_id":"c1","name":"tool","input":"x"}`)),
				}[kind])), tool(func() {
					close(started)
					<-release
					close(left)
				}))
				ctx, end := context.WithCancelCause(t.Context())
				result := runner.RunStreamed(ctx, agent, runner.Text("Go."))
				<-started
				stopper(result, end)
				_, err := story(result)
				if name == "cancelled" {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, errBroken)
				}
				<-result.Done()
				assert.Empty(t, outputs(t, result.ToInputList()))
				close(release)
				<-left
			})
		}
	}
}

func TestCancellingARunThatEndedDoesNothing(t *testing.T) {
	agent := newAgent("A", script(says("Done.")))
	result := runOK(t, agent, runner.Text("Go."))
	result.Cancel(runner.CancelImmediate)
	result.Cancel(runner.CancelAfterTurn)
	assert.Equal(t, "Done.", result.FinalOutput())
	lines, err := story(result)
	require.NoError(t, err)
	assert.Equal(t, []string{"agent A", "raw", "message_output_created"}, lines)
}

func TestCancellingFromManyPlacesAtOnceIsSafe(t *testing.T) {
	var ran executions
	agent, _ := longRun(&ran)
	result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { result.Cancel(runner.CancelImmediate) })
		all.Go(func() { result.Cancel(runner.CancelAfterTurn) })
		all.Go(func() { _, _, _ = result.State(), result.Usage(), result.NewItems() })
	}
	_, err := story(result)
	all.Wait()
	assert.NoError(t, err)
	assert.NoError(t, result.Wait(t.Context()))
	outputs(t, result.ToInputList())
}

func TestACallThatAStoppedTurnHadBegunRunsWhenTheModelMakesItAgain(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			begun, times := make(chan struct{}), 0
			tool := &runner.FunctionTool{Name: "tool", Invoke: func(ctx context.Context, _ *runner.ToolCall) (any, error) {
				if times++; times == 1 {
					close(begun)
					<-ctx.Done()
					return nil, context.Cause(ctx)
				}
				return "done", nil
			}}
			agent := newAgent("A", script(calls("tool", "1"), calls("tool", "1"), says("Done.")), tool) // its model counts
			stopped := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
			<-begun
			stopped.Cancel(runner.CancelImmediate)
			require.NoError(t, stopped.Wait(t.Context()))
			result := runOK(t, agent, carry(t, agent, stopped.State()))
			assert.Equal(t, map[string]string{"1": "done"}, outputs(t, result.ToInputList()))
			assert.Equal(t, 2, times)
		})
	}
}

// The race detector looks at this one.
func TestASnapshotMayBeTakenWhileARunIsCancelled(t *testing.T) {
	for range 20 {
		agent := newAgent("A", script(runnertest.Turn{Hang: true}))
		result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
		go result.Cancel(runner.CancelImmediate)
		for ended := false; !ended; {
			select {
			case <-result.Done():
				ended = true
			default:
			}
			assert.NotNil(t, result.Snapshot().ToInputList())
		}
	}
}

func TestAResumedRunThatIsCancelledAtItsFirstEventHasRunNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran executions
		agent := newAgent("A", script(calls("gated", "c1"), says("Done.")), ran.gated("gated"))
		state := runOK(t, agent, runner.Text("Go.")).State()
		require.NoError(t, state.Approve(state.Interruptions()[0]))
		result := runner.RunStreamed(t.Context(), agent, state)
		for _, err := range result.Events() {
			require.NoError(t, err)
			result.Cancel(runner.CancelImmediate)
		}
		require.NoError(t, result.Wait(t.Context()))
		assert.Empty(t, ran.ids())
		assert.Len(t, result.ToInputList(), 1, "no call without its output")
		assert.Equal(t, "Done.", runOK(t, agent, reload(t, agent, result.State())).FinalOutput())
		assert.Equal(t, []string{"c1"}, ran.ids())
	})
}
