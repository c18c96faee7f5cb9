package functiontool

import (
	"bytes"
	"encoding/json"

	"runstream/runner"
)

// output gives what the function returned as the run loop takes it. In a browser
// the run loop writes no types that only reflection could: they become JSON
// here.
func output(value any) (any, error) {
	switch value.(type) {
	case nil, string, json.RawMessage, interface{ String() string }, runner.TextOutput, runner.ImageOutput, runner.FileOutput:
		return value, nil
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, &runner.UserError{Message: "what the tool returned cannot be written as JSON: " + err.Error(), Err: err}
	}
	return json.RawMessage(bytes.TrimSuffix(text.Bytes(), []byte("\n"))), nil
}
