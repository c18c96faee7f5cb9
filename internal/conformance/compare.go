package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"runstream/internal/jsondiff"
)

// Compare gives the first difference between what a run should do and what it
// did, by the rules of testdata/README.md; empty where there is none. far says
// that the run and its reader are apart, as in a page with a worker.
func (c *Case) Compare(run int, got Got, far bool) (string, error) {
	expect, err := c.view(c.Runs[run].Expect)
	if err != nil {
		return "", err
	}
	encoded, err := json.Marshal(got)
	if err != nil {
		return "", err
	}
	did, err := c.view(encoded)
	if err != nil {
		return "", err
	}
	if want, ok := expect["error"].(map[string]any); ok && want["type"] == "InputGuardrailTripwireTriggered" && len(expect["requests"].([]any)) > 0 {
		// How far a parallel guardrail lets the model come is a matter of timing.
		for _, view := range []map[string]any{expect, did} {
			maps.DeleteFunc(view, func(key string, _ any) bool { return key != "error" && key != "calls" })
		}
	}
	stopped := func(step Step) bool { return step.Cancel != nil && step.Cancel.Mode == "immediate" }
	if far && slices.ContainsFunc(c.Runs[:run+1], stopped) {
		// What was used until the word has reached the run is a matter of timing.
		for _, view := range []map[string]any{expect, did} {
			delete(view["result"].(map[string]any), "usage")
		}
	}
	return jsondiff.First("run"+fmt.Sprint(run), expect, did, same), nil
}

// view decodes a run and leaves out what is not compared.
func (c *Case) view(raw json.RawMessage) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var view map[string]any
	if err := dec.Decode(&view); err != nil {
		return nil, err
	}
	delete(view, "state")
	if c.API == chatCompletions {
		withoutOrigin(view)
	}
	if c.hasAgentTools() {
		c.withoutStream(view["requests"])
	}
	for _, list := range []string{"events", "requests", "calls"} {
		if view[list] == nil {
			view[list] = []any{}
		}
	}
	return view, nil
}

// withoutOrigin leaves out what items of Chat Completions servers say of where
// they come from, and their ids, which the API does not have.
func withoutOrigin(value any) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "provider_data")
		maps.DeleteFunc(v, func(key string, id any) bool { return id == "__fake_id__" && strings.HasSuffix(key, "id") })
		for _, inner := range v {
			withoutOrigin(inner)
		}
	case []any:
		for _, inner := range v {
			withoutOrigin(inner)
		}
	}
}

// hasAgentTools says whether agents are used as tools: whether their model is
// asked for a stream is not compared, and their events are not seen.
func (c *Case) hasAgentTools() bool {
	return slices.ContainsFunc(c.Agents, func(a AgentSpec) bool {
		return slices.ContainsFunc(a.Tools, func(t ToolSpec) bool { return t.Kind == "agent_tool" })
	})
}

func (c *Case) withoutStream(requests any) {
	list, _ := requests.([]any)
	for _, request := range list {
		if fields, ok := request.(map[string]any); ok {
			if body, ok := fields["body"].(map[string]any); ok {
				delete(body, "stream")
			}
		}
	}
}

// sameJSON says whether two texts are the same value.
func sameJSON(a, b json.RawMessage) bool {
	var values [2]any
	for i, text := range []json.RawMessage{a, b} {
		if json.Unmarshal(text, &values[i]) != nil {
			return false
		}
	}
	return jsondiff.First("", values[0], values[1], same) == ""
}

// same says that two values that are not equal count as such.
func same(want, got any) bool {
	if w, ok := want.(json.Number); ok {
		g, ok := got.(json.Number)
		return ok && sameNumber(w, g)
	}
	return told(want) != "" && told(want) == told(got)
}

// told gives what the summary of a conversation says, empty for anything else:
// the order of its JSON's keys and its spaces do not count.
func told(value any) string {
	text, _ := value.(string)
	if !strings.Contains(text, "<CONVERSATION HISTORY>") {
		return ""
	}
	letters := []rune(strings.Join(strings.Fields(text), ""))
	slices.Sort(letters)
	return string(letters)
}

func sameNumber(a, b json.Number) bool {
	x, errX := a.Float64()
	y, errY := b.Float64()
	return a == b || errX == nil && errY == nil && x == y
}

// CompareRaw checks that every raw event is the server's, byte for byte; or
// value for value, where a page has parsed it.
func (c *Case) CompareRaw(got []Got, parsed bool) string {
	if c.hasAgentTools() || c.API == chatCompletions { // made here, or not seen
		return ""
	}
	replies := c.Server
	for run, g := range got {
		var sent []json.RawMessage
		asked := min(len(g.Requests), len(replies))
		for _, raw := range replies[:asked] {
			var next reply
			if json.Unmarshal(raw, &next) == nil {
				sent = append(sent, next.Events...)
			}
		}
		replies = replies[asked:]
		for i, data := range g.Raw { // a run that was cancelled leaves the rest
			if i >= len(sent) || string(data) != oneLine(sent[i]) && !(parsed && sameJSON(sent[i], data)) {
				return fmt.Sprintf("run%d: raw event %d is not what the server sent", run, i)
			}
		}
	}
	return ""
}
