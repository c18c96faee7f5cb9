package runner

import (
	"encoding/json"
	"strconv"

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

// WriteJSON implements [codec.Writable].
func (l ledger) WriteJSON(w *codec.Writer) {
	records := make(map[string]any, len(l))
	for callID, record := range l {
		records[callID] = record.fields()
	}
	w.Value(records)
}

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

// invocation computes the record of a call; false for what has no identity.
func (c callIdentity) invocation() (callID string, record invocation, ok bool) {
	decoded, err := codec.ReadExact(c.raw)
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

// register notes a call. A call id that was used for another call is a model's
// mistake; the same call again is reported as known.
func (l ledger) register(c callIdentity) (known bool, err error) {
	callID, record, ok := c.invocation()
	if !ok {
		return false, nil
	}
	before, known := l[callID]
	if !known {
		l[callID] = record
		return false, nil
	}
	if before.Type != record.Type || before.Scope != record.Scope || before.Fingerprint != record.Fingerprint {
		return true, &ModelBehaviorError{Message: "Model reused a tool call ID for a different invocation: call " +
			strconv.Quote(callID) + " does not match the call recorded before. Nothing was run."}
	}
	return true, nil
}

// forget takes back that calls were answered.
func (l ledger) forget(outputs []*RunItem) {
	for _, output := range outputs {
		if record, ok := l[output.CallID()]; ok {
			record.Executed, record.Completed = false, false
			l[output.CallID()] = record
		}
	}
}

// writtenLedger gives the records that the state's document has. It says that a
// call is completed only where it shows the call with its output: a filter may
// have removed them, or the turn may have failed.
func (s *State) writtenLedger() ledger {
	shown := s.shown()
	records := ledger{}
	for callID, record := range s.ledger {
		if !record.unwritten {
			record.Completed = record.Completed && shown.answered(callID)
			records[callID] = record
		}
	}
	return records
}

func (l ledger) markExecuted(callID string) { l.mark(callID, false) }

func (l ledger) markCompleted(callID string) { l.mark(callID, true) }

func (l ledger) mark(callID string, completed bool) {
	if record, ok := l[callID]; ok {
		record.Executed = true
		record.Completed = record.Completed || completed
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
