package runnertest

import (
	"encoding/json"

	"runstream/runner"
)

// Turn is one answer of the scripted model: what one request to a model server
// streams back.
type Turn struct {
	// Outputs are the items of the answer, in order. None is an empty answer.
	Outputs []Output

	// Usage is what the answer reports; 10 tokens in and 5 out if zero.
	Usage runner.RequestUsage

	// Failure ends the answer with response.failed in place of
	// response.completed.
	Failure *Failure

	// Cut leaves the last event out, as a server does that hangs up too early.
	Cut bool

	// Raw, where it is not nil, is streamed byte for byte in place of all the
	// above. It need not be valid: this is the way to script events that the
	// package does not know, and damaged ones.
	Raw []json.RawMessage

	// Err breaks the stream off in place of the last event. Where the turn has
	// no Outputs and no Raw, nothing comes before it, as if the server could not
	// be reached.
	Err error

	// Hang keeps the stream open in place of the last event, until the reader
	// lets go of it.
	Hang bool
}

// Failure is the error of a failed response.
type Failure struct {
	// Code is a code of the Responses API, such as "server_error".
	Code    string
	Message string
}

// Reply is a completed turn of these outputs.
func Reply(outputs ...Output) Turn {
	return Turn{Outputs: outputs}
}

// Fail is a turn whose response fails before it has said anything.
func Fail(code, message string) Turn {
	return Turn{Failure: &Failure{Code: code, Message: message}}
}

// Break is a turn whose stream breaks off with err, after these outputs.
func Break(err error, outputs ...Output) Turn {
	return Turn{Outputs: outputs, Err: err}
}

// Response is what a streamed response says about itself.
type Response struct {
	// ID names the response. The ids of its items are made from it, so it must
	// not come twice in one conversation. "resp_1" if empty.
	ID string
	// Model is "gpt-5" if empty.
	Model string
	// CreatedAt is a Unix time in seconds, 1764000000 if zero.
	CreatedAt int64
}

// Events are the turn's events as a Responses API server streams them: the same
// for the same arguments. What Err and Hang do comes after them.
func (t Turn) Events(response Response) []runner.RawEvent {
	if t.Raw != nil {
		return rawEvents(t.Raw)
	}
	if t.Err != nil && len(t.Outputs) == 0 {
		return nil
	}
	s := newStream(response)
	s.event("response.created", "response", s.response("in_progress", nil, nil))
	s.event("response.in_progress", "response", s.response("in_progress", nil, nil))
	for _, output := range t.Outputs {
		output.stream(s)
	}
	switch {
	case t.Cut || t.Hang || t.Err != nil:
	case t.Failure != nil:
		failure := object{"code", t.Failure.Code, "message", t.Failure.Message}
		s.event("response.failed", "response", s.response("failed", failure, nil))
	default:
		s.event("response.completed", "response", s.response("completed", nil, usage(t.Usage)))
	}
	return s.events
}

func rawEvents(events []json.RawMessage) []runner.RawEvent {
	raw := make([]runner.RawEvent, len(events))
	for i, data := range events {
		var event struct{ Type string }
		_ = json.Unmarshal(data, &event) // a damaged event has no type
		raw[i] = runner.RawEvent{Type: event.Type, Data: data}
	}
	return raw
}

func usage(u runner.RequestUsage) object {
	if u == (runner.RequestUsage{}) {
		u = runner.RequestUsage{InputTokens: 10, OutputTokens: 5}
	}
	return object{
		"input_tokens", u.InputTokens,
		"input_tokens_details", object{"cached_tokens", u.CachedTokens},
		"output_tokens", u.OutputTokens,
		"output_tokens_details", object{"reasoning_tokens", u.ReasoningTokens},
		"total_tokens", max(u.TotalTokens, u.InputTokens+u.OutputTokens),
	}
}

func (r Response) withDefaults() Response {
	if r.ID == "" {
		r.ID = "resp_1"
	}
	if r.Model == "" {
		r.Model = "gpt-5"
	}
	if r.CreatedAt == 0 {
		r.CreatedAt = 1764000000
	}
	return r
}
