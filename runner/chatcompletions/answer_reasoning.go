package chatcompletions

import (
	"encoding/json"

	"runstream/internal/codec"
	"runstream/internal/wire"
	"runstream/runner"
)

// openReasoning is the reasoning that is being written. It is the first output
// item, whenever it comes.
type openReasoning struct {
	item     *reasoningItem
	inPart   bool // the last part of the summary is open
	thinking []*thinkingBlock
}

// reasoningIndex is the output index of reasoning.
const reasoningIndex = 0

// readReasoning reads the three forms that servers write reasoning in.
func (a *answer) readReasoning(d *delta) error {
	if err := a.addThinking(d.ThinkingBlocks); err != nil {
		return err
	}
	if d.ReasoningContent.text != "" {
		a.addSummary(a.inSummary.join(d.ReasoningContent))
	}
	if delta := roughDelta(d.Reasoning); delta.text != "" {
		a.addReasoningText(a.inReasoning.join(delta))
	}
	return nil
}

// openReasoning announces the reasoning item where it has not been.
func (a *answer) openReasoning(field string, content []textPart) {
	if a.reasoning != nil {
		return
	}
	from := a.origin
	from.ReasoningField = field
	a.reasoning = &openReasoning{item: &reasoningItem{
		ID: wire.FakeID, Type: "reasoning", Summary: []textPart{}, Content: content, ProviderData: &from,
	}}
	a.emit(event{Type: "response.output_item.added", OutputIndex: new(reasoningIndex), Item: a.reasoning.item.fields()})
}

// addSummary adds a delta of the field reasoning_content.
func (a *answer) addSummary(delta string) {
	a.openReasoning("", nil)
	r := a.reasoning
	r.item.ProviderData.ReasoningField = ""
	if !r.inPart {
		r.inPart = true
		r.item.Summary = append(r.item.Summary, textPart{Type: "summary_text"})
		a.emitSummaryPart("response.reasoning_summary_part.added")
	}
	last := len(r.item.Summary) - 1
	a.emit(event{
		Type: "response.reasoning_summary_text.delta", ItemID: wire.FakeID, OutputIndex: new(reasoningIndex), SummaryIndex: &last, Delta: &delta,
	})
	r.item.Summary[last].Text = append(r.item.Summary[last].Text, delta...)
}

// endSummaryPart closes the open part of the summary, if any.
func (a *answer) endSummaryPart() {
	if a.reasoning != nil && a.reasoning.inPart {
		if rest := a.inSummary.rest(); rest != "" {
			a.addSummary(rest)
		}
		a.emitSummaryPart("response.reasoning_summary_part.done")
		a.reasoning.inPart = false
	}
}

func (a *answer) emitSummaryPart(eventType string) {
	last := len(a.reasoning.item.Summary) - 1
	a.emit(event{
		Type: eventType, ItemID: wire.FakeID, OutputIndex: new(reasoningIndex), SummaryIndex: &last, Part: a.reasoning.item.Summary[last].fields(),
	})
}

// addReasoningText adds a delta of the field reasoning.
func (a *answer) addReasoningText(delta string) {
	a.openReasoning("reasoning", []textPart{{Type: "reasoning_text"}})
	a.emit(event{
		Type: "response.reasoning_text.delta", ItemID: wire.FakeID, OutputIndex: new(reasoningIndex), ContentIndex: new(0), Delta: &delta,
	})
	item := a.reasoning.item
	if len(item.Content) == 0 {
		item.Content = []textPart{{Type: "reasoning_text"}}
	}
	item.Content[0].Text = append(item.Content[0].Text, delta...)
}

// endReasoning says that the reasoning is done.
func (a *answer) endReasoning() {
	if a.reasoning == nil {
		return
	}
	a.keepThinking()
	item := a.reasoning.item
	switch {
	case len(item.Summary) > 0:
		a.endSummaryPart()
	case len(item.Content) > 0:
		if rest := a.inReasoning.rest(); rest != "" {
			a.addReasoningText(rest)
		}
		a.emit(event{
			Type: "response.reasoning_text.done", ItemID: wire.FakeID, OutputIndex: new(reasoningIndex), ContentIndex: new(0),
			Text: new(string(item.Content[0].Text)),
		})
	}
	a.emit(event{Type: "response.output_item.done", OutputIndex: new(reasoningIndex), Item: item.fields()})
}

// thinkingBlock is one of Claude's, which proxies pass on in pieces. It must
// go back as it came, what is not known here included.
type thinkingBlock struct {
	fields    map[string]json.RawMessage
	redacted  bool
	text      growing
	signature string // closes the block
}

// addThinking adds pieces of thinking blocks.
func (a *answer) addThinking(raw json.RawMessage) error {
	if codec.IsFalsy(raw) {
		return nil
	}
	var pieces []json.RawMessage
	_ = codec.Read(raw, &pieces) // what is no list of objects is no thinking
	for _, one := range pieces {
		var fields map[string]json.RawMessage
		if codec.Read(one, &fields) != nil {
			continue
		}
		piece := &thinkingBlock{fields: fields}
		switch kind := fields["type"]; {
		case text(kind) == "redacted_thinking":
			piece.redacted = true
		case kind != nil && text(kind) != "thinking":
			continue
		default:
			if err := piece.take(); err != nil {
				return err
			}
			if len(piece.text) == 0 && piece.signature == "" && len(piece.fields) == 0 {
				continue
			}
		}
		a.openReasoning("", nil)
		a.reasoning.item.ProviderData.ReasoningField = ""
		a.reasoning.addBlock(piece)
	}
	return nil
}

// take moves the known fields out of the others.
func (b *thinkingBlock) take() error {
	for _, key := range []string{"thinking", "signature"} {
		if value, ok := b.fields[key]; ok && (len(value) == 0 || value[0] != '"') {
			return &runner.ModelBehaviorError{Message: "the model server sent a thinking block whose " + key + " is no text"}
		}
	}
	b.text, b.signature = growing(text(b.fields["thinking"])), text(b.fields["signature"])
	for _, key := range []string{"type", "thinking", "signature"} {
		delete(b.fields, key)
	}
	return nil
}

// addBlock joins a piece to the open block, or begins one.
func (r *openReasoning) addBlock(piece *thinkingBlock) {
	if len(r.thinking) > 0 && !piece.redacted {
		if last := r.thinking[len(r.thinking)-1]; !last.redacted && last.signature == "" {
			for key, value := range piece.fields {
				last.fields[key] = value
			}
			last.text = append(last.text, piece.text...)
			last.signature = piece.signature
			return
		}
	}
	r.thinking = append(r.thinking, piece)
}

// keepThinking writes the thinking blocks into the item, whole for the way
// back, and as text.
func (a *answer) keepThinking() {
	item := a.reasoning.item
	var all growing
	for _, block := range a.reasoning.thinking {
		if !block.redacted {
			block.fields["type"] = json.RawMessage(`"thinking"`)
			block.fields["thinking"] = codec.AppendText(nil, string(block.text))
			if block.signature != "" {
				block.fields["signature"] = codec.AppendText(nil, block.signature)
				item.EncryptedContent = block.signature
			}
			all = append(all, block.text...)
		}
		encoded, _ := codec.Write(block.fields)
		item.ProviderData.ThinkingBlocks = append(item.ProviderData.ThinkingBlocks, encoded)
	}
	if len(all) > 0 {
		item.Content = append(item.Content, textPart{"reasoning_text", all})
	}
}
