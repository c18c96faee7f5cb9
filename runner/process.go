package runner

import (
	"strconv"

	"runstream/internal/codec"
)

// processor sorts a response's items into what they ask for.
type processor struct {
	l     *runLoop
	offer *offer
	work  *turnWork
	seen  ledger          // with the response's own calls
	asked map[string]bool // the calls of the response
	// programs are those that calls may come from, read when the first is asked for.
	programs *programs
}

// processResponse sorts a response's items. If one of them cannot be accepted
// nothing is announced and nothing run.
func (l *runLoop) processResponse(response *ModelResponse, o *offer) (*turnWork, error) {
	p := &processor{l: l, offer: o, work: &turnWork{response: response}, seen: l.s.ledger.clone(), asked: map[string]bool{}}
	for _, raw := range response.Output {
		item := newItem(UnknownItem, l.s.agent, raw)
		if err := p.item(item); err != nil {
			return nil, err
		}
	}
	if made := len(p.work.calls) + len(p.work.mcpRequests); made > MaxStateCalls {
		return nil, tooManyCalls("the model made " + strconv.Itoa(made) + " calls at once")
	}
	p.work.calls = byKind(p.work.calls)
	before := l.s.ledger
	l.s.ledger = p.seen
	for _, c := range p.work.calls {
		l.s.unbind(c.item, before)
	}
	for _, request := range p.work.mcpRequests {
		l.s.unbind(request, before)
	}
	return p.work, nil
}

func tooManyCalls(what string) error {
	return &ModelBehaviorError{Message: what + "; a run takes " + strconv.Itoa(MaxStateCalls) + ", for a state could hold no more"}
}

// byKind orders calls by kind, and those of a kind as the model made them.
func byKind(calls []localCall) []localCall {
	ordered := make([]localCall, 0, len(calls))
	for kind := functionCalls; kind <= localShellCalls; kind++ {
		for _, c := range calls {
			if c.kind == kind {
				ordered = append(ordered, c)
			}
		}
	}
	return ordered
}

func (p *processor) item(item *RunItem) error {
	head := item.head
	if err := p.checkProgram(head); err != nil {
		return err
	}
	switch head.Type {
	case "message":
		return p.keep(item, MessageOutputItem, "")
	case "reasoning":
		return p.keep(item, ReasoningItem, "")
	case "compaction":
		return p.keep(item, CompactionItem, "")
	case "function_call":
		return p.function(item)
	case "custom_tool_call":
		return p.custom(item)
	case "computer_call":
		return p.native(item, computerCalls, "Model produced computer action without a computer tool.")
	case "apply_patch_call":
		return p.native(item, patchCalls, "Model produced apply_patch call without an apply_patch tool.")
	case "shell_call":
		return p.shell(item)
	case "local_shell_call":
		return p.localShell(item)
	case "mcp_approval_request":
		return p.mcpRequest(item)
	case "mcp_list_tools":
		return p.keep(item, MCPListToolsItem, "")
	case "mcp_call":
		item.Origin = &ToolOrigin{Type: "mcp", MCPServerName: head.ServerLabel}
		return p.keep(item, ToolCallItem, "mcp")
	case "tool_search_call":
		return p.keep(item, ToolSearchCallItem, "tool_search")
	case "tool_search_output":
		return p.keep(item, ToolSearchOutputItem, "tool_search")
	case "shell_call_output":
		return p.keep(item, ToolCallOutputItem, "shell")
	case "program", "program_output":
		return p.program(item)
	}
	if name := hostedToolName(head.Type); name != "" {
		return p.keep(item, ToolCallItem, name)
	}
	return p.keep(item, UnknownItem, "")
}

// hostedToolName names the tool of a call that the server runs.
func hostedToolName(callType string) string {
	switch callType {
	case "file_search_call", "web_search_call", "code_interpreter_call", "image_generation_call":
		return callType[:len(callType)-len("_call")]
	}
	return ""
}

func (p *processor) keep(item *RunItem, kind ItemType, used string) error {
	item.Type = kind
	if kind == ToolCallOutputItem {
		item.Output = outputOf(item.Raw)
	}
	p.work.items = append(p.work.items, item)
	if used != "" {
		p.work.toolsUsed = append(p.work.toolsUsed, used)
	}
	return nil
}

// register notes a call in the ledger. The same call again has its output
// already, or will have: it is left out.
func (p *processor) register(c callIdentity) (known bool, err error) {
	callID := parseRawItem(c.raw).CallID
	if callID == "" {
		return false, &ModelBehaviorError{Message: "Tool invocations require a non-empty string call ID before execution."}
	}
	known, err = p.seen.register(c)
	known = known && (p.asked[callID] || p.seen[callID].Executed) // it may have been decided on before it was made
	p.asked[callID] = true
	return known, err
}

func (p *processor) function(item *RunItem) error {
	head := item.head
	if h := p.offer.handoff(head.Name); h != nil && head.Namespace == "" {
		if err := checkCaller(head, head.Name, nil); err != nil {
			return err
		}
		known, err := p.register(callIdentity{raw: item.Raw, handoff: true})
		if err != nil || known {
			p.skip(known, head.Name)
			return err
		}
		p.work.handoffs = append(p.work.handoffs, handoffCall{item, h, head.Name})
		return p.keep(item, HandoffCallItem, head.Name)
	}
	key := callKey(head.Name, head.Namespace)
	tool := p.offer.function(key)
	if tool == nil {
		return p.functionNotFound(item, key)
	}
	if err := checkCaller(head, usedName(key), tool.AllowedCallers); err != nil {
		return err
	}
	item.describeTool(tool)
	known, err := p.register(callIdentity{raw: item.Raw, key: key})
	if err != nil || known {
		p.skip(known, head.Name)
		return err
	}
	p.call(item, functionCalls, tool)
	if tool.MCP != nil {
		if p.work.bindings == nil {
			p.work.bindings = map[string]MCPBinding{}
		}
		p.work.bindings[item.CallID()] = *tool.MCP
	}
	return p.keep(item, ToolCallItem, usedName(key))
}

// usedName is how the record of used tools names a function tool.
func usedName(key toolKey) string {
	if key.kind == "namespaced" {
		return key.namespace + "." + key.name
	}
	return key.name
}

// skip notes that a known call was made again, so that the turn does not count
// as one without tools.
func (p *processor) skip(known bool, name string) {
	if known {
		p.work.toolsUsed = append(p.work.toolsUsed, name)
	}
}

func (p *processor) functionNotFound(item *RunItem, key toolKey) error {
	if patch, ok := first[*ApplyPatchTool](p.offer); ok && key.name == patch.toolName() {
		return p.patchFallback(item)
	}
	if !p.l.cfg.toolNotFound {
		return notFoundIn(p.l.s.agent, usedName(key))
	}
	known, err := p.register(callIdentity{raw: item.Raw, key: key})
	if err != nil || known {
		p.skip(known, item.head.Name)
		return err
	}
	item.ToolName, item.key = item.head.Name, key
	p.work.notFound = append(p.work.notFound, item)
	return p.keep(item, ToolCallItem, usedName(key))
}

func notFoundIn(agent *Agent, tool string) error {
	return &ModelBehaviorError{Message: "Tool " + shownName(tool) + " not found in agent " + agent.Name}
}

func (p *processor) custom(item *RunItem) error {
	name := item.head.Name
	tool := p.offer.custom(name)
	if tool == nil {
		if patch, ok := first[*ApplyPatchTool](p.offer); ok && name == patch.toolName() {
			return p.patchFallback(item)
		}
		return notFoundIn(p.l.s.agent, name)
	}
	return p.local(item, customCalls, tool)
}

// patchFallback reads a patch that the model sent as a function or custom
// call.
func (p *processor) patchFallback(item *RunItem) error {
	raw, err := patchCallFrom(item)
	if err != nil {
		return err
	}
	return p.native(newItem(ToolCallItem, item.Agent, raw), patchCalls, "")
}

// native queues a call of the one tool of its kind.
func (p *processor) native(item *RunItem, kind callKind, missing string) error {
	tool := p.offer.local(kind, toolKey{}, "")
	if tool == nil {
		return &ModelBehaviorError{Message: missing}
	}
	return p.local(item, kind, tool)
}

func (p *processor) local(item *RunItem, kind callKind, tool localTool) error {
	item.ToolName = tool.toolName()
	if err := checkCaller(item.head, item.ToolName, nil); err != nil {
		return err
	}
	if err := checkAction(item, kind); err != nil {
		return err
	}
	known, err := p.register(callIdentity{raw: item.Raw, name: item.ToolName})
	if err != nil || known {
		p.skip(known, item.ToolName)
		return err
	}
	p.call(item, kind, tool)
	return p.keep(item, ToolCallItem, item.ToolName)
}

// checkAction refuses what says nothing readable to do, before other calls of
// the response run.
func checkAction(item *RunItem, kind callKind) (err error) {
	switch {
	case kind == patchCalls:
		_, err = patchOperations(item.Raw)
	case kind == shellCalls && item.head.Type == "shell_call":
		_, err = shellAction(item.Raw)
	}
	return err
}

func (p *processor) call(item *RunItem, kind callKind, tool localTool) {
	p.work.calls = append(p.work.calls, localCall{item: item, kind: kind, tool: tool})
}

// shell queues a shell call, unless the server runs it.
func (p *processor) shell(item *RunItem) error {
	tool, ok := first[*ShellTool](p.offer)
	switch {
	case !ok:
		return &ModelBehaviorError{Message: "Model produced shell call without a shell tool."}
	case !tool.isLocal():
		item.ToolName = tool.toolName()
		if err := checkCaller(item.head, item.ToolName, nil); err != nil {
			return err
		}
		return p.keep(item, ToolCallItem, tool.toolName())
	case tool.Run == nil:
		return &ModelBehaviorError{Message: "Model produced local shell call without a local shell executor."}
	}
	return p.local(item, shellCalls, tool)
}

func (p *processor) localShell(item *RunItem) error {
	if tool, ok := first[*LocalShellTool](p.offer); ok {
		return p.local(item, localShellCalls, tool)
	}
	if tool, ok := first[*ShellTool](p.offer); ok && tool.Run != nil {
		return p.local(item, shellCalls, tool)
	}
	return &ModelBehaviorError{Message: "Model produced local shell call without a local shell tool."}
}

func (p *processor) mcpRequest(item *RunItem) error {
	label := item.head.ServerLabel
	tool := p.offer.mcp(label)
	if tool == nil {
		return &ModelBehaviorError{Message: "MCP server label " + shownName(label) + " not found"}
	}
	var callers []string
	_ = codec.Read(tool.Config, codec.Fields{"allowed_callers", &callers}) // else it is for the model itself
	if err := checkCaller(item.head, tool.toolName(), callers); err != nil {
		return err
	}
	item.ToolName = item.head.Name
	known, err := p.seen.register(callIdentity{raw: item.Raw})
	if err != nil {
		return err
	}
	if !known {
		p.work.mcpRequests = append(p.work.mcpRequests, item)
	}
	return p.keep(item, MCPApprovalRequestItem, "")
}

// describeTool notes what is shown of the called tool.
func (i *RunItem) describeTool(tool *FunctionTool) {
	i.key = tool.key()
	i.ToolName, i.Description, i.describes = tool.Name, tool.Description, true
	i.Origin = &ToolOrigin{Type: "function"}
	if tool.MCP != nil {
		i.Origin = &ToolOrigin{Type: "mcp", MCPServerName: tool.MCP.Server}
	}
	if tool.agentTool != nil {
		i.Origin = &ToolOrigin{Type: "agent_as_tool", AgentName: tool.agentTool.agent.Name, AgentToolName: tool.Name}
	}
}
