package jsbridge

import (
	"context"
	"encoding/json"
	"time"

	"runstream/internal/codec"
	"runstream/runner"
)

// pageSession is a session that the page keeps. Its errors are what the page
// threw: the run loop says what became of the session.
type pageSession struct {
	run  *run
	spec sessionSpec
}

// namedPageSession can be told from others.
type namedPageSession struct {
	pageSession
	id string
}

// SessionID implements [runner.NamedSession].
func (s namedPageSession) SessionID() string { return s.id }

// session makes the session that a spec describes; nil for none. id is empty
// where it has no name.
func (r *run) session(spec *sessionSpec, id string) runner.Session {
	switch {
	case spec == nil:
		return nil
	case id == "":
		return pageSession{r, *spec}
	}
	return namedPageSession{pageSession{r, *spec}, id}
}

// Items implements [runner.Session].
func (s pageSession) Items(ctx context.Context, limit int) ([]json.RawMessage, error) {
	text, err := s.run.call(ctx, s.spec.Items, limit)
	if err != nil {
		return nil, err
	}
	var items []json.RawMessage
	return items, readReply("getItems of the session", text, &items)
}

// AddItems implements [runner.Session].
//
// A run that is stopped still writes what it has done. It waits for that, but
// not for ever.
func (s pageSession) AddItems(ctx context.Context, items []json.RawMessage) error {
	ctx, done := s.run.outlast(ctx)
	defer done()
	_, err := s.run.call(ctx, s.spec.Add, items)
	return err
}

// patience is how long a run that was stopped waits for its session.
const patience = 500 * time.Millisecond

// outlast gives a context that ends patience after the run was stopped. done
// frees what it holds.
func (r *run) outlast(ctx context.Context) (lasting context.Context, done func()) {
	ctx, end := context.WithCancelCause(ctx)
	detach := context.AfterFunc(r.stopped, func() {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-timer.C:
			end(&runner.UserError{Message: "addItems of the session did not return in " + patience.String() + " after the run was stopped"})
		case <-ctx.Done():
		}
	})
	return ctx, func() { detach(); end(nil) }
}

// PopItem implements [runner.Session].
func (s pageSession) PopItem(ctx context.Context) (item json.RawMessage, err error) {
	item, err = s.run.call(ctx, s.spec.Pop)
	if codec.IsNull(item) {
		item = nil
	}
	return item, err
}

// Clear implements [runner.Session].
func (s pageSession) Clear(ctx context.Context) error {
	_, err := s.run.call(ctx, s.spec.Clear)
	return err
}
