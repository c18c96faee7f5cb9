package jsbridge

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"runstream/internal/codec"
	"runstream/runner"
)

// run is one run of the page.
type run struct {
	number int
	engine *engine
	// ctx ends with the run; stop ends the run with an error.
	ctx  context.Context
	stop context.CancelCauseFunc
	// stopped ends when the page stops the run, which goes on until it has
	// cleaned up.
	stopped context.Context
	abandon context.CancelFunc
	agents  []*runner.Agent // in the order of the spec
	result  *runner.StreamResult
	begun   chan struct{} // closed once there is a result
	resumed bool          // the page's reader has come to a resumed turn's tools

	snapshots sync.Mutex           // guards the two below, also while a snapshot is written
	sent      sentTexts            // by snapshots
	due       *runner.StreamResult // as of the last turn, or of a resumed one so far; until it is written
	isDue     chan struct{}        // one slot: says that there is one

	mu      sync.Mutex
	over    bool                    // no further call may start
	calling sync.WaitGroup          // calls that wait for their reply
	tools   map[int]context.Context // of calls of tools that wait for their reply, by number
}

func newRun(e *engine, number int) *run {
	r := &run{number: number, engine: e, begun: make(chan struct{}), sent: newSentTexts(), tools: map[int]context.Context{}, isDue: make(chan struct{}, 1)}
	r.ctx, r.stop = context.WithCancelCause(e.ctx)
	r.stopped, r.abandon = context.WithCancel(r.ctx)
	return r
}

// start makes the agents that the message's spec names and starts their run.
func (r *run) start(m runMessage) error {
	spec, err := parseSpec(m.Spec)
	if err != nil {
		return err
	}
	models, err := r.models(spec.Provider)
	if err != nil {
		return err
	}
	if err := r.makeAgents(spec.Agents, models); err != nil {
		return err
	}
	options, err := r.options(spec.Options, models, m.SessionID)
	if err != nil {
		return err
	}
	input, err := spec.Input.input(r.agents[0])
	if err != nil {
		return err
	}
	defer close(r.begun)
	if state, ok := input.(*runner.State); ok && spec.Load {
		r.result, err = state.Result()
		return err
	}
	r.result = runner.RunStreamed(context.WithValue(r.ctx, modelsOfRun{}, models), r.agents[0], input, options...)
	return nil
}

// started gives the result to functions of the run, which may be called before
// start has it.
func (r *run) started() *runner.StreamResult {
	<-r.begun
	return r.result
}

// follow hands the run's events to the page and tells it of the end.
func (r *run) follow() {
	if r.begin() {
		go r.postSnapshots()
	}
	failure := guard(r.pump)
	if failure != nil {
		r.result.Cancel(runner.CancelImmediate)
	}
	err := r.result.Wait(context.WithoutCancel(r.ctx))
	if failure != nil {
		err = failure
	}
	r.close()
	end := endRunMessage{Run: r.number}
	failure = guard(func() (err error) {
		end.Snapshot, err = r.writeSnapshot(r.result, len(r.result.Interruptions()) > 0)
		return err
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		end.Error = dataOf(err)
	}
	r.engine.post(end)
}

// close ends the calls that still wait: the run's end is its last message.
func (r *run) close() {
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	r.stop(nil)
	r.calling.Wait()
}

// cancel stops the run as the page asks.
func (r *run) cancel(m cancelMessage) {
	mode := runner.CancelMode(m.Mode)
	if m.Calls != nil && mode == runner.CancelImmediate {
		r.mu.Lock()
		for number, ctx := range r.tools {
			if !slices.Contains(m.Calls, number) && r.engine.calls.waits(number) {
				runner.NotBegun(ctx) // its message was on its way
			}
		}
		r.mu.Unlock()
	}
	r.result.Cancel(mode)
	if mode == runner.CancelImmediate {
		r.abandon()
	}
}

// onlyCall is the context of a tool that does all it does in the one call of the
// page that it is for.
func onlyCall(ctx context.Context) context.Context {
	return context.WithValue(ctx, onlyCallKey{}, true)
}

type onlyCallKey struct{}

// begin notes that a call starts; false where the run is over.
func (r *run) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return false
	}
	r.calling.Add(1)
	return true
}

// call calls a function of the page and waits for its reply, for the end of
// ctx or of the run. An error that the function throws is a [*pageError].
func (r *run) call(ctx context.Context, fn functionRef, args ...any) (json.RawMessage, error) {
	return r.callWhile(ctx, func() {}, fn, args...)
}

// callWhile does something once the call is on its way.
func (r *run) callWhile(ctx context.Context, meanwhile func(), fn functionRef, args ...any) (json.RawMessage, error) {
	if !r.begin() {
		return nil, context.Canceled
	}
	defer r.calling.Done()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	text, err := codec.Write(append([]any{}, args...)) // no arguments are an empty list
	if err != nil {
		return nil, err
	}
	number, replied := r.engine.calls.open()
	tool := ctx.Value(onlyCallKey{}) != nil
	if tool {
		r.mu.Lock()
		r.tools[number] = ctx
		r.mu.Unlock()
		defer func() {
			r.mu.Lock()
			delete(r.tools, number)
			r.mu.Unlock()
		}()
	}
	r.post(callMessage{Run: r.number, Call: number, Fn: fn.Fn, Args: string(text)})
	meanwhile()
	select {
	case reply := <-replied:
		return reply.value, reply.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-r.ctx.Done():
		err = context.Cause(r.ctx)
	}
	if r.engine.calls.waits(number) {
		r.engine.post(endCallMessage{Call: number})
	}
	if tool {
		select {
		case reply := <-replied:
			if reply.err == nil {
				return reply.value, nil
			}
		case <-r.stopped.Done():
		case <-time.After(toolGrace):
		}
	}
	r.engine.calls.close(number)
	return nil, err
}

// toolGrace is how long a tool whose context has ended may take to give what it
// has done: as long as the runner waits, which keeps that where another call of
// the turn ended the run.
const toolGrace = 250 * time.Millisecond

// checkpoint waits until the page's reader has taken a turn's events. The turn's
// snapshot does not: the session has the turn, and a page that is closed in it
// must not save a state without.
func (r *run) checkpoint(ctx context.Context, result *runner.StreamResult) error {
	_, err := r.callWhile(ctx, func() { r.makeDue(result.Snapshot()) }, functionRef{turnFunction})
	return err
}

// resumeCheckpoint makes a resumed turn's state due: a call of the page's tool is
// a message that it goes before, so that whatever becomes of this engine, the page
// knows what has begun. Before the first tool the page's reader has taken what
// came before: it can stop the run, and none has begun.
func (r *run) resumeCheckpoint(ctx context.Context, state *runner.State) error {
	if !r.resumed {
		r.resumed = true
		if err := r.letStop(ctx); err != nil {
			return err
		}
	}
	result, err := state.Result()
	if err == nil {
		r.makeDue(result)
	}
	return err
}

// readerGrace is how long the page's reader may take for what came before a tool:
// it may wait for what the tool does.
const readerGrace = 250 * time.Millisecond

// letStop gives the page's reader the time to stop the run.
func (r *run) letStop(ctx context.Context) error {
	waiting, end := context.WithCancel(ctx)
	defer end()
	defer time.AfterFunc(readerGrace, end).Stop()
	if _, err := r.call(waiting, functionRef{turnFunction}); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

func (r *run) makeDue(result *runner.StreamResult) {
	r.snapshots.Lock()
	r.due = result
	r.snapshots.Unlock()
	signal(r.isDue)
}

// postSnapshots sends what is due until the run ends, while it goes on: the next
// request need not wait until it is written. Where that takes long, as of a turn
// with hundreds of calls, the run has as long for itself before the next.
func (r *run) postSnapshots() {
	defer r.calling.Done()
	for {
		select {
		case <-r.isDue:
			began := time.Now()
			r.postSnapshot()
			if took := time.Since(began); took > shortWrite {
				r.rest(min(took, longestRest))
			}
		case <-r.ctx.Done():
			return
		}
	}
}

const shortWrite, longestRest = 4 * time.Millisecond, 100 * time.Millisecond

// rest waits, or until the run ends.
func (r *run) rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ctx.Done():
	}
}

// post sends a message of the run. The snapshot that is due goes before it.
func (r *run) post(m fromEngine) {
	r.postSnapshot()
	r.engine.post(m)
}

// postSnapshot sends the snapshot that is due. One that cannot be written is left
// out: the next one has all that it had, and the run's last one tells.
func (r *run) postSnapshot() {
	r.snapshots.Lock()
	defer r.snapshots.Unlock()
	due := r.due
	if due == nil {
		return
	}
	r.due = nil
	_ = guard(func() error {
		text, err := r.writeSnapshot(due, false)
		if err == nil {
			r.engine.post(snapshotMessage{Run: r.number, Snapshot: text})
		}
		return err
	})
}
