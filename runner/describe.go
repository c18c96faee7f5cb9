//go:build !js

package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"runstream/internal/codec"
)

// describe shows a value of any type.
func describe(value any) string {
	if isEndless(reflect.ValueOf(value), 0) {
		return "a value that holds itself"
	}
	return fmt.Sprint(value)
}

// isEndless says whether fmt would not come to the value's end, which nothing can
// recover from. It follows pointers as fmt does: the first alone.
func isEndless(v reflect.Value, depth int) bool {
	if depth > 500 {
		return true
	}
	inner := func(v reflect.Value) bool { return isEndless(v, depth+1) }
	switch v.Kind() {
	case reflect.Interface:
		return inner(v.Elem())
	case reflect.Pointer:
		return depth == 0 && inner(v.Elem())
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if inner(entries.Key()) || inner(entries.Value()) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if inner(v.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if inner(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

// storedValue gives a tool's value that a state has: numbers are json.Number.
func storedValue(output json.RawMessage) any {
	value, err := codec.ReadExact(output)
	if err != nil {
		return nil
	}
	return value
}

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
