package jsbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

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
		wrong, ok := errors.AsType[*codec.TypeError](err)
		if ok && wrong.Field == "input.items" {
			return nil, errNoInput
		}
		if ok && wrong.Field != "" {
			return nil, &runner.UserError{Message: spec.nameOf(wrong.Field) + " is not " + wrong.Want, Err: err}
		}
		return nil, &runner.UserError{Message: "the run's agents and options cannot be read: " + err.Error(), Err: err}
	}
	if len(spec.Agents) == 0 {
		return nil, &runner.UserError{Message: "there is no agent to run; pass one"}
	}
	return &spec, nil
}

// pageNames are fields that the page's code calls otherwise.
var pageNames = map[string]string{
	"enabled": "isEnabled", "toolUse": "toolUseBehavior", "onError": "errorFunction", "customData": "customDataExtractor",
	"keepToolChoice": "resetToolChoice", "output": "outputType",
}

// nameOf says in the words of the page's code which field a path such as
// "agents.0.tools.1.enabled" leads to.
func (s *runSpec) nameOf(path string) string {
	owner, parts := "", strings.Split(path, ".")
	element := func(list string, count int) (index int, ok bool) {
		if len(parts) < 3 || parts[0] != list {
			return 0, false
		}
		index, err := strconv.Atoi(parts[1])
		if err != nil || index >= count {
			return 0, false
		}
		parts = parts[2:]
		return index, true
	}
	if at, ok := element("agents", len(s.Agents)); ok {
		agent := s.Agents[at]
		owner = " of agent " + agent.Name
		if at, ok := element("tools", len(agent.Tools)); ok {
			tool := agent.Tools[at]
			if name := tool.Name; name != "" || tool.Agent < 0 || tool.Agent >= len(s.Agents) {
				owner = " of tool " + name + owner
			} else {
				owner = " of the tool that agent " + s.Agents[tool.Agent].Name + " is" + owner
			}
		}
	} else if len(parts) > 1 && parts[0] == "options" {
		parts = parts[1:]
	}
	if name, ok := pageNames[parts[0]]; ok && owner != "" {
		parts[0] = name
	}
	return strings.Join(parts, ".") + owner
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
	return nil, errNoInput
}

var errNoInput = &runner.UserError{Message: "there is no input; pass a text, a list of items or a state"}

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
	if codec.IsNull(value) {
		return &codec.TypeError{Want: "true or false"} // a gate that is null would be open
	}
	return codec.Read(value, &b.value)
}
