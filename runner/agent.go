package runner

import (
	"context"
	"encoding/json"
)

// Agent is a model with instructions, tools and colleagues. It is plain data:
// runs read it and never change it, and any number of runs may share it.
//
// Names should be unique among the agents that can reach each other: states
// refer to agents by name.
type Agent struct {
	Name string
	// Instructions is the system prompt. InstructionsFunc, if set, makes it
	// anew for every model call; its error ends the run.
	Instructions     string
	InstructionsFunc func(ctx context.Context, run *RunContext, agent *Agent) (string, error)
	// Prompt is a hosted prompt of the Responses API (id, version, variables).
	// PromptFunc, if set, makes it anew for every model call, as
	// InstructionsFunc does.
	Prompt     json.RawMessage
	PromptFunc func(ctx context.Context, run *RunContext, agent *Agent) (json.RawMessage, error)
	// HandoffDescription tells other agents what this one is for.
	HandoffDescription string
	// Model answers. A run's [WithModel] goes before it.
	Model    Model
	Settings ModelSettings
	Tools    []Tool
	// Handoffs are the agents that this one may hand the conversation to:
	// each is an [*Agent] or a [*Handoff].
	Handoffs []HandoffTarget
	// Output is the form of the final answer, nil for plain text.
	Output *OutputSchema
	// ToolUse says what a tool's output means for the run. The zero value asks
	// the model again.
	ToolUse ToolUseBehavior
	// InputGuardrails look at the input of a run that starts with this agent,
	// OutputGuardrails at the final output of one that ends with it.
	InputGuardrails  []InputGuardrail
	OutputGuardrails []OutputGuardrail
	// Hooks are called while the agent has the conversation.
	Hooks *Hooks
	// KeepToolChoice keeps Settings.ToolChoice after the agent has used a
	// tool. By default it is then reset, so that a forced tool is called once.
	KeepToolChoice bool
}

// RunContext is what a run's functions share. It is safe for concurrent use, as
// far as Value is.
type RunContext struct {
	// Value is the application's own, as given to [WithContextValue].
	Value any
	usage func() Usage
}

// Usage gives what the run has used so far: nothing where there is no run, as in
// a test's own RunContext.
func (c *RunContext) Usage() Usage {
	if c.usage == nil {
		return Usage{}
	}
	return c.usage()
}

func (a *Agent) instructions(ctx context.Context, run *RunContext) (string, error) {
	if a.InstructionsFunc == nil {
		return a.Instructions, nil
	}
	return a.InstructionsFunc(ctx, run, a)
}

func (a *Agent) prompt(ctx context.Context, run *RunContext) (json.RawMessage, error) {
	if a.PromptFunc == nil {
		return a.Prompt, nil
	}
	return a.PromptFunc(ctx, run, a)
}

// ToolUseBehavior says whether tool outputs end the run.
type ToolUseBehavior struct {
	// StopOnFirstTool makes the first call's output the final output.
	StopOnFirstTool bool
	// StopAtTools does the same for the tools of these names only.
	StopAtTools []string
	// Func decides from all outputs of a turn; it goes before the other two. An
	// error ends the run.
	Func func(ctx context.Context, run *RunContext, results []ToolResult) (ToolsToFinalOutput, error)
}

// ToolResult is the output of one function tool call.
type ToolResult struct {
	Tool   *FunctionTool
	Call   *ToolCall
	Output any
}

// ToolsToFinalOutput is the answer of [ToolUseBehavior.Func]: whether Output is
// the run's final output, or the model is asked again.
type ToolsToFinalOutput struct {
	IsFinal bool
	Output  any
}
