package chatcompletions

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"runstream/internal/codec"
	"runstream/internal/wire"
)

// openCall is a call that is being written. It is announced as soon as its
// name and id are known.
type openCall struct {
	index       int // the server's
	serverID    string
	item        *callItem
	announced   bool
	outputIndex int // once one was needed
	hasIndex    bool
	inArguments half
}

func (a *answer) addCall(d *callDelta) {
	if a.ignored[d.Index] {
		return
	}
	if d.Type == "custom" {
		a.ignored[d.Index] = true // no tool of a request is one
		return
	}
	call := a.call(d)
	item := call.item
	arguments := call.inArguments.join(d.Arguments)
	item.Arguments = append(item.Arguments, arguments...)
	if d.Name != "" {
		item.Name = d.Name
	}
	if d.ID != "" && d.ID != call.serverID {
		call.serverID = d.ID
		item.CallID = a.asked.freeID(a.model.cleanCallID(d.ID))
	}
	if signature := a.model.thoughtSignature(d); signature != nil {
		from := a.origin
		from.ThoughtSignature = signature
		item.ProviderData = &from
	}
	if !call.announced && item.Name != "" && item.CallID != "" {
		call.announced = true
		announced := *item
		announced.Arguments = nil
		a.emit(event{Type: "response.output_item.added", OutputIndex: new(a.callIndex(call)), Item: announced.fields()})
	}
	if call.announced && arguments != "" {
		a.emitArguments(call, arguments)
	}
}

// call gives the call that a delta goes on with: the latest of the server's
// index. A new one begins where there is none, or where a whole call is followed
// by another id and name: some servers give all calls one index, or none.
func (a *answer) call(d *callDelta) *openCall {
	for _, call := range slices.Backward(a.calls) {
		if call.index != d.Index {
			continue
		}
		another := d.ID != "" && call.serverID != "" && d.ID != call.serverID && d.Name != ""
		arguments := call.item.Arguments
		if another && (codec.Valid(arguments) || len(arguments) == 0 && d.Name != call.item.Name) {
			break
		}
		return call
	}
	from := a.origin
	call := &openCall{index: d.Index, item: &callItem{ID: wire.FakeID, Type: "function_call", ProviderData: &from}}
	a.calls = append(a.calls, call)
	return call
}

// hasCallWithoutArguments says whether a call ended before its arguments began: it
// would run without any.
func (a *answer) hasCallWithoutArguments() bool {
	return slices.ContainsFunc(a.calls, func(call *openCall) bool { return len(call.item.Arguments) == 0 && call.inArguments == "" })
}

func (a *answer) announcedAny() bool {
	return slices.ContainsFunc(a.calls, func(call *openCall) bool { return call.announced })
}

// callIndex gives a call's output index. It is settled when it is first asked
// for.
func (a *answer) callIndex(call *openCall) int {
	if call.hasIndex {
		return call.outputIndex
	}
	position := slices.Index(a.calls, call)
	call.hasIndex, call.outputIndex = true, a.first()+position
	if a.message != nil && position >= a.callsBeforeMessage() {
		call.outputIndex++
	}
	return call.outputIndex
}

func (a *answer) emitArguments(call *openCall, delta string) {
	a.emit(event{
		Type: "response.function_call_arguments.delta", ItemID: wire.FakeID, OutputIndex: new(a.callIndex(call)), Delta: &delta,
	})
}

// endCall says that a call is done. One that was never announced, since its
// name or id is missing, is told whole.
func (a *answer) endCall(call *openCall) {
	index := a.callIndex(call)
	rest := call.inArguments.rest()
	call.item.Arguments = append(call.item.Arguments, rest...)
	if call.announced && rest != "" {
		a.emitArguments(call, rest)
	}
	if !call.announced {
		a.emit(event{Type: "response.output_item.added", OutputIndex: &index, Item: call.item.fields()})
		a.emitArguments(call, string(call.item.Arguments))
	}
	a.emit(event{Type: "response.output_item.done", OutputIndex: &index, Item: call.item.fields()})
}

// freeID gives id, or another one where the conversation or the run has it
// already: some servers begin to count anew with every response.
func (r *asked) freeID(id string) string {
	free := id
	for n := 2; r.callIDs[free] || r.hasCall != nil && r.hasCall(free); n++ {
		free = id + "_" + strconv.Itoa(n)
	}
	if free != id {
		r.callIDs[free] = true
	}
	return free
}

// cleanCallID takes off what a proxy adds to Gemini's ids.
func (m *Model) cleanCallID(id string) string {
	if m.isGemini() {
		id, _, _ = strings.Cut(id, "__thought__")
	}
	return id
}

// thoughtSignature finds what Gemini wants back with a call: Google's own
// server has it in one place, proxies have it in another.
func (m *Model) thoughtSignature(d *callDelta) json.RawMessage {
	var signature json.RawMessage
	extra := codec.Fields{"google", codec.Fields{"thought_signature", &signature}}
	if codec.Read(d.ExtraContent, extra) == nil && !codec.IsFalsy(signature) {
		return signature
	}
	if m.isGemini() && codec.Read(d.ProviderSpecificFields, codec.Fields{"thought_signature", &signature}) == nil && !codec.IsFalsy(signature) {
		return signature
	}
	return nil
}
