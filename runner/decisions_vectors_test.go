package runner

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/internal/codec"
)

var update = flag.Bool("update", false, "write testdata/decisions.json anew")

// decisionVectors is the file that holds this package and its twin, the page's
// decisions, to the same edits of a decision record.
const decisionVectors = "testdata/decisions.json"

// decisionVector is one edit: of a record, for a call.
type decisionVector struct {
	Before   json.RawMessage `json:"before"`
	CallID   string          `json:"call_id"`
	Scope    string          `json:"scope"`
	Decision vectorDecision  `json:"decision"`
	After    json.RawMessage `json:"after"`
}

type vectorDecision struct {
	Approve bool    `json:"approve"`
	Always  bool    `json:"always"`
	Message *string `json:"message,omitempty"`
}

func TestDecisionsAreWrittenAsTheVectorsSay(t *testing.T) {
	if *update {
		writeDecisionVectors(t)
	}
	vectors := readJSON[[]decisionVector](t, decisionVectors)
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		assert.Equal(t, string(v.After), string(v.edit(t)), "%s, then %s: %+v", v.Before, v.CallID, v.Decision)
	}
}

// A decision that is written is the one that is read.
func TestADecisionThatIsWrittenHolds(t *testing.T) {
	for _, v := range readJSON[[]decisionVector](t, decisionVectors) {
		var record decisionRecord
		require.NoError(t, codec.Read(v.After, record.fields()))
		got, message := record.verdict(v.CallID, v.Scope, true)
		var before decisionRecord
		require.NoError(t, codec.Read(v.Before, before.fields()))
		if was, _ := before.verdict(v.CallID, "", false); v.Decision.Always && was != undecided && !v.Decision.Approve {
			continue // what was decided on the call itself stays above an always-reject
		}
		if v.Decision.Approve {
			assert.Equal(t, approved, got, "%s", v.After)
			continue
		}
		assert.Equal(t, rejected, got, "%s", v.After)
		want := v.Decision.Message
		if want == nil && record.Rejected.all {
			want = record.StickyMessage // that of the always-reject before
		}
		assert.Equal(t, want, message, "%s", v.After)
	}
}

func (v decisionVector) edit(t *testing.T) json.RawMessage {
	t.Helper()
	var record decisionRecord
	require.NoError(t, codec.Read(v.Before, record.fields()))
	record.decide(v.CallID, v.Scope, Decision(v.Decision))
	after, err := codec.Write(record.fields())
	require.NoError(t, err)
	return after
}

// writeDecisionVectors makes every decision on every record that one decision
// can lead to, and on some that other writers leave.
func writeDecisionVectors(t *testing.T) {
	text := func(text string) *string { return &text }
	decisions := []vectorDecision{
		{Approve: true}, {Approve: true, Always: true},
		{}, {Message: text("no")}, {Message: text("")},
		{Always: true}, {Always: true, Message: text("never")},
	}
	const scope = "5c09e"
	fresh := json.RawMessage(`{"approved":[],"rejected":[]}`)
	before := []json.RawMessage{
		fresh,
		json.RawMessage(`{"approved":false,"rejected":false}`),
		json.RawMessage(`{"approved":true,"rejected":["c1","c2"],"rejection_messages":{"c1":"one","c2":"two"},"sticky_scope":"5c09e"}`),
		json.RawMessage(`{"approved":["c1"],"rejected":true,"rejection_messages":{"c2":"two"},"sticky_rejection_message":"never","sticky_scope":"5c09e"}`),
	}
	for _, callID := range []string{"c1", "c2"} {
		for _, d := range decisions {
			before = append(before, decisionVector{Before: fresh, CallID: callID, Scope: scope, Decision: d}.edit(t))
		}
	}
	var vectors []decisionVector
	add := func(v decisionVector) {
		v.After = v.edit(t)
		vectors = append(vectors, v)
	}
	seen := map[string]bool{}
	for _, record := range before {
		if seen[string(record)] {
			continue
		}
		seen[string(record)] = true
		for _, d := range decisions {
			add(decisionVector{Before: record, CallID: "c1", Scope: scope, Decision: d})
		}
	}
	for _, callID := range []string{"__proto__", "constructor", "Zürich \"☃\""} { // a model chooses call ids
		for _, d := range decisions {
			add(decisionVector{Before: fresh, CallID: callID, Scope: scope, Decision: d})
		}
	}

	file := bytes.NewBufferString("[\n")
	for i, v := range vectors {
		line, err := encodeForeign(v)
		require.NoError(t, err)
		if i > 0 {
			file.WriteString(",\n")
		}
		file.Write(line)
	}
	file.WriteString("\n]\n")
	require.NoError(t, os.WriteFile(decisionVectors, file.Bytes(), 0o644))
}
