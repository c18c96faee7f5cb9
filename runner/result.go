package runner

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"sync"
)

// StreamResult is a run: its events as they come, and what is known of it so
// far. It is safe for concurrent use. The slices that it returns must not be
// changed.
//
// The run starts with [RunStreamed] and goes on whether or not its events are
// read; they are kept until then.
type StreamResult struct {
	queue *eventQueue
	stop  context.CancelCauseFunc
	ended chan struct{}

	mu        sync.Mutex
	state     *State // as of the last turn; replaced, never changed
	output    any
	err       error
	complete  bool
	paused    bool // the run ended with calls that wait for a decision
	afterTurn bool
	stopped   bool // by Cancel, or by the end of its context
}

func newResult(stop context.CancelCauseFunc) *StreamResult {
	return &StreamResult{queue: newEventQueue(), stop: stop, ended: make(chan struct{})}
}

// errCancelled is the cause of a context that [StreamResult.Cancel] ended.
var errCancelled = errors.New("the run was cancelled")

// Events yields the run's events in the order in which they happened, from the
// first on. They end when everything that follows the last token is done. An
// error comes last, once; it is context.Cause(ctx) where the run's context
// ended. Leaving the loop early leaves the run going: cancel its context, or
// call [StreamResult.Cancel], to stop it.
//
// One loop may read at a time; a second one gets a [*UserError].
func (r *StreamResult) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for batch, err := range r.Batches() {
			if err != nil {
				yield(Event{}, err)
				return
			}
			if !r.yieldEach(batch, yield) {
				return
			}
		}
	}
}

// yieldEach gives events one by one. What a loop that is left, also by a panic,
// has not come to goes back.
func (r *StreamResult) yieldEach(batch []Event, yield func(Event, error) bool) (goesOn bool) {
	given := 0
	defer func() {
		if !goesOn {
			r.queue.putBack(batch[given:])
		}
	}()
	for _, event := range batch {
		given++
		if !yield(event, nil) || r.queue.dropped.Load() {
			return false
		}
	}
	return true
}

// Batches yields the events of [StreamResult.Events] in groups: each time all
// that are there. A reader takes either. A group is the reader's until it asks
// for the next one: its memory is used again.
func (r *StreamResult) Batches() iter.Seq2[[]Event, error] {
	return func(yield func([]Event, error) bool) {
		if !r.queue.start() {
			yield(nil, &UserError{Message: "the events of this run are being read already; read them in one place and pass them on"})
			return
		}
		defer r.queue.stop()
		for {
			batch, err := r.queue.next()
			if err != nil {
				yield(nil, err)
				return
			}
			if batch == nil {
				return
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// CancelMode says when a cancelled run stops.
type CancelMode string

// The modes of cancelling.
const (
	// CancelImmediate stops the model call and the tools. Of the unfinished
	// turn the calls that had finished stay in the result, with their outputs;
	// a resumed run asks the model again. A turn that had waited is not asked for
	// again: where an approved call of it was running, the state is not resumed.
	CancelImmediate CancelMode = "immediate"
	// CancelAfterTurn lets the turn's answer and tools finish, and no further
	// model call be made.
	CancelAfterTurn CancelMode = "after_turn"
)

// Cancel stops the run and returns at once; [StreamResult.Wait] waits until it
// has stopped. Its events end without an error; after CancelImmediate those not
// read yet are dropped. An unknown mode is CancelImmediate. Cancelling a run that
// ended does nothing.
func (r *StreamResult) Cancel(mode CancelMode) {
	if mode == CancelAfterTurn {
		r.mu.Lock()
		r.afterTurn = true
		r.mu.Unlock()
		return
	}
	r.stop(errCancelled)
	r.queue.drop()
}

// Wait waits until the run has ended and let go of everything. It returns the
// run's error, also where the events told it before, or ctx's. It is not for
// the loop over the events: the run waits for that at the end of each turn.
func (r *StreamResult) Wait(ctx context.Context) error {
	r.queue.unread()
	select {
	case <-r.ended:
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Done is closed when the run has ended.
func (r *StreamResult) Done() <-chan struct{} { return r.ended }

// IsComplete says whether the run has ended.
func (r *StreamResult) IsComplete() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.complete
}

// FinalOutput gives the answer: a string, or the decoded value of a structured
// output. It is nil until the run is complete, and for one that was
// interrupted or cancelled.
func (r *StreamResult) FinalOutput() any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output
}

// State gives the run as a state of its own: deciding on it changes nothing
// here. While the run goes on it is the state of the last finished turn.
func (r *StreamResult) State() *State { return r.published().clone() }

// Interruptions gives the calls that the run has stopped for, in call order.
// There are none while it goes on, and none after an error: what still waits
// then is in [StreamResult.State].
func (r *StreamResult) Interruptions() []*RunItem {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.paused {
		return nil
	}
	return r.state.interruptions()
}

// NewItems gives all that happened, of finished turns, the calls that wait for a
// decision included.
func (r *StreamResult) NewItems() []*RunItem { return r.published().allItems() }

// UnannouncedItems gives the outputs that an attempt to resume has made before
// it failed, and that no event has told. They are the last of NewItems, and no
// part of a state's session items.
func (r *StreamResult) UnannouncedItems() []*RunItem { return r.published().unannounced() }

// RawResponses gives the model's answers, of finished turns.
func (r *StreamResult) RawResponses() []*ModelResponse { return r.published().responses }

// LastResponseID gives the id of the last answer, empty where there is none.
func (r *StreamResult) LastResponseID() string {
	responses := r.published().responses
	if len(responses) == 0 {
		return ""
	}
	return responses[len(responses)-1].ResponseID
}

// LastAgent gives the agent that has the conversation.
func (r *StreamResult) LastAgent() *Agent { return r.published().agent }

// CurrentTurn counts the turns that were begun, each with one model call, which
// may have failed before it was made. It is one more than the limit where that
// was exceeded.
func (r *StreamResult) CurrentTurn() int { return r.published().turn }

// MaxTurns gives the limit of model calls, 0 for none.
func (r *StreamResult) MaxTurns() int { return r.published().maxTurns }

// Usage gives what the run has used, that of resumed runs before it included.
func (r *StreamResult) Usage() Usage { return r.published().usage.get() }

// InputGuardrailResults gives what the input guardrails said.
func (r *StreamResult) InputGuardrailResults() []GuardrailResult {
	return r.published().inputGuardrails
}

// OutputGuardrailResults gives what the output guardrails said.
func (r *StreamResult) OutputGuardrailResults() []GuardrailResult {
	return r.published().outputGuardrails
}

// ToolGuardrailResults gives what the guardrails of tools said.
func (r *StreamResult) ToolGuardrailResults() (inputs, outputs []ToolGuardrailResult) {
	s := r.published()
	return s.toolInputGuardrails, s.toolOutputGuardrails
}

// ToInputList gives the whole conversation, the run's input included, as input
// for another run. The caller may append to it. Of a run that was stopped it
// lacks the calls that have no output, which no server takes; those of a paused
// or failed one are there.
func (r *StreamResult) ToInputList() []json.RawMessage {
	s := r.published()
	return r.inputList(s, s.allItems())
}

func (r *StreamResult) inputList(s *State, items []*RunItem) []json.RawMessage {
	list := s.inputList(items)
	r.mu.Lock()
	stopped := r.stopped
	r.mu.Unlock()
	if stopped {
		return pruned(list, anyItem, false)
	}
	return list
}

func (r *StreamResult) published() *State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// publish takes a state that nobody changes any more.
func (r *StreamResult) publish(s *State) {
	r.mu.Lock()
	r.state = s
	r.mu.Unlock()
}

func (r *StreamResult) stopsAfterTurn() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.afterTurn
}

// finish ends the run, whose last state is published.
func (r *StreamResult) finish(output any, err error, stopped bool) {
	r.mu.Lock()
	r.output, r.err, r.complete, r.stopped = output, err, true, stopped
	r.paused = err == nil && r.state.step == stepInterrupted && !stopped
	r.mu.Unlock()
	r.queue.close(err)
	r.stop(nil)
	close(r.ended)
}
