package runner

import (
	"context"
	"slices"

	"runstream/internal/codec"
)

// settlePendingWrite saves what the run's last process had not saved for sure:
// an append that failed or was cut off. It is made once, whatever the session
// holds by now.
func (l *runLoop) settlePendingWrite(ctx context.Context) error {
	raw := l.s.carried.PendingSessionWrite
	l.s.carried.PendingSessionWrite = nil
	if raw == nil || l.s.held != nil {
		return nil // what is held back is saved when the turn has passed
	}
	var wire wireHeldWrite
	if codec.Read(raw, wire.fields()) != nil || checkItems(wire.Items) != nil {
		return &StateError{"pending_session_write", "Run state pending Session write is invalid"}
	}
	session, ok := l.cfg.session.(NamedSession)
	if !ok || session.SessionID() != wire.SessionID {
		l.s.carried.PendingSessionWrite = raw
		return &UserError{Message: "Resume the pending Session write with the original Session and session ID"}
	}
	latest, err := session.Items(ctx, len(wire.Items))
	if err != nil {
		return sessionError("read", err)
	}
	if slices.EqualFunc(latest, wire.Items, sameRaw) {
		return nil
	}
	return l.addToSession(ctx, wire.Items)
}
