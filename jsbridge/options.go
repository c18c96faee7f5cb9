package jsbridge

import (
	"context"
	"encoding/json"
	"strconv"

	"runstream/internal/codec"
	"runstream/runner"
)

// options gives what a run was started with.
func (r *run) options(spec optionsSpec, models *models, sessionID string) ([]runner.Option, error) {
	turns, err := maxTurns(spec.MaxTurns)
	if err == nil {
		err = spec.check()
	}
	if err != nil {
		return nil, err
	}
	options := []runner.Option{
		runner.WithMaxTurns(turns), runner.WithModelSettings(spec.ModelSettings.settings()), runner.WithCheckpoint(r.checkpoint), runner.WithResumeCheckpoint(r.resumeCheckpoint),
		runner.WithSession(r.session(spec.Session, sessionID)), runner.WithSessionLimit(limitOf(spec.SessionLimit)),
		runner.WithConversationID(spec.ConversationID), runner.WithPreviousResponseID(spec.PreviousResponseID),
		runner.WithInputGuardrails(r.inputGuardrails(spec.InputGuardrails)...),
		runner.WithOutputGuardrails(r.outputGuardrails(spec.OutputGuardrails)...),
		runner.WithHooks(r.hooks("hooks of the run", spec.Hooks)),
		runner.WithHandoffFilter(r.handoffFilter("run", spec.HandoffInputFilter)),
		runner.WithErrorHandlers(r.errorHandlers(spec.ErrorHandlers)),
		runner.WithMaxToolConcurrency(limitOf(spec.MaxToolConcurrency)),
	}
	if spec.Model.name != "" || spec.Model.Open != nil || spec.Model.Registered != "" {
		model, err := models.model(spec.Model)
		if err != nil {
			return nil, err
		}
		options = append(options, runner.WithModel(model))
	}
	for _, choice := range []struct {
		chosen bool
		option func() runner.Option
	}{
		{spec.AutoPreviousResponseID, runner.WithAutoPreviousResponseID},
		{spec.ReasoningItemIDPolicy == "omit", runner.WithoutReasoningIDs},
		{spec.NestHandoffHistory, func() runner.Option { return runner.WithNestedHandoffHistory(nil) }},
		{spec.ToolNotFoundBehavior == "return_error_to_model", runner.WithToolNotFoundToModel},
		{spec.HoldTools, runner.WithHeldTools},
		{spec.GuardrailsBeforeApproval, runner.WithGuardrailsBeforeApproval},
		{spec.UniqueToolNames, runner.WithUniqueToolNames},
	} {
		if choice.chosen {
			options = append(options, choice.option())
		}
	}
	return append(options, r.callbacks(spec)...), nil
}

// limitOf gives a limit as the runner has it, 0 for none.
func limitOf(given *int) int {
	if given == nil {
		return 0
	}
	return *given
}

// check refuses what would count as if nothing had been said.
func (o *optionsSpec) check() error {
	for _, word := range []struct{ name, given, usual, other string }{
		{"reasoningItemIdPolicy", o.ReasoningItemIDPolicy, "preserve", "omit"},
		{"toolNotFoundBehavior", o.ToolNotFoundBehavior, "raise_error", "return_error_to_model"},
	} {
		if word.given != "" && word.given != word.usual && word.given != word.other {
			return &runner.UserError{Message: word.name + " is " + strconv.Quote(word.given) + "; pass " + strconv.Quote(word.usual) + " or " + strconv.Quote(word.other)}
		}
	}
	for _, number := range []struct {
		name  string
		given *int
	}{{"sessionLimit", o.SessionLimit}, {"maxToolConcurrency", o.MaxToolConcurrency}} {
		if number.given != nil && *number.given < 1 {
			return &runner.UserError{Message: number.name + " is " + strconv.Itoa(*number.given) + "; pass a whole number from 1, or leave it out for no limit"}
		}
	}
	return nil
}

// callbacks gives the options that are functions of the page.
func (r *run) callbacks(spec optionsSpec) (options []runner.Option) {
	if fn := spec.SessionInput; fn != nil {
		options = append(options, runner.WithSessionInput(func(ctx context.Context, history, fresh []json.RawMessage) (items []json.RawMessage, err error) {
			err = r.ask(ctx, "sessionInputCallback", *fn, &items, callInfo{}, history, fresh)
			return items, err
		}))
	}
	if fn := spec.ModelInputFilter; fn != nil {
		options = append(options, runner.WithModelInputFilter(func(ctx context.Context, _ *runner.RunContext, agent *runner.Agent, input runner.ModelInput) (runner.ModelInput, error) {
			edited := runner.ModelInput{Instructions: input.Instructions}
			err := r.ask(ctx, "callModelInputFilter", *fn, objectForm{
				fields:   codec.Fields{"instructions", &edited.Instructions, "input", &edited.Input},
				complete: func() bool { return edited.Input != nil },
				words:    "{ instructions, input }",
			}, r.infoOf(agent), codec.Fields{"instructions", &input.Instructions, "input", &input.Input})
			return edited, err
		}))
	}
	if fn := spec.ToolErrorFormatter; fn != nil {
		options = append(options, runner.WithToolErrorText(func(info runner.ToolErrorInfo) string {
			var failure json.RawMessage
			if info.Err != nil {
				failure = jsonOf(dataOf(info.Err))
			}
			text, err := r.askText(r.stopped, "toolErrorFormatter", *fn, callInfo{ToolName: info.Tool, CallID: info.CallID},
				codec.Fields{"kind", info.Kind, "defaultMessage", info.Default}, failure)
			if err != nil {
				return info.Default // as the Agents SDK does
			}
			return text
		}))
	}
	if fn := spec.Compact; fn != nil {
		options = append(options, runner.WithCompaction(func(ctx context.Context, _ runner.Session) error {
			return r.ask(ctx, "compact", *fn, nil, callInfo{})
		}))
	}
	return options
}

func (r *run) errorHandlers(spec errorHandlersSpec) runner.ErrorHandlers {
	handler := func(name string, fn *functionRef) func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) {
		if fn == nil {
			return nil
		}
		return func(ctx context.Context, _ *runner.RunContext, failure error) (*runner.HandledError, error) {
			var output json.RawMessage
			inHistory := true
			err := r.ask(ctx, "errorHandlers."+name, *fn,
				codec.Fields{"finalOutput", &output, "includeInHistory", &inHistory}, callInfo{}, dataOf(failure))
			if err != nil || output == nil {
				return nil, err
			}
			return &runner.HandledError{FinalOutput: toolValue(output), NotInHistory: !inHistory}, nil
		}
	}
	return runner.ErrorHandlers{
		MaxTurns:           handler("maxTurns", spec.MaxTurns),
		ModelRefusal:       handler("modelRefusal", spec.ModelRefusal),
		InvalidFinalOutput: handler("invalidFinalOutput", spec.InvalidFinalOutput),
	}
}
