package corpus

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

// TestStates resumes every state under each kind of decision: those that
// releases of the Python SDK wrote, and documents that were edited. What differs on purpose is listed in
// testdata/exceptions.json, with its reason.
func TestStates(t *testing.T) {
	eachState(t, check)
}

// eachState runs a test for every state of every folder.
func eachState(t *testing.T, test func(t *testing.T, state State, exceptions Exceptions)) {
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
			t.Run(folder.Name()+"/"+state.Name, func(t *testing.T) { test(t, state, exceptions) })
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
	eachState(t, func(t *testing.T, state State, exceptions Exceptions) {
		if isRefused(t, state, exceptions) {
			return
		}
		once, err := Resave(state, state.Document)
		require.NoError(t, err)
		twice, err := Resave(state, once)
		require.NoError(t, err)
		assert.JSONEq(t, string(once), string(twice))
		lost, err := Lost(state.Document, once)
		require.NoError(t, err)
		if exceptions.Reason(state.Name, "written") != "" {
			assert.NotEmpty(t, lost, "it is no exception any more")
			return
		}
		assert.Empty(t, lost)
	})
}

// isRefused says whether a document does not load, and is not to.
func isRefused(t *testing.T, state State, exceptions Exceptions) bool {
	report, err := Resume(t.Context(), state, "none")
	require.NoError(t, err)
	var expected struct{ OK bool }
	require.NoError(t, json.Unmarshal(state.Expected["none"], &expected))
	return report.Error["stage"] == "load" && (!expected.OK || exceptions.Reason(state.Name, "none") != "")
}

// A document that was read once is read for ever: there is one of every version.
func TestEveryVersionHasADocument(t *testing.T) {
	versions := map[string]bool{}
	eachState(t, func(t *testing.T, state State, _ Exceptions) {
		var document struct {
			Version string `json:"$schemaVersion"`
		}
		if w, err := build(state.Agents); err == nil {
			if _, err = runner.ParseState(state.Document, w.root); err == nil {
				require.NoError(t, json.Unmarshal(state.Document, &document))
				versions[document.Version] = true
			}
		}
	})
	newest, err := strconv.Atoi(strings.TrimPrefix(runner.SchemaVersion, "1."))
	require.NoError(t, err)
	for minor := range newest + 1 {
		assert.True(t, versions["1."+strconv.Itoa(minor)], "1.%d", minor)
	}
}
