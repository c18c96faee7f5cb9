// Package corpus resumes recorded states: documents that releases of the
// Agents SDK for Python wrote, the agents they belong to, and what that SDK
// does with them. A folder holds NAME.json, NAME.agents.json and one
// expected.json.
package corpus

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Agents describes the agents that a state is loaded for, and what their model
// answers, call by call; then it answers "final output" for ever.
type Agents struct {
	Root   string      `json:"root"`
	Agents []AgentSpec `json:"agents"`
	Script []ModelStep `json:"script"`
}

// AgentSpec describes an agent. ID is its name if empty.
type AgentSpec struct {
	ID               string       `json:"id"`
	Name             string       `json:"name"`
	Instructions     string       `json:"instructions"`
	Handoffs         []string     `json:"handoffs"`
	Tools            []ToolSpec   `json:"tools"`
	MCPServers       []ServerSpec `json:"mcp_servers"`
	StopAt           []string     `json:"stop_at"`
	InputGuardrails  []string     `json:"input_guardrails"`
	OutputGuardrails []string     `json:"output_guardrails"`
}

// ToolSpec describes a tool. Its output is "<name> ok" if nil.
type ToolSpec struct {
	Type          string            `json:"type"`
	Name          string            `json:"name"`
	NeedsApproval bool              `json:"needs_approval"`
	Output        *string           `json:"output"`
	Namespace     string            `json:"namespace"`
	DeferLoading  bool              `json:"defer_loading"`
	Agent         string            `json:"agent"`
	Parameters    map[string]string `json:"parameters"`
	ServerLabel   string            `json:"server_label"`
}

// ServerSpec describes a local MCP server.
type ServerSpec struct {
	Name  string `json:"name"`
	Tools []struct {
		Name string `json:"name"`
	} `json:"tools"`
	RequireApproval string `json:"require_approval"`
}

// ModelStep is one answer of the model.
type ModelStep struct {
	ResponseID string            `json:"response_id"`
	Final      *string           `json:"final"`
	Calls      []CallSpec        `json:"calls"`
	Raw        []json.RawMessage `json:"raw"`
}

// CallSpec is a function call of the model.
type CallSpec struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	CallID    string `json:"call_id"`
	Namespace string `json:"namespace"`
}

// Report is what became of a state under one kind of decision.
type Report struct {
	OK          bool              `json:"ok"`
	Rounds      []Round           `json:"rounds"`
	FinalOutput any               `json:"final_output"`
	LastAgent   string            `json:"last_agent"`
	NewItems    []map[string]any  `json:"new_items"`
	ToolLog     []map[string]any  `json:"tool_log"`
	ModelInputs [][]any           `json:"model_inputs"`
	Loaded      *Loaded           `json:"loaded,omitempty"`
	Error       map[string]string `json:"error,omitempty"`
}

// Round is one time of deciding and resuming.
type Round struct {
	Decided      []string `json:"decided"`
	StillPending []string `json:"still_pending"`
}

// Loaded is what a state shows before anything is decided.
type Loaded struct {
	Pending []string `json:"pending"`
}

// State is one document with its agents and what is expected of it, by kind of
// decision.
type State struct {
	Name     string
	Document []byte
	Agents   Agents
	Expected map[string]json.RawMessage
}

// Load reads a folder, sorted by name.
func Load(dir string) ([]State, error) {
	var expected map[string]map[string]json.RawMessage
	if err := readJSON(filepath.Join(dir, "expected.json"), &expected); err != nil {
		return nil, fmt.Errorf("corpus: a folder needs NAME.json, NAME.agents.json and expected.json: %w", err)
	}
	var states []State
	for name, decisions := range expected {
		s := State{Name: name, Expected: decisions}
		var err error
		if s.Document, err = os.ReadFile(filepath.Join(dir, name+".json")); err != nil {
			return nil, fmt.Errorf("corpus: %w", err)
		}
		if err := readJSON(filepath.Join(dir, name+".agents.json"), &s.Agents); err != nil {
			return nil, fmt.Errorf("corpus: %w", err)
		}
		states = append(states, s)
	}
	slices.SortFunc(states, func(a, b State) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return states, nil
}

func readJSON(path string, to any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, to); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
