package runner_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

const canary = "CANARY-5f1e"

// pausedDocument is the document of a run that waits outside and inside of an
// agent tool, and the agent to read it with, whose tools note what they run.
func pausedDocument(t *testing.T) (doc []byte, start *runner.Agent, gated *executions) {
	t.Helper()
	gated = &executions{}
	var free executions
	model := script()
	start = nested(1, gated.gated("gated"), model)
	start.Tools = append(start.Tools, gated.gated("gated"), free.free("free"))
	start.Handoffs = []runner.HandoffTarget{newAgent("Next", model)}
	model.Add(
		runnertest.Reply(
			runnertest.Reasoning("Hm."), runnertest.Message("I look."), runnertest.ToolCall("free", "c0", `{}`),
			runnertest.ToolCall("gated", "c1", `{"path":"a"}`), runnertest.ToolCall("inner", "o1", `{"input":"Go."}`), runnertest.ToolCall("transfer_to_next", "h", `{}`),
		),
		calls("gated", "n1"),
	)
	result := runOK(t, start, runner.Text("Go."))
	require.Equal(t, []string{"c1", "n1"}, waitingIDs(result.Interruptions()))
	return document(t, result.State()), start, gated
}

// refusedText requires that a document is refused as it must be, and gives the
// field and the error's text.
func refusedText(t *testing.T, err error) (field, text string) {
	t.Helper()
	var refused *runner.StateError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "UserError", refused.Name())
	assert.NotEmpty(t, refused.Error())
	assert.NotContains(t, refused.Error(), canary, "an error repeats no value")
	return refused.Field, refused.Error()
}

func TestADocumentIsRefusedWithItsFieldNamed(t *testing.T) {
	doc, start, _ := pausedDocument(t)
	type fields = map[string]any
	set := func(path string, value any) func(fields) {
		return func(doc fields) {
			keys := strings.Split(path, ".")
			at := doc
			for _, key := range keys[:len(keys)-1] {
				at = at[key].(fields)
			}
			if value == nil {
				delete(at, keys[len(keys)-1])
				return
			}
			at[keys[len(keys)-1]] = value
		}
	}
	for name, tc := range map[string]struct {
		change func(fields)
		field  string
	}{
		"no version":                  {set("$schemaVersion", nil), "$schemaVersion"},
		"an empty version":            {set("$schemaVersion", ""), "$schemaVersion"},
		"a version that is no text":   {set("$schemaVersion", 1.21), "$schemaVersion"},
		"a later version":             {set("$schemaVersion", "1.22"), "$schemaVersion"},
		"another major version":       {set("$schemaVersion", "2.0"), "$schemaVersion"},
		"a version of another form":   {set("$schemaVersion", "1.021"), "$schemaVersion"},
		"a version with something":    {set("$schemaVersion", "1.21-"+canary), "$schemaVersion"},
		"no turn":                     {set("current_turn", nil), "current_turn"},
		"a turn that is no number":    {set("current_turn", canary), "current_turn"},
		"no agent":                    {set("current_agent", nil), "current_agent"},
		"an unknown agent":            {set("current_agent", fields{"name": canary}), "current_agent"},
		"an agent of no form":         {set("current_agent", []any{canary}), "current_agent"},
		"an unknown identity":         {set("current_agent", fields{"name": "Outer", "identity": canary}), "current_agent"},
		"no input":                    {set("original_input", nil), "original_input"},
		"an input of no form":         {set("original_input", 7), "original_input"},
		"an input item of no form":    {set("original_input", []any{canary}), "original_input"},
		"staged input of no form":     {set("pending_input", canary), "pending_input"},
		"a staged item of no form":    {set("pending_input", []any{canary}), "pending_input"},
		"no limit":                    {set("max_turns", nil), "max_turns"},
		"a limit that is no number":   {set("max_turns", canary), "max_turns"},
		"responses of no form":        {set("model_responses", canary), "model_responses"},
		"a response without output":   {set("model_responses", []any{fields{"usage": fields{}}}), "model_responses"},
		"no responses":                {set("model_responses", []any{}), "model_responses"},
		"no context":                  {set("context", nil), "context"},
		"a context of no form":        {set("context", canary), "context"},
		"usage of no form":            {set("context.usage", canary), "context"},
		"a user's context of no form": {set("context.context", []any{canary}), "context.context"},
		"decisions of no form":        {set("context.function_tool_approvals", canary), "context.function_tool_approvals"},
		"a decision of nobody":        {set("context.function_tool_approvals", []any{fields{"agent": fields{"name": canary}, "tool_key": "gated", "decision": fields{"approved": true, "rejected": []any{}}}}), "context.function_tool_approvals"},
		"a ledger of no form":         {set("context.tool_invocations", []any{canary}), "context.tool_invocations"},
		"a record of no form":         {set("context.tool_invocations", fields{canary: canary}), "context.tool_invocations"},
		"a record without a hash":     {set("context.tool_invocations", fields{"c1": fields{"type": "function_call", "approval_scope": canary, "fingerprint": canary, "executed": false, "completed": false}}), "context.tool_invocations"},
		"a record done but not begun": {set("context.tool_invocations.c1.completed", true), "context.tool_invocations"},
		"items of no form":            {set("generated_items", canary), "generated_items"},
		"an item of no form":          {set("generated_items", []any{canary}), "generated_items"},
		"an item without its JSON":    {set("session_items", []any{fields{"type": "message_output_item", "agent": fields{"name": "Outer"}}}), "session_items"},
		"a step of no form":           {set("current_step", canary), "current_step"},
		"no work to interrupt":        {set("last_processed_response", nil), "last_processed_response"},
		"work of no form":             {set("last_processed_response", canary), "last_processed_response"},
		"a call of no form":           {set("last_processed_response.functions", []any{fields{"tool_call": canary}}), "last_processed_response.functions"},
		"an unknown handoff":          {set("last_processed_response.handoffs", []any{fields{"tool_call": fields{}, "handoff": fields{"tool_name": canary}}}), "last_processed_response.handoffs"},
		"an end of no form":           {set("terminal_unrecoverable", fields{"reason": canary}), "terminal_unrecoverable"},
		"turns that were not made":    {set("current_turn", -1), "current_turn"},
		"a limit that allows nothing": {set("max_turns", 0), "max_turns"},
		"saved items that are not":    {set("current_turn_persisted_item_count", -1), "current_turn_persisted_item_count"},
		"an output of no form":        {set("model_responses", []any{fields{"output": []any{fields{"type": "function_call", "name": canary}}}}), "model_responses"},
		"tools used of no form":       {set("tool_use_tracker", fields{"Outer": canary}), "tool_use_tracker"},
		"waiting calls of no form":    {set("last_processed_response.interruptions", []any{canary}), "last_processed_response.interruptions"},
		"a waiting call of nobody":    {set("current_step.data.interruptions", []any{fields{"type": "tool_approval_item", "raw_item": fields{"type": "function_call"}, "agent": fields{"name": canary}}}), "current_step.data.interruptions"},
		"waiting for what is no call": {set("current_step.data.interruptions", []any{fields{"type": "reasoning_item", "raw_item": fields{"type": "reasoning"}, "agent": fields{"name": "Outer"}}}), "current_step.data.interruptions"},
		"calls that are null":         {set("last_processed_response.functions", json.RawMessage("null")), "last_processed_response.functions"},
		"told items of no form":       {set("nested_history_owned_session_item_refs", canary), "nested_history_owned_session_item_refs"},
		"a told item without a place": {set("nested_history_owned_session_item_refs", []any{fields{"index": 0, "digest": canary}}), "nested_history_owned_session_item_refs"},
		"a told item that is not":     {set("nested_history_owned_session_item_refs", []any{fields{"index": 0, "input_index": 0, "digest": strings.Repeat("a", 64)}}), "nested_history_owned_session_item_refs"},
		"a write of no form":          {set("pending_session_write", canary), "pending_session_write"},
		"a write of nothing":          {set("pending_session_write", fields{"session_id": canary, "items": []any{}, "before": nil, "persisted_count": 0}), "pending_session_write"},
		"a write with something":      {set("pending_session_write", fields{"session_id": "s", "items": []any{fields{}}, "before": nil, "persisted_count": 0, canary: 1}), "pending_session_write"},
		"a write held from the end":   {set("pending_session_write", fields{"session_id": "s", "items": []any{fields{}}, "before": nil, "persisted_count": 0, "held": true, "current_response": fields{"turn": 1, "start": 2}}), "pending_session_write"},
	} {
		t.Run(name, func(t *testing.T) {
			var parsed fields
			require.NoError(t, json.Unmarshal(doc, &parsed))
			tc.change(parsed)
			changed, err := json.Marshal(parsed)
			require.NoError(t, err)
			_, err = runner.ParseState(changed, start)
			field, _ := refusedText(t, err)
			assert.Equal(t, tc.field, field)
		})
	}
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	agent := newAgent("A", script())
	deep := strings.Repeat("[", runner.MaxStateDepth+1) + strings.Repeat("]", runner.MaxStateDepth+1)
	for name, text := range map[string]string{
		"nothing":           "",
		"no JSON":           canary,
		"half of it":        `{"$schemaVersion":"1.21","` + canary,
		"more after it":     `{"$schemaVersion":"1.21"} {"` + canary + `":1}`,
		"a list":            `["` + canary + `"]`,
		"null":              "null",
		"bad UTF-8":         "{\"$schemaVersion\":\"1.21\",\"a\":\"\xff\"}",
		"nested too deeply": `{"$schemaVersion":"1.21","a":` + deep + `}`,
		"deep, not closed":  strings.Repeat(`{"a":`, 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := runner.ParseState([]byte(text), agent)
			field, _ := refusedText(t, err)
			assert.Empty(t, field)
		})
	}
	t.Run("too large", func(t *testing.T) {
		_, err := runner.ParseState(make([]byte, runner.MaxStateSize+1), agent)
		_, text := refusedText(t, err)
		assert.Contains(t, text, "64 MiB")
	})
	t.Run("no agent to read it with", func(t *testing.T) {
		_, err := runner.ParseState([]byte(`{}`), nil)
		var refused *runner.UserError
		assert.ErrorAs(t, err, &refused)
	})
}

// At every place of a document stands something else. The document is refused,
// or read; what is read never runs what nobody has approved, and never panics.
//
// Every sixth place or so gets one of the values; with RUNSTREAM_LONG_TESTS=1
// all places get all of them.
func TestNoAlteredPlaceOfADocumentRunsAnythingOrBreaksTheReader(t *testing.T) {
	t.Parallel()
	doc, start, gated := pausedDocument(t)
	values := []string{"", `"` + canary + `"`, `null`, `true`, `-1`, `1e999`, `[]`, `{}`, `["` + canary + `"]`, `{"` + canary + `":"` + canary + `"}`}
	var whole any
	require.NoError(t, json.Unmarshal(doc, &whole))
	places := 0
	alter(whole, func(place string, set func(any)) {
		places++
		for i, value := range values {
			if os.Getenv("RUNSTREAM_LONG_TESTS") == "" && i != places%(6*len(values)) {
				continue
			}
			if set(json.RawMessage(value)); value == "" {
				set(nil)
			}
			changed, err := json.Marshal(whole)
			require.NoError(t, err)
			at := fmt.Sprintf("%s = %s", place, value)
			state, err := runner.ParseState(changed, start)
			if err != nil {
				var named runner.Error
				require.True(t, errors.As(err, &named), "%s: %v", at, err)
				assert.NotContains(t, err.Error(), canary, at)
				continue
			}
			result, err := runner.Run(t.Context(), start, state)
			if err != nil {
				assert.NotContains(t, err.Error(), canary, at)
			}
			var panicked *runner.PanicError
			if errors.As(err, &panicked) {
				assert.Fail(t, "a panic", "%s: %v\n%s", at, panicked.Value, panicked.Stack)
			}
			assert.Empty(t, gated.ids(), at)
			_, err = result.State().MarshalJSON()
			assert.NoError(t, err, at)
		}
	})
	assert.Greater(t, places, 100)
}

// alter visits every place of a JSON value; set puts something there, nil takes
// away what is there, and after the visit the place is as it was.
func alter(value any, visit func(place string, set func(any))) {
	var walk func(place string, value any)
	walk = func(place string, value any) {
		switch value := value.(type) {
		case map[string]any:
			keys := []string{}
			for key := range value {
				keys = append(keys, key)
			}
			sort.Strings(keys)
			for _, key := range keys {
				old := value[key]
				visit(place+"."+key, func(v any) {
					if value[key] = v; v == nil {
						delete(value, key)
					}
				})
				value[key] = old
				walk(place+"."+key, old)
			}
		case []any:
			for i, old := range slices.Clone(value) {
				at := fmt.Sprintf("%s[%d]", place, i)
				visit(at, func(v any) { value[i] = v })
				value[i] = old
				walk(at, old)
			}
		}
	}
	walk("", value)
}

// A document that is cut off, or has a byte changed, is refused or read; it
// never panics.
func TestADamagedDocumentIsRefusedOrRead(t *testing.T) {
	t.Parallel()
	doc, start, gated := pausedDocument(t)
	step := max(1, len(doc)/30)
	for end := 0; end < len(doc); end += step {
		_, err := runner.ParseState(doc[:end], start)
		refusedText(t, err)
	}
	for at := 0; at < len(doc); at += step {
		damaged := slices.Clone(doc)
		for _, b := range []byte{0, '"', '{', ']', 0xff, damaged[at] ^ 1} {
			damaged[at] = b
			if state, err := runner.ParseState(damaged, start); err == nil {
				_, err = runner.Run(t.Context(), start, state)
				assert.NotEqual(t, "PanicError", runner.ErrorName(err), "byte %d = %q", at, b)
			}
		}
	}
	assert.Empty(t, gated.ids())
}

func TestADocumentWithAnUnknownToolNeverRunsAnother(t *testing.T) {
	doc, start, gated := pausedDocument(t)
	state, err := runner.ParseState(doc, start)
	require.NoError(t, err)
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	approved := document(t, state)

	var free executions
	model := script(says("Done."))
	poorer := nested(1, gated.gated("gated"), model) // without the gated tool
	poorer.Tools = append(poorer.Tools, free.free("free"))
	poorer.Handoffs = []runner.HandoffTarget{newAgent("Next", model)}
	state, err = runner.ParseState(approved, poorer)
	require.NoError(t, err)
	requireError[*runner.ModelBehaviorError](t, poorer, state)
	assert.Empty(t, gated.ids())
}

func TestADocumentOfEqualKeysTakesOneValueOnly(t *testing.T) {
	doc, start, gated := pausedDocument(t)
	twice := strings.Replace(string(doc), `"current_turn":`, `"current_turn":7,"current_turn":`, 1)
	state, err := runner.ParseState([]byte(twice), start)
	if err == nil {
		result := runOK(t, start, state)
		assert.ElementsMatch(t, []string{"c1", "n1"}, waitingIDs(result.Interruptions()))
	}
	assert.Empty(t, gated.ids())
}

func TestADocumentThatWaitsForTooManyCallsIsRefused(t *testing.T) {
	doc, start, _ := pausedDocument(t)
	for list, entry := range map[string]string{
		"functions":             `{"tool_call":{"type":"function_call","call_id":"x%d","name":"gated","arguments":"{}"}}`,
		"handoffs":              `{"tool_call":{},"handoff":{"tool_name":"transfer_to_next"}}`,
		"mcp_approval_requests": `{"request_item":{"raw_item":{"type":"mcp_approval_request","id":"x%d"}}}`,
		"interruptions":         `{"type":"tool_approval_item","agent":{"name":"Outer"},"raw_item":{"type":"function_call","call_id":"x%d","name":"gated","arguments":"{}"}}`,
	} {
		var parsed map[string]any
		require.NoError(t, json.Unmarshal(doc, &parsed))
		entries := make([]string, runner.MaxStateCalls+1)
		for i := range entries {
			entries[i] = strings.ReplaceAll(entry, "%d", fmt.Sprint(i))
		}
		parsed["last_processed_response"].(map[string]any)[list] = json.RawMessage("[" + strings.Join(entries, ",") + "]")
		changed, err := json.Marshal(parsed)
		require.NoError(t, err)
		_, err = runner.ParseState(changed, start)
		field, text := refusedText(t, err)
		assert.Equal(t, "last_processed_response."+list, field)
		assert.Contains(t, text, "more than 1000 calls")
	}
}
