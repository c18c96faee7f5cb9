package jsbridge

import (
	"encoding/json"
	"slices"

	"runstream/internal/codec"
)

// orderedObject is a JSON object whose fields keep their order.
type orderedObject struct {
	names  []string
	values map[string]json.RawMessage
}

// readOrdered reads an object, and false for anything else.
func readOrdered(raw json.RawMessage) (*orderedObject, bool) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, false
	}
	o := &orderedObject{names: []string{}, values: map[string]json.RawMessage{}}
	err := codec.Members(raw, func(name string, value json.RawMessage) error {
		o.set(name, value)
		return nil
	})
	return o, err == nil
}

func (o *orderedObject) get(name string) json.RawMessage { return o.values[name] }

// is says whether a field is there and has that JSON text.
func (o *orderedObject) is(name, text string) bool { return string(o.values[name]) == text }

func (o *orderedObject) set(name string, value json.RawMessage) {
	if _, known := o.values[name]; !known {
		o.names = append(o.names, name)
	}
	o.values[name] = value
}

func (o *orderedObject) drop(name string) {
	delete(o.values, name)
	o.names = slices.DeleteFunc(o.names, func(one string) bool { return one == name })
}

// add sets the fields of another object that are not there.
func (o *orderedObject) add(other *orderedObject) {
	for _, name := range other.names {
		if _, known := o.values[name]; !known {
			o.set(name, other.values[name])
		}
	}
}

func (o *orderedObject) text() json.RawMessage {
	text := []byte{'{'}
	for i, name := range o.names {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(codec.AppendText(text, name), ':'), o.values[name]...)
	}
	return append(text, '}')
}

// readElements reads a list, and false for anything else.
func readElements(raw json.RawMessage) (elements []json.RawMessage, ok bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	return elements, codec.Read(raw, &elements) == nil
}

// listText writes a list of texts or JSON, which is not nil.
func listText[T string | json.RawMessage](list []T) json.RawMessage {
	text, _ := codec.Write(list) // it is valid
	return text
}
