package jsbridge

import (
	"encoding/json"

	"runstream/internal/codec"
	"runstream/runner"
)

// What crosses between page and engine. Twin of web/src/protocol.ts: the same
// messages, in the same order, under the same names. The engine lives in a
// worker (postMessage) or on the page (direct calls); the messages are the same.
//
// Functions never cross: the page holds them under a number and the engine
// calls them by it. Numbers of runs, functions and calls are the sender's and
// are never used twice.

// functionRef is a function of the page, by its number. 0 is turnFunction.
type functionRef struct {
	Fn int
}

func (f *functionRef) fields() codec.Fields {
	return codec.Fields{
		"fn", &f.Fn,
	}
}

// turnFunction is the built-in function that the engine calls between two
// turns. The page replies once its reader has taken the turn's events, or at
// once where nobody reads.
const turnFunction = 0

// toEngine is a message of the page.
type toEngine interface{ toEngine() }

// runMessage ("run") starts a run. Spec is a runSpec as JSON text; SessionID
// names its session, which is asked for it when the spec has been written.
type runMessage struct {
	Run       int
	Spec      string
	SessionID string
}

// cancelMessage ("cancel") stops a run; it still ends with an endRunMessage. An
// unknown run is ignored.
type cancelMessage struct {
	Run  int
	Mode string // "immediate", "after_turn"
	// Calls are those whose functions the page has called and that it has not
	// answered; any other is not called any more. Nil where that is not known.
	Calls []int
}

// replyMessage ("reply") answers a callMessage: Value is JSON text. Exactly one
// of Value and Error. A late reply is ignored.
type replyMessage struct {
	Call  int
	Value string
	Error *errorData
}

// releaseMessage ("release") says that the page has let go of a run that ended.
type releaseMessage struct{ Run int }

func (runMessage) toEngine()     {}
func (cancelMessage) toEngine()  {}
func (replyMessage) toEngine()   {}
func (releaseMessage) toEngine() {}

// fromEngine is a message to the page. It crosses as a call of one of the page's
// functions, with the message's fields as arguments: numbers, strings, bytes,
// objects of these, and nil for what is not there. An object would cross once
// for each of its fields.
type fromEngine interface {
	crossing() (function string, fields []any)
}

// readyMessage ("ready") says that the engine is up. Version is the runner's;
// the page compares it with its own.
type readyMessage struct{ Version string }

func (m readyMessage) crossing() (string, []any) { return "ready", []any{m.Version} }

// eventsMessage ("events") brings events in order, all that one network chunk
// brought. Batch is a JSON array in UTF-8, an ArrayBuffer in JavaScript: the
// events, then a list of the positions of those that are not the model server's,
// then a list of series. The server's own are its own JSON text, byte for byte and
// bare, or values of a series, for they are nearly all there are; the others are
// written by batch.go. A series is an array of the positions of its first event and
// of the one after its last, an object that they are like, and the names of the
// fields in which they are not; such an event has the values of these in its place,
// as an array. The bytes are the receiver's until it returns.
type eventsMessage struct {
	Run   int
	Batch []byte
}

func (m eventsMessage) crossing() (string, []any) { return "events", []any{m.Run, m.Batch} }

// callMessage ("call") calls a function of the page; Args is a JSON array.
type callMessage struct {
	Run, Call, Fn int
	Args          string
}

func (m callMessage) crossing() (string, []any) { return "call", []any{m.Run, m.Call, m.Fn, m.Args} }

// snapshotMessage ("snapshot") is what is known of a run after a turn: Snapshot is
// a snapshot in UTF-8, as JSON text, and behind it the JSON texts that the page
// does not have yet, each after a record separator. It comes before anything else
// of the next turn.
type snapshotMessage struct {
	Run      int
	Snapshot []byte
}

func (m snapshotMessage) crossing() (string, []any) { return "snapshot", []any{m.Run, m.Snapshot} }

// endCallMessage ("end" with a call) says that the call is to end: its AbortSignal
// fires. A tool may still reply with what it has done, for a short while.
type endCallMessage struct{ Call int }

func (m endCallMessage) crossing() (string, []any) { return "endCall", []any{m.Call} }

// endRunMessage ("end" with a run) says that a run is over; its last message.
// Snapshot is as in snapshotMessage; it is there after an error too, unless the
// run could not start.
type endRunMessage struct {
	Run      int
	Snapshot []byte
	Error    *errorData
}

func (m endRunMessage) crossing() (string, []any) {
	fields := []any{m.Run, nil, nil}
	if m.Snapshot != nil {
		fields[1] = m.Snapshot
	}
	if m.Error != nil {
		fields[2] = m.Error.object()
	}
	return "endRun", fields
}

// errorData is an error as it crosses. Name is the contract's
// ("MaxTurnsExceeded"), Code its stable identifier ("max_turns_exceeded"),
// Message says what happened and what to do.
type errorData struct {
	Name    string
	Message string
	Code    string
	// Status is the HTTP status, where a server answered.
	Status int
	// Thrown is the number under which the page keeps what a function of it threw.
	Thrown int
	Cause  *errorData
}

// WriteJSON implements [codec.Writable].
func (e *errorData) WriteJSON(w *codec.Writer) { w.Value(e.fields()) }

func (e *errorData) fields() codec.Fields {
	return codec.Fields{
		"name", &e.Name,
		"message", &e.Message,
		"code,omitempty", &e.Code,
		"status,omitempty", &e.Status,
		"thrown,omitempty", &e.Thrown,
		"cause,omitempty", codec.Maybe(&e.Cause, (*errorData).fields),
	}
}

func (e *errorData) object() map[string]any {
	object := map[string]any{"name": e.Name, "message": e.Message}
	if e.Code != "" {
		object["code"] = e.Code
	}
	if e.Status != 0 {
		object["status"] = e.Status
	}
	if e.Thrown != 0 {
		object["thrown"] = e.Thrown
	}
	if e.Cause != nil {
		object["cause"] = e.Cause.object()
	}
	return object
}

// callInfo is the first argument of functions that the engine calls. Agent is an
// index into runSpec.Agents, -1 for an agent that is none of the page's, which
// then has its name in AgentName.
type callInfo struct {
	Agent     int
	AgentName string
	ToolName  string
	CallID    string
	// Arguments are the arguments as the model wrote them.
	Arguments *string
}

// WriteJSON implements [codec.Writable].
func (c callInfo) WriteJSON(w *codec.Writer) { w.Value(c.fields()) }

func (c *callInfo) fields() codec.Fields {
	return codec.Fields{
		"agent", &c.Agent,
		"agentName,omitempty", &c.AgentName,
		"toolName,omitempty", &c.ToolName,
		"callId,omitempty", &c.CallID,
		"arguments,omitempty", &c.Arguments,
	}
}

// Events are written by pump.go, what they hold by package runner: agent
// references, items, states, slots, decisions and interruptions.

// snapshot is what is known of a run between two turns and at its end.
type snapshot struct {
	// FirstText is the number of the first text behind the snapshot, by which
	// this and later ones refer to it.
	FirstText     int
	State         stateData
	Interruptions []runner.WaitingCall
	// Paused says that the run has ended and waits for a decision on these.
	Paused      bool
	CurrentTurn int
	// MaxTurns is nil for no limit.
	MaxTurns       *int
	LastAgent      json.RawMessage
	LastResponseID *string
	FinalOutput    json.RawMessage // none until there is one; it may be null
	// UnannouncedItems are new items that the state's session items do not have.
	UnannouncedItems []json.RawMessage
	// InputList is the conversation as the next run's input, by the numbers of
	// its items' texts.
	InputList []int
	// NormalizedInputList is that as the model would get it, where a handoff's
	// filter makes it another one.
	NormalizedInputList    []int
	Usage                  usageData
	InputGuardrailResults  []guardrailData
	OutputGuardrailResults []guardrailData
	// The two lists of tool guardrails have a behavior in place of a verdict.
	ToolInputGuardrailResults  []guardrailData
	ToolOutputGuardrailResults []guardrailData
}

// WriteJSON implements [codec.Writable].
func (s *snapshot) WriteJSON(w *codec.Writer) { w.Value(s.fields()) }

func (s *snapshot) fields() codec.Fields {
	return codec.Fields{
		"firstText", &s.FirstText,
		"state", s.State.fields(),
		"interruptions", codec.List(&s.Interruptions, waitingFields),
		"paused", &s.Paused,
		"currentTurn", &s.CurrentTurn,
		"maxTurns", &s.MaxTurns,
		"lastAgent", &s.LastAgent,
		"lastResponseId", &s.LastResponseID,
		"finalOutput,omitempty", &s.FinalOutput,
		"unannouncedItems", &s.UnannouncedItems,
		"inputList", &s.InputList,
		"normalizedInputList", &s.NormalizedInputList,
		"usage", s.Usage.fields(),
		"inputGuardrailResults", codec.List(&s.InputGuardrailResults, (*guardrailData).fields),
		"outputGuardrailResults", codec.List(&s.OutputGuardrailResults, (*guardrailData).fields),
		"toolInputGuardrailResults", codec.List(&s.ToolInputGuardrailResults, (*guardrailData).fields),
		"toolOutputGuardrailResults", codec.List(&s.ToolOutputGuardrailResults, (*guardrailData).fields),
	}
}

// stateData is a state document in pieces: a text; a list of the numbers of
// texts, which stand there with commas between; or null, where the fields of the
// next slot stand.
type stateData struct {
	Pieces []any
	Slots  []json.RawMessage
}

func (s *stateData) fields() codec.Fields {
	return codec.Fields{
		"pieces", s.Pieces,
		"slots", &s.Slots,
	}
}

// guardrailData is what a guardrail said.
type guardrailData struct {
	Name     string
	Tripped  bool
	Behavior string
	Info     json.RawMessage
}

func (g *guardrailData) fields() codec.Fields {
	return codec.Fields{
		"name", &g.Name,
		"tripped", &g.Tripped,
		"behavior,omitempty", &g.Behavior,
		"info,omitempty", &g.Info,
	}
}

// waitingFields are those of a call that waits for a decision.
func waitingFields(c *runner.WaitingCall) codec.Fields {
	return codec.Fields{
		"item", &c.Item,
		"name", &c.Name,
		"callId", &c.CallID,
		"arguments", &c.Arguments,
		"target", codec.Fields{
			"slot", &c.Target.Slot,
			"records", codec.List(&c.Target.Records, recordFields),
			"scope", &c.Target.Scope,
		},
	}
}

func recordFields(r *runner.DecisionRecord) codec.Fields {
	return codec.Fields{
		"list", &r.List,
		"agent,omitempty", &r.Agent,
		"tool_key,omitempty", &r.ToolKey,
		"identity,omitempty", &r.Identity,
	}
}

type usageData struct {
	Requests     int
	InputTokens  int
	OutputTokens int
	TotalTokens  int
}

func (u *usageData) fields() codec.Fields {
	return codec.Fields{
		"requests", &u.Requests,
		"input_tokens", &u.InputTokens,
		"output_tokens", &u.OutputTokens,
		"total_tokens", &u.TotalTokens,
	}
}
