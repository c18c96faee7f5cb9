package jsbridge

import (
	"encoding/json"

	"runstream/internal/codec"
)

// toolSpec is a tool; Type says which fields are there.
type toolSpec struct {
	// Type is "function", "agent", "custom", "shell", "apply_patch", "computer",
	// "hosted", "hosted_mcp", or "engine": one of the engine's own, by its name.
	Type        string
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments of a function or an agent.
	Parameters json.RawMessage
	// Strict is true by default.
	Strict *bool
	// NeedsApproval may be (callInfo) => boolean.
	NeedsApproval boolOrFunction
	// Enabled may be (callInfo) => boolean.
	Enabled         boolOrFunction
	TimeoutMs       *float64
	TimeoutBehavior string // "error_as_result", "raise_exception"
	// OnError null: a failure ends the run. Absent: the model is told the SDK's
	// fixed text. Else (callInfo, errorData) => string.
	OnError json.RawMessage
	// Execute is (callInfo) => JSON value for a function, and for the others
	// (callInfo, input | action | operation) => what [runner] wants of them.
	Execute *functionRef

	// Of a function.
	DeferLoading         bool
	Namespace            string
	NamespaceDescription string
	AllowedCallers       []string
	InputGuardrails      []toolGuardrailSpec
	OutputGuardrails     []toolGuardrailSpec
	CustomData           *functionRef // (callInfo, output) => JSON value

	// Of an agent: what is not said above.
	Agent    int
	MaxTurns json.RawMessage
	Input    *functionRef // (callInfo) => text or items
	Output   *functionRef // (callInfo, {finalOutput, newItems}) => JSON value
	OnStream *functionRef // (callInfo, event); it is not waited for
	Session  *sessionSpec
	Hooks    *hooksSpec

	// OnApproval is (callInfo, raw call) => {approve, reason} or null.
	OnApproval *functionRef
	// Config is a hosted tool as the API defines it, a custom tool's format, a
	// shell's environment, or a preview computer's {environment, width, height}.
	Config json.RawMessage
	// Includes are a hosted tool's values for the request's "include".
	Includes []string
	// Screenshot is (callInfo) => text, OnSafetyCheck is
	// (callInfo, check) => boolean, of a computer.
	Screenshot    *functionRef
	OnSafetyCheck *functionRef
}

func (t *toolSpec) fields() codec.Fields {
	return codec.Fields{
		"type", &t.Type,
		"name", &t.Name,
		"description", &t.Description,
		"parameters", &t.Parameters,
		"strict", &t.Strict,
		"needsApproval", &t.NeedsApproval,
		"enabled", &t.Enabled,
		"timeoutMs", &t.TimeoutMs,
		"timeoutBehavior", &t.TimeoutBehavior,
		"onError", &t.OnError,
		"execute", maybe(&t.Execute),
		"deferLoading", &t.DeferLoading,
		"namespace", &t.Namespace,
		"namespaceDescription", &t.NamespaceDescription,
		"allowedCallers", &t.AllowedCallers,
		"inputGuardrails", codec.List(&t.InputGuardrails, (*toolGuardrailSpec).fields),
		"outputGuardrails", codec.List(&t.OutputGuardrails, (*toolGuardrailSpec).fields),
		"customData", maybe(&t.CustomData),
		"agent", &t.Agent,
		"maxTurns", &t.MaxTurns,
		"input", maybe(&t.Input),
		"output", maybe(&t.Output),
		"onStream", maybe(&t.OnStream),
		"session", codec.Maybe(&t.Session, (*sessionSpec).fields),
		"hooks", codec.Maybe(&t.Hooks, (*hooksSpec).fields),
		"onApproval", maybe(&t.OnApproval),
		"config", &t.Config,
		"includes", &t.Includes,
		"screenshot", maybe(&t.Screenshot),
		"onSafetyCheck", maybe(&t.OnSafetyCheck),
	}
}

// toolGuardrailSpec is a guardrail of a function tool:
// (callInfo, output | null) => {behavior, message, outputInfo}.
type toolGuardrailSpec struct {
	Name string
	Run  functionRef
}

func (g *toolGuardrailSpec) fields() codec.Fields {
	return codec.Fields{
		"name", &g.Name,
		"run", g.Run.fields(),
	}
}
