package runner

import (
	"context"
	"slices"
)

// WithToolCheckpoint calls save before the approved tools of a resumed turn
// begin and after every tool that has finished, while others of the turn may
// still run, and waits for it. The state is what the run would be if the process
// ended now: restored, it runs no finished tool again. A tool that was running
// then is not run again either: a fresh turn asks the model anew, a resumed one
// is refused. An error ends the run.
//
// See [WithCheckpoint] for the state after each turn.
func WithToolCheckpoint(save func(ctx context.Context, state *State) error) Option {
	return func(c *config) { c.toolCheckpoint = save }
}

// WithResumeCheckpoint is [WithToolCheckpoint] for the turn alone that a run
// resumes with: until it has ended, no later state tells what has run.
func WithResumeCheckpoint(save func(ctx context.Context, state *State) error) Option {
	return func(c *config) { c.resumeCheckpoint = save }
}

// settled tells the checkpoints that tools of a resumed turn are about to begin,
// or that one has finished.
func (l *runLoop) settled(ctx context.Context, results []callResult) error {
	for _, save := range l.checkpoints() {
		if err := safely(func() error { return save(ctx, l.asItStands(results)) }); err != nil {
			return err
		}
	}
	return nil
}

// asItStands gives the state of a turn whose tools run.
func (l *runLoop) asItStands(results []callResult) *State {
	made := map[string]*RunItem{}
	var outputs []*RunItem
	for _, result := range results {
		if result.hasRun() {
			made[result.item.CallID()] = result.item
		}
		if result.item != nil && result.item.Type == ToolCallOutputItem {
			outputs = append(outputs, result.item)
		}
	}
	work := l.s.work
	if l.fresh == nil { // a copy would read what runs inside write
		l.s.work = work.withoutRunning(results)
	}
	s := l.s.clone()
	l.s.work = work
	switch {
	case l.fresh == nil: // outputs of a resumed turn wait to be announced
		isIn := setOf(s.generated)
		for _, output := range outputs {
			if !isIn[output] {
				s.generated = append(s.generated, output)
			}
		}
	case s.serverKeeps() || l.withholdsTurns(): // the turn counts as a whole only
		s.step, s.work = stepRunAgain, nil
	default:
		kept, answers := finishedItems(l.fresh.items, made)
		s.responses = append(s.responses, l.fresh.response)
		s.generated = slices.Concat(s.generated, kept, answers)
		s.items = slices.Concat(s.items, kept, answers)
		s.step, s.work = stepRunAgain, nil
	}
	l.settleInto(s)
	return s
}

// checkpoints gives those that are told of the turn's calls.
func (l *runLoop) checkpoints() (saves []func(context.Context, *State) error) {
	if l.cfg.toolCheckpoint != nil {
		saves = append(saves, l.cfg.toolCheckpoint)
	}
	if l.cfg.resumeCheckpoint != nil && l.fresh == nil {
		saves = append(saves, l.cfg.resumeCheckpoint)
	}
	return saves
}

// asBegun copies the run of an agent tool that is about to go on, as it will be
// if nothing more is heard of it: what is approved in it has begun.
func (s *State) asBegun() *State {
	if s == nil {
		return nil
	}
	begun := s.clone()
	if begun.work == nil {
		return begun // it was stopped between turns
	}
	for i := range begun.work.calls {
		c := &begun.work.calls[i]
		c.paused = c.paused.asBegun()
		if v, _ := begun.verdict(c.item); v == approved {
			begun.ledger.markExecuted(c.item.CallID())
		}
	}
	return begun
}

// withoutRunning gives a resumed turn's work without what its agent tools wait
// for, where their runs go on or have ended, and what has its output: a run that
// goes on is not read.
func (w *turnWork) withoutRunning(results []callResult) *turnWork {
	answered, byCall := map[question]bool{}, map[*RunItem]callResult{}
	for _, r := range results {
		byCall[r.localCall.item] = r
		if r.item != nil && r.item.Type == ToolCallOutputItem {
			answered[r.localCall.item.question()] = true
		}
	}
	kept := *w
	kept.calls = slices.Clone(w.calls)
	for i := range kept.calls {
		c := &kept.calls[i]
		switch r, ok := byCall[c.item]; {
		case !ok:
		case r.running:
			if c.paused != nil {
				c.paused = r.asBegun
			}
		default:
			c.paused = r.paused
		}
	}
	kept.interruptions = slices.DeleteFunc(kept.stillWaits(), func(waiting *RunItem) bool { return answered[waiting.question()] })
	return &kept
}
