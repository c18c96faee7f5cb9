package jsbridge

import (
	"context"
	"encoding/json"

	"runstream/internal/codec"
	"runstream/runner"
)

// hooks makes the hooks that the page has. Each is waited for, and what it
// throws ends the run.
func (r *run) hooks(what string, spec *hooksSpec) *runner.Hooks {
	if spec == nil {
		return nil
	}
	hooks := &runner.Hooks{}
	if fn := spec.AgentStart; fn != nil {
		hooks.AgentStart = func(ctx context.Context, _ *runner.RunContext, agent *runner.Agent) error {
			return r.ask(ctx, "onAgentStart of the "+what, *fn, nil, r.infoOf(agent))
		}
	}
	if fn := spec.AgentEnd; fn != nil {
		hooks.AgentEnd = func(ctx context.Context, _ *runner.RunContext, agent *runner.Agent, output any) error {
			return r.ask(ctx, "onAgentEnd of the "+what, *fn, nil, r.infoOf(agent), jsonOf(output))
		}
	}
	if fn := spec.Handoff; fn != nil {
		hooks.Handoff = func(ctx context.Context, _ *runner.RunContext, from, to *runner.Agent) error {
			return r.ask(ctx, "onHandoff of the "+what, *fn, nil, r.infoOf(from), r.infoOf(to))
		}
	}
	if fn := spec.ModelStart; fn != nil {
		hooks.ModelStart = func(ctx context.Context, _ *runner.RunContext, agent *runner.Agent, instructions string, input []json.RawMessage) error {
			return r.ask(ctx, "onModelStart of the "+what, *fn, nil, r.infoOf(agent), codec.Fields{"instructions", instructions, "input", input})
		}
	}
	if fn := spec.ModelEnd; fn != nil {
		hooks.ModelEnd = func(ctx context.Context, _ *runner.RunContext, agent *runner.Agent, response *runner.ModelResponse) error {
			usage := usageOf(response.Usage)
			return r.ask(ctx, "onModelEnd of the "+what, *fn, nil, r.infoOf(agent),
				codec.Fields{"output", response.Output, "usage", usage.fields(), "responseId", response.ResponseID})
		}
	}
	if fn := spec.ToolStart; fn != nil {
		hooks.ToolStart = func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent, _ runner.Tool, call *runner.ToolCall) error {
			return r.ask(ctx, "onToolStart of the "+what, *fn, nil, r.infoOfCall(call))
		}
	}
	if fn := spec.ToolEnd; fn != nil {
		hooks.ToolEnd = func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent, _ runner.Tool, call *runner.ToolCall, output any) error {
			return r.ask(ctx, "onToolEnd of the "+what, *fn, nil, r.infoOfCall(call), jsonOf(output))
		}
	}
	return hooks
}
