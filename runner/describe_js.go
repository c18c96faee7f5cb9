package runner

import (
	"encoding/json"
	"errors"
	"strconv"

	"runstream/internal/codec"
)

// describe shows a value without fmt, which would make every page's engine
// larger.
func describe(value any) string {
	switch value := value.(type) {
	case error:
		return value.Error()
	case interface{ String() string }:
		return value.String()
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case int:
		return strconv.Itoa(value)
	}
	return "a value of a type that has no text"
}

// storedValue gives a tool's value that a state has as a tool returns it here: text,
// or JSON as it was written.
func storedValue(output json.RawMessage) any {
	if text, ok := rawText(output); ok {
		return text
	}
	return output
}

// encodeForeign refuses types that only reflection could write: every page's
// engine would be larger by it.
func encodeForeign(value any) (json.RawMessage, error) {
	switch value := value.(type) {
	case []TextOutput:
		return encodeParts(value)
	case []ImageOutput:
		return encodeParts(value)
	case []FileOutput:
		return encodeParts(value)
	}
	return nil, errors.New("only reflection could write a value of its type")
}

func encodeParts[T any](parts []T) (json.RawMessage, error) {
	list := make([]any, len(parts))
	for i, part := range parts {
		list[i] = part
	}
	return codec.Write(list)
}

// checkOutput refuses a tool's value that could not be told to the model.
func checkOutput(tool string, value any) error {
	switch value.(type) {
	case string, json.RawMessage, interface{ String() string }:
		return nil
	}
	if _, err := encodeOutput(value); err != nil {
		return &UserError{Message: "what tool " + tool + " returned cannot be written as JSON in a browser: return a text or json.RawMessage, or make the tool with package functiontool", Err: err}
	}
	return nil
}
