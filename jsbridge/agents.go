package jsbridge

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"runstream/internal/codec"
	"runstream/runner"
)

// makeAgents makes the agents, each once, so that they may refer to each other.
func (r *run) makeAgents(specs []agentSpec, models *models) error {
	r.agents = make([]*runner.Agent, len(specs))
	copies := map[*runner.Agent]*runner.Agent{}
	for i, spec := range specs {
		r.agents[i] = &runner.Agent{}
		if spec.Registered {
			own, err := registered(r.engine.own.agents, "agent", spec.Name)
			if err != nil {
				return err
			}
			r.agents[i] = own.Copy(copies)
			if slices.Contains(r.agents[:i], r.agents[i]) {
				return &runner.UserError{Message: "engineAgent(" + strconv.Quote(spec.Name) + ") was called twice for one run; use one object for it"}
			}
		}
	}
	for i, spec := range specs {
		if err := r.fillAgent(i, spec, models); err != nil {
			return err
		}
	}
	for i, spec := range specs { // tools and handoffs are named after agents
		if err := r.addParts(i, spec); err != nil {
			return err
		}
	}
	return nil
}

// addGuardrails adds what a page gives an agent of the engine's own. What that has
// once is not replaced, and not passed over.
func (r *run) addGuardrails(index int, spec agentSpec) error {
	what := ""
	switch {
	case spec.Instructions.text != "" || spec.Instructions.fn != nil:
		what = "instructions"
	case spec.Output != nil:
		what = "outputType"
	case spec.Hooks != nil:
		what = "hooks"
	case spec.ToolUse.given():
		what = "toolUseBehavior"
	}
	if what != "" {
		return &runner.UserError{Message: what + " of agent " + spec.Name + " cannot be given in the page: the agent is written in Go, and has its own there"}
	}
	agent := r.agents[index]
	agent.InputGuardrails = slices.Concat(agent.InputGuardrails, r.inputGuardrails(spec.InputGuardrails))
	agent.OutputGuardrails = slices.Concat(agent.OutputGuardrails, r.outputGuardrails(spec.OutputGuardrails))
	return nil
}

func (r *run) fillAgent(index int, spec agentSpec, models *models) (err error) {
	if spec.Registered {
		return r.addGuardrails(index, spec)
	}
	agent := r.agents[index]
	agent.Name = spec.Name
	agent.Instructions = spec.Instructions.text
	agent.Prompt = given(spec.Prompt)
	agent.HandoffDescription = spec.HandoffDescription
	if agent.Model, err = models.model(spec.Model); err != nil {
		return err
	}
	agent.Settings = spec.ModelSettings.settings()
	if spec.Output != nil && given(spec.Output.Schema) == nil {
		return &runner.UserError{Message: "outputType of agent " + spec.Name + " has no schema; write { schema: … } around JSON Schema, or give a Standard Schema"}
	}
	if agent.Output, err = r.outputSchema(spec); err != nil {
		return err
	}
	if !spec.ToolUse.known() {
		return &runner.UserError{Message: "toolUseBehavior of agent " + spec.Name + ` is none: it is "run_llm_again", "stop_on_first_tool", { stopAtToolNames } or a function`}
	}
	agent.ToolUse = r.toolUse(spec)
	agent.InputGuardrails = r.inputGuardrails(spec.InputGuardrails)
	agent.OutputGuardrails = r.outputGuardrails(spec.OutputGuardrails)
	agent.Hooks = r.hooks("hooks of agent "+spec.Name, spec.Hooks)
	agent.KeepToolChoice = spec.KeepToolChoice
	if fn := spec.Instructions.fn; fn != nil {
		agent.InstructionsFunc = func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent) (string, error) {
			return r.askText(ctx, "instructions of agent "+spec.Name, *fn, callInfo{Agent: index})
		}
	}
	return nil
}

// addParts adds a spec's tools and handoffs to its agent.
func (r *run) addParts(index int, spec agentSpec) error {
	agent := r.agents[index]
	for _, tool := range spec.Tools {
		made, err := r.makeTool(index, tool)
		if err != nil {
			return err
		}
		agent.Tools = append(agent.Tools, made)
	}
	for _, handoff := range spec.Handoffs {
		made, err := r.makeHandoff(index, handoff)
		if err != nil {
			return err
		}
		agent.Handoffs = append(agent.Handoffs, made)
	}
	return nil
}

// agentAt gives the agent that a part of a spec refers to.
func (r *run) agentAt(index int, what string) (*runner.Agent, error) {
	if index < 0 || index >= len(r.agents) {
		return nil, &runner.UserError{Message: what + " leads to agent " + strconv.Itoa(index) + ", which is not there"}
	}
	return r.agents[index], nil
}

// given is nil for JSON that is null or not there.
func given(value json.RawMessage) json.RawMessage {
	if codec.IsNull(value) {
		return nil
	}
	return value
}

// isFalse says whether what is true by default was said not to be.
func isFalse(said *bool) bool { return said != nil && !*said }

func (r *run) outputSchema(spec agentSpec) (*runner.OutputSchema, error) {
	output := spec.Output
	if output == nil {
		return nil, nil
	}
	asked := output.Schema
	if output.Wrapped {
		asked = wrappedSchema(asked)
	}
	shown, err := shownSchema("the outputType of agent "+spec.Name, asked, output.Strict)
	if err != nil {
		return nil, err
	}
	schema := &runner.OutputSchema{Name: output.Name, Schema: shown, NotStrict: isFalse(output.Strict)}
	if fn := output.Validate; fn != nil {
		schema.Validate = func(text string) (any, error) {
			value, err := r.call(r.stopped, *fn, text)
			if err != nil {
				return nil, err
			}
			return toolValue(value), nil
		}
	}
	return schema, nil
}

func (r *run) toolUse(spec agentSpec) runner.ToolUseBehavior {
	use := runner.ToolUseBehavior{StopOnFirstTool: spec.ToolUse.word == "stop_on_first_tool", StopAtTools: spec.ToolUse.StopAtToolNames}
	if fn := spec.ToolUse.fn; fn != nil {
		use.Func = func(ctx context.Context, _ *runner.RunContext, results []runner.ToolResult) (decided runner.ToolsToFinalOutput, err error) {
			list := make([]any, len(results))
			for i, result := range results {
				list[i] = codec.Fields{"toolName", result.Call.Name, "callId", result.Call.ID, "output", jsonOf(result.Output)}
			}
			var output json.RawMessage
			err = r.ask(ctx, "toolUseBehavior of agent "+spec.Name, *fn,
				codec.Fields{"isFinalOutput", &decided.IsFinal, "finalOutput", &output}, r.infoOf(results[0].Call.Agent), list)
			if given(output) != nil {
				decided.Output = toolValue(output)
			}
			return decided, err
		}
	}
	return use
}

// enabled asks the page; nil where the answer is always yes. The run ends with
// the error of a function that throws.
func (r *run) enabled(what string, agent int, toolName string, spec boolOrFunction) func(context.Context, *runner.RunContext, *runner.Agent) bool {
	switch {
	case spec.fn != nil:
		return func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent) bool {
			yes, err := r.askBool(ctx, "isEnabled of "+what, *spec.fn, callInfo{Agent: agent, ToolName: toolName})
			if err != nil && ctx.Err() == nil {
				r.stop(err)
			}
			return yes
		}
	case isFalse(spec.value):
		return func(context.Context, *runner.RunContext, *runner.Agent) bool { return false }
	}
	return nil
}
