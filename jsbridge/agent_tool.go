package jsbridge

import (
	"cmp"
	"context"
	"encoding/json"

	"runstream/internal/codec"
	"runstream/runner"
)

// agentTool makes an agent of the page a tool of another one.
func (r *run) agentTool(owner int, spec toolSpec) (*runner.FunctionTool, error) {
	agent, err := r.agentAt(spec.Agent, "tool "+spec.Name)
	if err != nil {
		return nil, err
	}
	onError, err := r.onError(spec)
	if err != nil {
		return nil, err
	}
	turns, err := maxTurns(spec.MaxTurns)
	if err != nil {
		return nil, err
	}
	if turns == 0 {
		turns = -1 // no limit, in the words of AgentToolOptions
	}
	parameters, err := argumentsSchema("the parameters of tool "+cmp.Or(spec.Name, agent.Name), spec.Parameters, spec.Strict)
	if err != nil {
		return nil, err
	}
	options := runner.AgentToolOptions{
		Name: spec.Name, Description: spec.Description, Parameters: parameters, MaxTurns: turns,
		Session: r.session(spec.Session, ""), Hooks: r.hooks("hooks of tool "+spec.Name, spec.Hooks),
		NeedsApproval: r.needsApproval(spec), IsEnabled: r.enabled("tool "+spec.Name, owner, spec.Name, spec.Enabled), OnError: onError,
	}
	if fn := spec.Input; fn != nil {
		options.Input = func(ctx context.Context, call *runner.ToolCall) (runner.Input, error) {
			input, err := r.call(ctx, *fn, r.infoOfCall(call))
			if err != nil {
				return nil, err // what it threw, as of a function tool
			}
			if codec.IsNull(input) {
				return nil, nil // it has checked the arguments
			}
			if text, ok := toolValue(input).(string); ok {
				return runner.Text(text), nil
			}
			var items []json.RawMessage
			err = readReply("inputBuilder of tool "+spec.Name, input, &items)
			return runner.Items(items), err
		}
	}
	if fn := spec.Output; fn != nil {
		options.Output = func(ctx context.Context, result *runner.StreamResult) (any, error) {
			var output json.RawMessage
			err := r.ask(ctx, "customOutputExtractor of tool "+spec.Name, *fn, &output, r.infoOf(agent),
				codec.Fields{"finalOutput", result.MarshalFinalOutput(), "newItems", marshalItems(result, result.NewItems())})
			if err != nil {
				return nil, err
			}
			return toolValue(output), nil
		}
	}
	if fn := spec.OnStream; fn != nil {
		options.OnStream = func(_ context.Context, event runner.AgentToolEvent) {
			batch := json.RawMessage(new(batchWriter).write(r.started(), []runner.Event{event.Event}))
			r.notify(*fn, r.infoOfCall(event.Call), batch, r.infoOf(event.Agent))
		}
	}
	tool := agent.AsTool(options)
	tool.NotStrict = isFalse(spec.Strict)
	return tool, nil
}
