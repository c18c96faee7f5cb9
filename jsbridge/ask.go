package jsbridge

import (
	"context"
	"encoding/json"

	"runstream/internal/codec"
	"runstream/runner"
)

// ask calls a function of the page for a value that it reads into to, as
// [codec.Read] does; nil reads nothing. Its error says which function it was
// and has what that threw as its cause.
func (r *run) ask(ctx context.Context, what string, fn functionRef, to any, args ...any) error {
	text, err := r.call(ctx, fn, args...)
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		return &runner.UserError{Message: what + " failed: " + err.Error(), Err: err}
	}
	return readReply(what, text, to)
}

// objectForm is an object that a function of the page is to give.
type objectForm struct {
	fields codec.Fields
	// complete says, once fields are read, whether all that must be there is.
	complete func() bool
	orNull   bool
	// words show who wrote the function what it must give.
	words string
}

// readReply reads what a function of the page gave; nil reads nothing. No value
// is no text, no boolean and no list.
func readReply(what string, text json.RawMessage, to any) error {
	missing := false
	switch to := to.(type) {
	case nil:
		return nil
	case objectForm:
		if codec.IsNull(text) && to.orNull || codec.Read(text, to.fields) == nil && to.complete() {
			return nil
		}
		return &runner.UserError{Message: what + " must give " + to.words}
	case *bool, *string, *[]json.RawMessage:
		missing = codec.IsNull(text)
	}
	if !missing && codec.Read(text, to) == nil {
		return nil
	}
	return &runner.UserError{Message: what + " must give " + kindOf(to) + ", and gave something else"}
}

// kindOf names what is read into a value.
func kindOf(to any) string {
	switch to.(type) {
	case *bool:
		return "true or false"
	case *string:
		return "a string"
	case *[]json.RawMessage:
		return "a list of items"
	}
	return "an object of the documented form"
}

// askText asks for a text.
func (r *run) askText(ctx context.Context, what string, fn functionRef, args ...any) (text string, err error) {
	err = r.ask(ctx, what, fn, &text, args...)
	return text, err
}

// askBool asks for a boolean.
func (r *run) askBool(ctx context.Context, what string, fn functionRef, args ...any) (yes bool, err error) {
	err = r.ask(ctx, what, fn, &yes, args...)
	return yes, err
}

// notify calls a function of the page and does not wait for its reply.
func (r *run) notify(fn functionRef, args ...any) {
	if !r.begin() {
		return
	}
	defer r.calling.Done()
	if text, err := codec.Write(args); err == nil {
		r.post(callMessage{Run: r.number, Call: r.engine.calls.skip(), Fn: fn.Fn, Args: string(text)})
	}
}

// jsonOf gives a value as JSON, null where it has no such form.
func jsonOf(value any) json.RawMessage {
	text, err := codec.Write(value)
	if err != nil {
		return json.RawMessage("null")
	}
	return text
}

// infoOf describes an agent's place in a run to the page.
func (r *run) infoOf(agent *runner.Agent) callInfo {
	info := callInfo{Agent: -1}
	for i, known := range r.agents {
		if known == agent {
			info.Agent = i
		}
	}
	if info.Agent < 0 && agent != nil {
		info.AgentName = agent.Name
	}
	return info
}

// infoOfCall describes a tool call to the page.
func (r *run) infoOfCall(call *runner.ToolCall) callInfo {
	info := r.infoOf(call.Agent)
	info.ToolName, info.CallID, info.Arguments = call.Name, call.ID, &call.Arguments
	return info
}
