package chatcompletions

import (
	"encoding/json"

	"runstream/internal/codec"
	"runstream/internal/wire"
)

// openMessage is the message that is being written. It has one part of each
// kind at most, in the order in which they began.
type openMessage struct {
	outputIndex int
	text        *outputText
	refusal     *outputRefusal
	textIndex   int
	refusalLast bool // the text began first
}

// openPart says that the message has a new part, and first that there is one.
func (a *answer) openPart(empty codec.Fields) (index int) {
	if a.message == nil {
		a.message = &openMessage{outputIndex: a.first()}
		if a.announcedAny() {
			a.message.outputIndex += len(a.calls)
		}
		a.emit(event{Type: "response.output_item.added", OutputIndex: &a.message.outputIndex, Item: a.messageItem("in_progress").fields()})
	} else {
		index = 1
	}
	a.emit(event{
		Type: "response.content_part.added", ItemID: wire.FakeID, OutputIndex: &a.message.outputIndex, ContentIndex: &index, Part: empty,
	})
	return index
}

func (a *answer) messageItem(status string) *messageItem {
	from := a.origin
	return &messageItem{ID: wire.FakeID, Type: "message", Role: "assistant", Status: status, Content: []any{}, ProviderData: &from}
}

// inMessage says whether the message has a text.
func (a *answer) inMessage() bool { return a.message != nil && a.message.text != nil }

func (a *answer) addText(delta string, c *choice) {
	if !a.inMessage() {
		part := &outputText{Type: "output_text", Annotations: []annotation{}, Logprobs: []outputLogprob{}}
		index := a.openPart(part.fields())
		a.message.text, a.message.textIndex = part, index
	}
	m := a.message
	logprobs := []deltaLogprob{}
	if c.Logprobs != nil {
		for _, token := range c.Logprobs.Content {
			logprobs = append(logprobs, token.forDelta())
			m.text.Logprobs = append(m.text.Logprobs, token.forOutput())
		}
	}
	a.emit(event{
		Type: "response.output_text.delta", ItemID: wire.FakeID, OutputIndex: &m.outputIndex, ContentIndex: &m.textIndex,
		Delta: &delta, Logprobs: codec.List(&logprobs, (*deltaLogprob).fields),
	})
	m.text.Text = append(m.text.Text, delta...)
}

func (a *answer) addRefusal(delta string) {
	if a.message == nil || a.message.refusal == nil {
		part := &outputRefusal{Type: "refusal"}
		index := a.openPart(part.fields())
		a.message.refusal, a.message.refusalLast = part, index == 1
	}
	m := a.message
	index := m.refusalIndex()
	a.emit(event{
		Type: "response.refusal.delta", ItemID: wire.FakeID, OutputIndex: &m.outputIndex, ContentIndex: &index, Delta: &delta,
	})
	m.refusal.Refusal = append(m.refusal.Refusal, delta...)
}

func (m *openMessage) refusalIndex() int {
	if m.refusalLast {
		return 1
	}
	return 0
}

// endParts says that the message's parts are done: the text, then the refusal.
func (a *answer) endParts() {
	m := a.message
	if m == nil {
		return
	}
	if m.text != nil {
		if rest := a.inText.rest(); rest != "" {
			a.addText(rest, &choice{})
		}
		a.endPart(m.textIndex, m.text.fields())
	}
	if m.refusal != nil {
		if rest := a.inRefusal.rest(); rest != "" {
			a.addRefusal(rest)
		}
		a.endPart(m.refusalIndex(), m.refusal.fields())
	}
}

func (a *answer) endPart(index int, part codec.Fields) {
	a.emit(event{
		Type: "response.content_part.done", ItemID: wire.FakeID, OutputIndex: &a.message.outputIndex, ContentIndex: &index, Part: part,
	})
}

// endMessage says that the message is done and gives it, nil where there is
// none.
func (a *answer) endMessage() *messageItem {
	m := a.message
	if m == nil {
		return nil
	}
	item := a.messageItem("completed")
	if m.refusal != nil && !m.refusalLast {
		item.Content = append(item.Content, m.refusal.fields())
	}
	if m.text != nil {
		item.Content = append(item.Content, m.text.fields())
	}
	if m.refusalLast {
		item.Content = append(item.Content, m.refusal.fields())
	}
	a.emit(event{Type: "response.output_item.done", OutputIndex: &m.outputIndex, Item: item.fields()})
	return item
}

type annotation struct {
	Type       string
	StartIndex *int
	EndIndex   *int
	URL        string
	Title      string
}

func (a *annotation) fields() codec.Fields {
	return codec.Fields{
		"type", &a.Type,
		"start_index", &a.StartIndex,
		"end_index", &a.EndIndex,
		"url", &a.URL,
		"title", &a.Title,
	}
}

// readAnnotations reads the URL citations that are complete.
func readAnnotations(raw json.RawMessage) []annotation {
	if codec.IsFalsy(raw) {
		return nil
	}
	var given []json.RawMessage
	_ = codec.Read(raw, &given) // they are optional
	var citations []annotation
	for _, one := range given {
		var kind string
		var start, end *int
		var url, title *string
		err := codec.Read(one, codec.Fields{
			"type", &kind,
			"url_citation", codec.Fields{"start_index", &start, "end_index", &end, "url", &url, "title", &title},
		})
		if err == nil && kind == "url_citation" && start != nil && end != nil && url != nil && title != nil {
			citations = append(citations, annotation{kind, start, end, *url, *title})
		}
	}
	return citations
}
