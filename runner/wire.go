package runner

import (
	"encoding/json"
)

// MarshalItem writes an item of the run as states write it.
func (r *StreamResult) MarshalItem(item *RunItem) json.RawMessage {
	return marshalItem(r.published().graph, item)
}

// MarshalAgent writes a reference to an agent as states write it.
func (r *StreamResult) MarshalAgent(agent *Agent) json.RawMessage {
	return mustMarshal(r.published().graph.ref(agent))
}

// MarshalFinalOutput writes the final output as JSON; null where there is none.
func (r *StreamResult) MarshalFinalOutput() json.RawMessage { return outputJSON(r.FinalOutput()) }

// Identity gives the text by which states refer to an agent of the run: its
// name, with a number where another agent has it too.
func (r *StreamResult) Identity(agent *Agent) string { return r.published().graph.identities[agent] }

// WaitingCall is a call that waits for a decision, and where in the document
// the decision is written. It is what a page needs to decide by itself.
type WaitingCall struct {
	Item      json.RawMessage `json:"item"`
	Name      string          `json:"name"`
	CallID    string          `json:"callId"`
	Arguments string          `json:"arguments"`
	Target    DecisionTarget  `json:"target"`
}

// DecisionTarget says where a decision goes: into which slot of a
// [SplitState], and under which records, the exact one first.
type DecisionTarget struct {
	Slot    int              `json:"slot"`
	Records []DecisionRecord `json:"records"`
	// Scope goes into a decision for all calls.
	Scope string `json:"scope"`
}

// DecisionRecord names one record of decisions.
type DecisionRecord struct {
	List     string          `json:"list"`
	Agent    json.RawMessage `json:"agent,omitempty"`
	ToolKey  string          `json:"tool_key,omitempty"`
	Identity json.RawMessage `json:"identity,omitempty"`
}

// Waiting gives the calls of [StreamResult.State] that wait for a decision, in
// call order.
func (r *StreamResult) Waiting() []WaitingCall {
	s, calls := r.published(), []WaitingCall{}
	interruptions := s.interruptions()
	if len(interruptions) == 0 {
		return calls // as between any two turns: nothing is to be found in the document
	}
	w := &documentWriter{split: &splitWriter{}, slots: map[*State]int{}}
	w.state(s)
	for _, item := range interruptions {
		owner := s.ownerOf(item)
		calls = append(calls, WaitingCall{
			Item: marshalItem(owner.graph, item), Name: item.ToolName, CallID: item.CallID(), Arguments: item.parsed().argumentsText(),
			Target: DecisionTarget{Slot: w.slots[owner], Scope: owner.ledger[item.CallID()].Scope, Records: owner.targets(item)},
		})
	}
	return calls
}

// targets names the records that a decision on a call goes into.
func (s *State) targets(item *RunItem) []DecisionRecord {
	head := item.parsed()
	switch head.Type {
	case "function_call":
		return []DecisionRecord{{List: "function_tool_approvals", Agent: mustMarshal(s.graph.ref(item.Agent)), ToolKey: item.key.approvalKey()}}
	case "mcp_approval_request":
		return []DecisionRecord{{List: "hosted_mcp_approvals", Identity: mcpIdentity(head)}}
	}
	return []DecisionRecord{{List: "approvals", ToolKey: item.ToolName}}
}
