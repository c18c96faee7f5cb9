package runnertest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"runstream/runner"
)

// ErrScriptOver is what a request fails with that comes after the last turn.
var ErrScriptOver = errors.New("runnertest: the script is over")

// ScriptedModel is a [runner.Model] that answers every request with the next of
// its turns and keeps the requests. It is safe for concurrent use.
type ScriptedModel struct {
	mu       sync.Mutex
	turns    []Turn
	requests []*runner.ModelRequest
}

// NewScriptedModel makes a model that gives these turns, first in first out.
func NewScriptedModel(turns ...Turn) *ScriptedModel {
	return &ScriptedModel{turns: slices.Clone(turns)}
}

// Add puts turns at the end of the script.
func (m *ScriptedModel) Add(turns ...Turn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turns = append(m.turns, turns...)
}

// Stream takes the next turn at once: of agents that share the script, the one
// that asks first has it, whichever is ranged over first.
func (m *ScriptedModel) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	turn, number, err := m.next(request)
	return func(yield func(runner.RawEvent, error) bool) {
		if err != nil {
			yield(runner.RawEvent{}, err)
			return
		}
		for _, event := range turn.Events(Response{ID: fmt.Sprintf("resp_%d", number)}) {
			if ctx.Err() != nil {
				yield(runner.RawEvent{}, context.Cause(ctx))
				return
			}
			if !yield(event, nil) {
				return
			}
		}
		if turn.Hang {
			<-ctx.Done()
			yield(runner.RawEvent{}, context.Cause(ctx))
		} else if turn.Err != nil {
			yield(runner.RawEvent{}, turn.Err)
		}
	}
}

func (m *ScriptedModel) next(request *runner.ModelRequest) (turn Turn, number int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := *request
	kept.Input = slices.Clone(request.Input)
	m.requests = append(m.requests, &kept)
	number = len(m.requests)
	if len(m.turns) == 0 {
		return Turn{}, number, fmt.Errorf("%w: request %d has no turn left, add one", ErrScriptOver, number)
	}
	turn, m.turns = m.turns[0], m.turns[1:]
	return turn, number, nil
}

// Requests are the requests so far, also those that found no turn.
func (m *ScriptedModel) Requests() []*runner.ModelRequest {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.requests)
}

// Remaining is the number of turns that nothing has asked for yet.
func (m *ScriptedModel) Remaining() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.turns)
}

// AssertDone fails t where turns remain. It takes a *[testing.T] and does not
// link package testing into a WebAssembly build.
func (m *ScriptedModel) AssertDone(t interface {
	Helper()
	Errorf(format string, args ...any)
}) {
	t.Helper()
	if remaining := m.Remaining(); remaining > 0 {
		t.Errorf("runnertest: %d turns of the script were not asked for, after %d requests", remaining, len(m.Requests()))
	}
}
