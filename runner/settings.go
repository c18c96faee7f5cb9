package runner

import "encoding/json"

// ModelSettings tune a model call. A nil field is left out of the request and
// leaves the choice to the server.
type ModelSettings struct {
	Temperature      *float64
	TopP             *float64
	FrequencyPenalty *float64
	PresencePenalty  *float64
	// ToolChoice is "auto", "required", "none", or a tool's name.
	ToolChoice        string
	ParallelToolCalls *bool
	Truncation        string
	MaxTokens         *int
	// Reasoning is the API's object, such as {"effort":"low"}.
	Reasoning json.RawMessage
	Verbosity string
	Metadata  map[string]string
	Store     *bool
	Include   []string
	// TopLogprobs asks for that many alternatives per token.
	TopLogprobs          *int
	PromptCacheRetention string
	PromptCacheKey       string
	// ExtraBody is merged into the request body and wins over all else.
	ExtraBody map[string]json.RawMessage
}

// Merge lays over's fields that are set over s's.
func (s ModelSettings) Merge(over ModelSettings) ModelSettings {
	merged := s
	setPtr(&merged.Temperature, over.Temperature)
	setPtr(&merged.TopP, over.TopP)
	setPtr(&merged.FrequencyPenalty, over.FrequencyPenalty)
	setPtr(&merged.PresencePenalty, over.PresencePenalty)
	setText(&merged.ToolChoice, over.ToolChoice)
	setPtr(&merged.ParallelToolCalls, over.ParallelToolCalls)
	setText(&merged.Truncation, over.Truncation)
	setPtr(&merged.MaxTokens, over.MaxTokens)
	if over.Reasoning != nil {
		merged.Reasoning = over.Reasoning
	}
	setText(&merged.Verbosity, over.Verbosity)
	if over.Metadata != nil {
		merged.Metadata = over.Metadata
	}
	setPtr(&merged.Store, over.Store)
	if over.Include != nil {
		merged.Include = over.Include
	}
	setPtr(&merged.TopLogprobs, over.TopLogprobs)
	setText(&merged.PromptCacheRetention, over.PromptCacheRetention)
	setText(&merged.PromptCacheKey, over.PromptCacheKey)
	if len(over.ExtraBody) > 0 {
		merged.ExtraBody = map[string]json.RawMessage{}
		for _, extra := range []map[string]json.RawMessage{s.ExtraBody, over.ExtraBody} {
			for key, value := range extra {
				merged.ExtraBody[key] = value
			}
		}
	}
	return merged
}

func setPtr[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

func setText(to *string, from string) {
	if from != "" {
		*to = from
	}
}
