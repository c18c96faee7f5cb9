package runner

import (
	"encoding/json"
	"slices"

	"runstream/internal/codec"
)

// work reads what the interrupted turn still has to do. Its items are found
// again among those of the run.
func (r *documentReader) work(s *State, interruptions []*RunItem) {
	const field = "last_processed_response"
	lists := map[string]json.RawMessage{}
	r.optional(field, &lists)
	switch {
	case s.agent == nil: // told already
		return
	case codec.IsNull(r.fields[field]):
		r.fail(field, "No processed response found in previous state")
		return
	case len(s.responses) == 0:
		r.fail("model_responses", "No model response found in previous state")
		return
	}
	w := &turnWork{response: s.responses[len(s.responses)-1]}
	if raw := lists["tools_used"]; !codec.IsNull(raw) {
		r.decode(field+".tools_used", raw, &w.toolsUsed)
	}
	newItems, _ := r.items(field+".new_items", lists["new_items"])
	for _, item := range newItems {
		w.items = append(w.items, same(s.generated, item))
	}
	for _, list := range actionLists {
		r.calls(s, w, list.name, list.tool, list.kind, lists[list.name])
	}
	w.unplaced = !r.ownsInterruptions()
	for _, item := range interruptions {
		w.interruptions = append(w.interruptions, w.interruption(s, item))
	}
	r.missingCalls(s, w)
	w.calls = byKind(w.calls)
	r.handoffs(s, w, lists["handoffs"])
	r.mcpRequests(s, w, lists["mcp_approval_requests"])
	r.mcpBindings(s, w, lists["mcp_tool_bindings"])
	s.work = w
	if r.minor < 15 {
		rebuildLedger(s)
	}
	r.bind(s)
}

// bind notes the waiting calls that the ledger lacks. What the document says
// was decided on one of them is bound to no call and counts for nothing: it is
// asked for again. Before 1.15 documents had no ledger.
func (r *documentReader) bind(s *State) {
	hasLedger := r.minor >= 15
	for _, item := range slices.Concat(s.work.interruptions, s.work.mcpRequests) {
		if s.isNested(item) {
			continue // its own run has bound it
		}
		if item.CallID() == "" || item.parsed().Type == "function_call" && item.key.approvalKey() == "" || s.work.isAnother(item) {
			r.fail("current_step.data.interruptions", "Run state waits for a decision on a call that is not one it could run")
			return
		}
		known, err := s.ledger.register(identityOf(item))
		if err == nil && !known && hasLedger {
			s.forget(item)
		}
	}
}

// isAnother says whether what is shown to the one who decides is of another
// kind than the call of that id.
func (w *turnWork) isAnother(waiting *RunItem) bool {
	return slices.ContainsFunc(w.calls, func(c localCall) bool {
		return c.paused == nil && c.item.CallID() == waiting.CallID() && c.item.parsed().Type != waiting.parsed().Type
	})
}

// ownsInterruptions says whether the document tells which of its items wait.
// Writers before 1.17 do not.
func (r *documentReader) ownsInterruptions() bool {
	return r.minor >= 17 && !codec.IsNull(r.fields["current_response_generated_item_ownership"])
}

// interruption finds the item of an agent tool that waits inside, or the item
// of the run that waits where the document tells which one that is.
func (w *turnWork) interruption(s *State, item *RunItem) *RunItem {
	for _, c := range w.calls {
		if c.paused == nil {
			continue
		}
		for _, inner := range c.paused.interruptions() {
			if inner.CallID() == item.CallID() && sameRaw(inner.Raw, item.Raw) {
				return inner
			}
		}
	}
	if w.unplaced {
		return item
	}
	return same(s.generated, item)
}

// calls reads one list of pending calls.
func (r *documentReader) calls(s *State, w *turnWork, list, toolField string, kind callKind, raw json.RawMessage) {
	field := "last_processed_response." + list
	type pending struct{ call, tool, nested json.RawMessage }
	var entries []pending
	if codec.IsNull(raw) {
		return
	}
	r.decode(field, raw, codec.List(&entries, func(p *pending) codec.Fields {
		return codec.Fields{"tool_call", &p.call, toolField, &p.tool, "agent_run_state", &p.nested}
	}))
	for _, entry := range entries {
		if !isObject(entry.call) {
			r.fail(field, "Run state field "+field+" has an entry without a tool_call")
			return
		}
		var tool calledTool
		if !codec.IsNull(entry.tool) {
			r.decode(field, entry.tool, codec.Fields{"name", &tool.Name, "lookupKey", codec.Maybe(&tool.LookupKey, (*lookupKey).fields)})
		}
		c := r.call(s, w, entry.call, kind, tool.LookupKey.key(), tool.Name)
		c.described = entry.tool
		if nested := entry.nested; !codec.IsNull(nested) {
			c.paused = r.nested(field, c, nested, s.usage)
		}
		w.calls = append(w.calls, c)
	}
}

// call makes a pending call. Its item is the run's own where it is there.
func (r *documentReader) call(s *State, w *turnWork, raw json.RawMessage, kind callKind, key toolKey, name string) localCall {
	item := newItem(ToolCallItem, s.agent, raw)
	if kind == functionCalls {
		if key.kind == "" {
			key = callKey(item.head.Name, item.head.Namespace)
		}
		item.key, name = key, key.name
	}
	item.ToolName, item.Origin = name, &ToolOrigin{Type: "function"}
	c := localCall{item: item, kind: kind, tool: toolOf(s.agent, kind, key, name)}
	if f, ok := c.tool.(*FunctionTool); ok {
		item.describeTool(f)
	} else if kind != functionCalls {
		item.Origin = nil
	}
	if own := same(w.items, item); own != item {
		own.key, own.ToolName = item.key, item.ToolName
		c.item = own
	}
	return c
}

// toolOf finds an agent's tool, enabled or not.
func toolOf(agent *Agent, kind callKind, key toolKey, name string) localTool {
	return (&offer{tools: agent.Tools}).local(kind, key, name)
}

// nested reads the inner run of an agent tool.
func (r *documentReader) nested(field string, c localCall, raw json.RawMessage, usage *usageMeter) *State {
	f, ok := c.tool.(*FunctionTool)
	if !ok || f.agentTool == nil {
		r.fail(field, "Run state has the inner run of an agent tool that the agent no longer has")
		return nil
	}
	inner, err := ParseState(raw, f.agentTool.agent)
	if err != nil {
		if r.err == nil {
			r.err = err
		}
		return nil
	}
	inner.usage = usage
	return inner
}

// gatedKinds are the kinds of calls that can wait for a decision here.
var gatedKinds = map[string]callKind{
	"function_call": functionCalls, "custom_tool_call": customCalls, "shell_call": shellCalls, "apply_patch_call": patchCalls,
}

// missingCalls adds the calls of waiting items that the action lists lack:
// what waits decides what may run.
func (r *documentReader) missingCalls(s *State, w *turnWork) {
	for _, waiting := range w.interruptions {
		listed := slices.ContainsFunc(w.calls, func(c localCall) bool {
			return c.item.CallID() == waiting.CallID() || c.paused != nil && slices.Contains(c.paused.interruptions(), waiting)
		})
		if kind, ok := gatedKinds[waiting.parsed().Type]; ok && !listed && waiting.Agent == s.agent {
			w.calls = append(w.calls, r.call(s, w, waiting.Raw, kind, waiting.key, waiting.ToolName))
		}
	}
}

func (r *documentReader) handoffs(s *State, w *turnWork, raw json.RawMessage) {
	const field = "last_processed_response.handoffs"
	type pending struct {
		call json.RawMessage
		name string
	}
	var entries []pending
	if codec.IsNull(raw) {
		return
	}
	r.decode(field, raw, codec.List(&entries, func(p *pending) codec.Fields {
		return codec.Fields{"tool_call", &p.call, "handoff", codec.Fields{"tool_name", &p.name}}
	}))
	offered := &offer{}
	for _, target := range s.agent.Handoffs {
		offered.handoffs = append(offered.handoffs, target.asHandoff())
	}
	for _, entry := range entries {
		h := offered.handoff(entry.name)
		if h == nil || !isObject(entry.call) {
			r.fail(field, "Run state has a pending handoff that the agent no longer offers")
			return
		}
		item := newItem(HandoffCallItem, s.agent, entry.call)
		w.handoffs = append(w.handoffs, handoffCall{same(w.items, item), h, entry.name})
	}
}

func (r *documentReader) mcpRequests(s *State, w *turnWork, raw json.RawMessage) {
	const field = "last_processed_response.mcp_approval_requests"
	type pending struct{ raw json.RawMessage }
	var entries []pending
	if codec.IsNull(raw) {
		return
	}
	r.decode(field, raw, codec.List(&entries, func(p *pending) codec.Fields {
		return codec.Fields{"request_item", codec.Fields{"raw_item", &p.raw}}
	}))
	for _, entry := range entries {
		if !isObject(entry.raw) {
			r.fail(field, "Run state field "+field+" has an entry without a raw_item")
			return
		}
		item := newItem(MCPApprovalRequestItem, s.agent, entry.raw)
		item = same(w.items, item)
		item.ToolName = item.parsed().Name
		w.mcpRequests = append(w.mcpRequests, item)
	}
}

// same finds the item of a list that stands for the same thing.
func same(list []*RunItem, item *RunItem) *RunItem {
	for _, other := range slices.Backward(list) {
		if other.Type == item.Type && other.Agent == item.Agent && sameRaw(other.Raw, item.Raw) {
			return other
		}
	}
	return item
}

func sameRaw(a, b json.RawMessage) bool {
	x, errX := codec.ReadExact(a)
	y, errY := codec.ReadExact(b)
	return errX == nil && errY == nil && slices.Equal(appendCanonical(nil, x), appendCanonical(nil, y))
}

// mcpBindings reads where the tools of local MCP servers were.
func (r *documentReader) mcpBindings(s *State, w *turnWork, raw json.RawMessage) {
	const field = "last_processed_response.mcp_tool_bindings"
	if codec.IsNull(raw) {
		return
	}
	var bindings map[string]json.RawMessage
	r.decode(field, raw, &bindings)
	w.bindings = map[string]MCPBinding{}
	for callID, raw := range bindings {
		var binding []json.RawMessage
		r.decode(field, raw, &binding)
		if len(binding) != 3 {
			r.fail(field, "Run state field "+field+" has an entry of an invalid form")
			return
		}
		var b MCPBinding
		r.decode(field, binding[0], &b.Server)
		r.decode(field, binding[1], &b.Tool)
		b.Index = -1
		if !codec.IsNull(binding[2]) {
			r.decode(field, binding[2], &b.Index)
		}
		w.bindings[callID] = b
	}
}
