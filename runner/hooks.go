package runner

import (
	"context"
	"encoding/json"
)

// Hooks are called as a run goes on, in its order. Any of them may be nil. An
// error ends the run. Hooks of the run ([WithHooks]) are called before those
// of the agent; ToolStart and ToolEnd may be called concurrently, as tools run.
type Hooks struct {
	// AgentStart is called before an agent's first model call, also in a
	// resumed run.
	AgentStart func(ctx context.Context, run *RunContext, agent *Agent) error
	// AgentEnd is called with the final output.
	AgentEnd func(ctx context.Context, run *RunContext, agent *Agent, output any) error
	// Handoff is called after from has handed over to to: the run's hook and
	// that of from.
	Handoff func(ctx context.Context, run *RunContext, from, to *Agent) error
	// ModelStart and ModelEnd are called around every model call.
	ModelStart func(ctx context.Context, run *RunContext, agent *Agent, instructions string, input []json.RawMessage) error
	ModelEnd   func(ctx context.Context, run *RunContext, agent *Agent, response *ModelResponse) error
	// ToolStart and ToolEnd are called around every tool that runs here, not
	// for calls that were rejected.
	ToolStart func(ctx context.Context, run *RunContext, agent *Agent, tool Tool, call *ToolCall) error
	ToolEnd   func(ctx context.Context, run *RunContext, agent *Agent, tool Tool, call *ToolCall, output any) error
}

// hooks calls a hook of the run and of the agent.
func (l *runLoop) hooks(agent *Agent, call func(h *Hooks) error) error {
	for _, h := range []*Hooks{l.cfg.hooks, agent.Hooks} {
		if h == nil {
			continue
		}
		if err := safely(func() error { return call(h) }); err != nil {
			return err
		}
	}
	return nil
}

func (l *runLoop) onAgentStart(ctx context.Context, agent *Agent) error {
	return l.hooks(agent, func(h *Hooks) error {
		if h.AgentStart == nil {
			return nil
		}
		return h.AgentStart(ctx, l.context, agent)
	})
}

func (l *runLoop) onAgentEnd(ctx context.Context, agent *Agent, output any) error {
	return l.hooks(agent, func(h *Hooks) error {
		if h.AgentEnd == nil {
			return nil
		}
		return h.AgentEnd(ctx, l.context, agent, output)
	})
}

func (l *runLoop) onHandoff(ctx context.Context, from, to *Agent) error {
	return l.hooks(from, func(h *Hooks) error {
		if h.Handoff == nil {
			return nil
		}
		return h.Handoff(ctx, l.context, from, to)
	})
}

func (l *runLoop) onModelStart(ctx context.Context, agent *Agent, request *ModelRequest) error {
	return l.hooks(agent, func(h *Hooks) error {
		if h.ModelStart == nil {
			return nil
		}
		return h.ModelStart(ctx, l.context, agent, request.Instructions, request.Input)
	})
}

func (l *runLoop) onModelEnd(ctx context.Context, agent *Agent, response *ModelResponse) error {
	return l.hooks(agent, func(h *Hooks) error {
		if h.ModelEnd == nil {
			return nil
		}
		return h.ModelEnd(ctx, l.context, agent, response)
	})
}

// onToolStart is the last step before a tool runs. A hook may take long: the
// run may be over by then.
func (l *runLoop) onToolStart(ctx context.Context, call *ToolCall, tool Tool) error {
	err := l.hooks(call.Agent, func(h *Hooks) error {
		if h.ToolStart == nil {
			return nil
		}
		return h.ToolStart(ctx, l.context, call.Agent, tool, call)
	})
	if err != nil {
		return err
	}
	if cause := context.Cause(ctx); cause != nil && cause != errSiblingFailed {
		return cause // the hook has stopped the run, or the run was stopped meanwhile
	}
	if !l.calls.begin(call.ID) {
		return errOver
	}
	return nil
}

func (l *runLoop) onToolEnd(ctx context.Context, call *ToolCall, tool Tool, output any) error {
	l.calls.ran(call.ID)
	return l.hooks(call.Agent, func(h *Hooks) error {
		if h.ToolEnd == nil {
			return nil
		}
		return h.ToolEnd(ctx, l.context, call.Agent, tool, call, output)
	})
}
