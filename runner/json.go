package runner

import (
	"bytes"
	"encoding/json"

	"runstream/internal/codec"
)

// mustMarshal is for values of this package's own, which always encode.
func mustMarshal(v any) json.RawMessage {
	return mustAppend(nil, v)
}

// mustAppend is mustMarshal onto out.
func mustAppend(out []byte, v any) []byte {
	out, err := codec.Append(out, v)
	if err != nil {
		panic("runner: " + err.Error())
	}
	return out
}

func isObject(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && data[0] == '{' && codec.Valid(data)
}

// rawText gives a JSON string's text, and false for anything else.
func rawText(data []byte) (string, bool) {
	var text string
	if len(data) == 0 || data[0] != '"' || codec.Read(data, &text) != nil {
		return "", false
	}
	return text, true
}

// withoutKey gives an object without a key; what lacks it stays as it is.
func withoutKey(raw json.RawMessage, key string) json.RawMessage {
	var fields map[string]json.RawMessage
	if codec.Read(raw, &fields) != nil || fields[key] == nil {
		return raw
	}
	delete(fields, key)
	return mustMarshal(fields)
}

// withKey gives an object with a key set; what is no object stays as it is.
func withKey(raw json.RawMessage, key string, value json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if codec.Read(raw, &fields) != nil || fields == nil {
		return raw
	}
	fields[key] = value
	return mustMarshal(fields)
}
