package runner

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"runstream/internal/codec"
)

// localTool is a tool whose calls run here.
type localTool interface {
	Tool
	kind() callKind
	// needsApproval says whether a call must wait for a decision.
	needsApproval(ctx context.Context, call *ToolCall) (bool, error)
	// reviewer decides calls that need approval by program, nil for none.
	reviewer() Reviewer
	// run runs an approved call. What the tool gives counts, also where ctx has ended
	// by then: it has happened. An error is then that of the context.
	run(ctx context.Context, l *runLoop, c *localCall) (outcome, error)
	// rejected answers a call that was rejected.
	rejected(c *localCall, text string) outcome
}

// Reviewer decides a call that needs approval in place of a person. Nil leaves
// it waiting.
type Reviewer func(ctx context.Context, call *ToolCall) (*ApprovalAnswer, error)

// callKind orders a turn's outputs: those of one kind follow those of another.
type callKind int

const (
	functionCalls callKind = iota
	computerCalls
	customCalls
	shellCalls
	patchCalls
	localShellCalls
)

// localCall is a call that runs here, and what was decided on it.
type localCall struct {
	item *RunItem
	kind callKind
	tool localTool // nil where the agent has lost it since
	// described is the tool as the document that was read describes it.
	described json.RawMessage
	// paused is the run of an agent used as a tool that waits for decisions.
	paused  *State
	running bool   // it was begun here and has not handed in what it did
	asBegun *State // paused as it was then, its own approved calls begun

	call      *ToolCall
	verdict   verdict
	rejection string  // what a rejected call is answered
	guarded   *string // what an input guardrail answers in place of the tool
	begun     func()  // says that what runs here has begun
}

// outcome is what became of a call.
type outcome struct {
	raw        json.RawMessage // the output item
	value      any             // the tool's own value
	customData json.RawMessage
	paused     *State
	outputs    []ToolGuardrailResult
}

// callResult is a call with its output item, or with the placeholder of a call
// that waits. The item is nil for a call that was stopped, and for an agent
// that waits inside.
type callResult struct {
	*localCall
	item  *RunItem
	value any
}

// hasRun says whether the output is the tool's own, and not a rejection.
func (r callResult) hasRun() bool {
	return r.item != nil && r.item.Type == ToolCallOutputItem && r.verdict == approved && r.guarded == nil
}

// defaultRejection is what the model is told of a rejected call.
const defaultRejection = "Tool execution was not approved."

// gate finds out which calls may run: those that are approved, and those that
// need no approval. Each undecided call's tool is asked once.
func (l *runLoop) gate(ctx context.Context, calls []localCall) error {
	failures := make([]error, len(calls))
	answers := make([]*ApprovalAnswer, len(calls))
	guarded := make([][]ToolGuardrailResult, len(calls))
	var asked sync.WaitGroup
	for i := range calls {
		c := &calls[i]
		l.readVerdict(c)
		if c.verdict != undecided {
			continue
		}
		asked.Go(func() {
			defer recovered(&failures[i])
			if !mustWait(ctx, c.tool, c.call) {
				c.verdict = approved
			} else if l.cfg.guardFirst && l.guardBefore(ctx, c, &guarded[i], &failures[i]) {
				return
			} else if review := c.tool.reviewer(); review != nil {
				answers[i], failures[i] = review(ctx, c.call)
			}
		})
	}
	asked.Wait()
	for i, answer := range answers {
		l.s.toolInputGuardrails = append(l.s.toolInputGuardrails, guarded[i]...)
		if failures[i] != nil {
			return failures[i]
		}
		if answer != nil {
			l.s.record(calls[i].item).decide(calls[i].call.ID, l.s.ledger[calls[i].call.ID].Scope, Decision{Approve: answer.Approve, Message: textOrNull(answer.Reason)})
			l.readVerdict(&calls[i])
		}
	}
	return nil
}

// guardBefore lets a function's input guardrails answer a call before a person
// is asked. It says whether nobody needs to be.
func (l *runLoop) guardBefore(ctx context.Context, c *localCall, results *[]ToolGuardrailResult, failure *error) bool {
	f, ok := c.tool.(*FunctionTool)
	if !ok {
		return false
	}
	said, rejection, err := guardInput(ctx, f, c.call)
	*results = said
	switch {
	case err != nil:
		*failure = err
	case rejection != nil:
		c.verdict, c.rejection = rejected, *rejection
	default:
		return false
	}
	return true
}

// mustWait asks the tool. Any doubt means yes: an error, a panic.
func mustWait(ctx context.Context, tool localTool, call *ToolCall) (needed bool) {
	defer func() {
		if recover() != nil {
			needed = true
		}
	}()
	needed, err := tool.needsApproval(ctx, call)
	return needed || err != nil
}

// readVerdict reads the decision on a call.
func (l *runLoop) readVerdict(c *localCall) {
	callID := c.item.CallID()
	if c.call == nil {
		c.call = &ToolCall{
			ID: callID, Name: c.item.ToolName, Arguments: c.item.Arguments(), Raw: c.item.Raw, Agent: c.item.Agent, Run: l.context,
		}
	}
	var message *string
	c.verdict, message = l.s.verdict(c.item)
	if c.verdict == rejected {
		c.rejection = l.errorText(ToolErrorInfo{Kind: "approval_rejected", Tool: c.call.Name, CallID: c.call.ID, Default: defaultRejection})
		if message != nil {
			c.rejection = *message
		}
	}
}

// errorText asks the application what the model is told; the default holds
// where it panics.
func (l *runLoop) errorText(info ToolErrorInfo) (told string) {
	if l.cfg.errorText == nil {
		return info.Default
	}
	defer func() {
		if recover() != nil {
			told = info.Default
		}
	}()
	return l.cfg.errorText(info)
}

// errSiblingFailed is the cause that a tool's context ends with when another
// call of the turn ended the run.
var errSiblingFailed = errors.New("another tool call of the turn ended the run")

// finishedCall is what a call's goroutine reports.
type finishedCall struct {
	index int
	outcome
	err error
}

// siblingGrace is how long calls that ended with another one's error may take to
// hand in what they have done.
const siblingGrace = 250 * time.Millisecond

// runCalls runs the calls that may run and answers the rejected ones. Results
// keep the order of the calls. An error, that of the first call, ends the
// other calls; the results are then those that had finished all the same.
func (l *runLoop) runCalls(outer context.Context, calls []localCall) ([]callResult, error) {
	if outer.Err() != nil {
		return nil, context.Cause(outer) // nothing was begun
	}
	ctx, cancel := context.WithCancelCause(outer)
	defer cancel(nil)
	results := l.resultsOf(calls)
	err := l.guardCalls(ctx, calls)
	if err == nil && l.fresh == nil && countApproved(calls) > 0 {
		if err = l.letStop(ctx); err == nil {
			err = l.settled(ctx, results)
		}
	}
	if err != nil {
		return results, l.giveUp(results, nil, err)
	}
	done := l.startCalls(ctx, calls)
	if err := l.collect(outer, ctx, cancel, results, done, countApproved(calls)); err != nil {
		return results, l.giveUp(results, done, err)
	}
	return results, nil
}

// resultsOf makes the results of calls before they run: those that wait and
// those that were rejected have theirs, the others count as begun.
func (l *runLoop) resultsOf(calls []localCall) []callResult {
	results := make([]callResult, len(calls))
	for i := range calls {
		results[i].localCall = &calls[i]
		switch c := &calls[i]; c.verdict {
		case undecided:
			if c.paused == nil {
				results[i].item = approvalItem(c.item)
			}
		case rejected:
			l.finish(&results[i], c.tool.rejected(c, c.rejection))
		case approved:
			l.s.ledger.markExecuted(c.call.ID)
			c.running = true
			if c.paused != nil && len(l.checkpoints()) > 0 {
				c.asBegun = c.paused.asBegun()
			}
		}
	}
	return results
}

// collect takes what the calls that run hand in, until all have, one has failed and
// the others have had their time to follow, or the run is stopped. It gives the
// error of the first call that failed.
func (l *runLoop) collect(outer, ctx context.Context, cancel context.CancelCauseFunc, results []callResult, done <-chan finishedCall, running int) error {
	var failure error
	failedAt := -1
	var late <-chan time.Time
	for ; running > 0; running-- {
		select {
		case f := <-done:
			l.handIn(results, f)
			if f.err == nil {
				f.err = l.settled(ctx, results)
			}
			if f.err != nil && (failure == nil || f.index < failedAt && !endsWithSibling(f.err)) {
				failure, failedAt = f.err, f.index
				cancel(errSiblingFailed)
				late = time.After(siblingGrace)
			}
		case <-late:
			return failure
		case <-outer.Done():
			l.takeDone(results, done)
			return context.Cause(outer)
		}
	}
	return failure
}

// endsWithSibling says whether a call failed because another one had: its tool or
// a hook of it tells of its context's end.
func endsWithSibling(err error) bool {
	return errors.Is(err, errSiblingFailed) || errors.Is(err, context.Canceled)
}

// handIn keeps what a call has given, also where a hook or its custom data
// failed after it.
func (l *runLoop) handIn(results []callResult, f finishedCall) {
	l.calls.handedIn(results[f.index].call.ID)
	if f.err == nil || f.raw != nil {
		l.finish(&results[f.index], f.outcome)
	}
}

// takeDone waits for a short while for the calls of a stopped run whose tools
// have run, and whose hooks have not.
func (l *runLoop) takeDone(results []callResult, done <-chan finishedCall) {
	late := time.After(siblingGrace)
	for l.calls.aboutToHandIn() {
		select {
		case f := <-done:
			l.handIn(results, f)
		case <-late:
			return
		}
	}
}

// giveUp lets no further call begin. Those that have not yet are none: they may
// run when the run is resumed.
func (l *runLoop) giveUp(results []callResult, done <-chan finishedCall, failure error) error {
	begun := l.calls.end()
	for len(done) > 0 {
		l.handIn(results, <-done)
	}
	for _, result := range results {
		if result.running && result.paused == nil && !begun[result.call.ID] {
			l.s.ledger.forget(result.localCall.item)
		}
	}
	return failure
}

// guardCalls lets the input guardrails of the approved functions look at their
// calls, before any of them runs: one that ends the run stops what has not
// started.
func (l *runLoop) guardCalls(ctx context.Context, calls []localCall) error {
	results := make([][]ToolGuardrailResult, len(calls))
	failures := make([]error, len(calls))
	var guards sync.WaitGroup
	for i := range calls {
		c := &calls[i]
		tool, ok := c.tool.(*FunctionTool)
		if !ok || c.verdict != approved || c.paused != nil || len(tool.InputGuardrails) == 0 {
			continue
		}
		guards.Go(func() {
			defer recovered(&failures[i])
			failures[i] = errExited
			results[i], c.guarded, failures[i] = guardInput(ctx, tool, c.call)
		})
	}
	guards.Wait()
	for i := range calls {
		l.s.toolInputGuardrails = append(l.s.toolInputGuardrails, results[i]...)
	}
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

func countApproved(calls []localCall) int {
	n := 0
	for i := range calls {
		if calls[i].verdict == approved {
			n++
		}
	}
	return n
}

// finish makes the call's output item.
func (l *runLoop) finish(r *callResult, o outcome) {
	l.s.toolOutputGuardrails = append(l.s.toolOutputGuardrails, o.outputs...)
	r.paused, r.running = o.paused, false
	if o.paused != nil {
		return
	}
	r.value = o.value
	r.item = newItem(ToolCallOutputItem, r.localCall.item.Agent, withCaller(o.raw, r.localCall.item.Raw))
	r.item.Output, r.item.CustomData = shallow(outputJSON(o.value)), shallow(o.customData)
	r.item.ToolName, r.item.Origin = r.localCall.item.ToolName, r.localCall.item.Origin
	l.s.ledger.markCompleted(r.call.ID)
}

// withCaller copies the "caller" of a call that a program made to its output.
func withCaller(output, call json.RawMessage) json.RawMessage {
	var caller json.RawMessage
	if codec.Read(call, codec.Fields{"caller", &caller}) != nil || codec.IsNull(caller) {
		return output
	}
	return withKey(output, "caller", caller)
}

// approvalItem is the placeholder of a call that waits.
func approvalItem(call *RunItem) *RunItem {
	item := newItem(ToolApprovalItem, call.Agent, call.Raw)
	item.ToolName, item.Origin, item.key = call.ToolName, call.Origin, call.key
	return item
}
