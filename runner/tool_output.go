package runner

import (
	"encoding/json"
	"errors"

	"runstream/internal/codec"
)

// TextOutput is a part of a tool's output: text.
type TextOutput struct {
	Text string
}

// ImageOutput is a part of a tool's output: an image, by URL or by file id.
type ImageOutput struct {
	URL    string
	FileID string
	// Detail is "low", "high" or "auto", empty for the server's default.
	Detail string
}

// FileOutput is a part of a tool's output: a file, by its data in base64, by
// URL or by file id.
type FileOutput struct {
	Data     string
	URL      string
	FileID   string
	Filename string
}

// wirePart is a part of structured content. Tools may return it as JSON too.
type wirePart struct {
	Type     string
	Text     string
	ImageURL string
	FileID   string
	Detail   string
	FileData string
	FileURL  string
	Filename string
}

func (w *wirePart) fields() codec.Fields {
	return codec.Fields{
		"type", &w.Type,
		"text,omitempty", &w.Text,
		"image_url,omitempty", &w.ImageURL,
		"file_id,omitempty", &w.FileID,
		"detail,omitempty", &w.Detail,
		"file_data,omitempty", &w.FileData,
		"file_url,omitempty", &w.FileURL,
		"filename,omitempty", &w.Filename,
	}
}

// MarshalJSON implements [json.Marshaler].
func (o TextOutput) MarshalJSON() ([]byte, error) {
	return codec.Write(codec.Fields{"type", "text", "text", o.Text})
}

// MarshalJSON implements [json.Marshaler].
func (o ImageOutput) MarshalJSON() ([]byte, error) {
	return codec.Write((&wirePart{Type: "image", ImageURL: o.URL, FileID: o.FileID, Detail: o.Detail}).fields())
}

// MarshalJSON implements [json.Marshaler].
func (o FileOutput) MarshalJSON() ([]byte, error) {
	return codec.Write((&wirePart{Type: "file", FileData: o.Data, FileURL: o.URL, FileID: o.FileID, Filename: o.Filename}).fields())
}

// contentParts gives a value that is structured content, one part or a list of
// nothing else, as input content; nil for any other value.
func contentParts(value any) []json.RawMessage {
	switch value.(type) {
	case string, nil, bool, float64, int:
		return nil
	}
	data := outputJSON(value)
	var list []json.RawMessage
	if codec.Read(data, &list) != nil {
		list = []json.RawMessage{data}
	}
	var parts []json.RawMessage
	for _, entry := range list {
		part := inputPart(entry)
		if part == nil {
			return nil
		}
		parts = append(parts, part)
	}
	return parts
}

// inputPart writes one part as input content; nil for what is no part.
func inputPart(raw json.RawMessage) json.RawMessage {
	var part wirePart
	if !isObject(raw) || codec.Read(raw, part.fields()) != nil {
		return nil
	}
	switch part.Type {
	case "text":
		return mustMarshal(codec.Fields{"type", "input_text", "text", part.Text})
	case "image":
		if part.ImageURL == "" && part.FileID == "" {
			return nil
		}
	case "file":
		if part.FileData == "" && part.FileURL == "" && part.FileID == "" {
			return nil
		}
	default:
		return nil
	}
	part.Type = "input_" + part.Type
	return mustMarshal(part.fields())
}

// outputText is a tool's value as the model reads it.
func outputText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	if raw, ok := value.(json.RawMessage); ok && raw != nil && !codec.Valid(raw) {
		return string(raw)
	}
	if value, ok := value.(interface{ String() string }); ok {
		text := ""
		if safely(func() error { text = value.String(); return nil }) == nil {
			return text
		}
	}
	return string(outputJSON(value))
}

// outputJSON is a tool's value as JSON; text where it has no JSON form. The tool
// has run: whatever it gave, the model is told.
func outputJSON(value any) (data json.RawMessage) {
	err := safely(func() (err error) {
		data, err = encodeOutput(value)
		return err
	})
	if err == nil {
		return data
	}
	if raw, ok := value.(json.RawMessage); ok {
		return mustMarshal(string(raw)) // it is no JSON
	}
	return mustMarshal(describe(value))
}

// shallow gives a value as a state can hold it: as text where it is nested too
// deep.
func shallow(data json.RawMessage) json.RawMessage {
	if depth(data) > mostNested {
		return mustMarshal(string(data))
	}
	return data
}

func encodeOutput(value any) (json.RawMessage, error) {
	data, err := codec.Write(value)
	if err == nil || errors.Is(err, codec.ErrTooDeep) {
		return data, err
	}
	return encodeForeign(value)
}
