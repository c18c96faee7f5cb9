package chatcompletions

import (
	"cmp"
	"encoding/json"

	"runstream/internal/codec"
	"runstream/runner"
	"runstream/runner/responses"
)

// chunk is one message of the server's stream. Fields that servers fill in
// their own ways are read where they are used.
type chunk struct {
	ID      string
	Choices []choice
	Usage   *chunkUsage
	// What says in the forms of several servers that there is no answer.
	Error, Object, Type, Detail, Groq json.RawMessage
}

func (c *chunk) fields() codec.Fields {
	return codec.Fields{
		"id", (*codec.RoughText)(&c.ID),
		"choices", codec.List(&c.Choices, (*choice).fields),
		"usage", codec.Maybe(&c.Usage, (*chunkUsage).fields),
		"error", &c.Error,
		"object", &c.Object,
		"type", &c.Type,
		"detail", &c.Detail,
		"x_groq", &c.Groq,
	}
}

type choice struct {
	Index        int
	Delta        *delta
	FinishReason *string
	Error        json.RawMessage
	Logprobs     *logprobs
}

// finishReason gives why the answer ended; empty where it has not. Some servers
// have a text for that, too.
func (c *choice) finishReason() string {
	if c.FinishReason == nil || *c.FinishReason == "null" {
		return ""
	}
	return *c.FinishReason
}

// failure is the error of an answer that failed on its way.
func (c *choice) failure() error {
	switch reason := c.finishReason(); {
	case says(c.Error):
		return serverError(c.Error)
	case reason == "error", reason == "abort", reason == "insufficient_system_resource":
		return &runner.APIError{Message: "the model server broke off: it ended the answer with the reason " + reason}
	}
	return nil
}

func (c *choice) fields() codec.Fields {
	return codec.Fields{
		"index", &c.Index,
		"delta", codec.Maybe(&c.Delta, (*delta).fields),
		"finish_reason", &c.FinishReason,
		"error", &c.Error,
		"logprobs", codec.Maybe(&c.Logprobs, (*logprobs).fields),
	}
}

type logprobs struct {
	Content []tokenLogprob
}

func (l *logprobs) fields() codec.Fields {
	return codec.Fields{
		"content", codec.List(&l.Content, (*tokenLogprob).fields),
	}
}

type delta struct {
	Content          deltaText
	Refusal          deltaText
	ToolCalls        []callDelta
	ReasoningContent deltaText
	Reasoning        json.RawMessage
	ThinkingBlocks   json.RawMessage
	Annotations      json.RawMessage
	Audio            json.RawMessage
}

func (d *delta) fields() codec.Fields {
	return codec.Fields{
		"content", &d.Content,
		"refusal", &d.Refusal,
		"tool_calls", codec.List(&d.ToolCalls, (*callDelta).fields),
		"reasoning_content", &d.ReasoningContent,
		"reasoning", &d.Reasoning,
		"thinking_blocks", &d.ThinkingBlocks,
		"annotations", &d.Annotations,
		"audio", &d.Audio,
	}
}

type callDelta struct {
	Index                  int
	ID                     string
	Type                   string
	Name                   string
	Arguments              deltaText
	ExtraContent           json.RawMessage
	ProviderSpecificFields json.RawMessage
}

func (c *callDelta) fields() codec.Fields {
	return codec.Fields{
		"index", &c.Index,
		"id", &c.ID,
		"type", &c.Type,
		"function", codec.Fields{"name", &c.Name, "arguments", &c.Arguments},
		"extra_content", &c.ExtraContent,
		"provider_specific_fields", &c.ProviderSpecificFields,
	}
}

type chunkUsage struct {
	PromptTokens            int
	CompletionTokens        int
	TotalTokens             int
	PromptTokensDetails     inputDetails
	CompletionTokensDetails outputDetails
}

func (c *chunkUsage) fields() codec.Fields {
	return codec.Fields{
		"prompt_tokens", (*codec.RoughInt)(&c.PromptTokens),
		"completion_tokens", (*codec.RoughInt)(&c.CompletionTokens),
		"total_tokens", (*codec.RoughInt)(&c.TotalTokens),
		"prompt_tokens_details", c.PromptTokensDetails.fields(),
		"completion_tokens_details", c.CompletionTokensDetails.fields(),
	}
}

func readChunk(message responses.Message) (*chunk, error) {
	if message.Event == "error" {
		return nil, serverError(message.Data)
	}
	var c *chunk
	if err := codec.Read(message.Data, codec.Maybe(&c, (*chunk).fields)); err != nil {
		return nil, &runner.ModelBehaviorError{Message: "the model server sent a chunk that cannot be read: " + err.Error(), Err: err}
	}
	if c == nil {
		return nil, &runner.ModelBehaviorError{Message: "the model server sent a chunk that is null"}
	}
	var groq json.RawMessage
	_ = codec.Read(c.Groq, codec.Fields{"error", &groq}) // else it tells of none
	switch {
	case !codec.IsFalsy(c.Error):
		return nil, serverError(c.Error)
	case !codec.IsFalsy(groq):
		return nil, serverError(groq)
	case text(c.Object) == "error", text(c.Type) == "error", c.isEmpty() && !codec.IsFalsy(c.Detail):
		return nil, serverError(message.Data)
	}
	return c, nil
}

// isEmpty says whether nothing of an answer is there.
func (c *chunk) isEmpty() bool { return c.ID == "" && c.Choices == nil && c.Usage == nil }

// says says whether an error tells of anything.
func says(raw json.RawMessage) bool {
	var message, code json.RawMessage
	if codec.Read(raw, codec.Fields{"message", &message, "code", &code}) != nil {
		return !codec.IsFalsy(raw) // a text
	}
	return !codec.IsFalsy(message) || !codec.IsFalsy(code)
}

// serverError makes the error of what a server sends in place of a chunk.
func serverError(raw json.RawMessage) error {
	var within, details, detail json.RawMessage
	var code codec.RoughText
	message := text(raw)
	if codec.Read(raw, codec.Fields{"error", &within}) == nil && !codec.IsFalsy(within) {
		return serverError(within)
	}
	if codec.Read(raw, codec.Fields{"message", &details, "detail", &detail, "code", &code}) == nil {
		message = cmp.Or(text(details), text(detail), quoted(detail))
	}
	if message == "" {
		message = "it gave no reason"
	}
	return &runner.APIError{Message: "the model server broke off: " + message, Code: string(code)}
}

// quoted shows what is no text as it is, as FastAPI's lists of what is wrong.
func quoted(raw json.RawMessage) string {
	if codec.IsFalsy(raw) {
		return ""
	}
	return quote(string(raw))
}

// choice gives the one choice that is read, nil where the chunk has none.
func (c *chunk) choice() *choice {
	for i := range c.Choices {
		if c.Choices[i].Index == 0 {
			return &c.Choices[i]
		}
	}
	return nil
}
