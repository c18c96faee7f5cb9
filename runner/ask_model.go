package runner

import (
	"context"
	"errors"
	"time"
)

// askModel streams one response to the reader and returns it whole.
func (l *runLoop) askModel(ctx context.Context, o *offer) (*ModelResponse, error) {
	s := l.s
	model := s.agent.Model
	if l.cfg.model != nil {
		model = l.cfg.model
	}
	if model == nil {
		return nil, &UserError{Message: "agent " + s.agent.Name + " has no model; give it one, or the run"}
	}
	request, err := l.modelRequest(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := l.onModelStart(ctx, s.agent, request); err != nil {
		return nil, err
	}
	if len(l.unsaved) > 0 {
		if err := l.saveInput(ctx); err != nil {
			return nil, err
		}
		l.publish()
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var response *ModelResponse
	err = l.inSpan(ctx, SpanModel, s.agent.Name, func(ctx context.Context) (err error) {
		response, err = l.stream(ctx, model, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.usage.add(response.Usage)
	return response, nil
}

// streamGrace is how long a stream may go on after its response is complete.
const streamGrace = time.Second

// stream hands the model's events on and collects the response. Once that is
// complete, neither a stream that breaks nor one that does not end keeps it from
// being used.
func (l *runLoop) stream(ctx context.Context, model Model, request *ModelRequest) (*ModelResponse, error) {
	streaming, hangUp := context.WithCancel(ctx)
	defer hangUp()
	response := &responseReader{}
	var ending *time.Timer
	defer func() { // not in the loop, where it would cost something for each event
		if ending != nil {
			ending.Stop()
		}
	}()
	events := model.Stream(streaming, request)
	if l.cfg.asked != nil {
		l.cfg.asked() // no later: the other agents begin beside this one's answer
	}
	for event, err := range events {
		if err != nil && response.response != nil && ctx.Err() == nil {
			break
		}
		if err != nil {
			return nil, modelError(ctx, err)
		}
		l.emit(Event{Type: RawResponseEvent, Raw: event})
		if err := response.read(event); err != nil && ending == nil {
			return nil, err
		} else if err != nil {
			break
		}
		if response.response != nil && ending == nil {
			ending = time.AfterFunc(streamGrace, hangUp)
		}
	}
	if err := l.letStop(ctx); err != nil {
		return nil, err
	}
	return response.finish()
}

// modelError gives an error of a model a name of the contract. One that tells of
// the end of a context of the model's own is no end of the run's.
func modelError(ctx context.Context, err error) error {
	if _, named := errors.AsType[Error](err); named || ctx.Err() != nil {
		return err
	}
	return &APIError{Message: "the model's stream failed: " + err.Error(), Err: err}
}

// modelRequest is what this turn asks.
func (l *runLoop) modelRequest(ctx context.Context, o *offer) (*ModelRequest, error) {
	s := l.s
	agent := s.agent
	instructions, err := agent.instructions(ctx, l.context)
	if err != nil {
		return nil, err
	}
	prompt, err := agent.prompt(ctx, l.context)
	if err != nil {
		return nil, err
	}
	settings := agent.Settings.Merge(l.cfg.settings)
	if !agent.KeepToolChoice && s.tools.used(agent) {
		settings.ToolChoice = ""
	}
	input := ModelInput{Instructions: instructions, Input: l.modelInput()}
	if l.cfg.filterInput != nil {
		if input, err = l.cfg.filterInput(ctx, l.context, agent, input); err != nil {
			return nil, err
		}
		if err := checkItems(input.Input); err != nil {
			return nil, err
		}
		input.Input = preferLatest(input.Input, headsOf(input.Input)) // as what the filter was given
	}
	request := &ModelRequest{
		Instructions: input.Instructions, Input: input.Input, Tools: o.tools, Handoffs: o.handoffs,
		Output: agent.Output, Settings: settings, Prompt: prompt,
	}
	request.ConversationID, request.PreviousResponseID = l.serverConversation()
	request.HasCall = func(callID string) bool { _, had := s.ledger[callID]; return had }
	return request, nil
}
