package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner/runnertest"
)

func say(text string) runnertest.Turn { return runnertest.Reply(runnertest.Message(text)) }

func call(name, id, arguments string) runnertest.Turn {
	return runnertest.Reply(runnertest.ToolCall(name, id, arguments))
}

func TestTheScriptAnswersWithoutAKey(t *testing.T) {
	var out strings.Builder
	noEnvironment := func(string) string { return "" }
	require.NoError(t, run(t.Context(), nil, noEnvironment, strings.NewReader("thanks\n"), &out, nil))
	assert.Contains(t, out.String(), "OPENAI_API_KEY is not set")
	assert.Contains(t, out.String(), "Triage: You are welcome.")
}

func TestTextHandoffsAndToolsAreShown(t *testing.T) {
	term := start(t, settings{},
		call("transfer_to_forecaster", "c1", "{}"), call("get_weather", "c2", `{"city":"Oslo"}`), say("It rains\nin Oslo.\x1b[2J"))
	term.typed("Weather in Oslo?")
	term.shows("Triage hands over to Forecaster")
	term.shows(`→ get_weather {"city":"Oslo"}`)
	term.shows(`← {"city":"Oslo","sky":"light rain","temperature_c":8}`)
	term.shows("Forecaster: It rains\nin Oslo.<U+001B>[2J\n")
	term.shows("you> ")
	term.hangsUp()
}

func TestAConversationIsRemembered(t *testing.T) {
	term := start(t, settings{}, say("One."), say("Two."))
	term.typed("First?")
	term.shows("Triage: One.")
	term.typed("Second?")
	term.shows("Triage: Two.")
	term.hangsUp()
	assert.Len(t, term.model.Requests()[1].Input, 3)
}

func TestADecisionIsAskedFor(t *testing.T) {
	for name, tc := range map[string]struct {
		typed []string
		want  string
	}{
		"yes":                       {[]string{"y"}, `← {"deleted":"build.log"}`},
		"yes in a word":             {[]string{"YES"}, `← {"deleted":"build.log"}`},
		"always":                    {[]string{"always"}, `← {"deleted":"build.log"}`},
		"no":                        {[]string{"n"}, `← "Tool execution was not approved."`},
		"no with words":             {[]string{"no I need it"}, `← "I need it"`},
		"what is unclear is no yes": {[]string{"", "yes but later", "yep", "n"}, `← "Tool execution was not approved."`},
	} {
		t.Run(name, func(t *testing.T) {
			term := start(t, settings{},
				call("transfer_to_janitor", "c1", "{}"), call("delete_file", "c2", `{"path":"build.log"}`), say("Well."))
			term.typed("Delete build.log")
			term.shows(`Janitor asks for your approval: delete_file {"path":"build.log"}`)
			for _, line := range tc.typed {
				term.shows("yes, no [why], or always? ")
				term.typed(line)
			}
			term.shows(tc.want)
			term.shows("Janitor: Well.")
			term.hangsUp()
		})
	}
}

func TestAlwaysCoversTheOtherCalls(t *testing.T) {
	term := start(t, settings{}, call("transfer_to_janitor", "c1", "{}"),
		runnertest.Reply(runnertest.ToolCall("delete_file", "c2", `{"path":"build.log"}`), runnertest.ToolCall("delete_file", "c3", `{"path":"debug.log"}`)),
		call("delete_file", "c4", `{"path":"notes.md"}`), say("All gone."))
	term.typed("Delete everything")
	term.shows("or always? ")
	term.typed("always")
	term.shows("Janitor: All gone.")
	term.hangsUp()
	assert.Equal(t, 1, strings.Count(term.screen.text(), "asks for your approval"))
	assert.Equal(t, 3, strings.Count(term.screen.text(), `← {"deleted"`))
}

func TestWhatIsApprovedIsVisible(t *testing.T) {
	term := start(t, settings{}, call("transfer_to_janitor", "c1", "{}"),
		call("delete_file", "c2", "{\"path\":\"a\u202eb\u200b\u00a0\ufe0f\u3164é\"}\r\n\x1b[A"), say("Well."))
	term.typed("Delete it")
	term.shows(`approval: delete_file {"path":"a<U+202E>b<U+200B><U+00A0><U+FE0F><U+3164>é"}<U+000D><U+000A><U+001B>[A` + "\n")
	term.typed("n")
	term.shows("Janitor: Well.")
	term.hangsUp()
}

func TestWhatWasTypedBeforeTheQuestionIsNoAnswer(t *testing.T) {
	in := &input{lines: make(chan string, 2), live: true}
	in.lines <- "y"
	in.forget()
	assert.Empty(t, in.lines)

	in.live = false // a program has written down all answers
	in.lines <- "y"
	in.forget()
	assert.Len(t, in.lines, 1)
}

func TestAnAnswerCanBeStopped(t *testing.T) {
	endless := say("Once upon")
	endless.Hang = true
	term := start(t, settings{}, endless, say("Better."))
	term.typed("A story, please")
	term.shows("Triage: Once upon")
	term.interrupts()
	term.shows("(stopped)\n")
	term.typed("A short one")
	term.shows("Triage: Better.")
	term.shows("you> ")
	term.interrupts() // nothing is being answered
	require.NoError(t, term.ends())
}

func TestAFailureEndsOnlyTheAnswer(t *testing.T) {
	term := start(t, settings{}, runnertest.Fail("server_error", "out of\x07order"), say("Better."))
	term.typed("Hello")
	term.shows("The run failed: ")
	term.shows("out of<U+0007>order")
	term.typed("Hello again")
	term.shows("Triage: Better.")
	term.hangsUp()
}

func TestAPausedRunGoesOnInAnotherProcess(t *testing.T) {
	for name, sessionFile := range map[string]string{"with the conversation in a file": "session.jsonl", "with the conversation in the state": ""} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			files := settings{state: filepath.Join(folder, "paused.json")}
			if sessionFile != "" {
				files.session = filepath.Join(folder, sessionFile)
			}
			term := start(t, files, call("transfer_to_janitor", "c1", "{}"), call("delete_file", "c2", `{"path":"build.log"}`))
			term.typed("Delete build.log")
			term.shows("or always? ")
			term.interrupts()
			term.shows("The question waits in " + files.state)
			require.NoError(t, term.ends())
			info, err := os.Stat(files.state)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

			term = start(t, files, say("Deleted."), say("You are welcome."))
			term.shows(`Janitor asks for your approval: delete_file {"path":"build.log"}`)
			term.typed("y")
			term.shows(`← {"deleted":"build.log"}`)
			term.shows("Janitor: Deleted.")
			assert.NoFileExists(t, files.state)
			term.typed("Thanks")
			term.shows("You are welcome.")
			term.hangsUp()

			var kinds []string
			for _, raw := range term.model.Requests()[1].Input {
				var item struct{ Type, Role string }
				require.NoError(t, json.Unmarshal(raw, &item))
				kinds = append(kinds, item.Type+item.Role)
			}
			assert.Equal(t, []string{"user", "function_call", "function_call_output", "function_call", "function_call_output",
				"messageassistant", "user"}, kinds, "every item once, in order")
		})
	}
}

func TestADecidedRunIsNotFoundAgain(t *testing.T) {
	files := settings{state: filepath.Join(t.TempDir(), "paused.json")}
	endless := say("I")
	endless.Hang = true
	term := start(t, files, call("transfer_to_janitor", "c1", "{}"), call("delete_file", "c2", `{"path":"build.log"}`), endless)
	term.typed("Delete build.log")
	term.shows("or always? ")
	assert.FileExists(t, files.state)
	term.typed("y")
	term.shows("Janitor: I")
	assert.NoFileExists(t, files.state)
	term.interrupts()
	term.shows("(stopped)")
	term.hangsUp()
}

func TestADamagedStateIsRefusedAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "paused.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"$schemaVersion":"9"}`), 0o600))
	term := start(t, settings{state: path})
	err := term.ends()
	require.ErrorContains(t, err, path)
	assert.FileExists(t, path)
}

func TestTheChatEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	term := startWith(t, ctx, settings{})
	term.shows("you> ")
	cancel()
	require.ErrorIs(t, term.ends(), context.Canceled)
}

func TestSettings(t *testing.T) {
	environment := func(values map[string]string) func(string) string {
		return func(name string) string { return values[name] }
	}
	for name, tc := range map[string]struct {
		args []string
		env  map[string]string
		err  string
	}{
		"a word that is no flag":     {[]string{"file.json"}, nil, `"file.json" is no flag`},
		"an unknown flag":            {[]string{"-x"}, nil, "flag provided but not defined"},
		"Chat Completions of nobody": {[]string{"-chat"}, nil, "set OPENAI_API_KEY"},
		"a local server":             {[]string{"-chat", "-model", "llama3.2"}, map[string]string{"OPENAI_BASE_URL": "http://localhost:1/v1/"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readSettings(tc.args, environment(tc.env), &strings.Builder{})
			if tc.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tc.err)
			}
		})
	}
}
