package runner

import (
	"context"
	"encoding/json"
)

// DefaultMaxTurns is how many model calls a run may make by default.
const DefaultMaxTurns = 10

// Option changes one setting of a run.
type Option func(*config)

type config struct {
	inside           int // how many agent tools the run is in
	maxTurns         int // 0: no limit
	model            Model
	settings         ModelSettings
	contextValue     any
	serializeContext func(value any) (json.RawMessage, error)
	checkpoint       func(ctx context.Context, result *StreamResult) error
	toolCheckpoint   func(ctx context.Context, state *State) error
	resumeCheckpoint func(ctx context.Context, state *State) error
	toolNotFound     bool
	errorText        func(ToolErrorInfo) string
	hooks            *Hooks
	tracer           Tracer
	inputGuardrails  []InputGuardrail
	outputGuardrails []OutputGuardrail
	holdTools        bool
	guardFirst       bool
	uniqueNames      bool
	maxConcurrency   int
	asked            func() // of an agent tool: called once its model has been asked, at every call of it
	errorHandlers    ErrorHandlers
	filterInput      func(ctx context.Context, run *RunContext, agent *Agent, input ModelInput) (ModelInput, error)

	session      Session
	sessionInput func(ctx context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error)
	sessionLimit int
	compact      func(ctx context.Context, session Session) error

	handoffFilter  HandoffFilter
	nestHistory    bool
	historyMapper  HistoryMapper
	reasoningIDs   string
	conversationID string
	previousID     string
	withheld       string
	autoPrevious   bool
}

func newConfig(options []Option) *config {
	cfg := &config{maxTurns: DefaultMaxTurns}
	for _, option := range options {
		if option != nil {
			option(cfg)
		}
	}
	return cfg
}

var errSessionAndServer = &UserError{Message: "a session cannot be used with a conversation that the server keeps; pass either the session, or the conversation or previous response ids"}

// check refuses options that exclude each other.
func (c *config) check() error {
	serverKeeps := c.conversationID != "" || c.previousID != "" || c.autoPrevious
	switch {
	case serverKeeps && c.session != nil:
		return errSessionAndServer
	case c.conversationID != "" && (c.previousID != "" || c.autoPrevious):
		return &UserError{Message: "a conversation id cannot be used with previous response ids; pass one of them"}
	}
	return nil
}

// forAgentTool is the configuration of an agent that runs as a tool.
func (c *config) forAgentTool(o AgentToolOptions) *config {
	inner := *c
	inner.inside++
	inner.checkpoint, inner.toolCheckpoint, inner.resumeCheckpoint = nil, nil, nil
	inner.errorHandlers, inner.compact = ErrorHandlers{}, nil
	inner.conversationID, inner.previousID, inner.autoPrevious = "", "", false
	inner.session, inner.hooks = o.Session, o.Hooks
	inner.maxTurns = DefaultMaxTurns
	switch {
	case o.MaxTurns > 0:
		inner.maxTurns = o.MaxTurns
	case o.MaxTurns < 0:
		inner.maxTurns = 0
	}
	return &inner
}

// WithMaxTurns limits the model calls of a run; 0 is no limit, and
// [DefaultMaxTurns] the default. A resumed run keeps the limit it was started
// with.
func WithMaxTurns(turns int) Option { return func(c *config) { c.maxTurns = turns } }

// WithModel sets the model of every agent of the run.
func WithModel(model Model) Option { return func(c *config) { c.model = model } }

// WithModelSettings lays settings over those of every agent.
func WithModelSettings(settings ModelSettings) Option {
	return func(c *config) { c.settings = settings }
}

// WithContextValue gives the run's functions a value of the application's own,
// as [RunContext.Value]. It is not part of states, unless a
// [WithContextSerializer] writes it.
func WithContextValue(value any) Option { return func(c *config) { c.contextValue = value } }

// WithCheckpoint calls save after every turn, once an active reader has taken
// the turn's events, and waits for it: result.State() is then what a crash
// loses nothing of. An error ends the run.
func WithCheckpoint(save func(ctx context.Context, result *StreamResult) error) Option {
	return func(c *config) { c.checkpoint = save }
}

// WithHooks calls hooks for every agent of the run.
func WithHooks(hooks *Hooks) Option { return func(c *config) { c.hooks = hooks } }

// WithTracer tells tracer of the run's spans. By default nobody is told.
func WithTracer(tracer Tracer) Option { return func(c *config) { c.tracer = tracer } }

// WithInputGuardrails adds guardrails to those of the starting agent.
func WithInputGuardrails(guardrails ...InputGuardrail) Option {
	return func(c *config) { c.inputGuardrails = append(c.inputGuardrails, guardrails...) }
}

// WithOutputGuardrails adds guardrails to those of the last agent.
func WithOutputGuardrails(guardrails ...OutputGuardrail) Option {
	return func(c *config) { c.outputGuardrails = append(c.outputGuardrails, guardrails...) }
}

// WithHeldTools lets no tool start before the parallel input guardrails are
// through. By default a tool may run while they still look.
func WithHeldTools() Option { return func(c *config) { c.holdTools = true } }

// WithGuardrailsBeforeApproval runs a function tool's input guardrails before
// anybody is asked for approval: what they reject is not asked for. They run
// again before the tool does.
func WithGuardrailsBeforeApproval() Option { return func(c *config) { c.guardFirst = true } }

// WithUniqueToolNames ends a run whose agent offers two tools or handoffs of
// one name. By default the last handoff, else the last tool, is offered.
func WithUniqueToolNames() Option { return func(c *config) { c.uniqueNames = true } }

// WithWithheldText says what stands in place of a tool's output that was to be
// the final one and that an output guardrail kept back; a fixed text if empty.
func WithWithheldText(text string) Option { return func(c *config) { c.withheld = text } }

// WithMaxToolConcurrency limits how many function tools of a turn run at the
// same time; 0, the default, is no limit.
func WithMaxToolConcurrency(n int) Option { return func(c *config) { c.maxConcurrency = n } }

// ModelInput is what a model call sends.
type ModelInput struct {
	Instructions string
	Input        []json.RawMessage
}

// WithModelInputFilter edits what each model call sends. The run's items and
// its session keep what they have. An error ends the run.
func WithModelInputFilter(filter func(ctx context.Context, run *RunContext, agent *Agent, input ModelInput) (ModelInput, error)) Option {
	return func(c *config) { c.filterInput = filter }
}

// WithSession remembers the conversation in session. It cannot be used with a
// conversation that the server keeps.
func WithSession(session Session) Option { return func(c *config) { c.session = session } }

// WithSessionInput makes the input from what the session remembers and what is
// new. Only items that are not the history's are saved; calls of the history that
// nothing answers are left out. An error ends the run.
func WithSessionInput(merge func(ctx context.Context, history, fresh []json.RawMessage) ([]json.RawMessage, error)) Option {
	return func(c *config) { c.sessionInput = merge }
}

// WithSessionLimit reads only so many of the session's latest items; 0, the
// default, reads all. A call is left out where its output is, and the other way
// round.
func WithSessionLimit(items int) Option { return func(c *config) { c.sessionLimit = items } }

// WithCompaction calls compact when a run has its final output, before it is
// complete, to shorten what the session holds. An error becomes the run's.
func WithCompaction(compact func(ctx context.Context, session Session) error) Option {
	return func(c *config) { c.compact = compact }
}

// WithConversationID uses a conversation that the server keeps. Only what is new
// is sent.
func WithConversationID(id string) Option { return func(c *config) { c.conversationID = id } }

// WithPreviousResponseID goes on from a response that the server keeps, and
// from then on from each latest one. Only what is new is sent.
func WithPreviousResponseID(id string) Option { return func(c *config) { c.previousID = id } }

// WithAutoPreviousResponseID does as [WithPreviousResponseID] does, from the
// run's own first response on.
func WithAutoPreviousResponseID() Option { return func(c *config) { c.autoPrevious = true } }

// WithoutReasoningIDs leaves the ids of reasoning items out of the input, for
// servers that do not keep them.
func WithoutReasoningIDs() Option { return func(c *config) { c.reasoningIDs = "omit" } }

// WithHandoffFilter edits what the next agent gets to see, where a handoff has
// no filter of its own.
func WithHandoffFilter(filter HandoffFilter) Option {
	return func(c *config) { c.handoffFilter = filter }
}

// WithNestedHandoffHistory gives the next agent one summary message in place of
// the conversation before. mapper makes it; nil is [NestedHistory].
func WithNestedHandoffHistory(mapper HistoryMapper) Option {
	return func(c *config) { c.nestHistory, c.historyMapper = true, mapper }
}

// WithToolNotFoundToModel tells the model of a tool that does not exist and
// goes on. By default that is a [*ModelBehaviorError].
func WithToolNotFoundToModel() Option { return func(c *config) { c.toolNotFound = true } }

// ToolErrorInfo is what [WithToolErrorText] decides on.
type ToolErrorInfo struct {
	// Kind is "approval_rejected", "tool_not_found", or "tool_exception" for a
	// function tool that failed and has no OnError.
	Kind   string
	Tool   string
	CallID string
	// Default is what the model is told otherwise.
	Default string
	// Err is what the tool failed with. It may hold what the model should not
	// see.
	Err error
}

// WithToolErrorText says what the model is told of a rejected call, an unknown
// tool or a failed one. Return info.Default to leave it. A reviewer's own
// words go before it.
func WithToolErrorText(text func(ToolErrorInfo) string) Option {
	return func(c *config) { c.errorText = text }
}

// ErrorHandlers turn the end of a run by an error into a final output. Each
// may be nil, or return nil to let the error be. They get a
// [*MaxTurnsExceeded], a [*ModelRefusalError] and a [*ModelBehaviorError]; an
// error of their own is joined to it.
type ErrorHandlers struct {
	MaxTurns           func(ctx context.Context, run *RunContext, err error) (*HandledError, error)
	ModelRefusal       func(ctx context.Context, run *RunContext, err error) (*HandledError, error)
	InvalidFinalOutput func(ctx context.Context, run *RunContext, err error) (*HandledError, error)
}

// HandledError is what a run ends with in place of an error.
type HandledError struct {
	// FinalOutput must fit the agent's Output, where it has one.
	FinalOutput any
	// NotInHistory leaves the output out of the run's items. By default it is
	// added as the agent's message.
	NotInHistory bool
}

// WithErrorHandlers sets the run's error handlers.
func WithErrorHandlers(handlers ErrorHandlers) Option {
	return func(c *config) { c.errorHandlers = handlers }
}
