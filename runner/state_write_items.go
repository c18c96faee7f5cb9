package runner

import (
	"encoding/json"
	"slices"

	"runstream/internal/codec"
)

// wireItem is a run item as states write it.
type wireItem struct {
	Type          ItemType
	Raw           json.RawMessage
	Agent         json.RawMessage
	Output        json.RawMessage
	SourceAgent   json.RawMessage
	TargetAgent   json.RawMessage
	ToolName      string
	Description   *string
	Title         string
	Origin        *ToolOrigin
	Namespace     string
	LookupKey     *lookupKey
	BareNameAlias bool
	CustomData    json.RawMessage
	InputID       string
}

func (w *wireItem) fields() codec.Fields {
	return codec.Fields{
		"type", (*string)(&w.Type),
		"raw_item", &w.Raw,
		"agent", &w.Agent,
		"output,omitempty", &w.Output,
		"source_agent,omitempty", &w.SourceAgent,
		"target_agent,omitempty", &w.TargetAgent,
		"tool_name,omitempty", &w.ToolName,
		"description,omitempty", &w.Description,
		"title,omitempty", &w.Title,
		"tool_origin,omitempty", codec.Maybe(&w.Origin, (*ToolOrigin).fields),
		"tool_namespace,omitempty", &w.Namespace,
		"tool_lookup_key,omitempty", codec.Maybe(&w.LookupKey, (*lookupKey).fields),
		"allow_bare_name_alias,omitempty", &w.BareNameAlias,
		"custom_data,omitempty", &w.CustomData,
		"input_id,omitempty", &w.InputID,
	}
}

func marshalItem(graph *agentGraph, item *RunItem) json.RawMessage {
	written := wireItem{
		Type: item.Type, Raw: item.Raw, Agent: mustMarshal(graph.ref(item.Agent)), Output: item.Output,
		ToolName: item.ToolName, Title: item.Title, Origin: item.Origin, CustomData: item.CustomData, InputID: item.inputID,
	}
	if item.SourceAgent != nil && item.TargetAgent != nil {
		written.SourceAgent, written.TargetAgent = mustMarshal(graph.ref(item.SourceAgent)), mustMarshal(graph.ref(item.TargetAgent))
	}
	switch item.Type {
	case ToolCallItem:
		if item.describes {
			written.Description = &item.Description
		}
	case ToolCallOutputItem:
		written.ToolName = ""
	case ToolApprovalItem:
		written.BareNameAlias = item.bareAlias
		written.LookupKey = item.key.lookup()
		written.Namespace = item.parsed().Namespace
	}
	return mustMarshal(written.fields())
}

// sessionIndexes says which of the run's items each generated item is.
func sessionIndexes(generated, items []*RunItem) []*int {
	places := make(map[*RunItem]int, len(items))
	for i, item := range items {
		places[item] = i
	}
	indexes := make([]*int, len(generated))
	for i, item := range generated {
		if place, ok := places[item]; ok {
			indexes[i] = &place
		}
	}
	return indexes
}

// itemOwnership says which generated items are the interrupted response's.
type itemOwnership struct {
	Start         int
	End           int
	Interruptions []int
}

func (i *itemOwnership) fields() codec.Fields {
	return codec.Fields{
		"start", &i.Start,
		"end", &i.End,
		"interruptions", &i.Interruptions,
	}
}

// ownership finds that out; nil where it is not sure, or where the SDK says
// nothing: of a turn that it would not tell from others, a run inside waits.
func ownership(s *State) *itemOwnership {
	if s.step != stepInterrupted || s.work == nil || len(s.work.items) == 0 {
		return nil
	}
	if s.work.unplaced && (s.work.unproven || slices.ContainsFunc(s.work.interruptions, s.isNested)) {
		return nil
	}
	start := slices.Index(s.generated, s.work.items[0])
	if start < 0 || start+len(s.work.items) > len(s.generated) || !slices.Equal(s.generated[start:start+len(s.work.items)], s.work.items) {
		return nil
	}
	owned := &itemOwnership{Start: start, End: len(s.generated), Interruptions: []int{}}
	for _, item := range s.work.interruptions {
		place := slices.Index(s.generated, item)
		if place < 0 {
			place = slices.IndexFunc(s.generated, item.sameQuestion)
		}
		if place < 0 {
			return nil
		}
		owned.Interruptions = append(owned.Interruptions, place)
	}
	return owned
}

// writtenInput gives the run's input as its document has it.
func (s *State) writtenInput() []json.RawMessage {
	written := make([]json.RawMessage, len(s.original.items))
	for i, raw := range s.original.items {
		written[i] = s.graph.written.others.once(&raw[0], func() json.RawMessage { return answerAsParts(raw) })
	}
	return written
}

// writtenAsInput gives an item as model input, the same slice each time.
func (s *State) writtenAsInput(item *RunItem) json.RawMessage {
	policy := textOf(s.carried.ReasoningItemIDPolicy)
	return s.graph.written.inputs.once(asInput{item, policy}, func() json.RawMessage {
		return s.withoutReasoningIDs([]json.RawMessage{item.toInput()})[0]
	})
}

// answerAsParts writes the text of an assistant message as content parts, which
// is how the SDK writes input; other items stay as they are.
func answerAsParts(raw json.RawMessage) json.RawMessage {
	head := parseRawItem(raw)
	if head.Role != "assistant" {
		return raw
	}
	var fields map[string]json.RawMessage
	_ = codec.Read(raw, &fields) // it is an object, or it had no role
	if text, isText := rawText(head.Content); isText {
		fields["content"] = mustMarshal([]any{codec.Fields{"text", text, "type", "output_text"}})
	}
	if _, ok := fields["status"]; !ok {
		fields["status"] = json.RawMessage(`"completed"`)
	}
	return mustMarshal(fields)
}
