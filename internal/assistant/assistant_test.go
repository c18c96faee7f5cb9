package assistant_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/internal/assistant"
	"runstream/runner/runnertest"
	"runstream/runner/runnertest/modelserver"
)

var (
	triage = []string{"transfer_to_forecaster: Knows the weather.", "transfer_to_janitor: Looks after the files."}
	sky    = []string{"get_weather"}
	files  = []string{"list_files", "delete_file"}
)

const fourFiles = `["build.log","debug.log","notes.md","cat.png"]`

func TestWhatIsTypedDecides(t *testing.T) {
	for typed, tc := range map[string]struct {
		tools []string
		want  string
	}{
		"What's the weather in Oslo?":           {triage, "transfer_to_forecaster {}"},
		"will it rain":                          {triage, "transfer_to_forecaster {}"},
		"delete the logs":                       {triage, "transfer_to_janitor {}"},
		"Which files are there?":                {triage, "transfer_to_janitor {}"},
		"Tell me a story":                       {triage, "Once upon a time"},
		"hi":                                    {triage, "Hello!"},
		"Thanks a lot":                          {triage, "welcome"},
		"":                                      {triage, "You could ask"},
		"ſ\u202e\x00{]":                         {triage, "You could ask"},
		"weather please":                        {nil, "You could ask"},
		"Weather in Oslo, Lima and New York?":   {sky, `get_weather {"city":"Oslo"} get_weather {"city":"Lima"} get_weather {"city":"New York"}`},
		"what is the weather like in São Paulo": {sky, `get_weather {"city":"São Paulo"}`},
		"Oslo weather":                          {sky, `get_weather {"city":"Oslo"}`},
		"Do I need an umbrella today?":          {sky, "For which city?"},
		"show me the files":                     {files, "list_files {}"},
		"delete the logs please":                {files, "list_files {}"},
		"Delete debug.log and notes.md.":        {files, `debug.log and notes.md. Please decide. delete_file {"path":"debug.log"} delete_file {"path":"notes.md"}`},
	} {
		t.Run(typed, func(t *testing.T) {
			assert.Contains(t, answer(t, tc.tools, user(typed)), tc.want)
		})
	}
}

func TestWhatTheToolsAnsweredDecides(t *testing.T) {
	approve, refuse := `{"deleted":"build.log"}`, "Tool execution was not approved."
	failed := "An error occurred while running the tool. Please try again."
	for name, tc := range map[string]struct {
		typed string
		tools []string
		done  [][3]string // tool, arguments, output
		want  string
	}{
		"weather is told": {"weather in Oslo", sky,
			[][3]string{{"get_weather", `{"city":"Oslo"}`, `{"city":"Oslo","sky":"light rain","temperature_c":7}`}},
			"In Oslo it is 7 °C with light rain. Take an umbrella."},
		"a weather tool that failed": {"weather in Atlantis", sky,
			[][3]string{{"get_weather", `{"city":"Atlantis"}`, failed}}, "could not find out about Atlantis"},
		"files are told":       {"list the files", files, [][3]string{{"list_files", "{}", fourFiles}}, "4 files: build.log, debug.log, notes.md and cat.png"},
		"an empty workspace":   {"list the files", files, [][3]string{{"list_files", "{}", "[]"}}, "empty"},
		"the logs":             {"delete all logs", files, [][3]string{{"list_files", "{}", fourFiles}}, `delete_file {"path":"build.log"} delete_file {"path":"debug.log"}`},
		"only a kind of files": {"remove the pictures", files, [][3]string{{"list_files", "{}", fourFiles}}, `delete cat.png. Please decide. delete_file {"path":"cat.png"}`},
		"everything":           {"delete all files", files, [][3]string{{"list_files", "{}", fourFiles}}, `{"path":"build.log"}`},
		"nothing of the kind":  {"delete the videos", files, [][3]string{{"list_files", "{}", fourFiles}}, "nothing like that"},
		"an approval":          {"delete build.log", files, [][3]string{{"delete_file", `{"path":"build.log"}`, approve}}, "Done: build.log is deleted."},
		"a refusal":            {"delete build.log", files, [][3]string{{"delete_file", `{"path":"build.log"}`, refuse}}, "You said no to build.log"},
		"a refusal in words":   {"delete build.log", files, [][3]string{{"delete_file", `{"path":"build.log"}`, "Keep it."}}, "you said: “Keep it.”"},
		"a tool that failed":   {"delete x.log", files, [][3]string{{"delete_file", `{"path":"x.log"}`, failed}}, "could not delete x.log"},
		"damaged arguments":    {"delete x.log", files, [][3]string{{"delete_file", `{"pa`, `7`}}, "you said"},
		"one of each": {"delete the logs", files, [][3]string{
			{"delete_file", `{"path":"build.log"}`, approve}, {"delete_file", `{"path":"debug.log"}`, refuse}},
			"Done: build.log is deleted. You said no to debug.log"},
	} {
		t.Run(name, func(t *testing.T) {
			input := []any{user(tc.typed)}
			for i, call := range tc.done {
				id := fmt.Sprintf("c%d", i)
				input = append(input,
					map[string]any{"type": "function_call", "call_id": id, "name": call[0], "arguments": call[1]},
					map[string]any{"type": "function_call_output", "call_id": id, "output": call[2]})
			}
			assert.Contains(t, answer(t, tc.tools, input...), tc.want)
		})
	}
}

func TestOnlyTheLastMessageCounts(t *testing.T) {
	said := answer(t, sky, user("weather in Oslo"),
		map[string]any{"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": `{"city":"Oslo"}`},
		map[string]any{"type": "function_call_output", "call_id": "c1", "output": "{}"},
		map[string]any{"role": "user", "content": []any{map[string]any{"type": "input_text", "text": "weather in Lima"}}})
	assert.Contains(t, said, `get_weather {"city":"Lima"}`)
}

func TestTheSameRequestGetsTheSameAnswer(t *testing.T) {
	one, two := ask(t, files, user("delete a.log")), ask(t, files, user("delete a.log"))
	assert.Equal(t, assistant.Name(one).ID, assistant.Name(two).ID)
	assert.Equal(t, assistant.Answer(one), assistant.Answer(two))

	later := ask(t, files, user("delete a.log"), user("delete a.log"))
	assert.NotEqual(t, assistant.Name(one).ID, assistant.Name(later).ID)
	assert.NotEqual(t, assistant.Answer(one), assistant.Answer(later), "call ids differ")
}

func TestStrangeInputIsAnswered(t *testing.T) {
	for _, items := range [][]any{
		{}, {nil}, {7}, {"text"}, {[]any{}}, {map[string]any{"role": 7}},
		{user("delete"), map[string]any{"type": "function_call_output", "call_id": "nobody", "output": map[string]any{}}},
		{map[string]any{"role": "user", "content": []any{1, nil, map[string]any{"text": 3}}}},
	} {
		for _, tools := range [][]string{nil, triage, sky, files} {
			assert.NotEmpty(t, answer(t, tools, items...))
		}
	}
}

func user(text string) map[string]any {
	return map[string]any{"role": "user", "content": text}
}

func ask(t *testing.T, tools []string, input ...any) modelserver.Request {
	t.Helper()
	request := modelserver.Request{Stream: true}
	for _, tool := range tools {
		name, description, _ := strings.Cut(tool, ": ")
		request.Tools = append(request.Tools, modelserver.Tool{Type: "function", Name: name, Description: description})
	}
	for _, item := range input {
		raw, err := json.Marshal(item)
		require.NoError(t, err)
		request.Input = append(request.Input, raw)
		request.Body = append(request.Body, raw...)
	}
	return request
}

// answer is the text and the calls of the assistant's turn, in one line.
func answer(t *testing.T, tools []string, input ...any) string {
	t.Helper()
	var said []string
	for _, event := range assistant.Answer(ask(t, tools, input...)).Events(runnertest.Response{}) {
		var fields struct{ Text, Name, Arguments string }
		require.NoError(t, json.Unmarshal(event.Data, &fields))
		switch event.Type {
		case "response.output_text.done":
			said = append(said, fields.Text)
		case "response.function_call_arguments.done":
			said = append(said, fields.Name+" "+fields.Arguments)
		}
	}
	return strings.Join(said, " ")
}
