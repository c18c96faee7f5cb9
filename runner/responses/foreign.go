package responses

import (
	"bytes"
	"encoding/json"

	"runstream/internal/codec"
	"runstream/internal/wire"
)

// withoutForeign takes out of the input what other servers wrote for themselves
// and this API refuses: their notes, their reasoning, and ids that are none.
func withoutForeign(input []json.RawMessage) []json.RawMessage {
	cleaned := make([]json.RawMessage, 0, len(input))
	for _, raw := range input {
		if bytes.Contains(raw, []byte(`"`+wire.ProviderData+`"`)) || bytes.Contains(raw, []byte(wire.FakeID)) {
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
	noted := len(fields[wire.ProviderData]) > 0 && !codec.IsNull(fields[wire.ProviderData])
	switch {
	case noted && kind == "reasoning":
		return nil
	case fields[wire.ProviderData] == nil && id != wire.FakeID:
		return raw // it is text that looks alike
	}
	delete(fields, wire.ProviderData)
	if id == wire.FakeID {
		delete(fields, "id")
	}
	cleaned, err := codec.Write(fields)
	if err != nil {
		return raw
	}
	return cleaned
}
