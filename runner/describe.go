//go:build !js

package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// describe shows a value of any type.
func describe(value any) string { return fmt.Sprint(value) }

// encodeForeign writes a value of a type that package codec does not know.
func encodeForeign(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// checkOutput lets every tool's value pass: see its twin.
func checkOutput(string, any) error { return nil }
