package chatcompletions

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"runstream/internal/codec"
	"runstream/runner"
)

// message is one of a request.
type message struct {
	Role             string
	Content          any // a text, parts, or null
	Refusal          *string
	ToolCalls        []toolCall
	ToolCallID       string
	ReasoningContent string
	Reasoning        string
}

func (m *message) fields() codec.Fields {
	return codec.Fields{
		"role", &m.Role,
		"content,omitempty", &m.Content,
		"refusal,omitempty", &m.Refusal,
		"tool_calls,omitempty", codec.List(&m.ToolCalls, (*toolCall).fields),
		"tool_call_id,omitempty", &m.ToolCallID,
		"reasoning_content,omitempty", &m.ReasoningContent,
		"reasoning,omitempty", &m.Reasoning,
	}
}

type toolCall struct {
	ID           string
	Type         string
	Function     calledFunction
	ExtraContent codec.Fields
}

func (t *toolCall) fields() codec.Fields {
	return codec.Fields{
		"id", &t.ID,
		"type", &t.Type,
		"function", t.Function.fields(),
		"extra_content,omitempty", t.ExtraContent,
	}
}

type calledFunction struct {
	Name      string
	Arguments string
}

func (c *calledFunction) fields() codec.Fields {
	return codec.Fields{
		"name", &c.Name,
		"arguments", &c.Arguments,
	}
}

// null is the content of a message that only calls tools.
var null = json.RawMessage("null")

// omitted stands for a tool's output that holds no text.
const omitted = "[tool output omitted]"

// conversation collects messages. A response's text, reasoning and calls are
// items of their own; here they are one message of the assistant, which is
// kept open until something else follows.
type conversation struct {
	model    *Model
	messages []message
	callIDs  map[string]bool
	open     *message // the assistant's
	pending  reasoning
}

// convertInput converts input items of the Responses API to messages.
func convertInput(m *Model, items []json.RawMessage) (*conversation, error) {
	c := &conversation{model: m, messages: []message{}, callIDs: map[string]bool{}}
	for i, raw := range items {
		if err := c.add(raw); err != nil {
			return nil, &runner.UserError{Message: "input item " + strconv.Itoa(i) + " cannot be sent to a Chat Completions server: " + err.Error(), Err: err}
		}
	}
	c.close()
	return c, nil
}

// item is an input item's JSON object.
type item map[string]json.RawMessage

func (c *conversation) add(raw json.RawMessage) error {
	var it item
	if err := codec.Read(raw, (*map[string]json.RawMessage)(&it)); err != nil {
		return err
	}
	kind, role := text(it["type"]), text(it["role"])
	switch {
	case it.isPlainMessage() || kind == "message" && (role == "user" || role == "system" || role == "developer"):
		return c.addMessage(role, it["content"])
	case kind == "message" && role == "assistant" && it.isAnswer():
		return c.addAnswer(it["content"])
	case kind == "file_search_call":
		c.addCall(toolCall{ID: text(it["id"]), Function: calledFunction{"file_search_call", it.fileSearchArguments()}})
	case kind == "function_call":
		c.addCall(c.functionCall(it))
	case kind == "function_call_output":
		return c.addOutput(it)
	case kind == "reasoning":
		c.pending = c.readReasoning(it)
	case kind == "compaction":
		return errors.New("it is a compaction, which only the Responses API understands")
	case kind == "item_reference":
		return errors.New("it is a reference to an item; give the item itself")
	case kind == "" || kind == "message":
		return errors.New("it is not a message with a known role and nothing but role, content and type")
	default:
		return errors.New("it is of type " + quote(kind) + ", which only the Responses API understands")
	}
	return nil
}

// isAnswer recognises a message as a model writes it, with an id or, as models of
// one's own may, without.
func (it item) isAnswer() bool {
	if it["id"] != nil {
		return it["content"] != nil
	}
	var parts []answerPart
	_ = codec.Read(it["content"], codec.List(&parts, (*answerPart).fields)) // a text has none
	return slices.ContainsFunc(parts, func(p answerPart) bool { return p.Type == "output_text" || p.Type == "refusal" })
}

// isPlainMessage recognises a message with a role and a content and little
// else.
func (it item) isPlainMessage() bool {
	if it["content"] == nil {
		return false
	}
	for key, value := range it {
		known := false
		switch key {
		case "content":
			known = true
		case "role":
			known = slices.Contains([]string{"user", "assistant", "system", "developer"}, text(value))
		case "type":
			known = text(value) == "message"
		case "phase":
			known = codec.IsNull(value) || text(value) == "commentary" || text(value) == "final_answer"
		}
		if !known {
			return false
		}
	}
	return it["role"] != nil
}

func (c *conversation) addMessage(role string, raw json.RawMessage) error {
	c.close()
	content, err := convertContent(raw)
	if err == nil && role != "user" {
		content, err = textOnly(content)
	}
	if err != nil {
		return err
	}
	if given, ok := content.(parts); ok && c.model.Official {
		if slices.ContainsFunc(given, func(p part) bool { return p.Type == "video_url" }) {
			return errors.New("it has a video, which OpenAI's server does not take")
		}
	}
	c.messages = append(c.messages, message{Role: role, Content: content})
	return nil
}

// answerPart holds the fields of all kinds of parts that a model writes.
type answerPart struct {
	Type, Text, Refusal string
}

func (p *answerPart) fields() codec.Fields {
	return codec.Fields{"type", &p.Type, "text", &p.Text, "refusal", &p.Refusal}
}

// addAnswer adds a message that a model has written.
func (c *conversation) addAnswer(raw json.RawMessage) error {
	var parts []answerPart
	if err := codec.Read(raw, codec.List(&parts, (*answerPart).fields)); err != nil {
		return err
	}
	var texts []string
	var refusal *string
	for _, p := range parts {
		switch p.Type {
		case "output_text":
			texts = append(texts, p.Text)
		case "refusal":
			refusal = &p.Refusal
		case "output_audio":
			return errors.New("it has audio of the assistant, which can only be sent by an id that items do not have")
		default:
			return errors.New("it has a part of type " + quote(p.Type) + ", which an assistant's message cannot have")
		}
	}
	// A streamed response may call tools before its text: both are one message,
	// as long as the calls' outputs have not been seen.
	merges := c.open != nil && len(c.open.ToolCalls) > 0 && c.open.Refusal == nil && !c.open.hasText()
	if !merges {
		c.flush()
		c.open = &message{Role: "assistant"}
	}
	if refusal != nil {
		c.open.Refusal = refusal
	}
	if texts != nil {
		c.open.Content = strings.Join(texts, "\n")
	}
	c.pending.moveTo(c.open)
	return nil
}

func (m *message) hasText() bool {
	_, ok := m.Content.(string)
	return ok
}

func (c *conversation) addCall(call toolCall) {
	if c.open == nil {
		c.open = &message{Role: "assistant", Content: null}
	}
	c.pending.moveTo(c.open)
	call.Type = "function"
	c.open.ToolCalls = append(c.open.ToolCalls, call)
}

func (c *conversation) functionCall(it item) toolCall {
	arguments := text(it["arguments"])
	if arguments == "" {
		arguments = "{}"
	}
	call := toolCall{ID: text(it["call_id"]), Function: calledFunction{text(it["name"]), arguments}}
	c.callIDs[call.ID] = true
	if c.model.isGemini() {
		if signature := it.providerData()["thought_signature"]; !codec.IsFalsy(signature) {
			call.ExtraContent = codec.Fields{"google", codec.Fields{"thought_signature", signature}}
		}
	}
	return call
}

// fileSearchArguments shows a file search as a call, in the spacing of the
// SDK.
func (it item) fileSearchArguments() string {
	var queries []string
	_ = codec.Read(it["queries"], &queries) // what is no list of texts is left out
	status := it["status"]
	if status == nil {
		status = null
	}
	quoted := make([]string, len(queries))
	for i, query := range queries {
		quoted[i] = string(codec.AppendText(nil, query))
	}
	return `{"queries": [` + strings.Join(quoted, ", ") + `], "status": ` + string(status) + `}`
}

func (c *conversation) addOutput(it item) error {
	id := text(it["call_id"])
	if codec.IsNull(it["call_id"]) {
		return errors.New("it is an output without a call_id")
	}
	c.callIDs[id] = true
	c.close()
	content, err := convertContent(it["output"])
	if err != nil {
		return err
	}
	if given, ok := content.(parts); ok {
		texts := slices.DeleteFunc(given, func(p part) bool { return p.Type != "text" })
		content = texts
		if len(texts) == 0 {
			content = omitted
		}
	}
	c.messages = append(c.messages, message{Role: "tool", ToolCallID: id, Content: content})
	return nil
}

// flush adds the open message. Reasoning without calls ends with it.
func (c *conversation) flush() {
	if c.open == nil {
		return
	}
	if len(c.open.ToolCalls) == 0 {
		c.pending = reasoning{}
	}
	c.messages = append(c.messages, *c.open)
	c.open = nil
}

// close flushes, and drops reasoning that nothing has followed.
func (c *conversation) close() {
	c.flush()
	c.pending = reasoning{}
}
