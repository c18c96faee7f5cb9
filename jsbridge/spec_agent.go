package jsbridge

import (
	"encoding/json"

	"runstream/internal/codec"
)

// agentSpec is an agent of the page; or one of the engine's own where it is
// Registered, and then has a name, and tools and handoffs to add.
type agentSpec struct {
	Name       string
	Registered bool
	// Instructions are text, or (callInfo) => string.
	Instructions       textOrFunction
	Prompt             json.RawMessage
	HandoffDescription string
	Model              modelSpec
	ModelSettings      settingsSpec
	Tools              []toolSpec
	Handoffs           []handoffSpec
	Output             *outputSpec
	ToolUse            toolUseSpec
	InputGuardrails    []guardrailSpec
	OutputGuardrails   []guardrailSpec
	Hooks              *hooksSpec
	KeepToolChoice     bool
}

func (a *agentSpec) fields() codec.Fields {
	return codec.Fields{
		"name", &a.Name,
		"registered", &a.Registered,
		"instructions", &a.Instructions,
		"prompt", &a.Prompt,
		"handoffDescription", &a.HandoffDescription,
		"model", &a.Model,
		"modelSettings", &a.ModelSettings,
		"tools", codec.List(&a.Tools, (*toolSpec).fields),
		"handoffs", codec.List(&a.Handoffs, (*handoffSpec).fields),
		"output", codec.Maybe(&a.Output, (*outputSpec).fields),
		"toolUse", &a.ToolUse,
		"inputGuardrails", codec.List(&a.InputGuardrails, (*guardrailSpec).fields),
		"outputGuardrails", codec.List(&a.OutputGuardrails, (*guardrailSpec).fields),
		"hooks", codec.Maybe(&a.Hooks, (*hooksSpec).fields),
		"keepToolChoice", &a.KeepToolChoice,
	}
}

// modelSpec is a name at the provider, a model of the engine's own, or one of
// the page, whose functions get no callInfo.
type modelSpec struct {
	name       string
	Registered string
	// Open begins an answer: (request) => number, the request being the body of
	// a Responses API call. Next is (number) => {events, done}: what there is by
	// now, once there is something. Close ends an answer that is not done.
	Open, Next, Close *functionRef
}

func (m *modelSpec) fields() codec.Fields {
	return codec.Fields{
		"registered", &m.Registered,
		"open", maybe(&m.Open),
		"next", maybe(&m.Next),
		"close", maybe(&m.Close),
	}
}

// ReadJSON implements [codec.Reader].
func (m *modelSpec) ReadJSON(value []byte) error {
	if value[0] == '{' {
		return codec.Read(value, m.fields())
	}
	return codec.Read(value, &m.name)
}

// outputSpec is the form of the final answer. Validate is (text) => value; it
// gets no callInfo, and throws where the text is not of that form.
type outputSpec struct {
	Name   string
	Schema json.RawMessage
	Strict *bool
	// Wrapped says that the answer is asked for as the property "response" of an
	// object.
	Wrapped  bool
	Validate *functionRef
}

func (o *outputSpec) fields() codec.Fields {
	return codec.Fields{
		"name", &o.Name,
		"schema", &o.Schema,
		"strict", &o.Strict,
		"wrapped", &o.Wrapped,
		"validate", maybe(&o.Validate),
	}
}

// toolUseSpec is "run_llm_again", "stop_on_first_tool", {stopAtToolNames} or
// (callInfo, [{toolName, callId, output}]) => {isFinalOutput, finalOutput}.
type toolUseSpec struct {
	word            string
	StopAtToolNames []string
	fn              *functionRef
}

// ReadJSON implements [codec.Reader].
func (t *toolUseSpec) ReadJSON(value []byte) error {
	if value[0] != '{' {
		return codec.Read(value, &t.word)
	}
	if err := codec.Read(value, codec.Fields{"stopAtToolNames", &t.StopAtToolNames}); err != nil || t.StopAtToolNames != nil {
		return err
	}
	return codec.Read(value, maybe(&t.fn))
}

func (t *toolUseSpec) given() bool { return t.word != "" || t.fn != nil || t.StopAtToolNames != nil }

// known says whether it is one of the four; a misspelt one would let the model
// be asked again.
func (t *toolUseSpec) known() bool {
	word := t.word == "" || t.word == "run_llm_again" || t.word == "stop_on_first_tool"
	return word && (t.fn == nil || t.fn.Fn != turnFunction)
}

// guardrailSpec is a guardrail: (callInfo, input | output) => {tripwireTriggered, outputInfo}.
type guardrailSpec struct {
	Name          string
	RunInParallel *bool // true by default
	Run           functionRef
}

func (g *guardrailSpec) fields() codec.Fields {
	return codec.Fields{
		"name", &g.Name,
		"runInParallel", &g.RunInParallel,
		"run", g.Run.fields(),
	}
}

// hooksSpec has the hooks that there are. What they get after the callInfo is
// said by [runner.Hooks]; Handoff gets the other agent's callInfo.
type hooksSpec struct {
	AgentStart, AgentEnd, Handoff, ModelStart, ModelEnd, ToolStart, ToolEnd *functionRef
}

func (h *hooksSpec) fields() codec.Fields {
	return codec.Fields{
		"agentStart", maybe(&h.AgentStart),
		"agentEnd", maybe(&h.AgentEnd),
		"handoff", maybe(&h.Handoff),
		"modelStart", maybe(&h.ModelStart),
		"modelEnd", maybe(&h.ModelEnd),
		"toolStart", maybe(&h.ToolStart),
		"toolEnd", maybe(&h.ToolEnd),
	}
}

type handoffSpec struct {
	Agent           int
	ToolName        string
	ToolDescription string
	Enabled         boolOrFunction
	// InputSchema is the JSON Schema of what OnHandoff gets:
	// (callInfo with the arguments) => void.
	InputSchema json.RawMessage
	Strict      *bool
	OnHandoff   *functionRef
	// InputFilter is (callInfo, {history, before, new}) => the same with the
	// positions of the items that stay, in before followed by new; "input", if it
	// is there, has those that the next agent sees of new.
	InputFilter        *functionRef
	NestHandoffHistory *bool
}

func (h *handoffSpec) fields() codec.Fields {
	return codec.Fields{
		"agent", &h.Agent,
		"toolName", &h.ToolName,
		"toolDescription", &h.ToolDescription,
		"enabled", &h.Enabled,
		"inputSchema", &h.InputSchema,
		"strict", &h.Strict,
		"onHandoff", maybe(&h.OnHandoff),
		"inputFilter", maybe(&h.InputFilter),
		"nestHandoffHistory", &h.NestHandoffHistory,
	}
}
