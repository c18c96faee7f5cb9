package runner

import (
	"encoding/json"
	"maps"
	"slices"

	"runstream/internal/codec"
)

// invocation binds a call id to what is called with which arguments, so that
// what was approved is what runs, and once only. States keep a record for each
// call that a run has seen.
type invocation struct {
	Type        string
	Scope       string
	Fingerprint string
	// Executed is set before the tool runs, Completed once its output is in
	// the history.
	Executed  bool
	Completed bool

	// unwritten keeps a record out of states: the SDK has none of such calls.
	unwritten bool
	// unbound is a call that was decided on before there was one. It is none
	// until it is decided on, or runs.
	unbound bool
}

func (i *invocation) fields() codec.Fields {
	return codec.Fields{
		"type", &i.Type,
		"approval_scope", &i.Scope,
		"fingerprint", &i.Fingerprint,
		"executed", &i.Executed,
		"completed", &i.Completed,
	}
}

// ledger is the record of every call of a run, by call id.
type ledger map[string]invocation

// callIdentity is what a call is identified by.
type callIdentity struct {
	raw     json.RawMessage
	key     toolKey // of a function call
	name    string  // of another tool, where its call has none
	handoff bool
}

// fingerprintFields are the fields that make two calls different.
var fingerprintFields = [...]string{
	"name", "namespace", "server_label", "arguments", "input", "action", "actions", "pending_safety_checks",
	"operation", "operations", "environment", "caller",
}

// essentialFields are those without which a call of its type has no identity.
var essentialFields = map[string][]string{
	"function_call":        {"arguments"},
	"mcp_approval_request": {"arguments"},
	"custom_tool_call":     {"input"},
	"computer_call":        {"action", "actions"},
	"shell_call":           {"action"},
	"local_shell_call":     {"action"},
	"apply_patch_call":     {"operation", "operations"},
}

// invocation computes the record of a call; false for what has no identity, or
// two, as where it has a field twice.
func (c callIdentity) invocation() (callID string, record invocation, ok bool) {
	decoded, err := codec.ReadUnambiguous(c.raw)
	fields, isFields := decoded.(map[string]any)
	if err != nil || !isFields {
		return "", invocation{}, false
	}
	kind, _ := fields["type"].(string)
	callID, _ = fields["call_id"].(string)
	if kind == "mcp_approval_request" {
		callID, _ = fields["id"].(string)
	}
	essential, known := essentialFields[kind]
	if !known || callID == "" {
		return "", invocation{}, false
	}
	complete := false
	for _, field := range essential {
		complete = complete || fields[field] != nil
	}
	if !complete {
		return "", invocation{}, false
	}

	scope := map[string]any{"type": kind}
	if c.handoff {
		scope["invocation_role"] = "handoff"
	}
	name, _ := fields["name"].(string)
	switch kind {
	case "function_call":
		key := c.key
		if key.kind == "" {
			namespace, _ := fields["namespace"].(string)
			key = callKey(name, namespace)
		}
		scope["tool_lookup_key"] = key.list()
	case "mcp_approval_request":
		scope["name"] = fields["name"]
		scope["server_label"] = fields["server_label"]
	default:
		if c.name != "" {
			name = c.name
		}
		if name != "" {
			scope["name"] = name
		}
	}
	record = invocation{Type: kind, Scope: digest(scope), unwritten: kind == "computer_call" && fields["action"] == nil}

	print := map[string]any{"approval_scope": record.Scope, "type": kind}
	for _, field := range fingerprintFields {
		value := fields[field]
		if value == nil || kind == "function_call" && (field == "name" || field == "namespace") {
			continue
		}
		if text, isText := value.(string); field == "arguments" && isText {
			if parsed, err := codec.ReadExact([]byte(text)); err == nil {
				value = parsed
			}
		} else {
			value = withoutNulls(value)
		}
		print[field] = value
	}
	record.Fingerprint = digest(print)
	return callID, record, true
}

// matches compares a call with a record. Where it is not known how the call was
// meant, every way counts.
func (c callIdentity) matches(record invocation) bool {
	for _, c.handoff = range [...]bool{false, true} {
		_, made, ok := c.invocation()
		if ok && (made.same(record) || made.Type != "function_call" && c.name == "" && made.Type == record.Type) {
			return true
		}
	}
	return false
}

func (i invocation) same(other invocation) bool {
	return i.Type == other.Type && i.Scope == other.Scope && i.Fingerprint == other.Fingerprint
}

// register notes a call. A call id that was used for another call is a model's
// mistake, and so is a call that none can be told from; the same call again is
// reported as known.
func (l ledger) register(c callIdentity) (known bool, err error) {
	callID, record, ok := c.invocation()
	if !ok {
		return false, &ModelBehaviorError{Message: "The model's call cannot be told from others: its id, its arguments or its action are missing, or a field is there twice. Nothing was run."}
	}
	if _, known = l[callID]; !known {
		l[callID] = record
		return false, nil
	}
	return true, l.check(callID, record)
}

// checkMade compares a pending call with those of its id that the model made:
// what is decided on is what stands in the history.
func (l ledger) checkMade(items []json.RawMessage, c localCall) error {
	for _, raw := range items {
		if parseRawItem(raw).Type != c.item.parsed().Type {
			continue
		}
		made := identityOf(c.item)
		made.raw = raw
		_, record, _ := made.invocation() // of a call without what identifies it: an empty one
		if err := l.check(c.item.CallID(), record); err != nil {
			return err
		}
	}
	return nil
}

// checkItem compares a call of a state with its record, and with the tool that
// the state says it is of.
func (l ledger) checkItem(item *RunItem) error {
	head, key := item.parsed(), item.key
	if head.Type == "function_call" && (head.Name != key.name || key.kind == "namespaced" && head.Namespace != key.namespace) {
		return &ModelBehaviorError{Message: "Persisted tool identity does not match the tool call; restore a consistent state before resuming"}
	}
	_, record, _ := identityOf(item).invocation() // of a call without what identifies it: an empty one
	if _, known := l[item.CallID()]; known {
		return l.check(item.CallID(), record)
	}
	return nil
}

// check compares a call with the record of its id.
func (l ledger) check(callID string, record invocation) error {
	if !l[callID].same(record) {
		return &ModelBehaviorError{Message: "Model reused a tool call ID for a different invocation: the call does not match the one recorded before. Nothing was run."}
	}
	return nil
}

// forget takes back that calls were begun and answered; items are the calls, or
// their outputs.
func (l ledger) forget(items ...*RunItem) {
	for _, item := range items {
		if record, ok := l[item.CallID()]; ok {
			record.Executed, record.Completed = false, false
			l[item.CallID()] = record
		}
	}
}

// writtenLedger gives the records that the state's document has, as fields of an
// object. It says that a call is completed only where it shows the call with its
// output: a filter may have removed them, or the turn may have failed.
func (s *State) writtenLedger() []json.RawMessage {
	shown := s.shown()
	var fields []json.RawMessage
	for _, callID := range slices.Sorted(maps.Keys(s.ledger)) {
		record := s.ledger[callID]
		if record.unwritten || record.unbound {
			continue
		}
		record.Completed = record.Completed && shown.answered(callID)
		key := calledAs{callID, record.Fingerprint, record.Executed, record.Completed}
		fields = append(fields, s.graph.written.calls.once(key, func() json.RawMessage {
			return mustAppend(append(codec.AppendText(nil, callID), ':'), record.fields())
		}))
	}
	return fields
}

func (l ledger) markExecuted(callID string) { l.mark(callID, false) }

func (l ledger) markCompleted(callID string) { l.mark(callID, true) }

func (l ledger) mark(callID string, completed bool) {
	if record, ok := l[callID]; ok {
		record.Executed, record.unbound = true, false
		record.Completed = record.Completed || completed
		l[callID] = record
	}
}

func (l ledger) setUnbound(callID string, unbound bool) {
	if record, ok := l[callID]; ok {
		record.unbound = unbound
		l[callID] = record
	}
}

func (l ledger) clone() ledger {
	copied := make(ledger, len(l))
	for callID, record := range l {
		copied[callID] = record
	}
	return copied
}
