package filesession_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/filesession"
	"runstream/runner/runnertest"
)

func TestItemsOutliveTheSession(t *testing.T) {
	path := file(t, "")
	require.NoError(t, open(t, path).AddItems(t.Context(), items(`{"a": 1}`, "{\n  \"b\": \"\u2028 ü\\n\"\n}")))
	require.NoError(t, open(t, path).AddItems(t.Context(), items(`{"c":3}`)))

	assert.Equal(t, []string{`{"a":1}`, "{\"b\":\"\u2028 ü\\n\"}", `{"c":3}`}, all(t, open(t, path)))
	latest, err := open(t, path).Items(t.Context(), 2)
	require.NoError(t, err)
	assert.Equal(t, items("{\"b\":\"\u2028 ü\\n\"}", `{"c":3}`), latest)
}

func TestTheLatestItemCanBeTaken(t *testing.T) {
	path := file(t, "{\"a\":1}\n\n{\"b\":2}\n")
	session := open(t, path)
	for _, want := range []string{`{"b":2}`, `{"a":1}`, ""} {
		item, err := session.PopItem(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, string(item))
	}
	require.NoError(t, session.AddItems(t.Context(), items(`{"c":3}`)))
	assert.Equal(t, []string{`{"c":3}`}, all(t, open(t, path)))
}

func TestClearLeavesAnEmptyFile(t *testing.T) {
	path := file(t, "{\"a\":1}\n")
	session := open(t, path)
	require.NoError(t, session.Clear(t.Context()))
	assert.Empty(t, all(t, session))
	assert.Empty(t, content(t, path))
	require.NoError(t, session.AddItems(t.Context(), nil))
	assert.Empty(t, content(t, path))
}

func TestOnlyTheOwnerMayReadANewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.jsonl")
	open(t, path)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

// A program that is killed leaves any number of the bytes it wrote.
func TestAFileThatEndsAnywhereGoesOn(t *testing.T) {
	lines := []string{`{"role":"user","content":"ü {\"a\":1}\n"}`, `{"type":"function_call","arguments":"{}"}`, `{"last":[{}]}`}
	whole := strings.Join(lines, "\n") + "\n"
	for cut := range len(whole) + 1 {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			path := file(t, whole[:cut])
			var want []string
			for i, end := 0, 0; i < len(lines); i++ {
				if end += len(lines[i]); end <= cut {
					want = append(want, lines[i])
				}
				end++
			}
			assert.Equal(t, want, all(t, open(t, path)))

			added := open(t, path)
			require.NoError(t, os.WriteFile(path, []byte(whole[:cut]), 0o600), "as if killed once more")
			require.NoError(t, added.AddItems(t.Context(), items(`{"new":1}`)))
			assert.Equal(t, append(want, `{"new":1}`), all(t, open(t, path)))
		})
	}
}

func TestAFileThatIsNoSessionIsLeftAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		line int
	}{
		"text":                {"hello", 1},
		"a template":          {`{{define "x"}}hello{{end}}`, 1},
		"text of lines":       {"hello\nworld\n", 1},
		"JSON of many lines":  {"{\n  \"a\": 1\n}\n", 1},
		"a list":              {"[{}]\n", 1},
		"a damaged line":      {"{}\n{\"a\":\n{}\n", 2},
		"two items on a line": {"{}\n{} {}\n", 2},
		"zeros at the end":    {"{}\n\x00\x00\x00", 2},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, tc.text)
			_, err := filesession.Open(path)
			var wrong *runner.UserError
			require.ErrorAs(t, err, &wrong)
			assert.Contains(t, err.Error(), path)
			assert.Contains(t, err.Error(), fmt.Sprintf("line %d ", tc.line))
			assert.Equal(t, tc.text, content(t, path))
		})
	}
}

func TestErrorsNameThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "session.jsonl")
	_, err := filesession.Open(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Contains(t, err.Error(), path)

	path = file(t, "")
	session := open(t, path)
	var wrong *runner.UserError
	for _, item := range []string{"7", "[]", "null", `{"a":`, "", "{}{}"} {
		err = session.AddItems(t.Context(), items(`{"good":1}`, item))
		require.ErrorAs(t, err, &wrong, item)
		assert.Contains(t, err.Error(), path)
	}
	assert.Empty(t, content(t, path), "all or none")

	require.NoError(t, os.WriteFile(path, []byte("{}\nbroken\n"), 0o600))
	_, err = session.Items(t.Context(), 0)
	assert.ErrorContains(t, err, path)
	_, err = session.PopItem(t.Context())
	assert.ErrorContains(t, err, path)
}

func TestManyMayAddAtOnce(t *testing.T) {
	session := open(t, file(t, ""))
	var adding sync.WaitGroup
	for i := range 20 {
		adding.Go(func() {
			item := json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))
			assert.NoError(t, session.AddItems(context.Background(), []json.RawMessage{item, item}))
			_, err := session.Items(context.Background(), 1)
			assert.NoError(t, err)
		})
	}
	adding.Wait()
	kept := all(t, session)
	require.Len(t, kept, 40)
	for i := 0; i < len(kept); i += 2 {
		assert.Equal(t, kept[i], kept[i+1], "items that were added together stay together")
	}
}

func TestAnAgentRemembersAcrossProcesses(t *testing.T) {
	path := file(t, "")
	tool := &runner.FunctionTool{Name: "look", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return "nothing there", nil }}
	first := runnertest.NewScriptedModel(
		runnertest.Reply(runnertest.ToolCall("look", "call_1", `{}`)), runnertest.Reply(runnertest.Message("There is nothing.")))
	_, err := runner.Run(t.Context(), &runner.Agent{Name: "Scout", Model: first, Tools: []runner.Tool{tool}},
		runner.Text("Look around."), runner.WithSession(open(t, path)))
	require.NoError(t, err)

	second := runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("Still nothing.")))
	_, err = runner.Run(t.Context(), &runner.Agent{Name: "Scout", Model: second}, runner.Text("And now?"), runner.WithSession(open(t, path)))
	require.NoError(t, err)

	asked := second.Requests()[0].Input
	require.Len(t, asked, 5)
	assert.Equal(t, runner.UserMessage("Look around."), asked[0])
	assert.Equal(t, runner.UserMessage("And now?"), asked[4])
	assert.Equal(t, 6, strings.Count(content(t, path), "\n"))
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "session.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

func open(t *testing.T, path string) *filesession.Session {
	t.Helper()
	session, err := filesession.Open(path)
	require.NoError(t, err)
	return session
}

func items(texts ...string) []json.RawMessage {
	var list []json.RawMessage
	for _, text := range texts {
		list = append(list, json.RawMessage(text))
	}
	return list
}

func all(t *testing.T, session *filesession.Session) []string {
	t.Helper()
	list, err := session.Items(t.Context(), 0)
	require.NoError(t, err)
	var texts []string
	for _, item := range list {
		texts = append(texts, string(item))
	}
	return texts
}
