package runner

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// WithContextSerializer writes the value of [WithContextValue] into the run's
// states, as a JSON object; by default states leave it out. Whoever resumes
// the run gets it from [State.ContextValue], makes a value of it and passes
// that with [WithContextValue]. It is called after every turn and at the end.
func WithContextSerializer(serialize func(value any) (json.RawMessage, error)) Option {
	return func(c *config) { c.serializeContext = serialize }
}

// ContextValue gives what a serializer has written of the application's value;
// nil where there is none.
func (s *State) ContextValue() json.RawMessage {
	return readFree(s, func() json.RawMessage { return s.carried.Context })
}

// serializedContext is how a state says that a serializer wrote the value.
const serializedContext = `{"original_type":"custom","serialized_via":"context_serializer","requires_deserializer":true,"omitted":false}`

func (l *runLoop) writeContext() error {
	if l.cfg.serializeContext == nil {
		return nil
	}
	data, err := l.cfg.serializeContext(l.cfg.contextValue)
	if err == nil && !isObject(data) {
		err = errors.New("it is not a JSON object")
	}
	if err == nil && !utf8.Valid(data) {
		err = errors.New("it is not valid UTF-8")
	}
	if err == nil && depth(data) > mostNested {
		err = errors.New("it " + nestedTooDeep())
	}
	if err != nil {
		return &UserError{Message: "the context value cannot be written into the state: " + err.Error(), Err: err}
	}
	l.s.carried.Context, l.s.carried.ContextMeta = data, json.RawMessage(serializedContext)
	return nil
}
