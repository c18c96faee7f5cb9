package runner

import (
	"context"
	"slices"
	"strconv"
)

// resumeTurn settles an interrupted turn: it runs what was approved, answers
// what was rejected, and stops again while a decision is missing. A call that
// has an output is never run again.
func (l *runLoop) resumeTurn(ctx context.Context) (next, error) {
	s := l.s
	work := s.work
	if work == nil {
		return next{}, &UserError{Message: "No processed response found in previous state"}
	}
	offer := l.offer(ctx)
	calls, err := l.openCalls(offer, work)
	if err == nil {
		err = l.findHandoffs(offer, work)
	}
	if err != nil {
		return next{}, err
	}
	l.beginTurn()
	l.recover(work)
	s.tools.record(s.agent, work.toolsUsed)
	results, err := l.runCalls(ctx, calls)
	l.calls.inner.Wait()
	for _, result := range results {
		l.keepPaused(work, result)
	}
	l.makeResumed(work, results)
	var refused []*RunItem
	for _, result := range results {
		if result.item != nil && result.verdict == rejected {
			refused = append(refused, result.item)
		}
	}
	var then next
	if err == nil {
		then, err = l.decide(ctx, work, l.withEarlier(work, results))
	}
	if err != nil || then.kind != nextInterruption {
		work.interruptions = work.stillWaits() // should the turn fail, now or later
	}
	if err != nil {
		l.leaveUnannounced(refused)
		return next{}, err
	}
	callOrder(l.made, work.response)
	callOrder(s.items[l.start.items:], work.response)
	if !then.filtered && (!work.unplaced || s.turn == 1) {
		callOrder(s.generated[l.start.generated:], work.response)
	}
	if then.late = l.settleMade(); then.kind != nextFinal {
		l.emitItems(then.late) // a final output is announced once it has passed
	}
	return then, nil
}

// makeResumed adds what the resumed calls made: outputs of functions, those of
// other tools, and what waits. Rejections of other tools come after all that
// waits.
func (l *runLoop) makeResumed(work *turnWork, results []callResult) {
	for _, result := range results {
		if result.item != nil && result.item.Type == ToolCallOutputItem && !result.isLateRejection() {
			l.make(result.item)
		}
	}
	for _, item := range work.waitingInOrder(waitingItems(l.withEarlier(work, results))) {
		if !l.asked(item, work, results) {
			l.make(item)
		}
	}
	for _, result := range results {
		if result.item != nil && result.isLateRejection() {
			l.late = append(l.late, result.item)
		}
	}
}

// waitingInOrder orders what a resumed turn waits for: first what waited before
// for custom tools and inside agent tools, then the rest.
func (w *turnWork) waitingInOrder(pending []*RunItem) []*RunItem {
	var first []*RunItem
	for _, before := range w.interruptions {
		own := slices.ContainsFunc(w.calls, func(c localCall) bool { return c.item.CallID() == before.CallID() && c.kind != customCalls })
		for _, item := range pending {
			if !own && item.CallID() == before.CallID() && !slices.Contains(first, item) {
				first = append(first, item)
			}
		}
	}
	rest := slices.DeleteFunc(slices.Clone(pending), func(item *RunItem) bool { return slices.Contains(first, item) })
	return append(first, rest...)
}

// stillWaits gives what the turn waits for, without what agent tools waited for
// that wait no more, and with what they wait for now.
func (w *turnWork) stillWaits() []*RunItem {
	var nested []*RunItem
	own := map[question]bool{}
	for _, request := range w.mcpRequests {
		own[request.question()] = true
	}
	for _, c := range w.calls {
		if c.paused != nil { // it has begun, and was decided on before
			nested = append(nested, c.paused.interruptions()...)
			continue
		}
		own[c.item.question()] = true
	}
	isNested, isIn := setOf(nested), map[*RunItem]bool{}
	var waits []*RunItem
	for _, waiting := range w.interruptions {
		if isNested[waiting] || own[waiting.question()] {
			waits, isIn[waiting] = append(waits, waiting), true
		}
	}
	for _, waiting := range nested {
		if !isIn[waiting] {
			waits, isIn[waiting] = append(waits, waiting), true
		}
	}
	return waits
}

func setOf(items []*RunItem) map[*RunItem]bool {
	set := make(map[*RunItem]bool, len(items))
	for _, item := range items {
		set[item] = true
	}
	return set
}

// asked says whether the run has what waits among its items. A document has
// twice what waits inside an agent tool.
func (l *runLoop) asked(waiting *RunItem, work *turnWork, results []callResult) bool {
	for _, result := range results {
		if result.paused != nil && !work.unplaced && slices.Contains(result.paused.interruptions(), waiting) {
			return slices.ContainsFunc(l.s.generated, waiting.sameQuestion)
		}
	}
	return slices.Contains(l.s.generated, waiting)
}

// question is what a call and the item that asks for a decision on it have in
// common.
type question struct {
	callID string
	agent  *Agent
	tool   string
}

func (i *RunItem) question() question { return question{i.CallID(), i.Agent, i.ToolName} }

// sameQuestion says whether two items ask for one decision.
func (i *RunItem) sameQuestion(other *RunItem) bool {
	return i == other || other.Type == ToolApprovalItem && other.CallID() == i.CallID() && other.Agent == i.Agent
}

func (r callResult) isLateRejection() bool {
	return r.kind != functionCalls && r.verdict == rejected
}

// leaveUnannounced keeps the outputs of a resumed turn that failed: their calls
// have run. They are announced when the turn is resumed again, which refuses
// anew what was refused, answers hosted MCP servers as is decided by then, and
// hands over anew.
func (l *runLoop) leaveUnannounced(refused []*RunItem) {
	s, made := l.s, l.settleMade()
	var decided []*RunItem // requests that were answered here as a person said, not the tool's callback
	for _, request := range s.work.mcpRequests {
		if verdict, _ := s.verdict(request); verdict != undecided && answeredIn(made, request) {
			decided = append(decided, request)
		}
	}
	outputs := slices.DeleteFunc(made, func(item *RunItem) bool {
		isOfHandoff := func(h handoffCall) bool { return h.item.CallID() == item.CallID() }
		return item.Type == ToolApprovalItem || slices.Contains(refused, item) ||
			slices.ContainsFunc(decided, item.answers) || slices.ContainsFunc(s.work.handoffs, isOfHandoff)
	})
	s.ledger.forget(slices.Concat(refused, decided)...)
	for _, h := range s.work.handoffs {
		if !s.ledger[h.item.CallID()].Completed { // its OnHandoff has failed
			s.ledger.forget(h.item)
		}
	}
	s.generated = append(s.generated[:l.start.generated], outputs...)
	s.items = s.items[:l.start.items]
}

// recover takes up the outputs that an earlier attempt to resume the turn left
// unannounced.
func (l *runLoop) recover(work *turnWork) {
	s := l.s
	left := s.unannounced()
	s.generated = slices.DeleteFunc(s.generated, func(item *RunItem) bool { return slices.Contains(left, item) })
	l.start.generated = len(s.generated)
	for _, item := range left {
		l.make(item)
	}
}

// allItems gives what happened, with what a failed attempt to resume a turn has
// done.
func (s *State) allItems() []*RunItem { return slices.Concat(s.items, s.unannounced()) }

// unannounced gives the outputs that an interrupted turn has and that were not
// announced yet.
func (s *State) unannounced() []*RunItem {
	if s.step != stepInterrupted || s.work == nil || len(s.work.items) == 0 {
		return nil
	}
	start := slices.Index(s.generated, s.work.items[0])
	if start < 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.generated[start:]), func(item *RunItem) bool {
		return item.Type != ToolCallOutputItem && item.Type != MCPApprovalResponseItem || slices.Contains(s.items, item)
	})
}

// openCalls gives the calls of an interrupted turn that have no output yet,
// with what was decided on them.
func (l *runLoop) openCalls(offer *offer, work *turnWork) ([]localCall, error) {
	s := l.s
	if err := s.checkWaiting(work); err != nil {
		return nil, err
	}
	waiting := map[string]bool{}
	for _, item := range work.interruptions {
		waiting[item.CallID()] = true
	}
	finished, answered := finishedCalls(s.generated), work.response.byCallID()
	var calls []localCall
	for i, c := range work.calls {
		callID := c.item.CallID()
		if err := s.ledger.checkItem(c.item); err != nil {
			return nil, err
		}
		if finished[callID] {
			continue
		}
		known, err := s.ledger.register(identityOf(c.item))
		if err != nil {
			return nil, err
		}
		if err := s.ledger.checkMade(answered[callID], c); err != nil {
			return nil, err
		}
		if c.paused == nil && (!waiting[callID] || s.ledger[callID].Executed) {
			return nil, &ModelBehaviorError{Message: "call " + strconv.Itoa(i+1) + " of the paused turn was begun, but its output was not kept; it is not run a second time, start a new run", Err: errOutputLost}
		}
		c.call = nil
		l.readVerdict(&c)
		switch {
		case c.paused != nil && !c.paused.decided():
			c.verdict = undecided // the run inside waits for the rest
		case c.paused != nil:
			c.verdict = approved // it was, when it began
		case !known:
			c.verdict = undecided // a decision that is bound to no call counts for nothing
		}
		if c.verdict == approved {
			c.tool = offer.local(c.kind, c.item.key, c.item.ToolName)
			if c.tool == nil && c.kind == functionCalls && l.cfg.toolNotFound {
				c.tool, c.verdict, c.rejection = lostTool(c.kind), rejected, l.toolNotFoundText(c.item)
			} else if c.tool == nil {
				return nil, &ModelBehaviorError{Message: "the tool of an approved call is not found in agent " + c.item.Agent.Name + ", or not enabled; give the agent the tools it had"}
			}
			if err := checkBinding(work, c); err != nil {
				return nil, err
			}
		} else if c.tool == nil {
			c.tool = lostTool(c.kind)
		}
		calls = append(calls, c)
	}
	return calls, nil
}

// findHandoffs takes the handoffs that the agent offers now: one may be enabled in
// another's place, or none.
func (l *runLoop) findHandoffs(offer *offer, work *turnWork) error {
	for i, pending := range work.handoffs {
		h := offer.handoff(pending.name)
		if h == nil {
			return notFoundIn(l.s.agent, pending.name)
		}
		work.handoffs[i].handoff = h
	}
	return nil
}

// mayResume refuses states that no run may go on from.
func (l *runLoop) mayResume() error {
	if l.s.work != nil && l.s.work.unproven && l.guardsOutput() {
		return &UserError{Message: "Cannot resume a serialized approval checkpoint with output guardrails because the current response boundary cannot be proven. Start a new run from safe input."}
	}
	return nil
}

// checkWaiting refuses to resume where what is shown to the one who decides is
// not what would run.
func (s *State) checkWaiting(work *turnWork) error {
	for _, item := range slices.Concat(work.interruptions, work.mcpRequests) {
		if s.isNested(item) {
			continue // its own run does it
		}
		if err := s.ledger.checkItem(item); err != nil {
			return err
		}
		isCall := func(c localCall) bool { return c.item.CallID() == item.CallID() }
		isRequest := func(request *RunItem) bool { return request.CallID() == item.CallID() }
		if !slices.ContainsFunc(work.calls, isCall) && !slices.ContainsFunc(work.mcpRequests, isRequest) {
			return &ModelBehaviorError{Message: "the state waits for a decision on a call that it does not have; start a new run"}
		}
	}
	return nil
}

// checkBinding refuses an approved call of a local MCP tool whose server is
// another one now.
func checkBinding(work *turnWork, c localCall) error {
	f, ok := c.tool.(*FunctionTool)
	before, bound := work.bindings[c.item.CallID()]
	if !ok || f.MCP == nil && !bound || f.MCP != nil && bound && *f.MCP == before {
		return nil
	}
	return &UserError{Message: "Cannot resume a local MCP tool call with a missing or different recipient binding; give the agent the same servers in the same order"}
}

// decided says whether the paused run of an agent tool may go on: once all that
// it waits for is approved, or something is rejected.
func (s *State) decided() bool {
	waits := false
	for _, item := range s.interruptions() {
		switch s.decisionOn(item) {
		case rejected:
			return true
		case undecided:
			waits = true
		}
	}
	return !waits
}

// decisionOn reads the decision on an interruption, be it one of an agent tool.
func (s *State) decisionOn(item *RunItem) verdict {
	owner := s.owner(item)
	if owner == nil {
		return undecided
	}
	v, _ := owner.verdict(item)
	return v
}

// lostTool answers the rejected calls of a tool that the agent has lost.
func lostTool(kind callKind) localTool {
	switch kind {
	case customCalls:
		return &CustomTool{}
	case shellCalls:
		return &ShellTool{}
	case patchCalls:
		return &ApplyPatchTool{}
	case computerCalls:
		return &ComputerTool{}
	case localShellCalls:
		return &LocalShellTool{}
	}
	return &FunctionTool{}
}

// keepPaused remembers the inner run of an agent tool that waits again, or was
// stopped, and forgets that of one that has finished.
func (l *runLoop) keepPaused(work *turnWork, result callResult) {
	for i := range work.calls {
		if work.calls[i].item == result.localCall.item {
			work.calls[i].paused = result.paused
			if result.item != nil {
				work.calls[i].paused = nil
			} else if result.running && result.paused != nil && result.paused.step == stepModel {
				result.paused.step = stepRunAgain // its output was not taken: it is asked for again
			}
		}
	}
}

// withEarlier adds the outputs that the turn had before its pause, in call
// order, and keeps the placeholders of calls that still wait.
func (l *runLoop) withEarlier(work *turnWork, results []callResult) []callResult {
	var all []callResult
	for i := range work.calls {
		c := &work.calls[i]
		at := slices.IndexFunc(results, func(r callResult) bool { return r.localCall.item == c.item })
		if at < 0 {
			all = append(all, l.earlierResult(c))
			continue
		}
		result := results[at]
		if result.item != nil && result.item.Type == ToolApprovalItem {
			result.item = work.placeholder(result.item)
		}
		all = append(all, result)
	}
	return all
}

// placeholder gives what the turn has been waiting with for a call; a run inside
// may wait for one that differs in its arguments alone.
func (w *turnWork) placeholder(asking *RunItem) *RunItem {
	known := asking
	for _, waiting := range w.interruptions {
		switch {
		case waiting.question() != asking.question():
		case sameRaw(waiting.Raw, asking.Raw):
			return waiting
		default:
			known = waiting
		}
	}
	return known
}

func (l *runLoop) earlierResult(c *localCall) callResult {
	result := callResult{localCall: c}
	if c.call == nil {
		l.readVerdict(c)
	}
	for _, item := range l.s.generated {
		if item.Type == ToolCallOutputItem && item.CallID() == c.item.CallID() {
			result.item = item
			result.value = storedValue(item.Output)
		}
	}
	return result
}

// finishedCalls gives the ids of the calls that have an output.
func finishedCalls(items []*RunItem) map[string]bool {
	finished := map[string]bool{}
	for _, item := range items {
		if item.Type == ToolCallOutputItem || item.Type == HandoffOutputItem {
			finished[item.CallID()] = true
		}
	}
	return finished
}
