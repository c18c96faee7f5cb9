package runner

import (
	"cmp"
	"encoding/json"
	"slices"

	"runstream/internal/codec"
	"runstream/internal/wire"
)

// work reads what the interrupted turn still has to do. Its items are found
// again among those of the run.
func (r *documentReader) work(s *State, interruptions []*RunItem) {
	const field = "last_processed_response"
	lists := map[string]json.RawMessage{}
	r.optional(field, &lists)
	r.interruptions(field+".interruptions", lists["interruptions"])
	switch {
	case r.err != nil:
		return
	case len(lists) == 0:
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
	r.generated = indexItems(s.generated)
	for _, item := range newItems {
		w.items = append(w.items, r.generated.same(item))
	}
	r.turn = indexItems(w.items)
	for _, list := range actionLists {
		r.calls(s, w, list.name, list.tool, list.kind, lists[list.name])
	}
	w.unplaced = !r.ownsInterruptions()
	for _, item := range interruptions {
		w.interruptions = append(w.interruptions, r.interruption(w, item))
	}
	r.missingCalls(s, w)
	w.calls = byKind(w.calls)
	r.handoffs(s, w, lists["handoffs"])
	r.mcpRequests(s, w, lists["mcp_approval_requests"])
	r.mcpBindings(s, w, lists["mcp_tool_bindings"])
	s.work = w
	r.distinct(s)
	w.unproven = !r.provesTurn(s)
	if r.minor < 15 {
		rebuildLedger(s)
	}
	r.bind(s)
}

// distinct refuses two calls of one id: each would run, or be decided on, for
// the other.
func (r *documentReader) distinct(s *State) {
	waiting := slices.DeleteFunc(slices.Clone(s.work.interruptions), s.isNested)
	var calls []*RunItem
	for _, c := range s.work.calls {
		calls = append(calls, c.item)
		if c.paused != nil && slices.ContainsFunc(waiting, func(item *RunItem) bool { return item.CallID() == c.item.CallID() }) {
			r.fail("current_step.data.interruptions", "Run state waits for a decision on a call whose inner run has begun")
		}
	}
	for _, h := range s.work.handoffs {
		calls = append(calls, h.item)
	}
	if hasRepeatedID(waiting) {
		r.fail("current_step.data.interruptions", "Run state waits twice for a decision on one call")
	}
	if hasRepeatedID(append(calls, s.work.mcpRequests...)) {
		r.fail("last_processed_response", "Run state has two pending calls of one id")
	}
}

func hasRepeatedID(items []*RunItem) bool {
	seen := map[string]bool{}
	for _, item := range items {
		if seen[item.CallID()] {
			return true
		}
		seen[item.CallID()] = true
	}
	return false
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
		// An error is told when the run is to go on.
		if known, _ := s.ledger.register(identityOf(item)); !known && hasLedger {
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

// provesTurn says whether it is sure which of the generated items are of the
// turn that waits: output guardrails are to see all of them and no others.
func (r *documentReader) provesTurn(s *State) bool {
	w := s.work
	if len(w.items) == 0 || slices.ContainsFunc(w.interruptions, s.isNested) {
		return len(w.items) > 0 // the SDK does not say it of agent tools
	}
	start := slices.Index(s.generated, w.items[0])
	if start < 0 || start+len(w.items) > len(s.generated) || !slices.Equal(s.generated[start:start+len(w.items)], w.items) {
		return false
	}
	if s.turn == 1 && start == 0 {
		return true
	}
	var said itemOwnership
	own := ownership(s)
	return r.ownsInterruptions() && own != nil && codec.Read(r.fields["current_response_generated_item_ownership"], said.fields()) == nil &&
		said.Start == own.Start && said.End == own.End && slices.Equal(said.Interruptions, own.Interruptions) &&
		!codec.IsNull(r.fields["generated_session_item_indexes"])
}

// interruption finds the item of an agent tool that waits inside, or the item
// of the run that waits where the document tells which one that is. Two runs
// inside may wait on calls that are alike: each is found once.
func (r *documentReader) interruption(w *turnWork, item *RunItem) *RunItem {
	for _, c := range w.calls {
		if c.paused == nil {
			continue
		}
		for _, inner := range c.paused.interruptions() {
			if inner.CallID() == item.CallID() && inner.Agent == item.Agent && sameCall(inner.Raw, item.Raw) && !slices.Contains(w.interruptions, inner) {
				return inner
			}
		}
	}
	if w.unplaced {
		return item
	}
	return r.generated.same(item)
}

// sameCall compares the items of a call, of which Python keeps what a provider
// added in one place of a document and not in another.
func sameCall(a, b json.RawMessage) bool {
	return sameRaw(a, b) || sameRaw(withoutKey(a, wire.ProviderData), withoutKey(b, wire.ProviderData))
}

// calls reads one list of pending calls.
func (r *documentReader) calls(s *State, w *turnWork, list, toolField string, kind callKind, raw json.RawMessage) {
	field := "last_processed_response." + list
	type pending struct{ call, tool, nested json.RawMessage }
	var entries []pending
	if !r.given(field, raw) {
		return
	}
	r.decode(field, raw, codec.List(&entries, func(p *pending) codec.Fields {
		return codec.Fields{"tool_call", &p.call, toolField, &p.tool, "agent_run_state", &p.nested}
	}))
	if r.tooMany(field, len(entries)) {
		return
	}
	for _, entry := range entries {
		if !isObject(entry.call) {
			r.fail(field, "Run state field "+field+" has an entry without a tool_call")
			return
		}
		var tool calledTool
		if !codec.IsNull(entry.tool) {
			r.decode(field, entry.tool, codec.Fields{"name", &tool.Name, "lookupKey", codec.Maybe(&tool.LookupKey, (*lookupKey).fields)})
		}
		c := r.call(s, entry.call, kind, tool.LookupKey.key(), tool.Name)
		c.described = entry.tool
		if nested := entry.nested; !codec.IsNull(nested) {
			r.nested(field, s, &c, nested)
		}
		w.calls = append(w.calls, c)
	}
}

// call makes a pending call. Its item is the run's own where it is there.
func (r *documentReader) call(s *State, raw json.RawMessage, kind callKind, key toolKey, name string) localCall {
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
	if own := r.turn.same(item); own != item {
		own.key, own.ToolName = item.key, item.ToolName
		c.item = own
	}
	return c
}

// toolOf finds an agent's tool, enabled or not.
func toolOf(agent *Agent, kind callKind, key toolKey, name string) localTool {
	return (&offer{tools: agent.Tools}).local(kind, key, name)
}

// nested reads the inner run of an agent tool. Of several tools of its name, of
// which others were disabled, the call is of the one whose agent fits.
func (r *documentReader) nested(field string, s *State, c *localCall, raw json.RawMessage) {
	var refused error
	for _, tool := range s.agent.Tools {
		f, ok := tool.(*FunctionTool)
		if !ok || f.agentTool == nil || f.key() != c.item.key {
			continue
		}
		inner, err := parseState(raw, newAgentGraph(f.agentTool.agent))
		if err == nil {
			c.tool, c.paused, refused = f, inner, nil
			break
		}
		refused = cmp.Or(refused, err)
	}
	switch {
	case refused != nil:
		r.err = cmp.Or(r.err, refused)
	case c.paused == nil:
		r.fail(field, "Run state has the inner run of an agent tool that the agent no longer has")
	case c.paused.step == stepModel: // one that was stopped on its way goes on
		r.fail(field, "Run state has the inner run of an agent tool that waits for nothing")
	default:
		c.paused.usage = s.usage
	}
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
			w.calls = append(w.calls, r.call(s, waiting.Raw, kind, waiting.key, waiting.ToolName))
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
	if !r.given(field, raw) {
		return
	}
	r.decode(field, raw, codec.List(&entries, func(p *pending) codec.Fields {
		return codec.Fields{"tool_call", &p.call, "handoff", codec.Fields{"tool_name", &p.name}}
	}))
	if r.tooMany(field, len(entries)) {
		return
	}
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
		w.handoffs = append(w.handoffs, handoffCall{r.turn.same(item), h, entry.name})
	}
}

func (r *documentReader) mcpRequests(s *State, w *turnWork, raw json.RawMessage) {
	const field = "last_processed_response.mcp_approval_requests"
	type pending struct{ raw json.RawMessage }
	var entries []pending
	if !r.given(field, raw) {
		return
	}
	r.decode(field, raw, codec.List(&entries, func(p *pending) codec.Fields {
		return codec.Fields{"request_item", codec.Fields{"raw_item", &p.raw}}
	}))
	if r.tooMany(field, len(entries)) {
		return
	}
	for _, entry := range entries {
		if !isObject(entry.raw) {
			r.fail(field, "Run state field "+field+" has an entry without a raw_item")
			return
		}
		item := newItem(MCPApprovalRequestItem, s.agent, entry.raw)
		item = r.turn.same(item)
		item.ToolName = item.parsed().Name
		w.mcpRequests = append(w.mcpRequests, item)
	}
}

// itemIndex finds items again by what they stand for.
type itemIndex map[itemKey]*RunItem

type itemKey struct {
	kind  ItemType
	agent *Agent
	raw   string
}

func indexKey(item *RunItem) itemKey {
	return itemKey{item.Type, item.Agent, valueOf(item.Raw)}
}

func indexItems(list []*RunItem) itemIndex {
	index := make(itemIndex, len(list))
	for _, item := range list {
		index[indexKey(item)] = item
	}
	return index
}

// same gives the item of the list that stands for the same thing, the last one;
// the item itself where there is none.
func (x itemIndex) same(item *RunItem) *RunItem {
	if len(x) > 0 {
		if own := x[indexKey(item)]; own != nil {
			return own
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
	if !r.given(field, raw) {
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
