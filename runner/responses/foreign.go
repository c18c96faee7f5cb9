package responses

import (
	"bytes"
	"encoding/json"

	"runstream/internal/codec"
)

// placeholder is the id of items that no Responses server has named.
const placeholder = "__fake_id__"

// withoutForeign takes out of the input what other servers wrote for themselves
// and this API refuses: their notes, their reasoning, and ids that are none.
func withoutForeign(input []json.RawMessage) []json.RawMessage {
	cleaned := make([]json.RawMessage, 0, len(input))
	for _, raw := range input {
		if bytes.Contains(raw, []byte(`"provider_data"`)) || bytes.Contains(raw, []byte(placeholder)) {
			raw = clean(raw)
		}
		if raw != nil {
			cleaned = append(cleaned, raw)
		}
	}
	return cleaned
}

// clean gives nil for what is left out.
func clean(raw json.RawMessage) json.RawMessage {
	var kind, id string
	var fields map[string]json.RawMessage
	if codec.Read(raw, &fields) != nil {
		return raw
	}
	_ = codec.Read(fields["type"], &kind) // a message may have none
	_ = codec.Read(fields["id"], &id)
	noted := len(fields["provider_data"]) > 0 && !codec.IsNull(fields["provider_data"])
	switch {
	case noted && kind == "reasoning":
		return nil
	case fields["provider_data"] == nil && id != placeholder:
		return raw // it is text that looks alike
	}
	delete(fields, "provider_data")
	if id == placeholder {
		delete(fields, "id")
	}
	cleaned, err := codec.Write(fields)
	if err != nil {
		return raw
	}
	return cleaned
}
