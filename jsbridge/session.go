package jsbridge

import (
	"context"
	"encoding/json"

	"runstream/internal/codec"
	"runstream/runner"
)

// pageSession is a session that the page keeps.
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
func (s pageSession) Items(ctx context.Context, limit int) (items []json.RawMessage, err error) {
	err = s.run.ask(ctx, "getItems of the session", s.spec.Items, &items, limit)
	return items, err
}

// AddItems implements [runner.Session].
func (s pageSession) AddItems(ctx context.Context, items []json.RawMessage) error {
	return s.run.ask(ctx, "addItems of the session", s.spec.Add, nil, items)
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
	return s.run.ask(ctx, "clearSession of the session", s.spec.Clear, nil)
}
