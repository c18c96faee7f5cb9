package runner

import (
	"context"
	"encoding/json"
	"slices"

	"runstream/internal/codec"
)

// wirePendingWrite is what a run's session lacks for sure, or may lack, as
// states have it.
type wirePendingWrite struct {
	SessionID string
	Items     []json.RawMessage
	Persisted int
	// Acknowledged says that the session has the items, and that only what was
	// to follow the write is missing.
	Acknowledged bool
}

// leaveUnsaved puts what the session lacks into a state, be it the run's at its
// end or a copy on the way: a write that failed, or that the run has not come
// to. A resumed run makes it.
func (l *runLoop) leaveUnsaved(s *State) {
	session := l.cfg.session
	if session == nil || s.fresh || s.carried.PendingSessionWrite != nil {
		return
	}
	items, made := l.unsaved, 0
	if l.guardrails.known() == nil {
		turn := s.inputOf(s.items[min(l.savedItems, len(s.items)):])
		if made = len(turn); made > 0 && s.held != nil {
			turn = append(s.held.settled(turn, s.step == stepInterrupted), turn...)
			s.held = nil
		}
		items = slices.Concat(items, turn)
	}
	if len(items) == 0 {
		return
	}
	if s.step == stepModel {
		s.step = stepRunAgain // a document of a run that is over has no pending write
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
	var wire wirePendingWrite
	fields := codec.Fields{"session_id", &wire.SessionID, "items", &wire.Items, "persisted_count", &wire.Persisted, "append_acknowledged", &wire.Acknowledged}
	if codec.Read(raw, fields) != nil || checkItems(wire.Items) != nil {
		return &StateError{"pending_session_write", "Run state pending Session write is invalid"}
	}
	session := l.cfg.session
	if session == nil || sessionID(session) != wire.SessionID {
		return &UserError{Message: "Resume the pending Session write with the original Session and session ID"}
	}
	if !wire.Acknowledged {
		latest, err := session.Items(ctx, len(wire.Items))
		if err != nil {
			return sessionError("read", err)
		}
		if !slices.EqualFunc(latest, wire.Items, sameRaw) {
			if err := l.addToSession(ctx, wire.Items); err != nil {
				return err
			}
		}
	}
	l.s.persisted, l.s.carried.PendingSessionWrite = wire.Persisted, nil
	return nil
}

// sessionID gives the name of a session, empty where it has none.
func sessionID(session Session) string {
	if named, ok := session.(NamedSession); ok {
		return named.SessionID()
	}
	return ""
}
