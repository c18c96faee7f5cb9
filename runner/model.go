package runner

import (
	"context"
	"encoding/json"
	"iter"
)

// Model is a source of streamed responses.
type Model interface {
	// Stream asks for one response and yields its events in the form of the
	// Responses API, the terminal one ("response.completed", …) last. It
	// starts when ranged over, and lets go of everything when the range ends.
	// An error ends it and comes last; it is context.Cause(ctx) where ctx
	// ended. The request must not be changed.
	Stream(ctx context.Context, request *ModelRequest) iter.Seq2[RawEvent, error]
}

// ModelRequest is what a run asks of a model.
type ModelRequest struct {
	// Instructions is the system prompt, empty for none.
	Instructions string
	// Input is the conversation, as input items of the Responses API.
	Input []json.RawMessage
	Tools []Tool
	// Handoffs are offered to the model as further function tools.
	Handoffs []*Handoff
	// Output is the form of the final answer, nil for plain text.
	Output *OutputSchema
	// Settings are the agent's, overlaid with the run's.
	Settings ModelSettings
	// Prompt is a hosted prompt (id, version, variables), nil for none.
	Prompt json.RawMessage
	// PreviousResponseID and ConversationID name a conversation that the
	// server keeps; Input then holds only what it has not seen.
	PreviousResponseID string
	ConversationID     string
	// HasCall says whether the run has had a call of that id, also one that is
	// no part of Input. A call is known by its id and runs once, so a model
	// whose server counts its calls anew with every answer gives a new call
	// another id. It is called while the answer is read; nil is no.
	HasCall func(callID string) bool
}

// ModelResponse is one whole answer of a model.
type ModelResponse struct {
	// Output holds the output items as the server wrote them.
	Output []json.RawMessage
	Usage  Usage
	// ResponseID is empty where the server gives none.
	ResponseID string
	// RequestID is the transport's, empty where unknown.
	RequestID string
}

// OutputSchema is the JSON Schema of an agent's final answer.
type OutputSchema struct {
	// Name is sent to models of the Responses API, "final_output" if empty; over Chat
	// Completions it always is that, as in the SDK.
	Name   string
	Schema json.RawMessage
	// NotStrict lets the model stray from the schema.
	NotStrict bool
	// Validate checks and decodes the answer's text; its value is the final
	// output, its error ends the run with a [*ModelBehaviorError]. Nil decodes
	// JSON and asks for the schema's required keys.
	Validate func(text string) (any, error)
}
