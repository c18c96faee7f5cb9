package chatcompletions

import (
	"encoding/json"

	"runstream/internal/codec"
	"runstream/internal/wire"
)

// event is one of the Responses API. What a kind does not have is left nil.
type event struct {
	Type           string
	SequenceNumber int
	Response       *response
	Item           codec.Fields
	ItemID         string
	OutputIndex    *int
	ContentIndex   *int
	SummaryIndex   *int
	Part           codec.Fields
	Delta          *string
	Text           *string
	Logprobs       any // a list
}

func (e *event) fields() codec.Fields {
	return codec.Fields{
		"type", &e.Type,
		"sequence_number", &e.SequenceNumber,
		"response,omitempty", codec.Maybe(&e.Response, (*response).fields),
		"item,omitempty", e.Item,
		"item_id,omitempty", &e.ItemID,
		"output_index,omitempty", &e.OutputIndex,
		"content_index,omitempty", &e.ContentIndex,
		"summary_index,omitempty", &e.SummaryIndex,
		"part,omitempty", e.Part,
		"delta,omitempty", &e.Delta,
		"text,omitempty", &e.Text,
		"logprobs,omitempty", &e.Logprobs,
	}
}

// response is the Responses API's object. Nothing but output and usage comes
// from the server.
type response struct {
	ID                string
	Object            string
	CreatedAt         int
	Model             string
	Output            []any
	ParallelToolCalls bool
	ToolChoice        any
	Tools             []any
	Temperature       *float64
	TopP              *float64
	Reasoning         json.RawMessage
	Usage             *usage
}

func (r *response) fields() codec.Fields {
	return codec.Fields{
		"id", &r.ID,
		"object", &r.Object,
		"created_at", &r.CreatedAt,
		"model", &r.Model,
		"output", r.Output,
		"parallel_tool_calls", &r.ParallelToolCalls,
		"tool_choice", &r.ToolChoice,
		"tools", r.Tools,
		"temperature", &r.Temperature,
		"top_p", &r.TopP,
		"reasoning,omitempty", &r.Reasoning,
		"usage,omitempty", codec.Maybe(&r.Usage, (*usage).fields),
	}
}

type usage struct {
	InputTokens         int
	InputTokensDetails  inputDetails
	OutputTokens        int
	OutputTokensDetails outputDetails
	TotalTokens         int
}

func (u *usage) fields() codec.Fields {
	return codec.Fields{
		"input_tokens", &u.InputTokens,
		"input_tokens_details", u.InputTokensDetails.fields(),
		"output_tokens", &u.OutputTokens,
		"output_tokens_details", u.OutputTokensDetails.fields(),
		"total_tokens", &u.TotalTokens,
	}
}

type inputDetails struct {
	CachedTokens     int
	CacheWriteTokens int
}

func (i *inputDetails) fields() codec.Fields {
	return codec.Fields{
		"cached_tokens", (*codec.RoughInt)(&i.CachedTokens),
		"cache_write_tokens", (*codec.RoughInt)(&i.CacheWriteTokens),
	}
}

type outputDetails struct {
	ReasoningTokens int
}

func (o *outputDetails) fields() codec.Fields {
	return codec.Fields{
		"reasoning_tokens", (*codec.RoughInt)(&o.ReasoningTokens),
	}
}

type messageItem struct {
	ID           string
	Type         string
	Role         string
	Status       string
	Content      []any
	ProviderData *origin
}

func (m *messageItem) fields() codec.Fields {
	return codec.Fields{
		"id", &m.ID,
		"type", &m.Type,
		"role", &m.Role,
		"status", &m.Status,
		"content", m.Content,
		wire.ProviderData + ",omitempty", codec.Maybe(&m.ProviderData, (*origin).fields),
	}
}

type outputText struct {
	Type        string
	Text        growing
	Annotations []annotation
	Logprobs    []outputLogprob
}

func (o *outputText) fields() codec.Fields {
	return codec.Fields{
		"type", &o.Type,
		"text", &o.Text,
		"annotations", codec.List(&o.Annotations, (*annotation).fields),
		"logprobs", codec.List(&o.Logprobs, (*outputLogprob).fields),
	}
}

type outputRefusal struct {
	Type    string
	Refusal growing
}

func (o *outputRefusal) fields() codec.Fields {
	return codec.Fields{
		"type", &o.Type,
		"refusal", &o.Refusal,
	}
}

type callItem struct {
	ID           string
	Type         string
	CallID       string
	Name         string
	Arguments    growing
	ProviderData *origin
}

func (c *callItem) fields() codec.Fields {
	return codec.Fields{
		"id", &c.ID,
		"type", &c.Type,
		"call_id", &c.CallID,
		"name", &c.Name,
		"arguments", &c.Arguments,
		wire.ProviderData + ",omitempty", codec.Maybe(&c.ProviderData, (*origin).fields),
	}
}

type reasoningItem struct {
	ID               string
	Type             string
	Summary          []textPart
	Content          []textPart
	EncryptedContent string
	ProviderData     *origin
}

func (r *reasoningItem) fields() codec.Fields {
	return codec.Fields{
		"id", &r.ID,
		"type", &r.Type,
		"summary", codec.List(&r.Summary, (*textPart).fields),
		"content,omitempty", codec.List(&r.Content, (*textPart).fields),
		"encrypted_content,omitempty", &r.EncryptedContent,
		wire.ProviderData + ",omitempty", codec.Maybe(&r.ProviderData, (*origin).fields),
	}
}

type textPart struct {
	Type string
	Text growing
}

func (t *textPart) fields() codec.Fields {
	return codec.Fields{
		"type", &t.Type,
		"text", &t.Text,
	}
}

// origin says where an item comes from, for when it goes back.
type origin struct {
	Model            string
	ResponseID       string
	ThoughtSignature json.RawMessage
	ReasoningField   string
	ThinkingBlocks   []json.RawMessage
}

func (o *origin) fields() codec.Fields {
	return codec.Fields{
		"model,omitempty", &o.Model,
		"response_id,omitempty", &o.ResponseID,
		"thought_signature,omitempty", &o.ThoughtSignature,
		"_chat_completions_reasoning_field,omitempty", &o.ReasoningField,
		"thinking_blocks,omitempty", &o.ThinkingBlocks,
	}
}

// reasoningField is the key of [origin]'s ReasoningField.
const reasoningField = "_chat_completions_reasoning_field"

// growing is a text that deltas are added to.
type growing []byte

// WriteJSON implements [codec.Writable].
func (g growing) WriteJSON(w *codec.Writer) { w.Value(string(g)) }
