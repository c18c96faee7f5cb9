package corpus

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"sync"

	"runstream/runner"
)

// world is a state's agents, with what they did.
type world struct {
	root  *runner.Agent
	model *model
	log   *log
}

// log notes the calls of local tools.
type log struct {
	mu      sync.Mutex
	entries []map[string]any
}

func (l *log) add(entry map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry)
}

func build(spec Agents) (*world, error) {
	w := &world{model: &model{steps: spec.Script}, log: &log{}}
	agents := map[string]*runner.Agent{}
	for _, a := range spec.Agents {
		agents[a.id()] = &runner.Agent{
			Name: a.Name, Instructions: a.Instructions, Model: w.model, ToolUse: runner.ToolUseBehavior{StopAtTools: a.StopAt},
		}
	}
	for _, a := range spec.Agents {
		agent := agents[a.id()]
		for _, name := range a.InputGuardrails {
			agent.InputGuardrails = append(agent.InputGuardrails, runner.InputGuardrail{Name: name, Run: passInput})
		}
		for _, name := range a.OutputGuardrails {
			agent.OutputGuardrails = append(agent.OutputGuardrails, runner.OutputGuardrail{Name: name, Run: passOutput})
		}
		for _, id := range a.Handoffs {
			agent.Handoffs = append(agent.Handoffs, agents[id])
		}
		for _, t := range a.Tools {
			tool, err := w.tool(t, agents)
			if err != nil {
				return nil, err
			}
			agent.Tools = append(agent.Tools, tool)
		}
		for i, server := range a.MCPServers {
			agent.Tools = append(agent.Tools, w.serverTools(server, i)...)
		}
	}
	id := spec.Root
	if id == "" {
		id = spec.Agents[0].id()
	}
	w.root = agents[id]
	return w, nil
}

func (a AgentSpec) id() string {
	if a.ID != "" {
		return a.ID
	}
	return a.Name
}

func passInput(context.Context, *runner.RunContext, *runner.Agent, []json.RawMessage) (runner.GuardrailOutput, error) {
	return runner.GuardrailOutput{}, nil
}

func passOutput(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
	return runner.GuardrailOutput{}, nil
}

func (w *world) tool(t ToolSpec, agents map[string]*runner.Agent) (runner.Tool, error) {
	var approval func(context.Context, *runner.ToolCall) (bool, error)
	if t.NeedsApproval {
		approval = runner.Always
	}
	name := t.Name
	if name == "" {
		name = t.Type
	}
	output := name + " ok"
	if t.Output != nil {
		output = *t.Output
	}
	switch t.Type {
	case "", "function":
		return &runner.FunctionTool{
			Name: t.Name, Parameters: json.RawMessage(`{"type":"object","properties":{}}`), NotStrict: true,
			Namespace: t.Namespace, NamespaceDescription: t.Namespace, DeferLoading: t.DeferLoading, NeedsApproval: approval,
			Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
				w.log.add(map[string]any{"tool": t.Name, "call_id": call.ID, "arguments": call.Arguments})
				return output, nil
			},
		}, nil
	case "agent":
		options := runner.AgentToolOptions{Name: t.Name, NeedsApproval: approval}
		if t.Parameters != nil {
			options.Parameters = json.RawMessage(`{"type":"object"}`)
		}
		return agents[t.Agent].AsTool(options), nil
	case "shell":
		return &runner.ShellTool{NeedsApproval: approval, Run: func(_ context.Context, _ *runner.ToolCall, action runner.ShellAction) (runner.ShellResult, error) {
			w.log.add(map[string]any{"tool": name, "arguments": action.Commands})
			return runner.ShellResult{Text: output}, nil
		}}, nil
	case "local_shell":
		return &runner.LocalShellTool{Run: func(_ context.Context, call *runner.ToolCall) (string, error) {
			var raw struct{ Action struct{ Command []string } }
			if err := json.Unmarshal(call.Raw, &raw); err != nil {
				return "", err
			}
			w.log.add(map[string]any{"tool": name, "arguments": raw.Action.Command})
			return output, nil
		}}, nil
	case "apply_patch":
		return &runner.ApplyPatchTool{NeedsApproval: approval, Apply: func(_ context.Context, _ *runner.ToolCall, o runner.PatchOperation) (string, error) {
			w.log.add(map[string]any{"tool": name, "arguments": []string{o.Type, o.Path}})
			return output, nil
		}}, nil
	case "custom":
		return &runner.CustomTool{Name: t.Name, NeedsApproval: approval, Invoke: func(_ context.Context, call *runner.ToolCall) (string, error) {
			w.log.add(map[string]any{"tool": t.Name, "arguments": call.Arguments})
			return output, nil
		}}, nil
	case "hosted_mcp":
		config := fmt.Sprintf(`{"type":"mcp","server_label":%q,"server_url":"https://example.invalid","require_approval":"always"}`, t.ServerLabel)
		return &runner.HostedMCPTool{ServerLabel: t.ServerLabel, Config: json.RawMessage(config)}, nil
	}
	return nil, fmt.Errorf("corpus: tool type %q is not known", t.Type)
}

// serverTools are the function tools of a local MCP server.
func (w *world) serverTools(server ServerSpec, index int) []runner.Tool {
	var tools []runner.Tool
	for _, t := range server.Tools {
		tool := &runner.FunctionTool{
			Name: t.Name, Parameters: json.RawMessage(`{"type":"object","properties":{}}`), NotStrict: true,
			MCP: &runner.MCPBinding{Server: server.Name, Tool: t.Name, Index: index},
			Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
				var arguments any
				if err := call.Decode(&arguments); err != nil {
					return nil, err
				}
				w.log.add(map[string]any{"tool": t.Name, "mcp": server.Name, "arguments": arguments})
				return runner.TextOutput{Text: t.Name + " ok"}, nil
			},
		}
		if server.RequireApproval != "never" {
			tool.NeedsApproval = runner.Always
		}
		tools = append(tools, tool)
	}
	return tools
}

// model plays the script and remembers its inputs.
type model struct {
	mu     sync.Mutex
	steps  []ModelStep
	asked  int
	inputs [][]json.RawMessage
}

// Stream implements [runner.Model].
func (m *model) Stream(_ context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		event, err := json.Marshal(map[string]any{"type": "response.completed", "response": m.answer(request.Input)})
		yield(runner.RawEvent{Type: "response.completed", Data: event}, err)
	}
}

func (m *model) answer(input []json.RawMessage) map[string]any {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inputs = append(m.inputs, input)
	m.asked++
	id := fmt.Sprintf("resp-%d", m.asked)
	text := "final output"
	step := ModelStep{Final: &text}
	if len(m.steps) > 0 {
		step, m.steps = m.steps[0], m.steps[1:]
		if step.ResponseID != "" {
			id = step.ResponseID
		}
	} else {
		id = "resp-final"
	}
	output := []any{}
	for _, call := range step.Calls {
		if call.Arguments == "" {
			call.Arguments = "{}"
		}
		if call.ID == "" {
			call.ID = call.CallID
		}
		item := map[string]any{"type": "function_call", "id": call.ID, "call_id": call.CallID, "name": call.Name, "arguments": call.Arguments}
		if call.Namespace != "" {
			item["namespace"] = call.Namespace
		}
		output = append(output, item)
	}
	for _, raw := range step.Raw {
		output = append(output, raw)
	}
	if step.Final != nil {
		output = append(output, map[string]any{
			"type": "message", "id": fmt.Sprintf("msg-%d", m.asked), "role": "assistant", "status": "completed",
			"content": []any{map[string]any{"type": "output_text", "text": *step.Final, "annotations": []any{}}},
		})
	}
	return map[string]any{"id": id, "output": output}
}
