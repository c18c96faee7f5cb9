package runner

import (
	"cmp"
	"encoding/json"
	"strings"

	"runstream/internal/codec"
	"runstream/internal/wire"
)

// ItemType says what a [RunItem] is.
type ItemType string

// The kinds of run items.
const (
	MessageOutputItem       ItemType = "message_output_item"
	ReasoningItem           ItemType = "reasoning_item"
	ToolCallItem            ItemType = "tool_call_item"
	ToolCallOutputItem      ItemType = "tool_call_output_item"
	HandoffCallItem         ItemType = "handoff_call_item"
	HandoffOutputItem       ItemType = "handoff_output_item"
	ToolApprovalItem        ItemType = "tool_approval_item"
	ToolSearchCallItem      ItemType = "tool_search_call_item"
	ToolSearchOutputItem    ItemType = "tool_search_output_item"
	MCPListToolsItem        ItemType = "mcp_list_tools_item"
	MCPApprovalRequestItem  ItemType = "mcp_approval_request_item"
	MCPApprovalResponseItem ItemType = "mcp_approval_response_item"
	CompactionItem          ItemType = "compaction_item"
	InputItem               ItemType = "input_item"
	// UnknownItem is an output item of a kind that this version does not know.
	// It is kept and goes back to the model, but is not announced.
	UnknownItem ItemType = "unknown_item"
)

// RunItem is one thing that happened in a run. Items are shared, and must not be
// changed.
type RunItem struct {
	Type ItemType
	// Agent made the item, or owns the call.
	Agent *Agent
	// Raw is the item's wire JSON: the server's own where it came from there.
	Raw json.RawMessage

	// Output is the tool's own value as JSON, for a ToolCallOutputItem; Raw has
	// it as the model gets it.
	Output json.RawMessage
	// SourceAgent and TargetAgent are set for a HandoffOutputItem.
	SourceAgent *Agent
	TargetAgent *Agent
	// ToolName, Title and Description are the called tool's, for display.
	ToolName    string
	Title       string
	Description string
	// Origin says where the tool comes from; nil where nothing local is called.
	Origin *ToolOrigin
	// CustomData is for the user interface and never goes to the model.
	CustomData json.RawMessage

	describes bool // Description is known, be it empty
	key       toolKey
	bareAlias bool // a decision may name the tool by its bare name
	inputID   string
	head      *rawItem // parsed Raw, on demand
}

// ToolOrigin says where a tool comes from.
type ToolOrigin struct {
	// Type is "function", "mcp" or "agent_as_tool".
	Type          string `json:"type"`
	MCPServerName string `json:"mcp_server_name,omitempty"`
	AgentName     string `json:"agent_name,omitempty"`
	AgentToolName string `json:"agent_tool_name,omitempty"`
}

func (t *ToolOrigin) fields() codec.Fields {
	return codec.Fields{
		"type", &t.Type,
		"mcp_server_name,omitempty", &t.MCPServerName,
		"agent_name,omitempty", &t.AgentName,
		"agent_tool_name,omitempty", &t.AgentToolName,
	}
}

// CallID gives the id of the call that the item is, answers or waits for.
func (i *RunItem) CallID() string {
	h := i.parsed()
	if h.CallID == "" && h.Type == "mcp_approval_request" {
		return h.ID
	}
	return h.CallID
}

// Arguments gives a call's arguments as the model wrote them; of a shell, an
// editor or a computer, which have none, what they are asked to do, as JSON. Escape
// them where they are shown: they may hold control characters and direction marks.
// The page's items have the same (web/src/items.ts).
func (i *RunItem) Arguments() string {
	var first, other json.RawMessage
	switch head := i.parsed(); head.Type {
	case "shell_call", "local_shell_call":
		_ = codec.Read(i.Raw, codec.Fields{"action", &first}) // else there is none
	case "apply_patch_call":
		_ = codec.Read(i.Raw, codec.Fields{"operation", &first, "operations", &other})
	case "computer_call":
		var actions []json.RawMessage
		_ = codec.Read(i.Raw, codec.Fields{"actions", &first, "action", &other})
		if codec.Read(first, &actions) == nil && len(actions) == 0 {
			first = nil
		}
	default:
		return head.argumentsText()
	}
	if codec.IsNull(first) {
		first = other
	}
	if codec.IsNull(first) {
		return ""
	}
	return string(first)
}

// Text gives the text of a message, all its parts joined.
func (i *RunItem) Text() string {
	var text strings.Builder
	for _, part := range i.parsed().parts() {
		if part.Type == "output_text" {
			text.WriteString(part.Text)
		}
	}
	return text.String()
}

// refusal gives what a message refuses with, all its parts joined.
func (i *RunItem) refusal() string {
	var refusal strings.Builder
	for _, part := range i.parsed().parts() {
		if part.Type == "refusal" {
			refusal.WriteString(part.Refusal)
		}
	}
	return refusal.String()
}

func (i *RunItem) parsed() *rawItem {
	if i.head != nil {
		return i.head
	}
	return parseRawItem(i.Raw)
}

// isInput says whether the item is part of the model's input.
func (i *RunItem) isInput() bool { return i.Type != ToolApprovalItem }

// newItem makes an item and parses its raw JSON once.
func newItem(kind ItemType, agent *Agent, raw json.RawMessage) *RunItem {
	return &RunItem{Type: kind, Agent: agent, Raw: raw, head: parseRawItem(raw)}
}

// rawItem holds the fields of an item's wire JSON that the run loop reads.
// Fields of unexpected types are left empty.
type rawItem struct {
	Type        string
	ID          string
	CallID      string
	Name        string
	Namespace   string
	ServerLabel string
	Role        string
	Status      string
	RequestID   string // of what an approval response answers
	Execution   string
	Caller      string // type of who made the call, empty for the model itself
	CallerID    string // the call id of the program that made it
	Arguments   json.RawMessage
	Input       json.RawMessage
	Content     json.RawMessage
	hasCreated  bool // has a created_by, which is no input
	nullStatus  bool // has a null status, which is no input
}

type contentPart struct {
	Type    string
	Text    string
	Refusal string
}

func (c *contentPart) fields() codec.Fields {
	return codec.Fields{
		"type", &c.Type,
		"text", &c.Text,
		"refusal", &c.Refusal,
	}
}

func parseRawItem(raw json.RawMessage) *rawItem {
	item := &rawItem{}
	var created, status, caller json.RawMessage
	_ = codec.Read(raw, codec.Fields{ // what is of another type is left empty
		"type", &item.Type,
		"id", &item.ID,
		"call_id", &item.CallID,
		"name", &item.Name,
		"namespace", &item.Namespace,
		"server_label", &item.ServerLabel,
		"role", &item.Role,
		"approval_request_id", &item.RequestID,
		"status", &status,
		"execution", &item.Execution,
		"arguments", &item.Arguments,
		"input", &item.Input,
		"content", &item.Content,
		"created_by", &created,
		"caller", &caller,
	})
	if !codec.IsNull(caller) {
		var kind string
		_ = codec.Read(caller, codec.Fields{"type", &kind, "caller_id", &item.CallerID})
		item.Caller = cmp.Or(kind, "unknown")
	}
	item.Status, _ = rawText(status)
	item.hasCreated = created != nil
	item.nullStatus = status != nil && codec.IsNull(status)
	return item
}

func headsOf(items []json.RawMessage) []*rawItem {
	heads := make([]*rawItem, len(items))
	for i, item := range items {
		heads[i] = parseRawItem(item)
	}
	return heads
}

// argumentsText gives the arguments, or a custom tool's input, as the model
// wrote them; nothing of calls that have something else.
func (r *rawItem) argumentsText() string {
	field := r.Arguments
	switch r.Type {
	case "custom_tool_call":
		field = r.Input
	case "shell_call", "local_shell_call", "apply_patch_call", "computer_call":
		return ""
	}
	text, _ := rawText(field)
	return text
}

func (r *rawItem) parts() []contentPart {
	var parts []contentPart
	if codec.Read(r.Content, codec.List(&parts, (*contentPart).fields)) != nil {
		return nil
	}
	return parts
}

// toInput gives the item as model input: without what only outputs carry.
func (i *RunItem) toInput() json.RawMessage {
	head := i.parsed()
	shell := head.Type == "shell_call_output"
	if !head.hasCreated && !head.nullStatus && !shell {
		return i.Raw
	}
	var fields map[string]json.RawMessage
	if codec.Read(i.Raw, &fields) != nil {
		return i.Raw
	}
	delete(fields, "created_by")
	if head.nullStatus || shell {
		delete(fields, "status")
	}
	if shell { // what the SDK notes for itself
		delete(fields, "shell_output")
		delete(fields, wire.ProviderData)
	}
	return mustMarshal(fields)
}

// functionOutput makes the item that answers a function call.
func functionOutput(callID string, output any) json.RawMessage {
	return mustMarshal(codec.Fields{"call_id", callID, "output", output, "type", "function_call_output"})
}

// answer makes the output item of a function call that no tool answers.
func answer(call *RunItem, text string) *RunItem {
	item := newItem(ToolCallOutputItem, call.Agent, withCaller(functionOutput(call.CallID(), text), call.Raw))
	item.Output = mustMarshal(text)
	return item
}

// outputOf gives the "output" of an item that the server made.
func outputOf(raw json.RawMessage) json.RawMessage {
	var output json.RawMessage
	_ = codec.Read(raw, codec.Fields{"output", &output})
	return output
}
