package runner

import (
	"context"
	"encoding/json"
	"slices"

	"runstream/internal/codec"
)

// leaveUnsaved puts what the session lacks into a state, be it the run's at its
// end or a copy on the way: a write that failed, or that the run has not come
// to. A resumed run makes it.
func (l *runLoop) leaveUnsaved(s *State) {
	session := l.cfg.session
	if session == nil || s.fresh || s.carried.PendingSessionWrite != nil {
		return
	}
	turn := s.inputOf(s.items[min(l.savedItems, len(s.items)):])
	made := len(turn)
	if made > 0 && s.held != nil {
		turn = append(s.held.settled(turn, s.step == stepInterrupted), turn...)
		s.held = nil
	}
	items := slices.Concat(l.unsaved, turn)
	if len(items) == 0 {
		return
	}
	s.carried.PendingSessionWrite = mustMarshal(codec.Fields{
		"session_id", sessionID(session), "items", items, "before", json.RawMessage("null"), "persisted_count", s.persisted + made,
	})
}

// settlePendingWrite saves what the session may lack of the run before. It is
// made once, whatever the session holds by now.
func (l *runLoop) settlePendingWrite(ctx context.Context) error {
	raw := l.s.carried.PendingSessionWrite
	if held := l.s.held; held != nil { // it is saved when the turn has passed
		if err := held.belongsTo(l.cfg.session); err != nil {
			return err
		}
		l.s.carried.PendingSessionWrite = nil
		return nil
	}
	if raw == nil {
		return nil
	}
	var id string
	var items []json.RawMessage
	var persisted int
	var acknowledged bool // the session has the items; what was to follow the write is missing
	fields := codec.Fields{"session_id", &id, "items", &items, "persisted_count", &persisted, "append_acknowledged", &acknowledged}
	if codec.Read(raw, fields) != nil || checkItems(items) != nil {
		return &StateError{"pending_session_write", "Run state pending Session write is invalid"}
	}
	if err := l.mustHaveSession(id); err != nil {
		return err
	}
	if !acknowledged && l.mustGuard() && !l.guardrails.passed() {
		return nil // what the input guardrails have not passed is not saved yet
	}
	if !acknowledged {
		has, err := l.sessionHas(ctx, items)
		if err == nil && !has {
			err = l.addToSession(ctx, items)
		}
		if err != nil {
			return err
		}
	}
	l.s.persisted, l.s.carried.PendingSessionWrite = persisted, nil
	return nil
}

// sessionHas says whether the latest items of the session are these: a run that
// went on from the same state before may have added them.
func (l *runLoop) sessionHas(ctx context.Context, items []json.RawMessage) (bool, error) {
	latest, err := l.cfg.session.Items(ctx, len(items))
	if err != nil {
		return false, sessionError("read", err)
	}
	return slices.EqualFunc(latest, items, sameRaw), nil
}

// mustHaveSession refuses another session than the one that lacks something.
func (l *runLoop) mustHaveSession(id string) error {
	if l.cfg.session == nil || sessionID(l.cfg.session) != id {
		return &UserError{Message: "Resume the pending Session write with the original Session and session ID"}
	}
	return nil
}

// sessionID gives the name of a session, empty where it has none.
func sessionID(session Session) string {
	if named, ok := session.(NamedSession); ok {
		return named.SessionID()
	}
	return ""
}
