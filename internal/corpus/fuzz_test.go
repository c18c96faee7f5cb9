package corpus

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"runstream/runner"
)

// FuzzParse reads documents that are not what they should be. Each loads, or
// is refused with an error of the contract; what loads can be written, read
// again and resumed, and no rejected call runs.
//
//	make fuzz TIME=10m
//
// What it finds is kept in testdata/fuzz, and read by every test run.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/*_*.json")
	require.NoError(f, err)
	for _, path := range paths {
		if matched, _ := filepath.Match("*.agents.json", filepath.Base(path)); matched {
			continue
		}
		document, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		w := fuzzWorld(t)
		state, err := runner.ParseState(document, w.root)
		if err != nil {
			requireContract(t, err)
			return
		}
		again, err := state.MarshalJSON()
		require.NoError(t, err)
		refused, err := runner.ParseState(again, w.root)
		require.NoError(t, err, "what was written cannot be read")
		rejected := map[[2]any]bool{}
		for _, call := range refused.Interruptions() {
			if err := refused.Reject(call, ""); err != nil {
				requireContract(t, err)
				return
			}
			rejected[[2]any{call.ToolName, call.CallID()}] = true
		}
		resume(t, w, refused)
		for _, ran := range w.log.entries {
			require.False(t, rejected[[2]any{ran["tool"], ran["call_id"]}], "%v was rejected and ran", ran)
		}
		resume(t, w, state)
	})
}

func resume(t *testing.T, w *world, state *runner.State) {
	t.Helper()
	if _, err := runner.Run(t.Context(), w.root, state); err != nil {
		requireContract(t, err)
	}
}

// requireContract asks for an error that callers can tell apart.
func requireContract(t *testing.T, err error) {
	t.Helper()
	var named runner.Error
	require.True(t, errors.As(err, &named), "%T: %v", err, err)
	var panicked *runner.PanicError
	require.False(t, errors.As(err, &panicked), "%v", err)
}

// fuzzWorld has the agents and tools that the corpus knows.
func fuzzWorld(t *testing.T) *world {
	t.Helper()
	w, err := build(Agents{Agents: []AgentSpec{
		{Name: "main", Handoffs: []string{"billing"}, Tools: []ToolSpec{
			{Name: "delete_file", NeedsApproval: true}, {Name: "send_mail", NeedsApproval: true}, {Name: "get_weather"},
			{Type: "agent", Name: "ask_child", Agent: "child"}, {Type: "shell", NeedsApproval: true},
			{Type: "apply_patch", NeedsApproval: true}, {Type: "custom", Name: "sql", NeedsApproval: true},
		}},
		{Name: "billing", Tools: []ToolSpec{{Name: "refund", NeedsApproval: true}}},
		{Name: "child", Tools: []ToolSpec{{Name: "delete_file", NeedsApproval: true}}},
	}})
	require.NoError(t, err)
	return w
}
