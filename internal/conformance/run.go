package conformance

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"runstream/runner"
	"runstream/runner/openaimodel"
)

// Run runs a case natively, over HTTP. After an error what ran before is
// returned too. With foreign, paused runs are resumed
// from the documents that the Python SDK wrote instead of our own.
func Run(ctx context.Context, c *Case, foreign bool) ([]Got, error) {
	srv := newServer(c)
	defer srv.Close()
	client := openai.NewClient(option.WithAPIKey("test"), option.WithBaseURL(srv.URL+"/v1/"))
	log := newCallLog(c)
	model := openaimodel.Responses
	if c.API == chatCompletions {
		model = openaimodel.Chat
	}
	agents, err := buildAgents(c, func(name string) runner.Model { return model(client, name) }, log)
	if err != nil {
		return nil, err
	}
	player := &player{c: c, agents: agents, server: srv, log: log, foreign: foreign}
	if c.Session {
		player.session = runner.NewMemorySession(c.Items...)
		player.session.ID = "s"
	}
	for i := range c.Runs {
		if err := player.step(ctx, i); err != nil {
			return player.got, fmt.Errorf("%s, run %d: %w", c.Name, i, err)
		}
	}
	return player.got, nil
}

// player plays the runs of a case, one after the other.
type player struct {
	c       *Case
	agents  map[string]*runner.Agent
	server  *server
	log     *callLog
	foreign bool
	session *runner.MemorySession
	last    *runner.StreamResult
	got     []Got
}

func (p *player) step(ctx context.Context, i int) error {
	step := p.c.Runs[i]
	agent, input, err := p.input(i)
	if err != nil && p.last != nil { // the run is not even started
		got := Got{Error: viewError(err), Requests: p.server.taken(), Calls: p.log.taken(), Result: viewResult(p.last)}
		return p.finish(ctx, got, p.last)
	}
	if err != nil {
		return err
	}
	options, err := runOptions(step.Options)
	if err != nil {
		return err
	}
	if p.session != nil {
		options = append(options, runner.WithSession(p.session))
	}
	result := runner.RunStreamed(ctx, agent, input, options...)
	got := Got{Events: []map[string]any{}}
	for event, err := range result.Events() {
		if err != nil {
			got.Error = viewError(err)
			break
		}
		got.Events = append(got.Events, viewEvent(event))
		if event.Type == runner.RawResponseEvent {
			got.Raw = append(got.Raw, event.Raw.Data)
		}
		if c := step.Cancel; c != nil && (c.On == string(event.Name) || c.On == event.Raw.Type) {
			result.Cancel(runner.CancelMode(c.Mode))
		}
	}
	<-result.Done()
	got.Requests, got.Calls, got.Result = p.server.taken(), p.log.taken(), viewResult(result)
	return p.finish(ctx, got, result)
}

// finish notes what a step has done, and what is there after it.
func (p *player) finish(ctx context.Context, got Got, result *runner.StreamResult) (err error) {
	if p.session != nil {
		if got.Session, err = p.session.Items(ctx, 0); err != nil {
			return err
		}
	}
	if got.State, err = result.State().MarshalJSON(); err != nil {
		return err
	}
	p.last, p.got = result, append(p.got, got)
	return nil
}

// input gives what a step starts from: an input, a follow-up, or a state.
func (p *player) input(i int) (*runner.Agent, runner.Input, error) {
	step := p.c.Runs[i]
	agent := p.agents[step.Agent]
	switch {
	case step.Input != nil:
		input, err := parseInput(step.Input)
		return agent, input, err
	case step.FollowUp != "":
		return agent, runner.Items(append(p.last.ToInputList(), runner.UserMessage(step.FollowUp))), nil
	}
	if agent == nil {
		agent = p.agents[p.c.Runs[0].Agent]
	}
	state, err := p.state(i, agent)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range step.Decide {
		if err := decide(state, d); err != nil {
			return nil, nil, err
		}
	}
	if step.AddInput != nil {
		input, err := parseInput(step.AddInput)
		if err != nil {
			return nil, nil, err
		}
		if err := state.AddInput(inputItems(input)...); err != nil {
			return nil, nil, err
		}
	}
	return agent, state, nil
}

// state gives the paused run that step i resumes.
func (p *player) state(i int, agent *runner.Agent) (*runner.State, error) {
	var before struct {
		State json.RawMessage `json:"state"`
	}
	if err := json.Unmarshal(p.c.Runs[i-1].Expect, &before); err != nil {
		return nil, err
	}
	if p.foreign && before.State != nil {
		return runner.ParseState(before.State, agent)
	}
	state := p.last.State()
	if through := p.c.Runs[i].ThroughJSON; through != nil && !*through {
		return state, nil
	}
	document, err := state.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return runner.ParseState(document, agent)
}

func decide(state *runner.State, d Decision) error {
	for _, item := range state.Interruptions() {
		if item.CallID() == d.CallID {
			return state.Decide(item, runner.Decision{Approve: d.Approve, Always: d.Always, Message: d.Message})
		}
	}
	return fmt.Errorf("call %q does not wait for a decision", d.CallID)
}

func parseInput(raw json.RawMessage) (runner.Input, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return runner.Text(text), nil
	}
	var items runner.Items
	err := json.Unmarshal(raw, &items)
	return items, err
}

func inputItems(input runner.Input) []json.RawMessage {
	if text, ok := input.(runner.Text); ok {
		return []json.RawMessage{runner.UserMessage(string(text))}
	}
	return input.(runner.Items)
}

func runOptions(o Options) ([]runner.Option, error) {
	var options []runner.Option
	if o.MaxTurns != nil {
		options = append(options, runner.WithMaxTurns(*o.MaxTurns))
	}
	if o.ModelSettings != nil {
		over, err := settings(o.ModelSettings)
		if err != nil {
			return nil, err
		}
		options = append(options, runner.WithModelSettings(over))
	}
	if o.OnMaxTurns != nil {
		options = append(options, runner.WithErrorHandlers(runner.ErrorHandlers{
			MaxTurns: func(context.Context, *runner.RunContext, error) (*runner.HandledError, error) {
				return &runner.HandledError{FinalOutput: *o.OnMaxTurns}, nil
			},
		}))
	}
	if o.PreviousResponseID != "" {
		options = append(options, runner.WithPreviousResponseID(o.PreviousResponseID))
	}
	if o.AutoPreviousResponseID {
		options = append(options, runner.WithAutoPreviousResponseID())
	}
	if o.ConversationID != "" {
		options = append(options, runner.WithConversationID(o.ConversationID))
	}
	if o.ReasoningItemIDPolicy == "omit" {
		options = append(options, runner.WithoutReasoningIDs())
	}
	if o.NestHandoffHistory {
		options = append(options, runner.WithNestedHandoffHistory(nil))
	}
	if filter := filters(o.HandoffInputFilter); filter != nil {
		options = append(options, runner.WithHandoffFilter(filter))
	}
	options = append(options, runner.WithInputGuardrails(inputGuardrails(o.InputGuardrails)...))
	if o.ToolNotFoundBehavior == "return_error_to_model" {
		options = append(options, runner.WithToolNotFoundToModel())
	}
	if o.RejectionMessage != nil {
		options = append(options, runner.WithToolErrorText(func(info runner.ToolErrorInfo) string {
			if info.Kind == "tool_exception" {
				return info.Default // the recorded tools have a handler of their own for it
			}
			return *o.RejectionMessage
		}))
	}
	return options, nil
}
