package runner

import (
	"encoding/json"
	"errors"
	"slices"

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
	// Detail is "low", "high", "auto" or "original", empty for the server's default.
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

// MarshalJSON implements [json.Marshaler].
func (o TextOutput) MarshalJSON() ([]byte, error) {
	return codec.Write(codec.Fields{"type", "text", "text", o.Text})
}

// MarshalJSON implements [json.Marshaler].
func (o ImageOutput) MarshalJSON() ([]byte, error) {
	return codec.Write(codec.Fields{"type", "image", "image_url,omitempty", o.URL, "file_id,omitempty", o.FileID, "detail,omitempty", o.Detail})
}

// MarshalJSON implements [json.Marshaler].
func (o FileOutput) MarshalJSON() ([]byte, error) {
	return codec.Write(codec.Fields{"type", "file", "file_data,omitempty", o.Data, "file_url,omitempty", o.URL, "file_id,omitempty", o.FileID, "filename,omitempty", o.Filename})
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

// inputPart writes one part as input content; nil for what is no part. Other
// fields than its kind has are left out: servers refuse them.
func inputPart(raw json.RawMessage) json.RawMessage {
	var kind string
	var text, imageURL, fileID, detail, fileData, fileURL, filename *string
	if !isObject(raw) || codec.Read(raw, codec.Fields{"type", &kind}) != nil {
		return nil
	}
	var fields codec.Fields
	switch kind {
	case "text":
		fields = codec.Fields{"text,omitempty", &text}
	case "image":
		fields = codec.Fields{"image_url,omitempty", &imageURL, "file_id,omitempty", &fileID, "detail,omitempty", &detail}
	case "file":
		fields = codec.Fields{"file_data,omitempty", &fileData, "file_url,omitempty", &fileURL, "file_id,omitempty", &fileID, "filename,omitempty", &filename}
	}
	given := codec.Read(raw, fields) == nil && (text != nil || imageURL != nil || fileID != nil || fileData != nil || fileURL != nil)
	if !given || detail != nil && !slices.Contains([]string{"low", "high", "auto", "original"}, *detail) {
		return nil
	}
	return mustMarshal(append(codec.Fields{"type", "input_" + kind}, fields...))
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
