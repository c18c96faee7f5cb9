package jsbridge

import (
	"context"
	"strconv"

	"runstream/internal/codec"
	"runstream/runner"
	"runstream/runner/responses"
)

// start makes the agents that the spec names and starts their run.
func (r *run) start(text string) error {
	spec, err := parseSpec(text)
	if err != nil {
		return err
	}
	transport, err := r.transport(spec.Provider)
	if err != nil {
		return err
	}
	if err := r.makeAgents(spec.Agents, transport); err != nil {
		return err
	}
	turns, err := spec.Options.maxTurns()
	if err != nil {
		return err
	}
	input, err := spec.Input.input(r.agents[0])
	if err != nil {
		return err
	}
	if state, ok := input.(*runner.State); ok && spec.Load {
		r.result, err = state.Result()
		return err
	}
	options := []runner.Option{
		runner.WithMaxTurns(turns), runner.WithModelSettings(spec.Options.ModelSettings.settings()), runner.WithCheckpoint(r.checkpoint),
	}
	if spec.Options.Model != "" {
		options = append(options, runner.WithModel(&responses.Model{Name: spec.Options.Model, Transport: transport}))
	}
	r.result = runner.RunStreamed(r.ctx, r.agents[0], input, options...)
	return nil
}

// transport makes the way to the model server, nil for none.
func (r *run) transport(provider *providerSpec) (responses.Transport, error) {
	if provider == nil {
		return nil, nil
	}
	if provider.API != "" && provider.API != "responses" {
		return nil, &runner.UserError{Message: "the engine does not speak the API " + strconv.Quote(provider.API) + "; set api to \"responses\""}
	}
	retries := responses.DefaultRetries
	if provider.MaxRetries != nil {
		retries = *provider.MaxRetries
	}
	if retries < 0 {
		return nil, &runner.UserError{Message: "maxRetries is " + strconv.Itoa(retries) + "; pass a whole number from 0"}
	}
	var token tokenFunc
	if fn := provider.Token; fn != nil {
		token = func(ctx context.Context) (string, error) { return callFor[string](ctx, r, "getToken", *fn) }
	}
	return responses.Retrying(r.engine.transport(*provider, token), retries), nil
}

// makeAgents makes the agents, each once, so that they may refer to each other.
func (r *run) makeAgents(specs []agentSpec, transport responses.Transport) error {
	r.agents = make([]*runner.Agent, len(specs))
	for i := range specs {
		r.agents[i] = &runner.Agent{}
	}
	for i, spec := range specs {
		if err := r.fillAgent(i, spec, transport); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) fillAgent(index int, spec agentSpec, transport responses.Transport) error {
	agent := r.agents[index]
	agent.Name = spec.Name
	agent.Instructions = spec.Instructions.text
	agent.HandoffDescription = spec.HandoffDescription
	agent.Settings = spec.ModelSettings.settings()
	if transport != nil {
		agent.Model = &responses.Model{Name: spec.Model, Transport: transport}
	}
	if fn := spec.Instructions.fn; fn != nil {
		agent.InstructionsFunc = func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent) (string, error) {
			return callFor[string](ctx, r, "instructions of agent "+spec.Name, *fn, callInfo{Agent: index})
		}
	}
	for _, tool := range spec.Tools {
		made, err := r.makeTool(index, tool)
		if err != nil {
			return err
		}
		agent.Tools = append(agent.Tools, made)
	}
	for _, handoff := range spec.Handoffs {
		if handoff.Agent < 0 || handoff.Agent >= len(r.agents) {
			return &runner.UserError{Message: "a handoff of agent " + spec.Name + " leads to agent " + strconv.Itoa(handoff.Agent) + ", which is not there"}
		}
		agent.Handoffs = append(agent.Handoffs, &runner.Handoff{
			Agent: r.agents[handoff.Agent], ToolName: handoff.ToolName, ToolDescription: handoff.ToolDescription,
			IsEnabled: r.enabled("handoff of agent "+spec.Name, index, "", handoff.Enabled),
		})
	}
	return nil
}

// enabled asks the page; nil where the answer is always yes. The run ends with
// the error of a function that throws.
func (r *run) enabled(what string, agent int, toolName string, spec boolOrFunction) func(context.Context, *runner.RunContext, *runner.Agent) bool {
	switch {
	case spec.fn != nil:
		return func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent) bool {
			yes, err := callFor[bool](ctx, r, "isEnabled of "+what, *spec.fn, callInfo{Agent: agent, ToolName: toolName})
			if err != nil && ctx.Err() == nil {
				r.stop(err)
			}
			return yes
		}
	case spec.value != nil && !*spec.value:
		return func(context.Context, *runner.RunContext, *runner.Agent) bool { return false }
	}
	return nil
}

// callFor calls a function of the page for a value of type T. The error says
// what function it was and has what it threw as its cause.
func callFor[T string | bool](ctx context.Context, r *run, what string, fn functionRef, args ...any) (value T, err error) {
	text, err := r.call(ctx, fn, args...)
	if err != nil {
		if ctx.Err() != nil {
			return value, err
		}
		return value, &runner.UserError{Message: what + " failed: " + err.Error(), Err: err}
	}
	if codec.Read(text, &value) != nil {
		return value, &runner.UserError{Message: what + " must give a " + nameOf(value) + ", and gave something else"}
	}
	return value, nil
}

func nameOf(value any) string {
	if _, ok := value.(bool); ok {
		return "bool"
	}
	return "string"
}
