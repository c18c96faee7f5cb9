package runner

import (
	"encoding/json"
	"strings"

	"runstream/internal/codec"
)

// SchemaVersion is the version of the state documents that this package
// writes. It reads every one that the Agents SDK has written, from 1.0 on.
const SchemaVersion = "1.21"

// MarshalJSON writes the state as the RunState document of the Agents SDK for
// Python. The document is authority: it says what was approved. Keep it where
// only those who may approve can write.
func (s *State) MarshalJSON() ([]byte, error) {
	if err := s.lock(); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	w := &documentWriter{}
	w.state(s)
	return w.buf, nil
}

// documentWriter writes a document key by key, in the order of the SDK.
type documentWriter struct {
	buf   []byte
	split *splitWriter   // nil: one piece
	slots map[*State]int // the slots of contexts, where they are asked for
}

func (w *documentWriter) open(bracket byte) { w.buf = append(w.buf, bracket) }

func (w *documentWriter) close(bracket byte) { w.buf = append(w.buf, bracket) }

// next writes the comma before all but the first element.
func (w *documentWriter) next() {
	if w.split.isCut(len(w.buf)) || len(w.buf) > 0 && !strings.ContainsRune("{[:,", rune(w.buf[len(w.buf)-1])) {
		w.buf = append(w.buf, ',')
	}
}

func (w *documentWriter) key(name string) {
	w.next()
	w.buf = append(append(append(w.buf, '"'), name...), '"', ':')
}

func (w *documentWriter) field(name string, value any) {
	w.key(name)
	w.buf = mustAppend(w.buf, value)
}

// raw writes JSON that is kept as it came; null where there is none.
func (w *documentWriter) raw(name string, value json.RawMessage) {
	w.key(name)
	if value == nil {
		value = json.RawMessage("null")
	}
	w.buf = append(w.buf, value...)
}

// slot writes fields that a page may edit.
func (w *documentWriter) slot(write func(w *documentWriter)) {
	w.next()
	inner := &documentWriter{}
	inner.open('{')
	write(inner)
	inner.close('}')
	if w.split == nil {
		w.buf = append(w.buf, inner.buf[1:len(inner.buf)-1]...)
		return
	}
	w.split.state.Slots = append(w.split.state.Slots, inner.buf)
	w.split.cut(len(w.buf), StatePiece{Slot: true})
}

// elements writes what is in a list or an object, commas between.
func (w *documentWriter) elements(elements []json.RawMessage) {
	if w.split != nil && len(elements) > 0 {
		w.split.cut(len(w.buf), StatePiece{Shared: elements})
		return
	}
	for _, element := range elements {
		w.next()
		w.buf = append(w.buf, element...)
	}
}

func (w *documentWriter) list(name string, elements []json.RawMessage) {
	w.key(name)
	w.open('[')
	w.elements(elements)
	w.close(']')
}

func (w *documentWriter) state(s *State) {
	w.open('{')
	w.field("$schemaVersion", SchemaVersion)
	w.field("current_turn", s.turn)
	w.field("current_agent", s.graph.ref(s.agent))
	if s.original.isItems {
		w.list("original_input", s.writtenInput())
	} else {
		w.field("original_input", s.original.text)
	}
	w.pendingInput(s)
	responses := s.writtenResponses()
	w.list("model_responses", responses)
	w.context(s)
	tracker := map[string]any{}
	for _, used := range s.tools {
		tracker[s.graph.identities[used.agent]] = nonNil(used.names)
	}
	w.field("tool_use_tracker", tracker)
	if s.maxTurns > 0 {
		w.field("max_turns", s.maxTurns)
	} else {
		w.raw("max_turns", nil)
	}
	w.field("no_active_agent_run", true)
	c := s.carried
	w.field("input_guardrail_results", writeGuardrails(s.graph, "input", s.inputGuardrails))
	w.field("output_guardrail_results", writeGuardrails(s.graph, "output", s.outputGuardrails))
	w.field("tool_input_guardrail_results", writeToolGuardrails("tool_input", s.toolInputGuardrails))
	w.field("tool_output_guardrail_results", writeToolGuardrails("tool_output", s.toolOutputGuardrails))
	w.field("conversation_id", &c.ConversationID)
	w.field("previous_response_id", &c.PreviousResponseID)
	w.field("auto_previous_response_id", c.AutoPreviousResponseID)
	w.field("generated_prompt_cache_key", &c.PromptCacheKey)
	w.field("reasoning_item_id_policy", &c.ReasoningItemIDPolicy)
	refs := ownedRefs(s)
	w.field("nested_history_owned_session_item_refs", codec.List(&refs, (*ownedRef).fields))
	w.field("generated_session_item_indexes", sessionIndexes(s.generated, s.items))
	if owned := ownership(s); owned != nil {
		w.field("current_response_generated_item_ownership", owned.fields())
	}
	w.items("generated_items", s.graph, s.generated)
	w.items("session_items", s.graph, s.items)
	w.step(s)
	w.key("last_model_response")
	if len(responses) > 0 {
		w.elements(responses[len(responses)-1:])
	} else {
		w.buf = append(w.buf, "null"...)
	}
	w.work(s)
	w.field("current_turn_persisted_item_count", s.persisted)
	w.held(s)
	if c.Terminal {
		w.field("terminal_unrecoverable", true)
	}
	if c.FinalPending != nil {
		w.field("final_output_pending", c.FinalPending.fields())
	}
	w.raw("trace", c.Trace)
	if c.Sandbox != nil {
		w.raw("sandbox", c.Sandbox)
	}
	w.close('}')
}

// pendingInput writes what a page may add to, where [State.AddInput] would.
func (w *documentWriter) pendingInput(s *State) {
	write := func(w *documentWriter) { w.field("pending_input", nonNil(s.pending)) }
	if s.carried.Terminal || s.step == stepInterrupted && s.mayEndByTool() {
		write(w)
	} else {
		w.slot(write)
	}
}

func (w *documentWriter) context(s *State) {
	w.key("context")
	w.open('{')
	w.usage(s)
	if w.slots != nil {
		w.slots[s] = len(w.split.state.Slots)
	}
	w.slot(func(w *documentWriter) { w.approvals(s) })
	w.key("tool_invocations")
	w.open('{')
	w.elements(s.writtenLedger())
	w.close('}')
	meta := s.carried.ContextMeta
	if meta == nil {
		meta = json.RawMessage(`{"original_type":"none","serialized_via":"none","requires_deserializer":false,"omitted":false}`)
	}
	w.raw("context", s.carried.Context)
	w.raw("context_meta", meta)
	if s.carried.ToolInput != nil {
		w.raw("tool_input", s.carried.ToolInput)
	}
	w.close('}')
}

func (w *documentWriter) approvals(s *State) {
	named := map[string]any{}
	for tool, record := range s.approvals.named {
		named[tool] = record.fields()
	}
	w.field("approvals", named)
	var functions, hosted []any
	for _, entry := range s.approvals.functions {
		functions = append(functions, codec.Fields{"agent", s.graph.ref(entry.agent), "tool_key", entry.key, "decision", entry.record.fields()})
	}
	if len(functions) > 0 {
		w.field("function_tool_approvals", functions)
	}
	for _, entry := range s.approvals.hosted {
		hosted = append(hosted, codec.Fields{"identity", entry.identity, "decision", entry.record.fields()})
	}
	if len(hosted) > 0 {
		w.field("hosted_mcp_approvals", hosted)
	}
}

func (w *documentWriter) items(name string, graph *agentGraph, items []*RunItem) {
	written := make([]json.RawMessage, len(items))
	for i, item := range items {
		written[i] = graph.written.items.once(item, func() json.RawMessage { return marshalItem(graph, item) })
	}
	w.list(name, written)
}

func (w *documentWriter) step(s *State) {
	switch s.step {
	case stepModel:
		w.raw("current_step", nil)
	case stepRunAgain:
		w.field("current_step", map[string]string{"type": "next_step_run_again"})
	case stepInterrupted:
		w.key("current_step")
		w.open('{')
		w.field("type", "next_step_interruption")
		w.key("data")
		w.open('{')
		w.items("interruptions", s.graph, s.work.interruptions)
		w.field("response_accepted", false)
		w.field("llm_end_hooks_started", true)
		w.close('}')
		w.close('}')
	}
}

// work writes what the interrupted turn still has to do.
func (w *documentWriter) work(s *State) {
	if s.work == nil || s.step != stepInterrupted {
		w.raw("last_processed_response", nil)
		return
	}
	w.key("last_processed_response")
	w.open('{')
	w.items("new_items", s.graph, s.work.items)
	w.field("tools_used", nonNil(s.work.toolsUsed))
	for _, list := range actionLists {
		w.calls(s, list)
	}
	w.key("handoffs")
	w.open('[')
	for _, call := range s.work.handoffs {
		w.next()
		w.open('{')
		w.raw("tool_call", call.item.Raw)
		w.field("handoff", map[string]string{"tool_name": call.name})
		w.close('}')
	}
	w.close(']')
	w.key("mcp_approval_requests")
	w.open('[')
	for _, request := range s.work.mcpRequests {
		w.next()
		w.open('{')
		w.field("request_item", map[string]json.RawMessage{"raw_item": request.Raw})
		w.field("mcp_tool", namedServer(request))
		w.close('}')
	}
	w.close(']')
	w.items("interruptions", s.graph, s.work.interruptions)
	bindings := map[string]any{}
	for callID, b := range s.work.bindings {
		bindings[callID] = []any{b.Server, b.Tool, b.index()}
	}
	w.field("mcp_tool_bindings", bindings)
	w.close('}')
}

// actionLists names the lists of pending calls, and the tool in their entries.
var actionLists = [...]struct {
	name, tool string
	kind       callKind
}{
	{"functions", "tool", functionCalls},
	{"computer_actions", "computer", computerCalls},
	{"custom_tool_actions", "custom_tool", customCalls},
	{"local_shell_actions", "local_shell", localShellCalls},
	{"shell_actions", "shell", shellCalls},
	{"apply_patch_actions", "apply_patch", patchCalls},
}

func (w *documentWriter) calls(s *State, list struct {
	name, tool string
	kind       callKind
}) {
	w.key(list.name)
	w.open('[')
	for _, c := range s.work.calls {
		if c.kind != list.kind {
			continue
		}
		w.next()
		w.open('{')
		w.raw("tool_call", c.item.Raw)
		if c.described != nil {
			w.raw(list.tool, c.described)
		} else {
			described := describeCalled(c)
			w.field(list.tool, described.fields())
		}
		if c.paused != nil {
			w.key("agent_run_state")
			w.state(c.paused)
		}
		w.close('}')
	}
	w.close(']')
}

// calledTool describes a called tool.
type calledTool struct {
	Name          string
	LookupKey     *lookupKey
	Namespace     string
	QualifiedName string
	Description   *string
	Parameters    json.RawMessage
}

func (c *calledTool) fields() codec.Fields {
	return codec.Fields{
		"name", &c.Name,
		"lookupKey,omitempty", codec.Maybe(&c.LookupKey, (*lookupKey).fields),
		"namespace,omitempty", &c.Namespace,
		"qualifiedName,omitempty", &c.QualifiedName,
		"description,omitempty", &c.Description,
		"paramsJsonSchema,omitempty", &c.Parameters,
	}
}

func describeCalled(c localCall) calledTool {
	described := calledTool{Name: c.item.ToolName}
	switch tool := c.tool.(type) {
	case *FunctionTool:
		described.Description, described.Parameters = &tool.Description, tool.Parameters
	case *CustomTool:
		described.Description = &tool.Description
	}
	if c.kind == functionCalls {
		described.LookupKey = c.item.key.lookup()
		if c.item.key.kind == "namespaced" {
			described.Namespace, described.QualifiedName = c.item.key.namespace, usedName(c.item.key)
		}
	}
	return described
}

// namedServer is the hosted MCP tool of a request as states have it: its label, by
// which readers find the agent's own. Its configuration has the server's keys.
func namedServer(request *RunItem) codec.Fields {
	return codec.Fields{"name", "hosted_mcp", "tool_config", codec.Fields{"type", "mcp", "server_label", request.parsed().ServerLabel}}
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
