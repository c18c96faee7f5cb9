package runner

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"runstream/internal/codec"
	"runstream/internal/wire"
)

// HistoryMapper folds a conversation into what the next agent gets in its
// place.
type HistoryMapper func(transcript []json.RawMessage) []json.RawMessage

const (
	historyPreamble = "For context, here is the conversation so far between the user and the previous agent:"
	historyOpen     = "<CONVERSATION HISTORY>"
	historyClose    = "</CONVERSATION HISTORY>"
)

// NestedHistory folds a conversation into one assistant message that tells it
// in order. It is the default [HistoryMapper].
func NestedHistory(transcript []json.RawMessage) []json.RawMessage {
	lines := []string{historyPreamble, historyOpen}
	for i, raw := range transcript {
		lines = append(lines, strconv.Itoa(i+1)+". "+transcriptLine(raw))
	}
	if len(transcript) == 0 {
		lines = append(lines, "(no previous turns recorded)")
	}
	lines = append(lines, historyClose)
	return []json.RawMessage{mustMarshal(codec.Fields{"role", "assistant", "content", strings.Join(lines, "\n")})}
}

// transcriptLine tells one item: a message of one line in words, anything else
// as JSON.
func transcriptLine(raw json.RawMessage) string {
	head := parseRawItem(raw)
	text, isText := rawText(head.Content)
	if head.Role == "" || !codec.IsNull(head.Content) && (!isText || strings.ContainsAny(text, "\r\n")) {
		return string(codec.Compact(withoutKey(raw, wire.ProviderData)))
	}
	speaker := head.Role
	if head.Name != "" {
		speaker += " (" + head.Name + ")"
	}
	return speaker + ": " + text
}

// nest is the filter of a handoff that gives the next agent a summary. Unless
// a mapper does it, what cannot be told is kept between the parts of the
// summary as it is.
func (l *runLoop) nest(_ context.Context, data HandoffInput) (HandoffInput, error) {
	told := unfolded(data.History)
	history := []json.RawMessage{}
	tell := func() {
		history, told = append(history, NestedHistory(told)...), nil
	}
	l.s.owned = nil
	for i, item := range slices.Concat(data.Before, data.New) {
		if !item.isInput() {
			continue
		}
		raw := item.toInput()
		if l.cfg.historyMapper != nil || isTold(item, i >= len(data.Before)) {
			told = append(told, raw)
			continue
		}
		if len(told) > 0 || len(history) == 0 {
			tell()
		}
		l.s.owned = append(l.s.owned, ownedItem{item, len(history)})
		history = append(history, raw)
	}
	switch {
	case l.cfg.historyMapper != nil:
		history = l.cfg.historyMapper(told)
	case len(told) > 0 || len(history) == 0:
		tell()
	}
	data.History, data.Before, data.Input = history, nil, []*RunItem{}
	return data, nil
}

// isTold says whether an item is told in the summary: calls of functions and
// what belongs to them, and answers of earlier turns.
func isTold(item *RunItem, thisTurn bool) bool {
	head := item.parsed()
	switch head.Type {
	case "function_call", "function_call_output", "reasoning", "program", "program_output":
		return head.Role == "" || !thisTurn
	}
	return !calledDirectly(item.Raw) || head.Role == "assistant" && !thisTurn
}

// unfolded puts the items of earlier summaries in the place of these.
func unfolded(history []json.RawMessage) []json.RawMessage {
	var items []json.RawMessage
	for _, raw := range history {
		if lines, ok := summaryLines(raw); ok {
			for _, line := range lines {
				items = append(items, itemOfLine(line))
			}
			continue
		}
		items = append(items, raw)
	}
	return items
}

// summaryLines gives the numbered lines of a summary, without the numbers.
func summaryLines(raw json.RawMessage) (lines []string, ok bool) {
	head := parseRawItem(raw)
	text, isText := rawText(head.Content)
	if parts := head.parts(); !isText && len(parts) == 1 { // as states write it
		text, isText = parts[0].Text, parts[0].Type == "output_text"
	}
	preamble, wrapped, _ := strings.Cut(text, "\n")
	body, opened := strings.CutPrefix(wrapped, historyOpen+"\n")
	body, closed := strings.CutSuffix(body, "\n"+historyClose)
	if head.Role != "assistant" || !isText || preamble != historyPreamble || !opened || !closed {
		return nil, false
	}
	for _, line := range strings.Split(body, "\n") {
		number, rest, found := strings.Cut(line, ". ")
		if _, err := strconv.Atoi(number); found && err == nil {
			lines = append(lines, rest)
		} else if len(lines) > 0 {
			lines[len(lines)-1] += "\n" + line
		}
	}
	return lines, true
}

// itemOfLine reads what transcriptLine wrote.
func itemOfLine(line string) json.RawMessage {
	if isObject([]byte(line)) {
		return json.RawMessage(line)
	}
	speaker, content, _ := strings.Cut(line, ":")
	role, name, _ := strings.Cut(strings.TrimSuffix(speaker, ")"), " (")
	return mustMarshal(codec.Fields{"role", role, "name,omitempty", name, "content", strings.TrimSpace(content)})
}

// ownedItem is an item of the run that stands in the original input too, where
// nested history has put it.
type ownedItem struct {
	item *RunItem
	at   int // its place in the original input
}

// owns says whether the original input has the item already.
func (s *State) owns(item *RunItem) bool {
	return slices.ContainsFunc(s.owned, func(o ownedItem) bool { return o.item == item })
}

// reown finds the owned items again in an input that a filter has made.
func (s *State) reown(before, after []json.RawMessage) {
	taken := map[int]bool{}
	var owned []ownedItem
	for _, o := range s.owned {
		for i, raw := range after {
			if o.at < len(before) && !taken[i] && string(raw) == string(before[o.at]) {
				taken[i] = true
				owned = append(owned, ownedItem{o.item, i})
				break
			}
		}
	}
	s.owned = owned
}

// ownedRef is an owned item as states have it.
type ownedRef struct {
	Index      int
	Digest     string
	InputIndex int
}

func (o *ownedRef) fields() codec.Fields {
	return codec.Fields{
		"index", &o.Index,
		"digest", &o.Digest,
		"input_index", &o.InputIndex,
	}
}

func ownedRefs(s *State) []ownedRef {
	refs := []ownedRef{}
	for _, o := range s.owned {
		if index := slices.Index(s.items, o.item); index >= 0 {
			refs = append(refs, ownedRef{index, inputDigest(o.item.toInput()), o.at})
		}
	}
	return refs
}

func (r *documentReader) owned(s *State, kept []*RunItem) {
	const field = "nested_history_owned_session_item_refs"
	const message = "Run state nested history ownership "
	raw, ok := r.fields[field]
	if !ok {
		return
	}
	var entries []json.RawMessage
	if codec.IsNull(raw) || codec.Read(raw, &entries) != nil {
		r.fail(field, "Run state "+field+" must be a list of objects")
		return
	}
	for _, entry := range entries {
		ref := ownedRef{Index: -1, InputIndex: -1}
		switch {
		case codec.Read(entry, ref.fields()) != nil || ref.Index < 0 || ref.InputIndex < 0 || len(ref.Digest) != 64:
			r.fail(field, "Run state "+field+" entries must contain a non-negative integer index and input_index, and 64-character digest")
			return
		case ref.Index >= len(kept) || kept[ref.Index] == nil:
			r.fail(field, message+"references a missing session item")
		case ref.InputIndex >= len(s.original.items):
			r.fail(field, message+"references a missing input item")
		case inputDigest(kept[ref.Index].toInput()) != ref.Digest:
			r.fail(field, message+"session digest does not match")
		case inputDigest(s.original.items[ref.InputIndex]) != ref.Digest:
			r.fail(field, message+"input digest does not match")
		default:
			s.owned = append(s.owned, ownedItem{kept[ref.Index], ref.InputIndex})
		}
	}
}

// inputDigest is the SHA-256 of an input item as the SDK writes it; the forms
// of an assistant's message count as one.
func inputDigest(raw json.RawMessage) string {
	value, err := codec.ReadExact(answerAsParts(raw))
	fields, isFields := value.(map[string]any)
	if err != nil || !isFields {
		return ""
	}
	if fields["role"] == "assistant" && fields["status"] == "completed" {
		delete(fields, "status")
	}
	for _, note := range [...]string{"created_by", "_agents_tool_description", "_agents_tool_title"} {
		delete(fields, note) // not part of an input item
	}
	sum := sum256(spaced.append(nil, fields))
	return hexText(sum[:])
}
