package jsbridge

import (
	"context"
	"encoding/json"

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
type namedPageSession struct{ pageSession }

// SessionID implements [runner.NamedSession].
func (s namedPageSession) SessionID() string { return s.spec.ID }

// session makes the session that a spec describes; nil for none.
func (r *run) session(spec *sessionSpec) runner.Session {
	switch {
	case spec == nil:
		return nil
	case spec.ID == "":
		return pageSession{r, *spec}
	}
	return namedPageSession{pageSession{r, *spec}}
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
func (s pageSession) AddItems(ctx context.Context, items []json.RawMessage) error {
	_, err := s.run.call(ctx, s.spec.Add, items)
	return err
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
