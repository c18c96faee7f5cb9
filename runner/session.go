package runner

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
)

// Session remembers a conversation from run to run. A run reads it once, at
// its start, and adds to it: the user's input right before the first model
// call, and each turn's items when the turn is done. An error ends the run with
// a [*UserError] that wraps it; a run that is resumed from there, which takes
// the same session, makes the write that failed. A run calls the methods one
// after the other; runs that share a session may call them concurrently.
type Session interface {
	// Items gives the latest items, oldest first; all of them if limit is zero.
	Items(ctx context.Context, limit int) ([]json.RawMessage, error)
	// AddItems appends items, all or none. It may keep them, and must not
	// change them. Its context does not end with the run.
	AddItems(ctx context.Context, items []json.RawMessage) error
	// PopItem removes and returns the latest item; nil where there is none.
	PopItem(ctx context.Context) (json.RawMessage, error)
	// Clear removes every item.
	Clear(ctx context.Context) error
}

// NamedSession is a [Session] that can be told from others. A paused run that
// holds back items of its session is then resumed with that session only.
type NamedSession interface {
	Session
	SessionID() string
}

// MemorySession is a [Session] that lasts as long as the process. The zero
// value is empty and ready; it is safe for concurrent use.
type MemorySession struct {
	// ID tells the session from others, see [NamedSession]. Set it before use.
	ID string

	mu    sync.Mutex
	items []json.RawMessage
}

// NewMemorySession makes a session that holds items.
func NewMemorySession(items ...json.RawMessage) *MemorySession {
	return &MemorySession{items: slices.Clone(items)}
}

// SessionID implements [NamedSession].
func (s *MemorySession) SessionID() string { return s.ID }

// Items implements [Session].
func (s *MemorySession) Items(_ context.Context, limit int) ([]json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(latest(s.items, limit)), nil
}

// AddItems implements [Session].
func (s *MemorySession) AddItems(_ context.Context, items []json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = append(s.items, items...)
	return nil
}

// PopItem implements [Session].
func (s *MemorySession) PopItem(context.Context) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) == 0 {
		return nil, nil
	}
	last := s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return last, nil
}

// Clear implements [Session].
func (s *MemorySession) Clear(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = nil
	return nil
}

func latest(items []json.RawMessage, limit int) []json.RawMessage {
	if limit <= 0 || len(items) <= limit {
		return items
	}
	return items[len(items)-limit:]
}

// sessionInput makes a fresh run's input from what the session remembers and
// the new items, and notes which of them are to be saved.
func (l *runLoop) sessionInput(ctx context.Context) error {
	session := l.cfg.session
	if session == nil {
		return nil
	}
	history, err := session.Items(ctx, l.cfg.sessionLimit)
	if err == nil {
		err = checkItems(history)
	}
	if err != nil {
		return sessionError("read", err)
	}
	history = l.s.withoutReasoningIDs(history)
	fresh := l.s.original.asItems()
	unsaved, all := fresh, pruned(history, fresh, true)
	if l.cfg.sessionInput != nil {
		if all, err = l.cfg.sessionInput(ctx, history, fresh); err != nil {
			return err
		}
		if err := checkItems(all); err != nil {
			return err
		}
		unsaved = newIn(all, history)
	}
	heads := make([]*rawItem, len(all))
	for i, item := range all {
		heads[i] = parseRawItem(item)
	}
	l.s.original = conversationInput{items: preferLatest(all, heads), isItems: true}
	l.unsaved = unsaved
	return nil
}

func sessionError(what string, err error) error {
	return &UserError{Message: "the session could not be " + what + ": " + err.Error(), Err: err}
}

// newIn gives the items of all that the history does not account for.
func newIn(all, history []json.RawMessage) []json.RawMessage {
	old := map[string]int{}
	for _, item := range history {
		old[string(item)]++
	}
	var fresh []json.RawMessage
	for _, item := range all {
		if old[string(item)] > 0 {
			old[string(item)]--
			continue
		}
		fresh = append(fresh, item)
	}
	return fresh
}

// pruned joins a session's history and a run's input. Calls of the history that
// nothing answers are left out, and with lone also outputs without their calls,
// which a limit has cut off or another session has.
func pruned(history, fresh []json.RawMessage, lone bool) []json.RawMessage {
	all := slices.Concat(history, fresh)
	heads := make([]*rawItem, len(all))
	calls := map[string]bool{}
	for i, item := range all {
		heads[i] = parseRawItem(item)
		if output := outputType(heads[i].Type); output != "" {
			calls[output+" "+heads[i].CallID] = true
		}
	}
	dropped := orphanCalls(heads, 0)
	kept := []json.RawMessage{}
	for i, head := range heads {
		old := i < len(history)
		orphan := lone && isOutput(head.Type) && !calls[head.Type+" "+head.CallID]
		if !old || !dropped[i] && !orphan {
			kept = append(kept, all[i])
		}
	}
	return kept
}

// saveInput saves the user's input, once.
func (l *runLoop) saveInput(ctx context.Context) error {
	if err := l.addToSession(ctx, l.unsaved); err != nil {
		return err
	}
	l.unsaved = nil
	return nil
}

// saveTurn saves what the turn has added since it was last saved. After an
// input guardrail has tripped nothing is saved.
func (l *runLoop) saveTurn(ctx context.Context) error {
	if l.cfg.session == nil {
		if l.s.held != nil {
			l.holdTurn() // until the session is there again
		}
		return nil
	}
	if err := l.guardrails.wait(ctx); err != nil {
		return err
	}
	items := l.unsavedItems()
	if held := l.s.held; held != nil {
		items = append(held.settled(items, l.s.step == stepInterrupted), items...)
	}
	if err := l.addToSession(ctx, items); err != nil {
		return err
	}
	l.s.persisted += len(items)
	l.savedItems, l.s.held = len(l.s.items), nil
	return nil
}

// leaveOut keeps what output guardrails have not passed out of the session: for
// good, or until an interrupted turn has passed them.
func (l *runLoop) leaveOut() {
	switch {
	case !l.guardsOutput():
	case l.s.step == stepInterrupted:
		l.holdTurn()
	default:
		l.savedItems = len(l.s.items)
	}
}

// unsavedItems gives what the session lacks, as input items.
func (l *runLoop) unsavedItems() []json.RawMessage { return l.s.inputOf(l.s.items[l.savedItems:]) }

// inputOf gives those of a state's items that are input, as a session gets them.
func (s *State) inputOf(items []*RunItem) []json.RawMessage {
	var input []json.RawMessage
	for _, item := range items {
		if item.isInput() {
			input = append(input, item.toInput())
		}
	}
	return s.withoutReasoningIDs(input)
}

func (l *runLoop) addToSession(ctx context.Context, items []json.RawMessage) error {
	if l.cfg.session == nil || len(items) == 0 {
		return nil
	}
	// A run that is stopped now has done what it is about to save.
	if err := l.cfg.session.AddItems(context.WithoutCancel(ctx), items); err != nil {
		return sessionError("written", err)
	}
	return nil
}
