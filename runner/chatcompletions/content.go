package chatcompletions

import (
	"encoding/json"

	"runstream/internal/codec"
	"runstream/runner"
)

// part is a piece of a message's content, as the API takes it.
type part struct {
	Type                  string
	Text                  *string
	ImageURL              *imageURL
	VideoURL              *videoURL
	InputAudio            *audio
	File                  *file
	PromptCacheBreakpoint json.RawMessage
}

func (p *part) fields() codec.Fields {
	return codec.Fields{
		"type", &p.Type,
		"text,omitempty", &p.Text,
		"image_url,omitempty", codec.Maybe(&p.ImageURL, (*imageURL).fields),
		"video_url,omitempty", codec.Maybe(&p.VideoURL, (*videoURL).fields),
		"input_audio,omitempty", codec.Maybe(&p.InputAudio, (*audio).fields),
		"file,omitempty", codec.Maybe(&p.File, (*file).fields),
		"prompt_cache_breakpoint,omitempty", &p.PromptCacheBreakpoint,
	}
}

// parts are a message's content, in place of a text.
type parts []part

// WriteJSON implements [codec.Writable].
func (p parts) WriteJSON(w *codec.Writer) { w.Value(codec.List((*[]part)(&p), (*part).fields)) }

type imageURL struct {
	URL    string
	Detail string
}

func (i *imageURL) fields() codec.Fields {
	return codec.Fields{
		"url", &i.URL,
		"detail,omitempty", &i.Detail,
	}
}

type videoURL struct {
	URL string
}

func (v *videoURL) fields() codec.Fields {
	return codec.Fields{
		"url", &v.URL,
	}
}

type audio struct {
	Data   string
	Format string
}

func (a *audio) fields() codec.Fields {
	return codec.Fields{
		"data", &a.Data,
		"format", &a.Format,
	}
}

type file struct {
	Data string
	ID   string
	Name string
}

func (f *file) fields() codec.Fields {
	return codec.Fields{
		"file_data,omitempty", &f.Data,
		"file_id,omitempty", &f.ID,
		"filename,omitempty", &f.Name,
	}
}

// inputPart holds the fields of all kinds of parts that an item can have.
type inputPart struct {
	Type                  string
	Text                  *string
	ImageURL              json.RawMessage
	Detail                json.RawMessage
	VideoURL              videoURL
	InputAudio            audio
	FileData              string
	FileID                string
	Filename              string
	PromptCacheBreakpoint json.RawMessage
}

func (i *inputPart) fields() codec.Fields {
	return codec.Fields{
		"type", &i.Type,
		"text", &i.Text,
		"image_url", &i.ImageURL,
		"detail", &i.Detail,
		"video_url", i.VideoURL.fields(),
		"input_audio", i.InputAudio.fields(),
		"file_data", &i.FileData,
		"file_id", &i.FileID,
		"filename", &i.Filename,
		"prompt_cache_breakpoint", &i.PromptCacheBreakpoint,
	}
}

// convertContent converts an item's content: its text as it is, or its parts.
// Parts of the API's own form are taken too.
func convertContent(raw json.RawMessage) (any, error) {
	if len(raw) > 0 && raw[0] == '"' {
		return raw, nil
	}
	var given []inputPart
	if err := codec.Read(raw, codec.List(&given, (*inputPart).fields)); err != nil || given == nil {
		return nil, &runner.UserError{Message: "its content is neither a text nor a list of parts", Err: err}
	}
	converted := parts{}
	for _, p := range given {
		one, problem := p.convert()
		if problem != "" {
			return nil, &runner.UserError{Message: problem}
		}
		if !codec.IsNull(p.PromptCacheBreakpoint) && p.Type != "video_url" {
			one.PromptCacheBreakpoint = p.PromptCacheBreakpoint
		}
		converted = append(converted, one)
	}
	return converted, nil
}

// convert gives the part, or says what is wrong with it.
func (p *inputPart) convert() (converted part, problem string) {
	switch p.Type {
	case "input_text", "text":
		if p.Text == nil {
			return part{}, "a text part has no text"
		}
		return part{Type: "text", Text: p.Text}, ""
	case "input_image", "image_url":
		image := p.image()
		if image.URL == "" {
			return part{}, "an image part has no image_url; images by file id need the Responses API"
		}
		return part{Type: "image_url", ImageURL: image}, ""
	case "video_url":
		if p.VideoURL.URL == "" {
			return part{}, "a video part has no url"
		}
		return part{Type: "video_url", VideoURL: &p.VideoURL}, ""
	case "input_audio":
		if p.InputAudio.Data == "" || p.InputAudio.Format == "" {
			return part{}, "an audio part lacks data or format"
		}
		return part{Type: "input_audio", InputAudio: &p.InputAudio}, ""
	case "input_file":
		switch {
		case p.FileData != "":
			return part{Type: "file", File: &file{Data: p.FileData, Name: p.Filename}}, ""
		case p.FileID != "":
			return part{Type: "file", File: &file{ID: p.FileID, Name: p.Filename}}, ""
		}
		return part{}, "a file part has neither file_data nor file_id; files by address need the Responses API"
	}
	return part{}, "a part of type " + quote(p.Type) + " is not known"
}

// image reads both forms: an address with its detail beside it, and the API's
// own object.
func (p *inputPart) image() *imageURL {
	image := &imageURL{}
	detail := p.Detail
	if p.Type == "image_url" {
		detail = nil
		_ = codec.Read(p.ImageURL, codec.Fields{"url", &image.URL, "detail", &detail}) // without a url it is refused
		if codec.IsNull(detail) {
			detail = nil
		}
	} else {
		image.URL = text(p.ImageURL)
	}
	image.Detail = text(detail)
	switch {
	case detail == nil:
		image.Detail = "auto"
	case image.Detail == "original":
		image.Detail = "high" // the most that the API has
	}
	return image
}

// textOnly leaves out what is not text, for messages that take nothing else.
func textOnly(content any) (any, error) {
	given, ok := content.(parts)
	if !ok {
		return content, nil
	}
	texts := parts{}
	for _, p := range given {
		switch p.Type {
		case "text":
			texts = append(texts, p)
		case "video_url":
			return nil, &runner.UserError{Message: "it takes text only, and has a video"}
		}
	}
	return texts, nil
}

// text gives a JSON string's text, and nothing for anything else.
func text(raw json.RawMessage) string {
	var text string
	if len(raw) > 0 && raw[0] == '"' {
		_ = codec.Read(raw, &text) // it is valid
	}
	return text
}

// quote shows a text of unknown origin in a message.
func quote(text string) string {
	if len(text) > 80 {
		text = text[:80] + "…"
	}
	return string(codec.AppendText(nil, text))
}
