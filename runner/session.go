package runner

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"runstream/internal/codec"
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
	unsaved, all := fresh, pruned(slices.Concat(history, fresh), func(i int) bool { return i < len(history) }, true)
	if merge := l.cfg.sessionInput; merge != nil {
		fresh = copies(fresh) // they may be the history's own
		if all, err = merge(ctx, slices.Clone(history), slices.Clone(fresh)); err != nil {
			return err
		}
		if err := checkItems(all); err != nil {
			return err
		}
		isOld := fromHistory(all, history, fresh)
		unsaved = nil
		for i, item := range all {
			if !isOld[i] {
				unsaved = append(unsaved, item)
			}
		}
		all = pruned(all, func(i int) bool { return isOld[i] }, false)
	}
	l.s.original = conversationInput{items: preferLatest(all, headsOf(all)), isItems: true}
	l.unsaved = unsaved
	return nil
}

func sessionError(what string, err error) error {
	return &UserError{Message: "the session could not be " + what + ": " + err.Error(), Err: err}
}

// fromHistory says of each item that a callback has chosen whether it is one of
// the history, which the session has. Items are known by where they lie. Those
// that were written anew, as by a page, are known by what they say: the last ones
// are the new ones.
func fromHistory(all, history, fresh []json.RawMessage) []bool {
	type source struct {
		lies map[*byte]bool
		left map[string]int // by value
	}
	sourceOf := func(items []json.RawMessage) source {
		s := source{map[*byte]bool{}, map[string]int{}}
		for _, item := range items {
			s.lies[&item[0]] = true
			s.left[valueOf(item)]++
		}
		return s
	}
	given, kept := sourceOf(fresh), sourceOf(history)
	old, known := make([]bool, len(all)), make([]bool, len(all))
	for i, item := range all {
		old[i] = kept.lies[&item[0]]
		if known[i] = old[i] || given.lies[&item[0]]; !known[i] {
			continue
		}
		if old[i] {
			kept.left[valueOf(item)]--
		} else {
			given.left[valueOf(item)]--
		}
	}
	for i, item := range slices.Backward(all) {
		value := valueOf(item)
		switch {
		case known[i]:
		case given.left[value] > 0:
			given.left[value]--
		case kept.left[value] > 0:
			kept.left[value]--
			old[i] = true
		}
	}
	return old
}

// valueOf gives an item's JSON in a form that is the same however it is written.
func valueOf(item json.RawMessage) string {
	value, _ := codec.ReadExact(item) // it was read already
	return string(appendCanonical(nil, value))
}

func copies(items []json.RawMessage) []json.RawMessage {
	copied := make([]json.RawMessage, len(items))
	for i, item := range items {
		copied[i] = slices.Clone(item)
	}
	return copied
}

// pruned gives a conversation without calls that nothing answers and, with lone,
// outputs without their calls, which a limit has cut off or another session has.
// Only what is old is left out.
func pruned(all []json.RawMessage, old func(i int) bool, lone bool) []json.RawMessage {
	heads, calls := headsOf(all), map[string]bool{}
	for _, head := range heads {
		if output := outputType(head.Type); output != "" {
			calls[output+" "+head.CallID] = true
		}
	}
	dropped := orphanCalls(heads, 0)
	kept := []json.RawMessage{}
	for i, head := range heads {
		orphan := lone && head.CallID != "" && isOutput(head.Type) && !calls[head.Type+" "+head.CallID]
		if !old(i) || !dropped[i] && !orphan {
			kept = append(kept, all[i])
		}
	}
	return kept
}

func anyItem(int) bool { return true }

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
	if err := l.settlePendingWrite(ctx); err != nil {
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

// inputOf gives those of a state's items that are input, as a session gets them:
// once, also where a handoff's filter has doubled them.
func (s *State) inputOf(items []*RunItem) []json.RawMessage {
	input, heads := appendInput(nil, nil, items)
	return s.withoutReasoningIDs(preferLatest(input, heads))
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
