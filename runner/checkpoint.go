package runner

import (
	"context"
	"slices"
)

// WithToolCheckpoint calls save after every tool that has finished, while
// others of the turn may still run, and waits for it. The state is what the
// run would be if the process ended now: restored, it runs no finished tool
// again. A tool that was running then is not run again either: a fresh turn
// asks the model anew, a resumed one is refused. An error ends the run.
//
// See [WithCheckpoint] for the state after each turn.
func WithToolCheckpoint(save func(ctx context.Context, state *State) error) Option {
	return func(c *config) { c.toolCheckpoint = save }
}

// settled tells the checkpoint that a tool has finished.
func (l *runLoop) settled(ctx context.Context, results []callResult) error {
	if l.cfg.toolCheckpoint == nil {
		return nil
	}
	made := map[string]*RunItem{}
	var outputs []*RunItem
	for _, result := range results {
		if result.item != nil && result.item.Type == ToolCallOutputItem {
			made[result.item.CallID()] = result.item
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
		for _, output := range outputs {
			if !slices.Contains(s.generated, output) {
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
	return l.cfg.toolCheckpoint(ctx, s)
}

// withoutRunning gives a resumed turn's work without what its agent tools wait
// for, where their runs go on or have ended: a run that goes on is not read, and
// counts as a tool that was running.
func (w *turnWork) withoutRunning(results []callResult) *turnWork {
	kept := *w
	kept.calls = slices.Clone(w.calls)
	for i := range kept.calls {
		c := &kept.calls[i]
		at := slices.IndexFunc(results, func(r callResult) bool { return r.localCall.item == c.item })
		switch {
		case c.paused == nil || at < 0:
		case results[at].running:
			c.paused = nil
		default:
			c.paused = results[at].paused
		}
	}
	kept.interruptions = kept.stillWaits()
	return &kept
}
