package runner

import (
	"encoding/json"
	"slices"
)

// serverKeeps says whether the server keeps the conversation, so that only
// what is new is sent.
func (s *State) serverKeeps() bool {
	c := s.carried
	return c.ConversationID != nil || c.PreviousResponseID != nil || c.AutoPreviousResponseID
}

// checkGuarded refuses output guardrails where the server keeps what they would
// withhold.
func (l *runLoop) checkGuarded() error {
	if !l.s.serverKeeps() || !l.guardsOutput() {
		return nil
	}
	return &UserError{Message: "Output guardrails cannot be combined with conversation_id, previous_response_id, or auto_previous_response_id because rejected output cannot be removed from server-managed conversation history."}
}

// serverConversation names the conversation that the server keeps.
func (l *runLoop) serverConversation() (conversationID, previousResponseID string) {
	return textOf(l.s.carried.ConversationID), textOf(l.s.carried.PreviousResponseID)
}

// noteServerState remembers the response that the next request goes on from. That
// of a turn that does not count is none: what it was sent is sent again.
func (l *runLoop) noteServerState(response *ModelResponse) {
	c := &l.s.carried
	if (c.PreviousResponseID != nil || c.AutoPreviousResponseID) && response.ResponseID != "" {
		id := response.ResponseID
		c.PreviousResponseID = &id
	}
}

// resumeConversation takes up the conversation that the server keeps: the run's
// options name it anew, and a response of a turn that failed is not gone on
// from, for what it was sent is sent again.
func (l *runLoop) resumeConversation() error {
	c := &l.s.carried
	if id := l.cfg.conversationID; id != "" {
		c.ConversationID = &id
	}
	if id := l.cfg.previousID; id != "" {
		c.PreviousResponseID = &id
	}
	c.AutoPreviousResponseID = c.AutoPreviousResponseID || l.cfg.autoPrevious
	if !l.s.serverKeeps() {
		return nil
	}
	if l.cfg.session != nil {
		return errSessionAndServer
	}
	for _, response := range l.s.responses {
		if response.ResponseID != "" && c.ConversationID == nil {
			c.PreviousResponseID = &response.ResponseID
		}
	}
	return nil
}

// modelInput is the conversation as the model gets it: all of it, or what the
// server has not seen.
func (l *runLoop) modelInput() []json.RawMessage {
	s := l.s
	original, generated := s.original.asItems(), s.generated
	if s.serverKeeps() && (len(s.responses) > 0 || l.serverHasInput()) {
		original, generated = nil, unseen(s.generated)
	}
	return s.prepareModelInput(original, s.withoutReasoningItemIDs(generated), s.serverKeeps())
}

// serverHasInput says whether the server has the input of a resumed run whose
// only turn did not count: a conversation keeps what it was sent, and a response
// that the run's options name is taken for one that has followed the input.
func (l *runLoop) serverHasInput() bool {
	named := l.s.carried.ConversationID != nil || l.cfg.previousID != ""
	return l.resumed && named && l.s.usage.get().Requests > 0
}

// withoutReasoningItemIDs applies the run's policy to items of the run.
func (s *State) withoutReasoningItemIDs(items []*RunItem) []*RunItem {
	if textOf(s.carried.ReasoningItemIDPolicy) != "omit" {
		return items
	}
	stripped := make([]*RunItem, len(items))
	for i, item := range items {
		stripped[i] = item
		if head := item.parsed(); head.Type == "reasoning" && head.ID != "" {
			stripped[i] = newItem(item.Type, item.Agent, withoutReasoningID(item.Raw))
		}
	}
	return stripped
}

// withoutReasoningIDs applies the run's policy on the ids of reasoning items.
func (s *State) withoutReasoningIDs(items []json.RawMessage) []json.RawMessage {
	if textOf(s.carried.ReasoningItemIDPolicy) != "omit" {
		return items
	}
	stripped := make([]json.RawMessage, len(items))
	for i, item := range items {
		stripped[i] = withoutReasoningID(item)
	}
	return stripped
}

// unseen gives what was made here since the server's last response: outputs
// and input, but nothing that the server sent.
func unseen(generated []*RunItem) []*RunItem {
	last := len(generated)
	for last > 0 && !fromServer(generated[last-1]) {
		last--
	}
	return slices.DeleteFunc(slices.Clone(generated[last:]), func(item *RunItem) bool { return !item.isInput() })
}

// fromServer says whether an item is part of a model's response.
func fromServer(item *RunItem) bool {
	switch item.Type {
	case ToolCallOutputItem, HandoffOutputItem, MCPApprovalResponseItem, InputItem, ToolApprovalItem:
		return false
	}
	return true
}

func withoutReasoningID(raw json.RawMessage) json.RawMessage {
	if head := parseRawItem(raw); head.Type != "reasoning" || head.ID == "" {
		return raw
	}
	return withoutKey(raw, "id")
}
