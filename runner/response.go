package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"runstream/internal/codec"
)

// responseReader collects a response from its events. It decodes only those
// that end an item or the response.
type responseReader struct {
	done     []json.RawMessage // items that were announced as done
	response *ModelResponse
}

func (r *responseReader) read(event RawEvent) error {
	switch event.Type {
	case "response.output_item.done":
		var item json.RawMessage
		if err := codec.Read(kept(event.Data), codec.Fields{"item", &item}); err != nil {
			return brokenEvent(event, err)
		}
		r.done = append(r.done, item)
	case "response.completed":
		var response *wireResponse
		err := codec.Read(kept(event.Data), codec.Fields{"response", codec.Maybe(&response, (*wireResponse).fields)})
		if err == nil && response == nil {
			err = errNoResponse
		}
		if err != nil {
			return brokenEvent(event, err)
		}
		switch response.Status {
		case "incomplete", "failed", "cancelled": // some servers end every response so
			// Why is not repeated: nobody has looked for the request's secrets in it.
			return (&wireResponse{}).failure("response." + response.Status)
		}
		r.response = response.modelResponse()
		if len(r.response.Output) == 0 {
			r.response.Output = r.done // some servers leave it empty
		}
	case "response.incomplete", "response.failed":
		var response wireResponse
		if err := codec.Read(event.Data, codec.Fields{"response", response.fields()}); err != nil {
			return brokenEvent(event, err)
		}
		return response.failure(event.Type)
	case "error", "response.error":
		var message, code string
		var within json.RawMessage
		fields := codec.Fields{"message", (*codec.RoughText)(&message), "code", (*codec.RoughText)(&code)}
		_ = codec.Read(event.Data, append(fields, "error", &within)) // all are optional
		_ = codec.Read(within, fields)                               // as others than OpenAI have them
		return &ModelBehaviorError{Message: "the model's response ended with an error event: " + message, Err: reported(message, code)}
	}
	return nil
}

var errNoResponse = errors.New("it has no response")

func (r *responseReader) finish() (*ModelResponse, error) {
	if r.response == nil {
		return nil, &ModelBehaviorError{Message: "Model did not produce a final response!"}
	}
	for i, item := range r.response.Output {
		item, err := acceptOutputItem(item)
		if err != nil {
			return nil, &ModelBehaviorError{Message: "item " + strconv.Itoa(i+1) + " of the model's response " + err.Error()}
		}
		r.response.Output[i] = item
	}
	return r.response, nil
}

// kept copies what an event says, as states can hold it.
func kept(data []byte) []byte {
	if utf8.Valid(data) {
		return bytes.Clone(data)
	}
	return []byte(string([]rune(string(data)))) // bytes.ToValidUTF8 would make the engine 2 kB larger
}

func brokenEvent(event RawEvent, err error) error {
	return &ModelBehaviorError{Message: "the server sent an event of type " + event.Type + " that cannot be read: " + err.Error(), Err: err}
}

// wireResponse holds what the run loop reads of a response object.
type wireResponse struct {
	ID           string
	Status       string
	Output       []json.RawMessage
	Usage        Usage
	Incomplete   string // why
	ErrorMessage string
	ErrorCode    string
}

func (r *wireResponse) fields() codec.Fields {
	u := &r.Usage
	return codec.Fields{
		"id", (*codec.RoughText)(&r.ID),
		"status", (*codec.RoughText)(&r.Status),
		"output", &r.Output,
		"usage", codec.Fields{
			"input_tokens", (*codec.RoughInt)(&u.InputTokens),
			"input_tokens_details", codec.Fields{"cached_tokens", (*codec.RoughInt)(&u.CachedTokens), "cache_write_tokens", (*codec.RoughInt)(&u.CacheWriteTokens)},
			"output_tokens", (*codec.RoughInt)(&u.OutputTokens),
			"output_tokens_details", codec.Fields{"reasoning_tokens", (*codec.RoughInt)(&u.ReasoningTokens)},
			"total_tokens", (*codec.RoughInt)(&u.TotalTokens),
		},
		"incomplete_details", codec.Fields{"reason", &r.Incomplete},
		"error", codec.Fields{"message", (*codec.RoughText)(&r.ErrorMessage), "code", (*codec.RoughText)(&r.ErrorCode)},
	}
}

func (r *wireResponse) modelResponse() *ModelResponse {
	r.Usage.Requests = 1 // a request counts where the server does not say what it used
	return &ModelResponse{Output: r.Output, ResponseID: r.ID, Usage: r.Usage}
}

// failure is the error of a response that ended so.
func (r *wireResponse) failure(how string) error {
	return &ModelBehaviorError{Message: "the model's response ended with " + how + r.reason(), Err: reported(r.ErrorMessage, r.ErrorCode)}
}

// reported is what a server says in its stream of a failure; nil for nothing.
func reported(message, code string) error {
	if message == "" && code == "" {
		return nil
	}
	return &APIError{Message: message, Code: code}
}

func (r *wireResponse) reason() string {
	switch {
	case r.ErrorMessage != "":
		return ": " + r.ErrorMessage
	case r.Incomplete != "":
		return ": " + r.Incomplete
	}
	return ""
}
