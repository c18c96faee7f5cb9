package runner

import (
	"encoding/json"

	"runstream/internal/codec"
)

// EventType tells the three kinds of stream events apart.
type EventType string

// The kinds of stream events.
const (
	// RawResponseEvent is an event of the model server, unaltered.
	RawResponseEvent EventType = "raw_response_event"
	// RunItemStreamEvent says that the run loop has made an item.
	RunItemStreamEvent EventType = "run_item_stream_event"
	// AgentUpdatedStreamEvent says which agent goes on. It is the first event
	// of every run, also of a resumed one.
	AgentUpdatedStreamEvent EventType = "agent_updated_stream_event"
)

// ItemEventName says what an item event is about.
type ItemEventName string

// The names of item events, spelt as the Agents SDK spells them.
const (
	MessageOutputCreated    ItemEventName = "message_output_created"
	HandoffRequested        ItemEventName = "handoff_requested"
	HandoffOccured          ItemEventName = "handoff_occured"
	ToolCalled              ItemEventName = "tool_called"
	ToolSearchCalled        ItemEventName = "tool_search_called"
	ToolSearchOutputCreated ItemEventName = "tool_search_output_created"
	ToolOutput              ItemEventName = "tool_output"
	ReasoningItemCreated    ItemEventName = "reasoning_item_created"
	MCPApprovalRequested    ItemEventName = "mcp_approval_requested"
	MCPApprovalResponse     ItemEventName = "mcp_approval_response"
	MCPListTools            ItemEventName = "mcp_list_tools"
)

// Event is one event of a run. Type says which of the other fields are set.
// What it holds is shared and must not be changed.
type Event struct {
	Type EventType
	// Raw is set for a RawResponseEvent.
	Raw RawEvent
	// Name and Item are set for a RunItemStreamEvent.
	Name ItemEventName
	Item *RunItem
	// Agent is set for an AgentUpdatedStreamEvent.
	Agent *Agent
}

// RawEvent is one event of a model's stream.
type RawEvent struct {
	// Type is the event's "type", such as "response.output_text.delta".
	Type string
	// Data is the event as the server wrote it, byte for byte. It must not be
	// changed.
	Data json.RawMessage
	// Likeness is for the WebAssembly engine, to which it tells how Data differs
	// from the events before it; the zero value says nothing. It is ignored where
	// Data is not the text that it came with.
	Likeness codec.Likeness
}

// itemEvent gives the event that announces item, and false for an item that
// is not announced.
func itemEvent(item *RunItem) (Event, bool) {
	name, ok := map[ItemType]ItemEventName{
		MessageOutputItem:       MessageOutputCreated,
		HandoffCallItem:         HandoffRequested,
		HandoffOutputItem:       HandoffOccured,
		ToolCallItem:            ToolCalled,
		ToolCallOutputItem:      ToolOutput,
		ReasoningItem:           ReasoningItemCreated,
		ToolSearchCallItem:      ToolSearchCalled,
		ToolSearchOutputItem:    ToolSearchOutputCreated,
		MCPApprovalRequestItem:  MCPApprovalRequested,
		MCPApprovalResponseItem: MCPApprovalResponse,
		MCPListToolsItem:        MCPListTools,
	}[item.Type]
	return Event{Type: RunItemStreamEvent, Name: name, Item: item}, ok
}
