package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"runstream/runner"
)

// Call is one call of a local tool.
type Call map[string]any

// callLog notes the calls of a run in the order in which the model made them,
// those of function tools after others: the tools of a turn run at once, so the
// order in which they start says nothing.
type callLog struct {
	order map[string]int // of call ids in the server's script
	mu    sync.Mutex
	calls []loggedCall
}

type loggedCall struct {
	callID string
	call   Call
}

func newCallLog(c *Case) *callLog {
	l := &callLog{order: map[string]int{}}
	for _, raw := range c.Server {
		for _, kind := range nativeCalls {
			for _, match := range kind.FindAllSubmatch(raw, -1) {
				l.note(string(match[1]))
			}
		}
		for _, match := range callIDs.FindAllSubmatch(raw, -1) {
			l.note(string(match[1]))
		}
	}
	return l
}

func (l *callLog) note(callID string) {
	if _, seen := l.order[callID]; !seen {
		l.order[callID] = len(l.order)
	}
}

// nativeCalls finds the ids of calls of other than function tools, kind by kind.
var nativeCalls = []*regexp.Regexp{nativeCall("computer"), nativeCall("custom_tool"), nativeCall("shell"), nativeCall("apply_patch")}

func nativeCall(kind string) *regexp.Regexp {
	return regexp.MustCompile(`"type":\s*"` + kind + `_call",\s*(?:"status":\s*"[^"]*",\s*)?"call_id":\s*"([^"]*)"`)
}

// callIDs finds the ids of calls: in chunks of Chat Completions they are "id".
var callIDs = regexp.MustCompile(`"(?:call_)?id":\s*"([^"]*)"`)

func (l *callLog) add(callID string, call Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, loggedCall{callID, call})
}

func (l *callLog) taken() []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortStableFunc(l.calls, func(a, b loggedCall) int { return l.order[a.callID] - l.order[b.callID] })
	calls := []Call{}
	for _, logged := range l.calls {
		calls = append(calls, logged.call)
	}
	l.calls = nil
	return calls
}

// builder makes the agents of a case.
type builder struct {
	specs map[string]AgentSpec
	made  map[string]*runner.Agent
	model func(name string) runner.Model
	log   *callLog
}

func buildAgents(c *Case, model func(name string) runner.Model, log *callLog) (map[string]*runner.Agent, error) {
	b := &builder{specs: map[string]AgentSpec{}, made: map[string]*runner.Agent{}, model: model, log: log}
	for _, spec := range c.Agents {
		b.specs[spec.Name] = spec
	}
	for _, spec := range c.Agents {
		if _, err := b.agent(spec.Name); err != nil {
			return nil, err
		}
	}
	return b.made, nil
}

func (b *builder) agent(name string) (*runner.Agent, error) {
	if agent := b.made[name]; agent != nil {
		return agent, nil
	}
	spec, ok := b.specs[name]
	if !ok {
		return nil, fmt.Errorf("conformance: no agent %q", name)
	}
	if spec.Model == "" {
		spec.Model = "gpt-5"
	}
	agent := &runner.Agent{
		Name: name, Instructions: spec.Instructions, HandoffDescription: spec.HandoffDescription, Model: b.model(spec.Model),
		Output: spec.OutputSchema.schema(), Prompt: spec.HostedPrompt,
		KeepToolChoice:  spec.ResetToolChoice != nil && !*spec.ResetToolChoice,
		InputGuardrails: inputGuardrails(spec.InputGuardrails), OutputGuardrails: outputGuardrails(spec.OutputGuardrails),
	}
	b.made[name] = agent
	var err error
	if agent.ToolUse, err = toolUse(spec.ToolUseBehavior); err != nil {
		return nil, err
	}
	if agent.Settings, err = settings(spec.ModelSettings); err != nil {
		return nil, err
	}
	for _, toolSpec := range spec.Tools {
		tool, err := b.tool(toolSpec)
		if err != nil {
			return nil, err
		}
		agent.Tools = append(agent.Tools, tool)
	}
	for _, h := range spec.Handoffs {
		target, err := b.agent(h.Agent)
		if err != nil {
			return nil, err
		}
		agent.Handoffs = append(agent.Handoffs, handoff(h, target))
	}
	return agent, nil
}

func (s *SchemaSpec) schema() *runner.OutputSchema {
	if s == nil {
		return nil
	}
	return &runner.OutputSchema{Name: s.Name, Schema: s.Schema, NotStrict: s.Strict != nil && !*s.Strict}
}

// toolUse reads tool_use_behavior: a word, or {"stop_at_tool_names"}.
func toolUse(raw json.RawMessage) (runner.ToolUseBehavior, error) {
	var word string
	if raw == nil || json.Unmarshal(raw, &word) == nil {
		return runner.ToolUseBehavior{StopOnFirstTool: word == "stop_on_first_tool"}, nil
	}
	var stop struct {
		Names []string `json:"stop_at_tool_names"`
	}
	err := json.Unmarshal(raw, &stop)
	return runner.ToolUseBehavior{StopAtTools: stop.Names}, err
}

// filters are the handoff filters that cases name.
func filters(name string) runner.HandoffFilter {
	if name == "remove_all_tools" {
		return runner.RemoveAllTools
	}
	return nil
}

func handoff(spec HandoffSpec, target *runner.Agent) runner.HandoffTarget {
	h := &runner.Handoff{Agent: target, ToolName: spec.ToolName, ToolDescription: spec.Description, Filter: filters(spec.Filter), NestHistory: spec.NestHistory}
	if spec.Enabled != nil {
		h.IsEnabled = func(context.Context, *runner.RunContext, *runner.Agent) bool { return *spec.Enabled }
	}
	return h
}

func settings(raw json.RawMessage) (runner.ModelSettings, error) {
	var given struct {
		Temperature       *float64        `json:"temperature"`
		TopP              *float64        `json:"top_p"`
		ToolChoice        string          `json:"tool_choice"`
		ParallelToolCalls *bool           `json:"parallel_tool_calls"`
		MaxTokens         *int            `json:"max_tokens"`
		Truncation        string          `json:"truncation"`
		Reasoning         json.RawMessage `json:"reasoning"`
		Verbosity         string          `json:"verbosity"`
		Store             *bool           `json:"store"`
	}
	if raw != nil {
		if err := json.Unmarshal(raw, &given); err != nil {
			return runner.ModelSettings{}, err
		}
	}
	return runner.ModelSettings{
		Temperature: given.Temperature, TopP: given.TopP, ToolChoice: given.ToolChoice, ParallelToolCalls: given.ParallelToolCalls,
		MaxTokens: given.MaxTokens, Truncation: given.Truncation, Reasoning: given.Reasoning, Verbosity: given.Verbosity, Store: given.Store,
	}, nil
}

func (b *builder) tool(spec ToolSpec) (runner.Tool, error) {
	switch spec.Kind {
	case "", "function":
		return b.functionTool(spec)
	case "agent_tool":
		return b.agentTool(spec)
	case "web_search":
		return runner.WebSearch(spec.SearchContextSize), nil
	case "file_search":
		return runner.FileSearch(spec.MaxNumResults, spec.VectorStoreIDs...), nil
	case "code_interpreter":
		return runner.CodeInterpreter(), nil
	case "image_generation":
		return hosted("image_generation", "image_generation", spec.Config)
	case "hosted_mcp":
		return hostedMCP(spec)
	case "tool_search":
		return runner.ToolSearch(), nil
	case "programmatic":
		return runner.ProgrammaticToolCalling(), nil
	case "custom":
		return b.customTool(spec)
	case "shell":
		return b.shellTool(spec)
	case "apply_patch":
		return b.patchTool(spec)
	case "computer":
		return b.computerTool(spec), nil
	}
	return nil, fmt.Errorf("conformance: tool kind %q is not known", spec.Kind)
}

func (b *builder) functionTool(spec ToolSpec) (runner.Tool, error) {
	approval, err := approvalRule(spec.NeedsApproval)
	if err != nil {
		return nil, err
	}
	if spec.Namespace != "" && spec.NamespaceDescription == "" {
		spec.NamespaceDescription = "n"
	}
	tool := &runner.FunctionTool{
		Name: spec.Name, Description: spec.Description, Parameters: spec.Parameters, NeedsApproval: approval,
		NotStrict: spec.Strict != nil && !*spec.Strict, Timeout: time.Duration(spec.TimeoutMS) * time.Millisecond,
		FailOnTimeout: spec.TimeoutBehavior == "raise_exception",
		DeferLoading:  spec.DeferLoading, Namespace: spec.Namespace, NamespaceDescription: spec.NamespaceDescription,
		InputGuardrails:  toolGuardrails(spec.InputGuardrail),
		OutputGuardrails: toolGuardrails(spec.OutputGuardrail),
		Invoke: func(ctx context.Context, call *runner.ToolCall) (any, error) {
			b.log.add(call.ID, Call{"tool": spec.Name, "arguments": call.Arguments})
			if spec.DelayMS > 0 {
				select {
				case <-time.After(time.Duration(spec.DelayMS) * time.Millisecond):
				case <-ctx.Done():
					return nil, context.Cause(ctx)
				}
			}
			if spec.Error != nil {
				return nil, errors.New(*spec.Error)
			}
			if spec.ResultArg != "" {
				return argument(call, spec.ResultArg)
			}
			return value(spec.Result)
		},
	}
	if spec.Enabled != nil {
		tool.IsEnabled = func(context.Context, *runner.RunContext, *runner.Agent) bool { return *spec.Enabled }
	}
	switch {
	case spec.OnError == nil:
	case *spec.OnError == "raise":
		tool.OnError = runner.FailRun
	default:
		tool.OnError = func(context.Context, *runner.ToolCall, error) (string, error) { return *spec.OnError, nil }
	}
	return tool, nil
}

// value gives a tool's result: text, nothing, or JSON as the case has it.
func value(raw json.RawMessage) (any, error) {
	var result any
	if raw == nil || json.Unmarshal(raw, &result) != nil {
		return nil, nil
	}
	switch result.(type) {
	case map[string]any, []any:
		var compact bytes.Buffer
		err := json.Compact(&compact, raw)
		return json.RawMessage(compact.Bytes()), err
	}
	return result, nil
}

// argument looks a dotted path up in a call's arguments.
func argument(call *runner.ToolCall, path string) (any, error) {
	var value any
	if err := call.Decode(&value); err != nil {
		return nil, err
	}
	for _, key := range strings.Split(path, ".") {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value, nil
}

// approvalRule reads needs_approval: a boolean, or {"arg", "over"}.
func approvalRule(raw json.RawMessage) (func(context.Context, *runner.ToolCall) (bool, error), error) {
	var always bool
	if raw == nil || json.Unmarshal(raw, &always) == nil {
		if always {
			return runner.Always, nil
		}
		return nil, nil
	}
	var rule struct {
		Arg  string  `json:"arg"`
		Over float64 `json:"over"`
	}
	if err := json.Unmarshal(raw, &rule); err != nil {
		return nil, err
	}
	return func(_ context.Context, call *runner.ToolCall) (bool, error) {
		value, err := argument(call, rule.Arg)
		number, _ := value.(float64)
		return number > rule.Over, err
	}, nil
}
