package assistant

import (
	"encoding/json"
	"strings"

	"runstream/runner/runnertest/modelserver"
)

// conversation is what a request says of the user's last message and of what
// has been done about it.
type conversation struct {
	request modelserver.Request
	// question is the text of the user's last message.
	question string
	// done are the tool calls since then that have an output, in order.
	done []doneCall
}

type doneCall struct {
	name, arguments, output string
}

// item has the fields of the input items that matter here. What is missing or
// of another kind stays empty.
type item struct {
	Type      string          `json:"type"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments string          `json:"arguments"`
	Output    json.RawMessage `json:"output"`
}

func readConversation(request modelserver.Request) *conversation {
	c := &conversation{request: request}
	calls := map[string]item{}
	for _, raw := range request.Input {
		var i item
		if json.Unmarshal(raw, &i) != nil {
			continue
		}
		switch {
		case i.Role == "user":
			c.question, c.done = text(i.Content), nil
			clear(calls)
		case i.Type == "function_call":
			calls[i.CallID] = i
		case i.Type == "function_call_output":
			if call, ok := calls[i.CallID]; ok {
				c.done = append(c.done, doneCall{name: call.Name, arguments: call.Arguments, output: text(i.Output)})
			}
		}
	}
	return c
}

// outputs are the finished calls of one tool.
func (c *conversation) outputs(name string) []doneCall {
	var found []doneCall
	for _, call := range c.done {
		if call.name == name {
			found = append(found, call)
		}
	}
	return found
}

// argument is a text argument of the call, empty if there is none.
func (d doneCall) argument(name string) string {
	var arguments map[string]any
	_ = json.Unmarshal([]byte(d.arguments), &arguments)
	value, _ := arguments[name].(string)
	return value
}

// text is a content or an output as text: a string, or the text parts of a list.
func text(content json.RawMessage) string {
	var whole string
	if json.Unmarshal(content, &whole) == nil {
		return whole
	}
	var parts []struct {
		Text string `json:"text"`
	}
	_ = json.Unmarshal(content, &parts)
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = part.Text
	}
	return strings.Join(texts, "\n")
}
