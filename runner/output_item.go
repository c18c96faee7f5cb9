package runner

import (
	"encoding/json"
	"errors"

	"runstream/internal/codec"
)

// outputItem holds what identifies an item of a response, and what it is about.
type outputItem struct {
	Kind, ID, CallID, Name, Label *string
	Arguments, Input, Content     json.RawMessage
}

func (o *outputItem) fields() codec.Fields {
	return codec.Fields{
		"type", &o.Kind, "id", &o.ID, "call_id", &o.CallID, "name", &o.Name, "server_label", &o.Label,
		"arguments", &o.Arguments, "input", &o.Input, "content", &o.Content,
	}
}

// acceptOutputItem gives an item that a model has answered with as requests and
// states need it. Its errors go on after "item 1 of the model's response".
func acceptOutputItem(raw json.RawMessage) (json.RawMessage, error) {
	item, err := readOutputItem(raw)
	if err != nil {
		return nil, err
	}
	if depth(raw) > mostNested {
		return nil, errors.New(nestedTooDeep() + ", which no state could hold")
	}
	if *item.Kind == "function_call" {
		var text json.RawMessage
		switch {
		case codec.IsNull(item.Arguments): // some servers leave them out where a tool has no parameters
			text = json.RawMessage(`""`)
		case item.Arguments[0] == '{': // models of one's own write the object itself
			text = mustMarshal(string(item.Arguments))
		}
		if text != nil {
			item.Arguments, raw = text, withKey(raw, "arguments", text)
		}
	}
	if err := item.checkCall(); err != nil {
		return nil, err
	}
	if *item.Kind == "message" {
		return raw, item.checkContent()
	}
	return raw, nil
}

// isReadable says whether a state may have the item in a response.
func isReadable(raw json.RawMessage) bool {
	item, err := readOutputItem(raw)
	return err == nil && item.checkCall() == nil
}

func readOutputItem(raw json.RawMessage) (*outputItem, error) {
	item := &outputItem{}
	if err := codec.Read(raw, item.fields()); err != nil {
		return nil, errors.New("cannot be read: " + err.Error())
	}
	if item.Kind == nil {
		return nil, errors.New(`is no object with a type, such as "message"`)
	}
	return item, nil
}

// checkCall refuses a call without what tells it from others, or that says in no
// text what to do.
func (o *outputItem) checkCall() error {
	isText := func(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '"' }
	switch *o.Kind {
	case "function_call":
		if o.CallID == nil || o.Name == nil || !isText(o.Arguments) && o.Arguments != nil {
			return errors.New("is a function_call that lacks its call_id, its name, or arguments that are text")
		}
	case "custom_tool_call":
		if o.CallID == nil || o.Name == nil || !isText(o.Input) {
			return errors.New("is a custom_tool_call that lacks its call_id, its name, or an input that is text")
		}
	case "mcp_approval_request":
		if o.ID == nil || o.Name == nil || o.Label == nil || !isText(o.Arguments) {
			return errors.New("is an mcp_approval_request that lacks its id, its name, its server_label, or arguments that are text")
		}
	}
	return nil
}

// checkContent refuses a message whose text nobody would find. Parts of unknown
// types pass.
func (o *outputItem) checkContent() error {
	if codec.IsNull(o.Content) {
		return nil
	}
	var parts []messagePart
	failed := codec.Read(o.Content, codec.List(&parts, (*messagePart).fields)) != nil
	for _, part := range parts {
		failed = failed || part.Kind == "" || part.Kind == "text" || part.Kind == "input_text"
	}
	if failed {
		return errors.New(`is a message whose content is no list of {"type":"output_text","text":…}`)
	}
	return nil
}

type messagePart struct{ Kind string }

func (p *messagePart) fields() codec.Fields { return codec.Fields{"type", &p.Kind} }
