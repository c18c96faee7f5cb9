package runner

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"
)

// Tool is something that a model can call. The tools that run here are
// [*FunctionTool], [*CustomTool], [*ShellTool], [*LocalShellTool],
// [*ApplyPatchTool] and [*ComputerTool]; those that the server runs are
// [*HostedTool] and [*HostedMCPTool].
type Tool interface{ toolName() string }

// FunctionTool is a tool that runs here. Package functiontool makes one from a
// typed Go function.
type FunctionTool struct {
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments; an object without
	// properties if nil.
	Parameters json.RawMessage
	// NotStrict lets the model stray from the schema.
	NotStrict bool
	// Invoke runs the tool. A string it returns goes to the model as it is, what
	// has a String method as that gives it, anything else as JSON; [TextOutput],
	// [ImageOutput], [FileOutput] and lists of them become parts. Its context ends
	// with the call's timeout and with the run. It may run beside other calls of
	// the same turn.
	//
	// In a browser it must return one of these, [json.RawMessage], a number, a
	// boolean, or a []any or map[string]any of these; any other type is a
	// [*UserError], since the engine has no reflection to write it with.
	// Package functiontool makes JSON of every type.
	Invoke func(ctx context.Context, call *ToolCall) (any, error)
	// NeedsApproval says whether a call must wait for a decision; nil never,
	// [Always] always. It is asked once a call. An error, and arguments that
	// are no JSON object, mean that approval is needed.
	NeedsApproval func(ctx context.Context, call *ToolCall) (bool, error)
	// IsEnabled is asked before every model call, and hides the tool where it
	// returns false; nil never. It is asked again before a call runs: false is
	// a [*ModelBehaviorError] then, and no call of the turn runs.
	IsEnabled func(ctx context.Context, run *RunContext, agent *Agent) bool
	// Namespace groups tools; the model then calls them by both names.
	Namespace            string
	NamespaceDescription string
	// DeferLoading keeps the tool from the model until it searches for it. The
	// agent then needs a tool-search tool ([ToolSearch]).
	DeferLoading bool
	// AllowedCallers says who may call the tool: "direct" (the model itself),
	// "programmatic" (programs that the model writes); direct calls only if nil.
	AllowedCallers []string
	// InputGuardrails look at a call before it runs, OutputGuardrails at what
	// it returned; the first that rejects decides.
	InputGuardrails  []ToolGuardrail
	OutputGuardrails []ToolGuardrail
	// CustomData gives data for the user interface that goes with the output
	// item and never to the model. An error ends the run.
	CustomData func(ctx context.Context, call *ToolCall, output any) (json.RawMessage, error)
	// Timeout ends a call that takes longer; zero never. A function that does
	// not end with its context is left running, and its output dropped.
	Timeout time.Duration
	// FailOnTimeout ends the run with a [*ToolTimeoutError]. By default the
	// model is told.
	FailOnTimeout bool
	// OnTimeout makes the text that the model is then told; a fixed one if nil.
	// An error of its own ends the run.
	OnTimeout func(ctx context.Context, call *ToolCall, err *ToolTimeoutError) (string, error)
	// OnError makes the text that tells the model of a failure. Nil tells a
	// fixed text without the error, which may hold what the model should not
	// see. An error of its own ends the run, which is what [FailRun] does.
	OnError func(ctx context.Context, call *ToolCall, err error) (string, error)

	// MCP says from which local MCP server the tool comes; nil for none. A call
	// that waited is resumed by a tool of the same server and place only.
	MCP *MCPBinding

	agentTool *agentTool // of an agent used as a tool
}

// MCPBinding is a tool's place at a local MCP server.
type MCPBinding struct {
	Server string
	// Tool is the server's own name for it.
	Tool string
	// Index is the server's place among the agent's servers; -1 where unknown.
	Index int
}

func (b MCPBinding) index() any {
	if b.Index < 0 {
		return nil
	}
	return b.Index
}

func (t *FunctionTool) toolName() string { return t.Name }

// key identifies the tool within its agent.
func (t *FunctionTool) key() toolKey {
	switch {
	case t.Namespace != "":
		return toolKey{kind: "namespaced", namespace: t.Namespace, name: t.Name}
	case t.DeferLoading:
		return toolKey{kind: "deferred_top_level", name: t.Name}
	}
	return bareKey(t.Name)
}

// ToolCall is one call of a tool.
type ToolCall struct {
	// ID is the model's call id.
	ID   string
	Name string
	// Arguments is what the model wrote, to the letter: JSON for a function
	// tool, free text for a custom one. Use [ToolCall.Decode] to read JSON.
	Arguments string
	// Raw is the whole call.
	Raw   json.RawMessage
	Agent *Agent
	Run   *RunContext
}

type toolCallKey struct{}

// runningCall is what a tool's context knows of its call.
type runningCall struct {
	call  *ToolCall
	calls *runningCalls
	begun atomic.Bool // a part of it was done
}

// ToolCallFrom gives the call that a tool's context belongs to; false where ctx
// is another one.
func ToolCallFrom(ctx context.Context) (*ToolCall, bool) {
	running, ok := ctx.Value(toolCallKey{}).(*runningCall)
	if !ok {
		return nil, false
	}
	return running.call, true
}

// NotBegun says that the tool whose context this is has done nothing, and will
// not, so that a resumed run may run its call. It is for who carries calls to where
// tools run, and is told there of a stop before the run is: once the context has
// ended it may come too late. It does nothing in another context, and for a patch of
// which an operation was carried out.
func NotBegun(ctx context.Context) {
	if running, ok := ctx.Value(toolCallKey{}).(*runningCall); ok && !running.begun.Load() {
		running.calls.withdraw(running.call.ID)
	}
}

// hasBegun says that a tool has done a part of its call: that it has done nothing
// is not believed any more.
func hasBegun(ctx context.Context) {
	if running, ok := ctx.Value(toolCallKey{}).(*runningCall); ok {
		running.begun.Store(true)
	}
}

// Always is a [FunctionTool.NeedsApproval] that is always true.
func Always(context.Context, *ToolCall) (bool, error) { return true, nil }

// FailRun is a [FunctionTool.OnError] that ends the run with the error.
func FailRun(_ context.Context, _ *ToolCall, err error) (string, error) { return "", err }

// errOutputLost is why a run does not go on of which a call was begun and nothing
// more is known.
var errOutputLost = errors.New("a call's output was lost")

// outputLost is what the model is told by default of an agent whose run ends so.
const outputLost = "The agent was stopped while one of its tools ran, and whether that took effect is not known. Do not repeat it before you know."

// toolFailed is what the model is told of a failed tool by default.
const toolFailed = "An error occurred while running the tool. Please try again."

func (a *Agent) enabledTools(ctx context.Context, run *RunContext) []Tool {
	var enabled []Tool
	for _, tool := range a.Tools {
		if f, ok := tool.(*FunctionTool); ok && f.IsEnabled != nil && !f.IsEnabled(ctx, run, a) {
			continue
		}
		enabled = append(enabled, tool)
	}
	return enabled
}
