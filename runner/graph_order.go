package runner

import (
	"slices"
	"strings"
)

// signature tells agents of one name apart. It has the settings that two
// languages see alike, written so that sorting by it gives the order in which
// the SDK numbers such agents.
func (a *Agent) signature() string {
	var handoffs, tools []string
	for _, target := range a.Handoffs {
		handoffs = append(handoffs, handoffSignature(target))
	}
	for _, tool := range a.Tools {
		if entry := toolSignature(tool); entry != nil {
			tools = append(tools, sortedJSON(entry))
		}
	}
	fields := map[string]any{
		"handoff_description": textSignature(a.HandoffDescription, false),
		"handoffs":            sortedTexts(handoffs),
		"hooks":               functionSignature(a.Hooks != nil),
		"instructions":        textSignature(a.Instructions, a.InstructionsFunc != nil),
		"reset_tool_choice":   !a.KeepToolChoice,
		"tool_use_behavior":   a.ToolUse.signature(),
		"tools":               sortedTexts(tools),
	}
	return sortedJSON(fields)
}

// functionSignature stands for what has a name in its own language only.
func functionSignature(set bool) any {
	if set {
		return map[string]any{}
	}
	return nil
}

func textSignature(text string, function bool) any {
	if text == "" || function {
		return functionSignature(function)
	}
	return text
}

func handoffSignature(target HandoffTarget) string {
	if agent, ok := target.(*Agent); ok && agent != nil {
		return sortedJSON(map[string]any{"agent_name": agent.Name, "type": "agents.agent.Agent"})
	}
	h := handoffOf(target)
	if h == nil {
		return ""
	}
	var nest any
	if h.NestHistory != nil {
		nest = *h.NestHistory
	}
	return sortedJSON(map[string]any{
		"agent_name": h.Agent.Name, "input_filter": functionSignature(h.Filter != nil), "nest_handoff_history": nest,
		"tool_name": h.Name(), "type": "agents.handoffs.Handoff",
	})
}

// toolSignature is nil for tools that belong to no agent in the SDK, but to an
// MCP server.
func toolSignature(tool Tool) map[string]any {
	entry := map[string]any{"type": "agents.tool.FunctionTool"}
	switch tool := tool.(type) {
	case nil:
		return nil
	case *FunctionTool:
		if tool.MCP != nil {
			return nil
		}
		entry["name"], entry["qualified_name"] = tool.Name, tool.Name
		if tool.Namespace != "" {
			entry["namespace"], entry["qualified_name"] = tool.Namespace, tool.Namespace+"."+tool.Name
		}
		if tool.agentTool != nil {
			entry["agent_tool_target"] = tool.agentTool.agent.Name
		}
	case *CustomTool:
		entry["name"], entry["type"] = tool.Name, "agents.tool.CustomTool"
	default:
		entry["name"] = tool.toolName()
		entry["type"] = "agents.tool." + typeName(tool.toolName())
	}
	return entry
}

// typeName makes the name of a tool's type of the tool's own.
func typeName(name string) string {
	var parts strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		if part != "" {
			parts.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return parts.String() + "Tool"
}

func (b ToolUseBehavior) signature() any {
	switch {
	case b.Func != nil:
		return map[string]any{}
	case b.StopOnFirstTool:
		return "stop_on_first_tool"
	case len(b.StopAtTools) > 0:
		var names []any
		for _, name := range b.StopAtTools {
			names = append(names, name)
		}
		return map[string]any{"stop_at_tool_names": names}
	}
	return "run_llm_again"
}

func sortedJSON(v any) string { return string(jsonStyle{",", ":", true}.append(nil, v)) }

func sortedTexts(texts []string) []any {
	slices.Sort(texts)
	list := []any{}
	for _, text := range texts {
		list = append(list, text)
	}
	return list
}
