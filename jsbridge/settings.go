package jsbridge

import (
	"encoding/json"

	"runstream/internal/codec"
	"runstream/runner"
)

// settingsSpec is [runner.ModelSettings] under the names of the Agents SDK.
type settingsSpec struct {
	Temperature          *float64
	TopP                 *float64
	FrequencyPenalty     *float64
	PresencePenalty      *float64
	ToolChoice           string
	ParallelToolCalls    *bool
	Truncation           string
	MaxTokens            *int
	Reasoning            json.RawMessage
	Verbosity            string
	Metadata             map[string]string
	Store                *bool
	Include              []string
	TopLogprobs          *int
	PromptCacheRetention string
	PromptCacheKey       string
	ExtraBody            map[string]json.RawMessage
}

func (s *settingsSpec) fields() codec.Fields {
	return codec.Fields{
		"temperature", &s.Temperature,
		"top_p", &s.TopP,
		"frequency_penalty", &s.FrequencyPenalty,
		"presence_penalty", &s.PresencePenalty,
		"tool_choice", &s.ToolChoice,
		"parallel_tool_calls", &s.ParallelToolCalls,
		"truncation", &s.Truncation,
		"max_tokens", &s.MaxTokens,
		"reasoning", &s.Reasoning,
		"verbosity", &s.Verbosity,
		"metadata", &s.Metadata,
		"store", &s.Store,
		"include", &s.Include,
		"top_logprobs", &s.TopLogprobs,
		"prompt_cache_retention", &s.PromptCacheRetention,
		"prompt_cache_key", &s.PromptCacheKey,
		"extra_body", &s.ExtraBody,
	}
}

// ReadJSON refuses settings that do not exist: a misspelt one would otherwise
// do nothing.
func (s *settingsSpec) ReadJSON(value []byte) error {
	if err := s.fields().ReadOnly(value); err != nil {
		return &runner.UserError{Message: "modelSettings cannot be read: " + err.Error(), Err: err}
	}
	return nil
}

func (s settingsSpec) settings() runner.ModelSettings { return runner.ModelSettings(s) }
