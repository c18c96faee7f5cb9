package modelserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// maxBody is the longest request that is read: 32 MiB, room for images.
const maxBody = 32 << 20

// Handler answers POST …/responses from its script.
type Handler struct {
	Script Script

	// Pace says how long to wait before an event of this type, such as
	// "response.output_text.delta". Nil does not wait.
	Pace func(eventType string) time.Duration

	// Name gives a response its id, model and time. Nil counts: resp_1,
	// resp_2… The ids of one conversation must differ.
	Name func(Request) runnertest.Response

	// Ended, where it is not nil, is called once a reply is over: with nil
	// where it was sent to its end, else with why it was not. That is
	// context.Canceled where the client has gone, and the handler learns of it
	// at once, in a pause too.
	Ended func(request Request, err error)

	responses atomic.Int64
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/responses") {
		refuse(w, &StatusError{Status: http.StatusNotFound, Code: "not_found", Message: "Only POST /responses is served here."})
		return
	}
	if r.Method != http.MethodPost {
		refuse(w, &StatusError{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
			Message: "Use POST.", Header: http.Header{"Allow": {http.MethodPost}}})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		refuse(w, &StatusError{Status: http.StatusRequestEntityTooLarge, Code: "request_too_large",
			Message: fmt.Sprintf("The request is longer than %d bytes.", tooLong.Limit)})
		return
	}
	if err != nil {
		return // the client has gone
	}
	request, err := parseRequest(r.Header, body)
	if err != nil {
		refuse(w, &StatusError{Status: http.StatusBadRequest, Code: "invalid_json",
			Message: "The request's body is not what the Responses API takes: " + err.Error()})
		return
	}

	aborted, err := h.reply(r.Context(), w, request)
	if h.Ended != nil {
		h.Ended(request, err)
	}
	if aborted {
		panic(http.ErrAbortHandler) // net/http's way to break the connection off
	}
}

// reply says whether the connection has to be broken off, and why the turn was
// not sent to its end.
func (h *Handler) reply(ctx context.Context, w http.ResponseWriter, request Request) (aborted bool, err error) {
	turn := h.Script(request)
	var status *StatusError
	if errors.As(turn.Err, &status) && len(turn.Outputs) == 0 && turn.Raw == nil {
		refuse(w, status)
		return false, nil
	}
	events := turn.Events(h.name(request))
	if !request.Stream {
		return replyWhole(w, turn, events)
	}
	if err := h.stream(ctx, w, events); err != nil {
		if ctx.Err() != nil { // a write that met the closed connection says so in words of its own
			err = context.Cause(ctx)
		}
		return false, err
	}
	if turn.Hang {
		<-ctx.Done()
		return false, context.Cause(ctx)
	}
	return turn.Err != nil, turn.Err
}

func (h *Handler) stream(ctx context.Context, w http.ResponseWriter, events []runner.RawEvent) error {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	flush := http.NewResponseController(w).Flush
	if err := flush(); err != nil {
		return err
	}
	for _, event := range events {
		if err := h.wait(ctx, event.Type); err != nil {
			return err
		}
		if _, err := w.Write(block(event)); err != nil {
			return err
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return nil
}

// replyWhole answers a client that did not ask for a stream.
func replyWhole(w http.ResponseWriter, turn runnertest.Turn, events []runner.RawEvent) (aborted bool, err error) {
	if turn.Err != nil || len(events) == 0 {
		return true, turn.Err
	}
	var last struct{ Response json.RawMessage }
	if err := json.Unmarshal(events[len(events)-1].Data, &last); err != nil {
		return true, err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(last.Response)
	return false, err
}

func (h *Handler) name(request Request) runnertest.Response {
	if h.Name != nil {
		return h.Name(request)
	}
	return runnertest.Response{ID: fmt.Sprintf("resp_%d", h.responses.Add(1)), Model: request.Model}
}

func (h *Handler) wait(ctx context.Context, eventType string) error {
	if h.Pace == nil {
		return ctx.Err()
	}
	timer := time.NewTimer(h.Pace(eventType))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// block is an event as server-sent events write it: a line of data for every
// line of its text.
func block(event runner.RawEvent) []byte {
	var text bytes.Buffer
	if event.Type != "" {
		fmt.Fprintf(&text, "event: %s\n", event.Type)
	}
	for line := range bytes.Lines(event.Data) {
		fmt.Fprintf(&text, "data: %s\n", bytes.TrimRight(line, "\r\n"))
	}
	text.WriteByte('\n')
	return text.Bytes()
}

func refuse(w http.ResponseWriter, e *StatusError) {
	for name, values := range e.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"message": e.Message, "type": "invalid_request_error", "code": e.Code, "param": nil,
	}})
}
