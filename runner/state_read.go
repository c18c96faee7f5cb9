package runner

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"runstream/internal/codec"
)

// StateError says why a state document was refused. It names the field and
// never repeats a value: documents may hold what nobody else should read.
type StateError struct {
	// Field is the document's field, empty for the whole document.
	Field   string
	Message string
}

func (e *StateError) Error() string { return e.Message }

// Name implements [Error].
func (e *StateError) Name() string { return "UserError" }

// MaxStateSize, MaxStateDepth and MaxStateCalls limit the documents that
// [ParseState] reads: in bytes, in nested arrays and objects, and in calls of
// one kind that a turn waits for.
const (
	MaxStateSize  = 64 << 20
	MaxStateDepth = 200
	MaxStateCalls = 1000
)

// mostNested is how deep one value of a state may be, so that the document around
// it can be read again.
const mostNested = MaxStateDepth / 2

// nestedTooDeep goes on after what it is about.
func nestedTooDeep() string { return "is nested deeper than " + strconv.Itoa(mostNested) + " levels" }

// ParseState reads a RunState document, whichever language wrote it. start is
// the agent that the run was started with; agents are found by name among
// those that can be reached from it. Whatever is wrong with the document, the
// error is a [*StateError] and nothing runs; of agents that lack
// something, such as a tool that is nil, it is a [*UserError].
//
// A document is authority: it says which calls were approved. Read it only
// from where you would take that decision from.
func ParseState(data []byte, start *Agent) (*State, error) {
	if start == nil {
		return nil, &UserError{Message: "there is no agent to restore the state for; pass the agent that the run was started with"}
	}
	graph := newAgentGraph(start)
	if err := graph.complete(); err != nil {
		return nil, err
	}
	if err := checkDocument(data); err != nil {
		return nil, err
	}
	return parseState(slices.Clone(data), graph) // what is kept as it came is part of it
}

// parseState reads a document that is JSON of a size that may be.
func parseState(data []byte, graph *agentGraph) (*State, error) {
	fields, err := documentFields(data)
	if err != nil {
		return nil, err
	}
	r := &documentReader{fields: fields, graph: graph, minor: minorVersion(fields["$schemaVersion"])}
	s := r.state()
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

// checkDocument checks what must hold before anything of a document is read.
func checkDocument(data []byte) error {
	switch {
	case len(data) > MaxStateSize:
		return &StateError{"", "Run state is larger than " + strconv.Itoa(MaxStateSize>>20) + " MiB"}
	case !utf8.Valid(data):
		return &StateError{"", "Run state is not valid UTF-8"}
	case depth(data) > MaxStateDepth:
		return &StateError{"", "Run state is nested deeper than " + strconv.Itoa(MaxStateDepth) + " levels"}
	case !codec.Valid(data):
		return &StateError{"", "Failed to parse run state JSON"}
	}
	return nil
}

func documentFields(data []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if codec.Read(data, &fields) != nil || fields == nil {
		return nil, &StateError{"", "Run state JSON must be an object"}
	}
	return fields, checkVersion(fields["$schemaVersion"])
}

// newestMinor is the minor number of [SchemaVersion].
const newestMinor = 21

func checkVersion(raw json.RawMessage) error {
	const field = "$schemaVersion"
	if codec.IsFalsy(raw) {
		return &StateError{field, "Run state is missing schema version"}
	}
	if _, ok := rawText(raw); !ok {
		return &StateError{field, "Run state schema version has an invalid type"}
	}
	if minorVersion(raw) < 0 {
		return &StateError{field, "Run state schema version is not supported. Supported versions are 1.0 to " + SchemaVersion + ". New snapshots are written as version " + SchemaVersion + "."}
	}
	return nil
}

// minorVersion gives the minor number of a version that can be read, else -1.
func minorVersion(raw json.RawMessage) int {
	text, _ := rawText(raw)
	minor, isOne := strings.CutPrefix(text, "1.")
	n, err := strconv.Atoi(minor)
	if !isOne || err != nil || n < 0 || n > newestMinor || strconv.Itoa(n) != minor {
		return -1
	}
	return n
}

// depth is how deeply JSON text is nested.
func depth(data []byte) int {
	level, deepest := 0, 0
	inString := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

// documentReader reads fields until the first error.
type documentReader struct {
	fields map[string]json.RawMessage
	graph  *agentGraph
	minor  int // of the document's version
	err    error

	generated, turn itemIndex // the items of the run, and of the turn that waits
}

func (r *documentReader) fail(field, message string) {
	if r.err == nil {
		r.err = &StateError{field, message}
	}
}

// required reads a field that must be there.
func (r *documentReader) required(field string, to any) {
	raw, ok := r.fields[field]
	if !ok {
		r.fail(field, "Run state lacks the field "+field)
		return
	}
	r.decode(field, raw, to)
}

// optional reads a field that may be missing or null.
func (r *documentReader) optional(field string, to any) {
	if raw := r.fields[field]; !codec.IsNull(raw) {
		r.decode(field, raw, to)
	}
}

// given says whether a field is there, which then must not be null.
func (r *documentReader) given(field string, raw json.RawMessage) bool {
	if raw != nil && codec.IsNull(raw) {
		r.fail(field, "Run state field "+field+" is null")
	}
	return raw != nil && r.err == nil
}

func (r *documentReader) tooMany(field string, calls int) bool {
	if calls > MaxStateCalls {
		r.fail(field, "Run state field "+field+" has more than "+strconv.Itoa(MaxStateCalls)+" calls")
	}
	return calls > MaxStateCalls
}

func (r *documentReader) decode(field string, raw json.RawMessage, to any) {
	if codec.Read(raw, to) != nil {
		r.fail(field, "Run state field "+field+" has an invalid type")
	}
}

func (r *documentReader) state() *State {
	s := &State{graph: r.graph, usage: &usageMeter{}, approvals: approvalStore{named: map[string]*decisionRecord{}}, ledger: ledger{}}
	for _, read := range []func(*State){
		func(s *State) { s.agent = r.currentAgent() },
		r.turns,
		func(s *State) { s.original = r.originalInput() },
		r.pendingInput, r.modelResponses, r.context, r.tracker, r.carried, r.sandbox, r.allGuardrails,
		r.history, r.programs, r.step, r.completed, r.held,
	} {
		if read(s); r.err != nil {
			return nil // later fields are read in the light of earlier ones
		}
	}
	untouched := s.step != stepInterrupted && len(s.responses)+len(s.items)+len(s.generated) == 0
	s.fresh = untouched && s.turn == 0 && s.carried.PendingSessionWrite == nil
	s.parsed, s.saysGuarded = true, r.minor >= 20
	s.unguarded = untouched && !s.saysGuarded
	return s
}

func (r *documentReader) allGuardrails(s *State) {
	s.inputGuardrails = r.guardrails("input_guardrail_results")
	s.outputGuardrails = r.guardrails("output_guardrail_results")
	s.toolInputGuardrails = r.toolGuardrails("tool_input_guardrail_results")
	s.toolOutputGuardrails = r.toolGuardrails("tool_output_guardrail_results")
}

func (r *documentReader) turns(s *State) {
	var maxTurns *int
	r.required("current_turn", &s.turn)
	r.required("max_turns", &maxTurns)
	if s.turn < 0 {
		r.fail("current_turn", "Run state field current_turn is negative")
	}
	if maxTurns != nil {
		if s.maxTurns = *maxTurns; s.maxTurns < 1 {
			r.fail("max_turns", "Run state field max_turns allows no turn; null is no limit")
		}
	}
	if r.optional("current_turn_persisted_item_count", &s.persisted); s.persisted < 0 {
		r.fail("current_turn_persisted_item_count", "Run state field current_turn_persisted_item_count is negative")
	}
}

func (r *documentReader) currentAgent() *Agent {
	raw, ok := r.fields["current_agent"]
	if !ok {
		r.fail("current_agent", "Run state lacks the field current_agent")
		return nil
	}
	agent := r.agent("current_agent", raw)
	if agent == nil {
		r.fail("current_agent", "Run state agent not found in agent map")
	}
	return agent
}

// agent resolves a reference; a bare name is one too.
func (r *documentReader) agent(field string, raw json.RawMessage) *Agent {
	if name, ok := rawText(raw); ok {
		return r.graph.find(agentRef{Name: name})
	}
	if !isObject(raw) {
		return nil
	}
	var name, identity string
	_ = codec.Read(raw, codec.Fields{"name", &name, "identity", &identity}) // what is no text is not known
	if identity != "" && r.graph.byIdentity[identity] == nil {
		r.fail(field, "Run state references an agent identity that is not present in the restored graph")
	}
	return r.graph.find(agentRef{name, identity})
}

func (r *documentReader) originalInput() conversationInput {
	raw, ok := r.fields["original_input"]
	if !ok {
		r.fail("original_input", "Run state lacks the field original_input")
	}
	r.given("original_input", raw)
	if text, isText := rawText(raw); isText {
		return textInput(text)
	}
	in := conversationInput{isItems: true}
	r.decode("original_input", raw, &in.items)
	if checkItems(in.items) != nil {
		r.fail("original_input", "Run state field original_input has an entry that is not an object")
	}
	return in
}

func (r *documentReader) pendingInput(s *State) {
	raw, ok := r.fields["pending_input"]
	if !ok {
		return
	}
	if codec.IsNull(raw) || codec.Read(raw, &s.pending) != nil {
		r.fail("pending_input", "Run state pending_input must be a list")
	}
	if checkItems(s.pending) != nil {
		r.fail("pending_input", "Run state field pending_input has an entry that is not an object")
	}
}

func (r *documentReader) modelResponses(s *State) {
	raw, ok := r.fields["model_responses"]
	if !ok {
		return
	}
	var responses []wireModelResponse
	if codec.IsNull(raw) {
		r.fail("model_responses", "Run state field model_responses must be a list")
		return
	}
	r.decode("model_responses", raw, codec.List(&responses, (*wireModelResponse).fields))
	for _, response := range responses {
		if response.Output == nil || slices.ContainsFunc(response.Output, func(raw json.RawMessage) bool { return !isReadable(raw) }) {
			r.fail("model_responses", "Run state field model_responses has an entry without a readable output")
			return
		}
		s.responses = append(s.responses, &ModelResponse{
			Usage: response.Usage.usage(), Output: response.Output, ResponseID: textOf(response.ResponseID), RequestID: textOf(response.RequestID),
		})
	}
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func (r *documentReader) tracker(s *State) {
	var used map[string]json.RawMessage
	r.optional("tool_use_tracker", &used)
	for _, agent := range r.graph.agents {
		var names []string
		if raw, ok := used[r.graph.identities[agent]]; ok {
			r.decode("tool_use_tracker", raw, &names)
			s.tools = append(s.tools, agentTools{agent, names})
		}
	}
}

func (r *documentReader) carried(s *State) {
	c := &s.carried
	r.optional("conversation_id", &c.ConversationID)
	r.optional("previous_response_id", &c.PreviousResponseID)
	r.optional("auto_previous_response_id", &c.AutoPreviousResponseID)
	r.optional("generated_prompt_cache_key", &c.PromptCacheKey)
	r.optional("reasoning_item_id_policy", &c.ReasoningItemIDPolicy)
	if write := r.fields["pending_session_write"]; !codec.IsNull(write) {
		c.PendingSessionWrite = write
	}
	if trace := r.fields["trace"]; !codec.IsNull(trace) {
		c.Trace = trace
	}
	if terminal := r.fields["terminal_unrecoverable"]; !codec.IsNull(terminal) {
		if c.Terminal = r.minor >= 17 && string(terminal) == "true"; !c.Terminal {
			r.fail("terminal_unrecoverable", "Run state terminal marker is invalid")
		}
	}
	r.optional("final_output_pending", codec.Maybe(&c.FinalPending, (*pendingFinal).fields))
}

// context reads usage, decisions and the ledger.
func (r *documentReader) context(s *State) {
	var context struct {
		usage       stateUsage
		approvals   map[string]json.RawMessage
		functions   json.RawMessage
		hosted      []decisionEntry
		invocations json.RawMessage
		context     json.RawMessage
		meta        json.RawMessage
		toolInput   json.RawMessage
	}
	r.required("context", codec.Fields{
		"usage", context.usage.fields(),
		"approvals", &context.approvals,
		"function_tool_approvals", &context.functions,
		"hosted_mcp_approvals", codec.List(&context.hosted, (*decisionEntry).fields),
		"tool_invocations", &context.invocations,
		"context", &context.context,
		"context_meta", &context.meta,
		"tool_input", &context.toolInput,
	})
	if codec.IsNull(r.fields["context"]) {
		r.fail("context", "Run state field context must be an object")
	}
	s.usage.total = context.usage.usage()
	for key, raw := range context.approvals {
		var record *decisionRecord
		r.decode("context", raw, codec.Maybe(&record, (*decisionRecord).fields))
		if record != nil {
			record.unscoped = r.minor < 15 && record.StickyScope == ""
			s.approvals.named[key] = record
		}
	}
	for _, entry := range context.hosted {
		if entry.Decision != nil && r.minor >= 14 {
			entry.Decision.unscoped = r.minor < 15 && entry.Decision.StickyScope == ""
			s.approvals.hosted = append(s.approvals.hosted, hostedApproval{entry.Identity, entry.Decision})
		}
	}
	r.functionApprovals(s, context.functions)
	r.invocations(s, context.invocations)
	if !codec.IsNull(context.context) {
		if !isObject(context.context) {
			r.fail("context.context", "Serialized run state context must be a mapping. Please provide one.")
		}
		s.carried.Context = context.context
	}
	if !codec.IsNull(context.toolInput) {
		s.carried.ToolInput = context.toolInput
	}
	if !codec.IsNull(context.meta) {
		s.carried.ContextMeta = context.meta
	}
}

// decisionEntry holds the decisions on a hosted tool, or on a function tool.
type decisionEntry struct {
	Identity json.RawMessage
	Agent    json.RawMessage
	ToolKey  string
	Decision *decisionRecord
}

func (e *decisionEntry) fields() codec.Fields {
	return codec.Fields{
		"identity", &e.Identity,
		"agent", &e.Agent,
		"tool_key", &e.ToolKey,
		"decision", codec.Maybe(&e.Decision, (*decisionRecord).fields),
	}
}

func (r *documentReader) functionApprovals(s *State, raw json.RawMessage) {
	const field = "context.function_tool_approvals"
	if raw == nil {
		return
	}
	var entries []decisionEntry
	if codec.IsNull(raw) || codec.Read(raw, codec.List(&entries, (*decisionEntry).fields)) != nil {
		r.fail(field, "Run state function_tool_approvals must be a list of decisions")
		return
	}
	if len(entries) > 0 && r.minor < 18 {
		r.fail(field, "Run state function_tool_approvals requires schema 1.18")
		return
	}
	for _, entry := range entries {
		owner := r.agent(field, entry.Agent)
		if owner == nil || entry.ToolKey == "" || entry.Decision == nil {
			r.fail(field, "Run state function_tool_approvals has an invalid entry or an unknown owner")
			return
		}
		s.approvals.functions = append(s.approvals.functions, functionApproval{owner, entry.ToolKey, entry.Decision})
	}
}

func (r *documentReader) invocations(s *State, raw json.RawMessage) {
	const field = "context.tool_invocations"
	if raw == nil || r.minor < 15 {
		return
	}
	var records map[string]json.RawMessage
	if codec.IsNull(raw) || codec.Read(raw, &records) != nil {
		r.fail(field, "RunState tool_invocations must be a mapping.")
		return
	}
	for callID, rawRecord := range records {
		var kind, scope, fingerprint string
		var executed, completed *bool
		fields := codec.Fields{
			"type", &kind, "approval_scope", &scope, "fingerprint", &fingerprint, "executed", &executed, "completed", &completed,
		}
		switch {
		case callID == "":
			r.fail(field, "RunState tool_invocations contains an invalid call ID.")
		case !isObject(rawRecord):
			r.fail(field, "RunState tool invocation must be a mapping.")
		case codec.Read(rawRecord, fields) != nil, essentialFields[kind] == nil, !isDigest(scope), !isDigest(fingerprint),
			executed == nil, completed == nil, *completed && !*executed:
			r.fail(field, "RunState tool invocation contains invalid lifecycle data.")
		default:
			s.ledger[callID] = invocation{Type: kind, Scope: scope, Fingerprint: fingerprint, Executed: *executed, Completed: *completed}
		}
	}
}

func isDigest(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}
