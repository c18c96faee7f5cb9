package modelserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"runstream/runner/runnertest"
)

// Script answers one request. Requests may come at the same time.
type Script func(Request) runnertest.Turn

// InOrder is a script that gives these turns, one for each request, and an
// error after the last.
func InOrder(turns ...runnertest.Turn) Script {
	var mu sync.Mutex
	requests := 0
	return func(Request) runnertest.Turn {
		mu.Lock()
		defer mu.Unlock()
		requests++
		if requests > len(turns) {
			return Refuse(http.StatusInternalServerError, "script_over",
				fmt.Sprintf("The script has %d turns and this is request %d: add a turn.", len(turns), requests))
		}
		return turns[requests-1]
	}
}

// Refuse is a turn that is answered by an HTTP status and an error in JSON, as
// the API writes it, in place of a stream.
func Refuse(status int, code, message string) runnertest.Turn {
	return runnertest.Break(&StatusError{Status: status, Code: code, Message: message})
}

// StatusError is the error of a turn that has no stream. As the Err of a
// [runnertest.Turn] without outputs it becomes the HTTP reply.
type StatusError struct {
	Status        int
	Code, Message string
	// Header is sent beside the usual headers; "Retry-After-Ms", for instance.
	Header http.Header
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("modelserver: status %d, %s: %s", e.Status, e.Code, e.Message)
}

// Request is what the model was asked.
type Request struct {
	// Header is the HTTP request's.
	Header http.Header
	// Body is the JSON as it came. The fields below are read from it.
	Body json.RawMessage

	Model        string
	Instructions string
	// Input are the input items. An input that is a text is one message of the
	// user.
	Input []json.RawMessage
	Tools []Tool
	// Stream says that the client wants events. It gets the whole response as
	// JSON otherwise.
	Stream bool
}

// Tool is a tool that the request offers, a handoff among them.
type Tool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
}

// Offers says whether the model may call a function of this name.
func (r Request) Offers(name string) bool {
	for _, tool := range r.Tools {
		if tool.Type == "function" && tool.Name == name {
			return true
		}
	}
	return false
}

func parseRequest(header http.Header, body []byte) (Request, error) {
	var fields struct {
		Model        string          `json:"model"`
		Instructions string          `json:"instructions"`
		Input        json.RawMessage `json:"input"`
		Tools        []Tool          `json:"tools"`
		Stream       bool            `json:"stream"`
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		return Request{}, err
	}
	request := Request{Header: header, Body: body, Model: fields.Model, Instructions: fields.Instructions,
		Tools: fields.Tools, Stream: fields.Stream}
	var err error
	request.Input, err = parseInput(fields.Input)
	return request, err
}

func parseInput(input json.RawMessage) ([]json.RawMessage, error) {
	if len(input) > 0 && input[0] == '"' {
		message, err := json.Marshal(map[string]json.RawMessage{"role": json.RawMessage(`"user"`), "content": input})
		return []json.RawMessage{message}, err
	}
	if len(input) == 0 {
		return nil, nil
	}
	var items []json.RawMessage
	err := json.Unmarshal(input, &items)
	return items, err
}
