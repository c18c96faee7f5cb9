package jsbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"runstream/internal/codec"
	"runstream/runner"
)

// parseSpec reads a run to start.
func parseSpec(text string) (*runSpec, error) {
	var spec runSpec
	if err := codec.Read([]byte(text), spec.fields()); err != nil {
		if _, named := errors.AsType[runner.Error](err); named {
			return nil, err
		}
		return nil, &runner.UserError{Message: "the run's agents and options cannot be read: " + err.Error(), Err: err}
	}
	if len(spec.Agents) == 0 {
		return nil, &runner.UserError{Message: "there is no agent to run; pass one"}
	}
	return &spec, nil
}

// input gives what the run starts from. start is the first agent.
func (s inputSpec) input(start *runner.Agent) (runner.Input, error) {
	switch {
	case s.State != nil:
		state, err := runner.ParseState([]byte(*s.State), start)
		if err != nil {
			return nil, err
		}
		return state, nil
	case s.Text != nil:
		return runner.Text(*s.Text), nil
	case s.Items != nil:
		return runner.Items(s.Items), nil
	}
	return nil, &runner.UserError{Message: "there is no input; pass a text, a list of items or a state"}
}

// maxTurns gives the limit of model calls, 0 for none.
func maxTurns(given json.RawMessage) (int, error) {
	switch {
	case given == nil:
		return runner.DefaultMaxTurns, nil
	case bytes.Equal(given, []byte("null")):
		return 0, nil
	}
	turns, err := strconv.Atoi(string(given))
	if err != nil || turns < 1 {
		return 0, &runner.UserError{Message: "maxTurns is " + string(given) + "; pass a whole number from 1, or null for no limit"}
	}
	return turns, nil
}

// textOrFunction is a JSON string, or a function that gives one.
type textOrFunction struct {
	text string
	fn   *functionRef
}

// ReadJSON implements [codec.Reader].
func (t *textOrFunction) ReadJSON(value []byte) error {
	if value[0] == '{' {
		return codec.Read(value, codec.Maybe(&t.fn, (*functionRef).fields))
	}
	return codec.Read(value, &t.text)
}

// boolOrFunction is a JSON boolean, or a function that gives one; nil where it
// is absent.
type boolOrFunction struct {
	value *bool
	fn    *functionRef
}

// ReadJSON implements [codec.Reader].
func (b *boolOrFunction) ReadJSON(value []byte) error {
	if value[0] == '{' {
		return codec.Read(value, codec.Maybe(&b.fn, (*functionRef).fields))
	}
	return codec.Read(value, &b.value)
}
