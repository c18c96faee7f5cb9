package jsbridge

import (
	"encoding/json"

	"runstream/internal/codec"
)

// What a run is made of, as the page writes it down. Twin of web/src/specs.ts,
// in the same order, with spec_agent.go and spec_tool.go. Every function gets
// a callInfo first, but where its comment says otherwise.

// runSpec is a run to start.
type runSpec struct {
	// Agents are all that can be reached from Agents[0], breadth first; agents
	// refer to each other by index.
	Agents []agentSpec
	Input  inputSpec
	// Load only checks and loads the state: the run ends at once, with its
	// snapshot.
	Load     bool
	Provider *providerSpec
	Options  optionsSpec
}

func (r *runSpec) fields() codec.Fields {
	return codec.Fields{
		"agents", codec.List(&r.Agents, (*agentSpec).fields),
		"input", r.Input.fields(),
		"load", &r.Load,
		"provider", codec.Maybe(&r.Provider, (*providerSpec).fields),
		"options", r.Options.fields(),
	}
}

// inputSpec has one of its fields.
type inputSpec struct {
	Text  *string
	Items []json.RawMessage
	State *string
}

func (i *inputSpec) fields() codec.Fields {
	return codec.Fields{
		"text", &i.Text,
		"items", &i.Items,
		"state", &i.State,
	}
}

// providerSpec says where models live. BaseURL is absolute.
type providerSpec struct {
	BaseURL string
	// API is "responses" or "chat_completions".
	API string
	// Token is () => string: asked before every request; its answer goes into
	// the Authorization header.
	Token   *functionRef
	Headers map[string]string
	// MaxRetries counts further attempts after 408, 409, 429, 5xx and
	// connection errors. 2 by default.
	MaxRetries *int
}

func (p *providerSpec) fields() codec.Fields {
	return codec.Fields{
		"baseURL", &p.BaseURL,
		"api", &p.API,
		"token", codec.Maybe(&p.Token, (*functionRef).fields),
		"headers", &p.Headers,
		"maxRetries", &p.MaxRetries,
	}
}

type optionsSpec struct {
	// MaxTurns null: no limit. 10 by default.
	MaxTurns               json.RawMessage
	Model                  modelSpec
	ModelSettings          settingsSpec
	Session                *sessionSpec
	SessionInput           *functionRef // (callInfo, history, fresh) => items
	SessionLimit           *int
	ConversationID         string
	PreviousResponseID     string
	AutoPreviousResponseID bool
	// ReasoningItemIDPolicy is "preserve" or "omit".
	ReasoningItemIDPolicy string
	InputGuardrails       []guardrailSpec
	OutputGuardrails      []guardrailSpec
	Hooks                 *hooksSpec
	HandoffInputFilter    *functionRef // as in handoffSpec
	NestHandoffHistory    bool
	// ToolNotFoundBehavior is "raise_error" or "return_error_to_model".
	ToolNotFoundBehavior string
	// ToolErrorFormatter is (callInfo, {kind, defaultMessage}, errorData | null)
	// => string.
	ToolErrorFormatter *functionRef
	// ErrorHandlers are (callInfo, errorData) => {finalOutput, includeInHistory}
	// or null.
	ErrorHandlers    errorHandlersSpec
	ModelInputFilter *functionRef // (callInfo, {instructions, input}) => the same
	// HoldTools, GuardrailsBeforeApproval and UniqueToolNames are runner's WithHeldTools,
	// WithGuardrailsBeforeApproval and WithUniqueToolNames.
	HoldTools                bool
	GuardrailsBeforeApproval bool
	UniqueToolNames          bool
	MaxToolConcurrency       *int
	Compact                  *functionRef // (callInfo) => void
}

func (o *optionsSpec) fields() codec.Fields {
	return codec.Fields{
		"maxTurns", &o.MaxTurns,
		"model", &o.Model,
		"modelSettings", &o.ModelSettings,
		"session", codec.Maybe(&o.Session, (*sessionSpec).fields),
		"sessionInput", maybe(&o.SessionInput),
		"sessionLimit", &o.SessionLimit,
		"conversationId", &o.ConversationID,
		"previousResponseId", &o.PreviousResponseID,
		"autoPreviousResponseId", &o.AutoPreviousResponseID,
		"reasoningItemIdPolicy", &o.ReasoningItemIDPolicy,
		"inputGuardrails", codec.List(&o.InputGuardrails, (*guardrailSpec).fields),
		"outputGuardrails", codec.List(&o.OutputGuardrails, (*guardrailSpec).fields),
		"hooks", codec.Maybe(&o.Hooks, (*hooksSpec).fields),
		"handoffInputFilter", maybe(&o.HandoffInputFilter),
		"nestHandoffHistory", &o.NestHandoffHistory,
		"toolNotFoundBehavior", &o.ToolNotFoundBehavior,
		"toolErrorFormatter", maybe(&o.ToolErrorFormatter),
		"errorHandlers", o.ErrorHandlers.fields(),
		"modelInputFilter", maybe(&o.ModelInputFilter),
		"holdTools", &o.HoldTools,
		"guardrailsBeforeApproval", &o.GuardrailsBeforeApproval,
		"uniqueToolNames", &o.UniqueToolNames,
		"maxToolConcurrency", &o.MaxToolConcurrency,
		"compact", maybe(&o.Compact),
	}
}

func maybe(fn **functionRef) codec.Struct { return codec.Maybe(fn, (*functionRef).fields) }

type errorHandlersSpec struct {
	MaxTurns, ModelRefusal, InvalidFinalOutput *functionRef
}

func (e *errorHandlersSpec) fields() codec.Fields {
	return codec.Fields{
		"maxTurns", maybe(&e.MaxTurns),
		"modelRefusal", maybe(&e.ModelRefusal),
		"invalidFinalOutput", maybe(&e.InvalidFinalOutput),
	}
}

// sessionSpec is a session that the page keeps. Its functions get no callInfo
// and are answered after the run was stopped, too.
type sessionSpec struct {
	Items functionRef // (limit) => items
	Add   functionRef // (items) => void
	Pop   functionRef // () => item | null
	Clear functionRef // () => void
}

func (s *sessionSpec) fields() codec.Fields {
	return codec.Fields{
		"items", s.Items.fields(),
		"add", s.Add.fields(),
		"pop", s.Pop.fields(),
		"clear", s.Clear.fields(),
	}
}
