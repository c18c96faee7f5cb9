package corpus

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStates resumes every state that a release of the Python SDK wrote, under
// each kind of decision. What differs on purpose is listed in
// testdata/exceptions.json, with its reason.
func TestStates(t *testing.T) {
	exceptions, err := LoadExceptions("testdata/exceptions.json")
	require.NoError(t, err)
	folders, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, folder := range folders {
		if !folder.IsDir() || folder.Name() == "fuzz" { // what FuzzParse found once
			continue
		}
		states, err := Load(filepath.Join("testdata", folder.Name()))
		require.NoError(t, err)
		for _, state := range states {
			t.Run(folder.Name()+"/"+state.Name, func(t *testing.T) { check(t, state, exceptions) })
		}
	}
}

func check(t *testing.T, state State, exceptions Exceptions) {
	for _, kind := range Kinds {
		expected, ok := state.Expected[kind]
		if !ok {
			continue
		}
		report, err := Resume(t.Context(), state, kind)
		require.NoError(t, err)
		difference, err := Compare(expected, report)
		require.NoError(t, err)
		if reason := exceptions.Reason(state.Name, kind); reason != "" {
			assert.NotEmpty(t, difference, "%s is no exception any more", kind)
			continue
		}
		assert.Empty(t, difference, kind)
	}
}

// TestSavingALoadedStateIsStable: what is loaded from what was written is
// written the same, and nothing of the first document is lost.
func TestSavingALoadedStateIsStable(t *testing.T) {
	for _, folder := range []string{"released_writers", "generated_v1_21"} {
		states, err := Load(filepath.Join("testdata", folder))
		require.NoError(t, err)
		for _, state := range states {
			t.Run(folder+"/"+state.Name, func(t *testing.T) {
				once, err := Resave(state, state.Document)
				require.NoError(t, err)
				twice, err := Resave(state, once)
				require.NoError(t, err)
				assert.JSONEq(t, string(once), string(twice))
				lost, err := Lost(state.Document, once)
				require.NoError(t, err)
				assert.Empty(t, lost)
			})
		}
	}
}
