// Package conformance runs recorded cases: scripted model servers, agents and
// decisions, and what the Agents SDK for Python was seen to do with them. The
// form of the files is described in testdata/README.md.
package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Case is one file.
type Case struct {
	Name     string            `json:"name"`
	API      string            `json:"api"`
	Agents   []AgentSpec       `json:"agents"`
	Server   []json.RawMessage `json:"server"`
	Runs     []Step            `json:"runs"`
	MaxRetry *int              `json:"max_retries"`
	Session  bool              `json:"session"`
	Items    []json.RawMessage `json:"session_items"`
	file     map[string]json.RawMessage
}

// chatCompletions is the API of a case whose server speaks it; the others
// speak the Responses API.
const chatCompletions = "chat_completions"

// AgentSpec describes an agent.
type AgentSpec struct {
	Name               string          `json:"name"`
	Instructions       string          `json:"instructions"`
	Model              string          `json:"model"`
	ModelSettings      json.RawMessage `json:"model_settings"`
	HandoffDescription string          `json:"handoff_description"`
	Tools              []ToolSpec      `json:"tools"`
	Handoffs           []HandoffSpec   `json:"handoffs"`
	OutputSchema       *SchemaSpec     `json:"output_schema"`
	ToolUseBehavior    json.RawMessage `json:"tool_use_behavior"`
	ResetToolChoice    *bool           `json:"reset_tool_choice"`
	InputGuardrails    []GuardrailSpec `json:"input_guardrails"`
	OutputGuardrails   []GuardrailSpec `json:"output_guardrails"`
	HostedPrompt       json.RawMessage `json:"hosted_prompt"`
}

// SchemaSpec describes a structured output.
type SchemaSpec struct {
	Name   string          `json:"name"`
	Schema json.RawMessage `json:"schema"`
	Strict *bool           `json:"strict"`
}

// GuardrailSpec describes a guardrail that trips on a text.
type GuardrailSpec struct {
	Name     string `json:"name"`
	TripsOn  string `json:"trips_on"`
	Parallel *bool  `json:"parallel"`
	DelayMS  int    `json:"delay_ms"`
	Behavior string `json:"behavior"`
	Message  string `json:"message"`
}

// HandoffSpec describes a handoff; a bare name is one too.
type HandoffSpec struct {
	Agent       string `json:"agent"`
	ToolName    string `json:"tool_name"`
	Description string `json:"description"`
	Enabled     *bool  `json:"enabled"`
	Filter      string `json:"filter"`
	NestHistory *bool  `json:"nest_history"`
}

// UnmarshalJSON implements [json.Unmarshaler].
func (h *HandoffSpec) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &h.Agent) == nil {
		return nil
	}
	type fields HandoffSpec
	return json.Unmarshal(data, (*fields)(h))
}

// ToolSpec describes a tool and what it does when it is called.
type ToolSpec struct {
	Kind            string          `json:"kind"`
	Name            string          `json:"name"`
	Description     string          `json:"description"`
	Parameters      json.RawMessage `json:"parameters"`
	Strict          *bool           `json:"strict"`
	Enabled         *bool           `json:"enabled"`
	NeedsApproval   json.RawMessage `json:"needs_approval"`
	Result          json.RawMessage `json:"result"`
	ResultArg       string          `json:"result_arg"`
	Error           *string         `json:"error"`
	OnError         *string         `json:"on_error"`
	DelayMS         int             `json:"delay_ms"`
	TimeoutMS       int             `json:"timeout_ms"`
	TimeoutBehavior string          `json:"timeout_behavior"`

	DeferLoading         bool           `json:"defer_loading"`
	Namespace            string         `json:"namespace"`
	NamespaceDescription string         `json:"namespace_description"`
	InputGuardrail       *GuardrailSpec `json:"input_guardrail"`
	OutputGuardrail      *GuardrailSpec `json:"output_guardrail"`

	// Of an agent tool.
	Agent    string `json:"agent"`
	MaxTurns int    `json:"max_turns"`
	// Of hosted tools.
	Config            json.RawMessage `json:"config"`
	OnApproval        *ApprovalSpec   `json:"on_approval"`
	SearchContextSize string          `json:"search_context_size"`
	VectorStoreIDs    []string        `json:"vector_store_ids"`
	MaxNumResults     int             `json:"max_num_results"`
	// Of a computer.
	Preview           bool   `json:"preview"`
	Environment       string `json:"environment"`
	Dimensions        []int  `json:"dimensions"`
	Screenshot        string `json:"screenshot"`
	AcknowledgeSafety *bool  `json:"acknowledge_safety"`
}

// ApprovalSpec is what a callback answers.
type ApprovalSpec struct {
	Approve bool   `json:"approve"`
	Reason  string `json:"reason"`
}

// Step is one run of a case.
type Step struct {
	Agent       string          `json:"agent"`
	Input       json.RawMessage `json:"input"`
	FollowUp    string          `json:"follow_up"`
	Decide      []Decision      `json:"decide"`
	AddInput    json.RawMessage `json:"add_input"`
	ThroughJSON *bool           `json:"through_json"`
	Options     Options         `json:"options"`
	Cancel      *Cancel         `json:"cancel"`
	Expect      json.RawMessage `json:"expect"`
}

// Decision is what the reviewer of a case says of a call.
type Decision struct {
	CallID  string  `json:"call_id"`
	Approve bool    `json:"approve"`
	Always  bool    `json:"always"`
	Message *string `json:"message"`
}

// Options are a run's.
type Options struct {
	MaxTurns             *int            `json:"max_turns"`
	ModelSettings        json.RawMessage `json:"model_settings"`
	ToolNotFoundBehavior string          `json:"tool_not_found_behavior"`
	RejectionMessage     *string         `json:"rejection_message"`

	OnMaxTurns             *string         `json:"on_max_turns"`
	PreviousResponseID     string          `json:"previous_response_id"`
	AutoPreviousResponseID bool            `json:"auto_previous_response_id"`
	ConversationID         string          `json:"conversation_id"`
	InputGuardrails        []GuardrailSpec `json:"input_guardrails"`
	HandoffInputFilter     string          `json:"handoff_input_filter"`
	NestHandoffHistory     bool            `json:"nest_handoff_history"`
	ReasoningItemIDPolicy  string          `json:"reasoning_item_id_policy"`
}

// Cancel says at which event a run is cancelled, and how.
type Cancel struct {
	On   string `json:"on"`
	Mode string `json:"mode"`
}

// Load reads every case of a folder, sorted by name.
func Load(dir string) ([]*Case, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("conformance: no cases (*.json) in %s", dir)
	}
	slices.Sort(paths)
	var cases []*Case
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		c := &Case{}
		if err := json.Unmarshal(data, c); err != nil {
			return nil, fmt.Errorf("conformance: %s: %w", path, err)
		}
		if err := json.Unmarshal(data, &c.file); err != nil {
			return nil, fmt.Errorf("conformance: %s: %w", path, err)
		}
		c.Name = strings.TrimSuffix(filepath.Base(path), ".json")
		cases = append(cases, c)
	}
	return cases, nil
}

// WithGot gives the case's file with what each run did beside what it should
// do.
func (c *Case) WithGot(got []Got) ([]byte, error) {
	var runs []map[string]json.RawMessage
	if err := json.Unmarshal(c.file["runs"], &runs); err != nil {
		return nil, err
	}
	for i := range min(len(runs), len(got)) {
		encoded, err := json.Marshal(got[i])
		if err != nil {
			return nil, err
		}
		runs[i]["got"] = encoded
	}
	file := map[string]any{}
	for key, value := range c.file {
		file[key] = value
	}
	file["runs"] = runs
	return json.MarshalIndent(file, "", " ")
}
