package runner

import (
	"context"
	"errors"
	"slices"

	"runstream/internal/codec"
)

// pendingFinal is a final output that not all have passed that may object to it:
// the run ended while a hook or a guardrail was at work. A run that goes on from
// there begins with them, and asks the model nothing.
type pendingFinal struct {
	// Unsaved is how many items, the state's last ones, the session gets once
	// output guardrails have passed the output.
	Unsaved   int
	SessionID string
}

func (p *pendingFinal) fields() codec.Fields {
	return codec.Fields{
		"unsaved_items", &p.Unsaved,
		"session_id", &p.SessionID,
	}
}

// leaveFinal leaves a final output to the run that goes on from here; false where
// that run goes on with its tools, or nobody could tell the output again.
func (l *runLoop) leaveFinal(ctx context.Context, then next) bool {
	s := l.s
	if then.handled || s.step == stepInterrupted || l.isRefused(ctx) {
		return false
	}
	if s.carried.FinalPending == nil {
		left := &pendingFinal{}
		if l.guardsOutput() && l.cfg.session != nil {
			left.Unsaved, left.SessionID = len(s.items)-l.savedItems, sessionID(l.cfg.session)
		}
		s.carried.FinalPending = left
	}
	if l.guardsOutput() {
		l.savedItems = len(s.items) // nor is another runner to save it unseen
	}
	s.step, s.work = stepRunAgain, nil
	return true
}

// isRefused says whether an input guardrail has ended the run, and not the run
// the guardrail.
func (l *runLoop) isRefused(ctx context.Context) bool {
	failure := l.guardrails.known()
	return failure != nil && (ctx.Err() == nil || !errors.Is(failure, context.Canceled) && !errors.Is(failure, context.Cause(ctx)))
}

// finalLeft gives the final output that the run before has left; nil where there
// is none, or nobody can tell it any more. After an error it is still left.
func (l *runLoop) finalLeft(ctx context.Context) (*next, error) {
	s := l.s
	left := s.carried.FinalPending
	if left == nil {
		return nil, nil
	}
	if s.step != stepRunAgain || left.Unsaved < 0 || left.Unsaved > len(s.items) {
		s.carried.FinalPending = nil
		return nil, nil
	}
	if left.Unsaved > 0 {
		if err := l.askSession(ctx, left); err != nil {
			return nil, err
		}
	}
	if len(s.pending) > 0 {
		l.dropFinal()
		return nil, nil
	}
	then, err := l.decideAgain(ctx)
	_, isModels := errors.AsType[*ModelBehaviorError](err)
	_, isRefusal := errors.AsType[*ModelRefusalError](err)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err == errTerminal || isModels || isRefusal:
		l.dropFinal()
		return nil, nil
	case err != nil:
		return nil, err
	}
	s.outputGuardrails = nil
	response := s.responses[len(s.responses)-1]
	l.start.items, l.start.generated = placeOf(response, s.items), placeOf(response, s.generated)
	s.work = &turnWork{response: response} // what is withheld is found by it
	return &then, nil
}

// placeOf says where the items of the last response begin.
func placeOf(response *ModelResponse, items []*RunItem) int {
	for i, item := range slices.Backward(items) {
		if len(response.Output) > 0 && sameRaw(item.Raw, response.Output[0]) {
			return i
		}
	}
	return len(items)
}

// askSession refuses another session than the one that lacks the items, and looks
// whether it has them.
func (l *runLoop) askSession(ctx context.Context, left *pendingFinal) error {
	if err := l.mustHaveSession(left.SessionID); err != nil {
		return err
	}
	lacking := l.s.inputOf(l.s.items[len(l.s.items)-left.Unsaved:])
	has, err := l.sessionHas(ctx, lacking)
	if err == nil && has && len(lacking) > 0 {
		l.s.carried.FinalPending = &pendingFinal{SessionID: left.SessionID}
	}
	return err
}

// takeFinal makes an output that was left one of this run's own.
func (l *runLoop) takeFinal() {
	if left := l.s.carried.FinalPending; left != nil {
		l.savedItems, l.s.carried.FinalPending = len(l.s.items)-left.Unsaved, nil
	}
}

// dropFinal gives up an output that was left: the model is asked again. The
// session gets the turn's calls, which have run, and no message that nobody passed.
func (l *runLoop) dropFinal() {
	s := l.s
	from := len(s.items) - s.carried.FinalPending.Unsaved
	s.carried.FinalPending = nil
	if slices.ContainsFunc(s.items[from:], func(item *RunItem) bool { return item.Type == ToolCallOutputItem }) {
		l.savedItems = from
	}
}
