package runner

import (
	"context"
)

// RunStreamed starts a run of agent on input and returns at once. Errors come
// from the result's events, also those of wrong input.
//
// A [*State] as input is resumed: agent is then the agent that its run was
// started with. The run ends with ctx.
func RunStreamed(ctx context.Context, agent *Agent, input Input, options ...Option) *StreamResult {
	cfg := newConfig(options)
	state, err := startState(agent, input, cfg)
	if err != nil {
		result := newResult(func(error) {})
		if agent == nil {
			agent = &Agent{}
		}
		result.publish(newState(agent, textInput(""), cfg.maxTurns))
		result.finish(nil, err, false)
		return result
	}
	return start(ctx, state, cfg)
}

// Run does what [RunStreamed] does and waits for the end. The result is there
// after an error too, with what happened before.
func Run(ctx context.Context, agent *Agent, input Input, options ...Option) (*StreamResult, error) {
	result := RunStreamed(ctx, agent, input, options...)
	err := result.Wait(context.WithoutCancel(ctx))
	return result, err
}

// start runs the loop on a state that was acquired.
func start(ctx context.Context, state *State, cfg *config) *StreamResult {
	runCtx, stop := context.WithCancelCause(ctx)
	result := newResult(stop)
	result.publish(state.clone())
	go func() {
		output, err := any(nil), error(errExited)
		stopped := false
		defer func() {
			if err != nil && runCtx.Err() != nil {
				switch cause := context.Cause(runCtx); {
				case ctx.Err() != nil:
					err, stopped = context.Cause(ctx), true
				case cause == errCancelled:
					output, err, stopped = nil, nil, true
				default:
					err = cause // a guardrail tripped
				}
			}
			result.publish(state.clone())
			state.release() // who waits for the end may change it then
			result.finish(output, err, stopped)
		}()
		output, err = guarded(runCtx, state, cfg, result)
	}()
	return result
}

// startState makes the state that a run works on.
func startState(agent *Agent, input Input, cfg *config) (*State, error) {
	if agent == nil {
		return nil, &UserError{Message: "there is no agent to run; pass one"}
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	var original conversationInput
	switch input := input.(type) {
	case *State:
		if input == nil {
			return nil, &UserError{Message: "there is no state to resume; pass one from result.State() or ParseState"}
		}
		if err := input.graph.complete(); err != nil {
			return nil, err
		}
		if err := input.acquire(); err != nil {
			return nil, err
		}
		return input, nil
	case Items:
		if err := checkItems(input); err != nil {
			return nil, err
		}
		original = conversationInput{items: input, isItems: true}
	case Text:
		original = textInput(string(input))
	default:
		return nil, &UserError{Message: "there is no input; pass runner.Text, runner.Items or a *runner.State"}
	}
	state := newState(agent, original, cfg.maxTurns)
	if err := state.graph.check(); err != nil {
		return nil, err
	}
	state.carried.ConversationID = textOrNull(cfg.conversationID)
	state.carried.PreviousResponseID = textOrNull(cfg.previousID)
	state.carried.AutoPreviousResponseID = cfg.autoPrevious
	state.carried.ReasoningItemIDPolicy = textOrNull(cfg.reasoningIDs)
	state.fresh = true
	return state, state.acquire()
}

// guarded runs the loop; a panic in a callback becomes an error.
func guarded(ctx context.Context, state *State, cfg *config, result *StreamResult) (output any, err error) {
	loop := &runLoop{cfg: cfg, s: state, result: result}
	loop.context = &RunContext{Value: cfg.contextValue, usage: state.usage.get}
	err = loop.inSpan(ctx, SpanRun, state.agent.Name, func(ctx context.Context) (err error) {
		output, err = loop.run(ctx)
		if failure := loop.writeContext(); err == nil {
			err = failure
		}
		return err
	})
	return output, err
}
