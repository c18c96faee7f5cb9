package runner

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"
)

// runLoop is one run: it works on the state, turn by turn, and emits what
// happens.
type runLoop struct {
	cfg        *config
	s          *State
	result     *StreamResult
	context    *RunContext
	guardrails inputGuardrails
	greeted    bool // the agent's start hooks were called
	resumed    bool // the run goes on from a state

	fresh *turnWork  // the work of a turn that was not interrupted before
	start turnStart  // where the current turn's part of the run begins
	made  []*RunItem // what it made here and has not announced
	late  []*RunItem // rejections that a resumed turn adds after what waits
	calls runningCalls

	unsaved    []json.RawMessage // user input that the session lacks
	savedItems int               // items that the session has
}

// next is what follows a turn.
type next struct {
	kind  nextKind
	agent *Agent // of a handoff
	// filtered says that the handoff's filter chose what was kept of the turn.
	filtered bool
	output   any // the final one
	pending  []*RunItem
	// handled says that the output is that of an error handler.
	handled bool
	// late are items that are announced once output guardrails have passed.
	late []*RunItem
}

type nextKind int

const (
	nextModel nextKind = iota
	nextHandoff
	nextFinal
	nextInterruption
)

func (l *runLoop) run(ctx context.Context) (output any, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l.savedItems = len(l.s.items)
	defer func() {
		if tripped := l.guardrails.known(); tripped != nil && err != nil {
			err = tripped
		}
		l.settleInto(l.s)
	}()
	if l.s.maxTurns > 0 && l.s.turn > l.s.maxTurns && l.cfg.errorHandlers.MaxTurns == nil {
		return nil, &MaxTurnsExceeded{MaxTurns: l.s.maxTurns} // it has failed by that before
	}
	if err := l.checkGuarded(); err != nil {
		return nil, err
	}
	l.emit(Event{Type: AgentUpdatedStreamEvent, Agent: l.s.agent})
	if l.s.carried.Terminal {
		return l.finishAgain(ctx)
	}
	then, err := l.firstTurn(ctx, stop)
	for err == nil {
		ended, failure := l.settle(ctx, then)
		if failure != nil {
			return nil, failure
		}
		if ended {
			return then.output, nil
		}
		then, err = l.modelTurn(ctx)
	}
	return nil, err
}

// firstTurn begins a fresh run, or goes on where a state stopped.
func (l *runLoop) firstTurn(ctx context.Context, stop context.CancelCauseFunc) (next, error) {
	if err := l.mayResume(); err != nil {
		return next{}, err
	}
	if err := l.resumeConversation(); err != nil {
		return next{}, err
	}
	l.resumed = !l.s.fresh
	if err := l.takeUp(ctx); err != nil {
		return next{}, err
	}
	final, err := l.finalLeft(ctx)
	if err != nil {
		return next{}, err
	}
	l.publish()
	if l.mustGuard() {
		turn := l.s.turn
		l.s.turn = max(turn, 1) // what guardrails and their failure see
		if err := l.startGuardrails(ctx, stop); err != nil {
			return next{}, errors.Join(err, l.saveInput(ctx))
		}
		l.s.turn = turn
	}
	switch {
	case final != nil:
		return *final, nil
	case l.resumed && l.s.step == stepInterrupted:
		return l.resumeTurn(ctx)
	}
	return l.modelTurn(ctx)
}

// takeUp settles what is between a run and its session: a fresh run reads it, a
// resumed one makes the writes that are missing.
func (l *runLoop) takeUp(ctx context.Context) error {
	if !l.resumed {
		if err := l.sessionInput(ctx); err != nil {
			return err
		}
		l.s.fresh, l.s.unguarded = false, true
		return nil
	}
	given := l.s.original.asItems()
	l.s.original = l.s.original.withoutOrphans()
	l.s.reown(given, l.s.original.asItems())
	if l.cfg.reasoningIDs != "" {
		l.s.carried.ReasoningItemIDPolicy = textOrNull(l.cfg.reasoningIDs)
	}
	if err := l.settlePendingWrite(ctx); err != nil {
		return err
	}
	if l.s.step != stepInterrupted && l.s.held != nil && !l.mustGuard() {
		return l.saveTurn(ctx)
	}
	return nil
}

// settle writes what follows a turn into the state, and lets readers and
// checkpoints catch up. It says whether the run ends here.
func (l *runLoop) settle(ctx context.Context, then next) (ended bool, err error) {
	s := l.s
	switch then.kind {
	case nextInterruption:
		if waiting := len(then.pending); waiting > MaxStateCalls {
			return true, tooManyCalls(strconv.Itoa(waiting) + " calls wait for a decision")
		}
		s.step = stepInterrupted
		s.work.interruptions = then.pending
		if l.withholdsTurns() {
			l.holdTurn()
		} else if err := l.saveTurn(ctx); err != nil {
			return true, err
		}
		if err := l.guardrails.wait(ctx); err != nil {
			return true, err // no later run asks them, so none may go on before they have spoken
		}
		return true, l.letStop(ctx)
	case nextFinal:
		return true, l.finishRun(ctx, then)
	case nextHandoff:
		s.agent, l.greeted = then.agent, false
		l.emit(Event{Type: AgentUpdatedStreamEvent, Agent: s.agent})
	}
	s.step, s.work = stepRunAgain, nil
	if err := l.saveTurn(ctx); err != nil {
		return true, err
	}
	if err := l.writeContext(); err != nil {
		return true, err
	}
	l.publish()
	l.result.queue.waitTaken(ctx, 0)
	if l.cfg.checkpoint != nil {
		if err := l.cfg.checkpoint(ctx, l.result); err != nil {
			return true, err
		}
	}
	if ctx.Err() != nil {
		return true, context.Cause(ctx)
	}
	if l.result.stopsAfterTurn() {
		return true, l.guardrails.wait(ctx)
	}
	return false, nil
}

// finishRun ends a run that has its final output: guardrails and hooks first,
// then what follows the last token.
func (l *runLoop) finishRun(ctx context.Context, then next) error {
	if err := l.passOutput(ctx, then); err != nil {
		return err
	}
	l.takeFinal()
	for _, item := range then.late {
		if !slices.Contains(l.s.items, item) {
			l.keep([]*RunItem{item})
		}
		l.emitItem(item)
	}
	l.s.step, l.s.work = stepModel, nil
	if l.s.maxTurns > 0 {
		l.s.turn = min(l.s.turn, l.s.maxTurns) // a handler has answered for the turn too many
	}
	l.s.carried.Terminal = true
	if err := l.saveTurn(ctx); err != nil {
		return err
	}
	return l.close(ctx)
}

// close ends a run whose session has all of it. Until then no other run may ask
// the model again: it would answer twice.
func (l *runLoop) close(ctx context.Context) error {
	if l.cfg.compact != nil && l.cfg.session != nil {
		l.s.carried.FinalPending = &pendingFinal{SessionID: sessionID(l.cfg.session)}
		if err := l.cfg.compact(ctx, l.cfg.session); err != nil {
			return err
		}
		l.s.carried.FinalPending = nil
	}
	l.s.carried.Terminal = false
	return nil
}

// passOutput asks all who may object to a final output.
func (l *runLoop) passOutput(ctx context.Context, then next) error {
	err := l.letStop(ctx)
	if err == nil {
		err = l.guardrails.wait(ctx)
	}
	if err == nil {
		err = l.onAgentEnd(ctx, l.s.agent, then.output)
	}
	if err != nil {
		if !l.leaveFinal(ctx, then) {
			l.leaveOut()
		}
		l.announceRun(then)
		return err
	}
	if err = l.guardOutput(ctx, then.output); err == nil {
		return nil
	}
	if tripped, ok := errors.AsType[*OutputGuardrailTripwireTriggered](err); ok {
		l.takeFinal()
		if !l.withholdOutput() {
			l.leaveOut()
			return err
		}
		l.withholdResults(tripped)
		return errors.Join(err, l.saveTurn(ctx))
	}
	l.announceRun(then)
	switch {
	case l.leaveFinal(ctx, then):
	case then.handled:
		l.leaveOut() // an answer that nobody has passed
	default:
		return errors.Join(err, l.saveTurn(ctx))
	}
	return err
}

// announceRun announces the outputs of tools that a resumed turn has run, and
// what MCP servers were answered, where its final output has not passed: no later
// run announces them.
func (l *runLoop) announceRun(then next) {
	for _, item := range then.late {
		if item.Type == ToolCallOutputItem || item.Type == MCPApprovalResponseItem {
			l.emitItem(item)
		}
	}
}

// modelTurn asks the model once and does what it says.
func (l *runLoop) modelTurn(ctx context.Context) (next, error) {
	s := l.s
	if err := l.checkGuarded(); err != nil {
		return next{}, err
	}
	if err := l.admitPendingInput(ctx); err != nil {
		return next{}, err
	}
	s.turn++
	s.persisted = 0
	if s.maxTurns > 0 && s.turn > s.maxTurns {
		return l.outOfTurns(ctx)
	}
	var then next
	err := l.inSpan(ctx, SpanAgent, s.agent.Name, func(ctx context.Context) (err error) {
		then, err = l.askAndAct(ctx)
		return err
	})
	return then, err
}

func (l *runLoop) askAndAct(ctx context.Context) (next, error) {
	agent := l.s.agent
	if !l.greeted {
		l.greeted = true
		if err := l.onAgentStart(ctx, agent); err != nil {
			return next{}, err
		}
	}
	if l.cfg.uniqueNames {
		if err := unique(ctx, l.context, agent); err != nil {
			return next{}, err
		}
	}
	offer := l.offer(ctx)
	response, err := l.askModel(ctx, offer)
	if err != nil {
		return next{}, err
	}
	work, err := l.processResponse(response, offer)
	if err != nil {
		return next{}, errors.Join(err, l.onModelEnd(ctx, agent, response))
	}
	for _, item := range work.items {
		l.emitItem(item)
	}
	if err := l.onModelEnd(ctx, agent, response); err != nil {
		return next{}, err
	}
	if err := l.letStop(ctx); err != nil {
		return next{}, err
	}
	if l.cfg.holdTools {
		err = l.guardrails.wait(ctx)
	} else {
		err = l.guardrails.known()
	}
	if err != nil {
		return next{}, err
	}
	return l.finishTurn(ctx, work)
}

// readerGrace is how long a reader may take for the latest events before the run
// goes on within a turn. It has an end, for a reader may wait for what a tool
// does.
const readerGrace = 250 * time.Millisecond

// letStop gives an active reader the time to stop the run on seeing an event,
// before what follows from it.
func (l *runLoop) letStop(ctx context.Context) error {
	l.result.queue.waitTaken(ctx, readerGrace)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// admitPendingInput makes the staged user input part of the conversation, once
// the current agent's input guardrails have passed it.
func (l *runLoop) admitPendingInput(ctx context.Context) error {
	s := l.s
	if len(s.pending) == 0 {
		return nil
	}
	staged := &inputGuardrails{}
	err := staged.run(ctx, l, s.agent, l.allInputGuardrails(), s.pending)
	s.inputGuardrails = append(s.inputGuardrails, staged.taken()...)
	if err != nil {
		return err
	}
	for _, raw := range s.pending {
		item := newItem(InputItem, s.agent, raw)
		item.inputID = "input_" + strconv.Itoa(s.turn+1) + "_" + strconv.Itoa(len(s.items))
		l.keep([]*RunItem{item})
	}
	s.pending = nil
	if err := l.saveTurn(ctx); err != nil {
		return err
	}
	l.publish()
	return nil
}

// publish shows the run as it is now to those who ask for its state.
func (l *runLoop) publish() {
	s := l.s.clone()
	l.settleInto(s)
	l.result.publish(s)
}

// settleInto puts what the loop alone knows into a state: the run's own at its
// end, or a copy.
func (l *runLoop) settleInto(s *State) {
	s.inputGuardrails = append(s.inputGuardrails, l.guardrails.taken()...)
	s.unguarded = s.unguarded && !l.guardrails.passed()
	l.leaveUnsaved(s)
	if s.step == stepModel && (s.held != nil || s.carried.PendingSessionWrite != nil) {
		s.step = stepRunAgain // a document of a run that is over has no write to make
	}
}

func (l *runLoop) emit(event Event) { l.result.queue.push(event) }

func (l *runLoop) emitItem(item *RunItem) {
	if event, ok := itemEvent(item); ok {
		l.emit(event)
	}
}
