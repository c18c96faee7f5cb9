package runner

import (
	"encoding/json"
	"slices"

	"runstream/internal/codec"
)

// history reads the items. An item of both lists is one item here, as it was
// in the run that wrote it.
func (r *documentReader) history(s *State) {
	items, kept := r.items("session_items", r.fields["session_items"])
	s.items = items
	r.owned(s, kept)
	generated, _ := r.items("generated_items", r.fields["generated_items"])
	var indexes []*int
	if codec.Read(r.fields["generated_session_item_indexes"], &indexes) == nil && len(indexes) == len(generated) {
		for i, index := range indexes {
			if index == nil || *index < 0 || *index >= len(kept) || generated[i] == nil {
				continue
			}
			if same := kept[*index]; same != nil && same.Type == generated[i].Type && sameRaw(same.Raw, generated[i].Raw) {
				generated[i] = same
			}
		}
	} else if r.fields["session_items"] == nil {
		s.items = slices.Clone(generated)
	} else { // writers before 1.13 do not tell
		index := indexItems(items)
		for i, item := range generated {
			generated[i] = index.same(item)
		}
	}
	s.generated = generated
}

// items reads a list of items. What cannot be used, such as an item of an
// unknown kind or agent, is left out; kept has nil in its place.
func (r *documentReader) items(field string, raw json.RawMessage) (items, kept []*RunItem) {
	if raw == nil {
		return nil, nil
	}
	var entries []json.RawMessage
	if codec.IsNull(raw) {
		r.fail(field, "Run state field "+field+" must be a list")
		return nil, nil
	}
	r.decode(field, raw, &entries)
	for _, entry := range entries {
		item := r.item(field, entry)
		kept = append(kept, item)
		if item != nil {
			items = append(items, item)
		}
	}
	return items, kept
}

func (r *documentReader) item(field string, raw json.RawMessage) *RunItem {
	var entry wireItem
	var rawCamel json.RawMessage
	if !isObject(raw) {
		r.fail(field, "Run state field "+field+" has an entry that is not an object")
		return nil
	}
	if codec.Read(raw, append(entry.fields(), "rawItem", &rawCamel)) != nil {
		r.fail(field, "Run state field "+field+" has an entry with a field of an invalid type")
		return nil
	}
	if entry.Raw == nil {
		entry.Raw = rawCamel
	}
	if !isObject(entry.Raw) {
		r.fail(field, "Run state field "+field+" has an entry without a raw_item")
		return nil
	}
	agent := r.agent(field, entry.Agent)
	if agent == nil || !knownItemType(entry.Type) {
		return nil
	}
	item := newItem(entry.Type, agent, entry.Raw)
	item.Output, item.ToolName, item.Title, item.Origin = entry.Output, entry.ToolName, entry.Title, entry.Origin
	item.CustomData, item.inputID = entry.CustomData, entry.InputID
	if entry.Description != nil {
		item.Description, item.describes = *entry.Description, true
	}
	switch item.Type {
	case HandoffOutputItem:
		item.SourceAgent, item.TargetAgent = r.agent(field, entry.SourceAgent), r.agent(field, entry.TargetAgent)
		if item.SourceAgent == nil || item.TargetAgent == nil {
			return nil
		}
	case ToolCallItem, ToolApprovalItem:
		item.key, item.bareAlias = entry.LookupKey.key(), entry.BareNameAlias
		if item.key.kind == "" && item.head.Type == "function_call" {
			item.key = callKey(item.head.Name, item.head.Namespace)
		}
		if item.ToolName == "" {
			item.ToolName = item.head.Name
		}
	}
	return item
}

// interruptions reads what waits, none of which is left out.
func (r *documentReader) interruptions(field string, raw json.RawMessage) []*RunItem {
	_, kept := r.items(field, raw)
	if slices.ContainsFunc(kept, func(item *RunItem) bool { return item == nil || item.Type != ToolApprovalItem }) {
		r.fail(field, "Run state field "+field+" has an entry that is no call of an agent that is there")
	}
	if r.tooMany(field, len(kept)) {
		return nil
	}
	return kept
}

func knownItemType(t ItemType) bool {
	switch t {
	case MessageOutputItem, ReasoningItem, ToolCallItem, ToolCallOutputItem, HandoffCallItem, HandoffOutputItem, ToolApprovalItem,
		ToolSearchCallItem, ToolSearchOutputItem, MCPListToolsItem, MCPApprovalRequestItem, MCPApprovalResponseItem, CompactionItem, InputItem, UnknownItem:
		return true
	}
	return false
}

// step reads what a resumed run does first.
func (r *documentReader) step(s *State) {
	var step string
	var own, data json.RawMessage
	r.optional("current_step", codec.Fields{"type", &step, "interruptions", &own, "data", codec.Fields{"interruptions", &data}})
	switch step {
	case "next_step_run_again":
		s.step = stepRunAgain
	case "next_step_interruption":
		s.step = stepInterrupted
		if data == nil {
			data = own
		}
		interruptions := r.interruptions("current_step.data.interruptions", data)
		r.work(s, interruptions)
	}
}
