package runner

import (
	"encoding/json"
	"maps"
	"slices"

	"runstream/internal/codec"
)

// decisionSide is one side of a decision record: all calls, or call ids.
type decisionSide struct {
	all     bool
	none    bool // written as false, which an always-reject leaves behind
	callIDs []string
}

// WriteJSON implements [codec.Writable].
func (s *decisionSide) WriteJSON(w *codec.Writer) {
	if s.all || s.none {
		w.Value(s.all)
	} else {
		w.Value(nonNil(s.callIDs))
	}
}

// ReadJSON implements [codec.Reader].
func (s *decisionSide) ReadJSON(value []byte) error {
	if codec.Read(value, &s.all) == nil {
		s.none = !s.all
		return nil
	}
	return codec.Read(value, &s.callIDs)
}

func (s *decisionSide) add(callID string) {
	if !s.all && !slices.Contains(s.callIDs, callID) {
		s.callIDs, s.none = append(s.callIDs, callID), false
	}
}

func (s *decisionSide) remove(callID string) {
	s.callIDs = slices.DeleteFunc(s.callIDs, func(id string) bool { return id == callID })
}

// decisionRecord holds the decisions on one tool. A decision on one call beats
// one on all calls; of these, approval beats rejection.
type decisionRecord struct {
	Approved      decisionSide
	Rejected      decisionSide
	Messages      map[string]string
	StickyMessage *string
	StickyScope   string

	// unscoped: the document is from before scopes; the first call that the
	// decision holds for gives it its own.
	unscoped bool
}

func (d *decisionRecord) fields() codec.Fields {
	return codec.Fields{
		"approved", &d.Approved,
		"rejected", &d.Rejected,
		"rejection_messages,omitempty", &d.Messages,
		"sticky_rejection_message,omitempty", &d.StickyMessage,
		"sticky_scope,omitempty", &d.StickyScope,
	}
}

// decide writes a decision into the record. One on all calls leaves alone what
// was said of single ones, which it is not to overrule: the SDK forgets that. It
// has a twin in web/src/decisions.ts, held alike by the vectors in
// testdata/decisions.json.
func (r *decisionRecord) decide(callID, scope string, d Decision) {
	switch {
	case d.Always && d.Approve:
		r.Rejected.remove(callID)
		others := r.Rejected.callIDs
		maps.DeleteFunc(r.Messages, func(id, _ string) bool { return !slices.Contains(others, id) })
		*r = decisionRecord{Approved: decisionSide{all: true}, Rejected: decisionSide{callIDs: others}, Messages: r.Messages, StickyScope: scope}
	case d.Always:
		r.Approved.remove(callID)
		r.Approved = decisionSide{none: len(r.Approved.callIDs) == 0, callIDs: r.Approved.callIDs}
		r.Rejected, r.StickyScope = decisionSide{all: true}, scope
		r.setMessage(callID, d.Message)
		r.StickyMessage = d.Message
	case d.Approve:
		r.Rejected.remove(callID)
		r.Approved.add(callID)
		r.setMessage(callID, nil)
	default:
		r.Approved.remove(callID)
		r.Rejected.add(callID)
		r.setMessage(callID, d.Message)
	}
}

// forgetCall removes a decision on one call.
func (r *decisionRecord) forgetCall(callID string) {
	r.Approved.remove(callID)
	r.Rejected.remove(callID)
	r.setMessage(callID, nil)
}

// forget removes a decision on one call, and what holds for all calls.
func (r *decisionRecord) forget(callID string) {
	r.forgetCall(callID)
	r.Approved.all, r.Rejected.all, r.StickyScope, r.StickyMessage = false, false, "", nil
}

func (r *decisionRecord) setMessage(callID string, message *string) {
	if message == nil {
		delete(r.Messages, callID)
		return
	}
	if r.Messages == nil {
		r.Messages = map[string]string{}
	}
	r.Messages[callID] = *message
}

// verdict is what was decided on a call.
type verdict int

const (
	undecided verdict = iota
	approved
	rejected
)

// verdict reads the decision on a call. Only a decision bound to the call
// counts: for one call by its record in the ledger, for all calls by scope.
func (r *decisionRecord) verdict(callID, scope string, owned bool) (v verdict, message *string) {
	switch {
	case slices.Contains(r.Approved.callIDs, callID):
		return approved, nil
	case slices.Contains(r.Rejected.callIDs, callID):
		return rejected, r.message(callID)
	case owned && r.unscoped && (r.Approved.all || r.Rejected.all) && scope != "":
		r.StickyScope, r.unscoped = scope, false
	}
	switch {
	case !owned || scope == "" || r.StickyScope != scope:
		return undecided, nil
	case r.Approved.all:
		return approved, nil
	case r.Rejected.all:
		if m := r.message(callID); m != nil {
			return rejected, m
		}
		return rejected, r.StickyMessage
	}
	return undecided, nil
}

func (r *decisionRecord) message(callID string) *string {
	if text, ok := r.Messages[callID]; ok {
		return &text
	}
	return nil
}

func (r *decisionRecord) clone() *decisionRecord {
	copied := *r
	copied.Approved.callIDs = slices.Clone(r.Approved.callIDs)
	copied.Rejected.callIDs = slices.Clone(r.Rejected.callIDs)
	if r.Messages != nil {
		copied.Messages = map[string]string{}
		for callID, text := range r.Messages {
			copied.Messages[callID] = text
		}
	}
	return &copied
}

// functionApproval holds the decisions on one agent's function tool.
type functionApproval struct {
	agent  *Agent
	key    string
	record *decisionRecord
}

// approvalStore holds every decision of a run.
type approvalStore struct {
	functions []functionApproval
	// named holds the decisions on other tools by tool name, and those on
	// function tools that old states wrote without their owner.
	named map[string]*decisionRecord
	// hosted holds the decisions on hosted MCP tools by identity.
	hosted []hostedApproval
}

type hostedApproval struct {
	identity json.RawMessage
	record   *decisionRecord
}

// function finds the record of an agent's tool, and makes it if asked to.
func (s *approvalStore) function(agent *Agent, key string, create bool) *decisionRecord {
	for _, entry := range s.functions {
		if entry.agent == agent && entry.key == key {
			return entry.record
		}
	}
	if !create {
		return nil
	}
	record := &decisionRecord{}
	s.functions = append(s.functions, functionApproval{agent, key, record})
	return record
}

// functionVerdict reads the decision on a function call.
func (s *approvalStore) functionVerdict(agent *Agent, key, callID, scope string) (verdict, *string) {
	if record := s.function(agent, key, false); record != nil {
		if v, message := record.verdict(callID, scope, true); v != undecided {
			return v, message
		}
	}
	if record := s.named[key]; record != nil {
		return record.verdict(callID, scope, false)
	}
	return undecided, nil
}

// mcpIdentity identifies a hosted MCP tool by its server and name, or a single
// request where the server is not known.
func mcpIdentity(request *rawItem) json.RawMessage {
	if request.ServerLabel == "" {
		return mustMarshal(codec.Fields{"type", "request", "request_id", request.ID})
	}
	return mustMarshal(codec.Fields{"type", "server_tool", "server_label", request.ServerLabel, "tool_name", request.Name})
}

// hostedRecord finds the record of a hosted MCP tool, and makes it if asked to.
func (s *approvalStore) hostedRecord(identity json.RawMessage, create bool) *decisionRecord {
	for _, entry := range s.hosted {
		if sameRaw(entry.identity, identity) {
			return entry.record
		}
	}
	if !create {
		return nil
	}
	record := &decisionRecord{}
	s.hosted = append(s.hosted, hostedApproval{identity, record})
	return record
}

func (s *approvalStore) clone() approvalStore {
	copied := approvalStore{named: map[string]*decisionRecord{}}
	for _, entry := range s.functions {
		copied.functions = append(copied.functions, functionApproval{entry.agent, entry.key, entry.record.clone()})
	}
	for key, record := range s.named {
		copied.named[key] = record.clone()
	}
	for _, entry := range s.hosted {
		copied.hosted = append(copied.hosted, hostedApproval{entry.identity, entry.record.clone()})
	}
	return copied
}
