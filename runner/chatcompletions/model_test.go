package chatcompletions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/chatcompletions"
)

func chunks(texts ...string) []json.RawMessage {
	var raw []json.RawMessage
	for _, text := range texts {
		raw = append(raw, json.RawMessage(text))
	}
	return raw
}

func hello() *runner.ModelRequest {
	return &runner.ModelRequest{Input: []json.RawMessage{runner.UserMessage("Hi")}}
}

func TestChunksThatCannotBeReadEndTheStream(t *testing.T) {
	for name, broken := range map[string]string{
		"no JSON":                     `{"choices":`,
		"null":                        `null`,
		"a list":                      `[]`,
		"a text":                      `"busy"`,
		"choices that are no list":    `{"choices":{}}`,
		"a choice that is no object":  `{"choices":[1]}`,
		"a delta that is no object":   `{"choices":[{"delta":"x"}]}`,
		"content that is no text":     `{"choices":[{"delta":{"content":5}}]}`,
		"content in parts":            `{"choices":[{"delta":{"content":[{"text":"x"}]}}]}`,
		"a refusal that is no text":   `{"choices":[{"delta":{"refusal":{}}}]}`,
		"calls that are no list":      `{"choices":[{"delta":{"tool_calls":{"index":0}}}]}`,
		"arguments that are no text":  `{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{}}}]}}]}`,
		"an index that is no number":  `{"choices":[{"delta":{"tool_calls":[{"index":"0"}]}}]}`,
		"a finish reason of no text":  `{"choices":[{"index":0,"delta":{},"finish_reason":1}]}`,
		"thinking that is no text":    `{"choices":[{"delta":{"thinking_blocks":[{"type":"thinking","signature":null}]}}]}`,
		"reasoning that is no text":   `{"choices":[{"delta":{"reasoning_content":["x"]}}]}`,
		"logprobs that are no object": `{"choices":[{"delta":{"content":"x"},"logprobs":[]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			model := &chatcompletions.Model{Name: "local", Transport: &server{chunks: chunks(
				`{"id":"c","choices":[{"index":0,"delta":{"content":"before"}}]}`, broken, `{"id":"c","choices":[{"index":0,"delta":{"content":"after"}}]}`)}}
			events, err := collect(t.Context(), model, hello())
			var behavior *runner.ModelBehaviorError
			require.ErrorAs(t, err, &behavior)
			stream := string(bytes.Join(bytesOf(events), nil))
			assert.Contains(t, stream, "before")
			assert.NotContains(t, stream, "after")
			assert.NotContains(t, stream, "response.completed")
		})
	}
}

func bytesOf(events []json.RawMessage) [][]byte {
	var all [][]byte
	for _, event := range events {
		all = append(all, event)
	}
	return all
}

// What servers fill in their own ways never breaks a stream.
func TestOddExtrasAreReadAsFarAsTheyCanBe(t *testing.T) {
	model := &chatcompletions.Model{Name: "gemini", Transport: &server{chunks: chunks(
		`{"choices":[{"delta":{"reasoning":5,"thinking_blocks":"x","annotations":{},"audio":null}}]}`,
		`{"choices":[{"delta":{"thinking_blocks":["x",null,5,[]],"annotations":[1,null,{"type":"url_citation","url_citation":5}]}}]}`,
		`{"choices":[{"delta":{"content":"ok","annotations":["x"]}}]}`,
		`{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":[],"provider_specific_fields":"x"}]}}]}`,
	)}}
	events, err := collect(t.Context(), model, hello())
	require.NoError(t, err)
	kinds := types(events)
	assert.Equal(t, "response.completed", kinds[len(kinds)-1])
	assert.Contains(t, kinds, "response.output_text.delta")
	assert.Contains(t, kinds, "response.function_call_arguments.delta")
	assert.NotContains(t, kinds, "response.reasoning_text.delta")
}

// countingServer begins to count its calls anew with every response, as some
// local servers do.
type countingServer struct {
	answers []string // JSON lists of tool_calls; empty: a text
	bodies  []string
}

func (s *countingServer) Post(_ context.Context, _ string, body []byte) (io.ReadCloser, error) {
	s.bodies = append(s.bodies, string(body))
	delta := `{"content":"done"}`
	if calls := s.answers[len(s.bodies)-1]; calls != "" {
		delta = `{"tool_calls":` + calls + `}`
	}
	return io.NopCloser(strings.NewReader(`data: {"choices":[{"index":0,"delta":` + delta + `}]}` + "\n\ndata: [DONE]\n\n")), nil
}

func add(index int, id, arguments string) string {
	return fmt.Sprintf(`{"index":%d,"id":%q,"function":{"name":"add","arguments":%q}}`, index, id, arguments)
}

func TestCallIDsThatComeAgainAreReplaced(t *testing.T) {
	server := &countingServer{answers: []string{
		"[" + add(0, "call_0", `{"n":1}`) + "," + add(1, "call_1", `{"n":2}`) + "]",
		"[" + add(0, "call_0", `{"n":1}`) + "," + add(1, "call_1", `{"n":3}`) + "]",
		"[" + add(0, "call_0", "{") + "," + add(0, "call_0", `"n":4}`) + "]", // the id with every delta
		"",
	}}
	var mu sync.Mutex
	var ran []string
	tool := &runner.FunctionTool{Name: "add", Parameters: json.RawMessage(`{"type":"object"}`), NotStrict: true, NeedsApproval: runner.Always,
		Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			ran = append(ran, call.ID+" "+call.Arguments)
			return "ok", nil
		}}
	agent := &runner.Agent{Name: "Adder", Tools: []runner.Tool{tool}, Model: &chatcompletions.Model{Name: "local", Transport: server}}

	var input runner.Input = runner.Text("go")
	for {
		result := runner.RunStreamed(t.Context(), agent, input)
		for _, err := range result.Events() {
			require.NoError(t, err)
		}
		waiting := result.Interruptions()
		if len(waiting) == 0 {
			assert.Equal(t, "done", result.FinalOutput())
			break
		}
		state := result.State()
		for _, item := range waiting {
			require.NoError(t, state.Decide(item, runner.Decision{Approve: true}))
		}
		input = state
	}
	assert.ElementsMatch(t, []string{
		`call_0 {"n":1}`, `call_1 {"n":2}`, `call_0_2 {"n":1}`, `call_1_2 {"n":3}`, `call_0_3 {"n":4}`,
	}, ran)
	last := server.bodies[len(server.bodies)-1]
	for _, id := range []string{"call_0", "call_1", "call_0_2", "call_1_2", "call_0_3"} {
		assert.Equal(t, 1, strings.Count(last, `"id":"`+id+`"`), "%s is called once", id)
		assert.Equal(t, 1, strings.Count(last, `"tool_call_id":"`+id+`"`), "%s is answered once", id)
	}
}

func TestCallIDsAreReplacedThatOnlyTheRunKnows(t *testing.T) {
	handOff := `[{"index":0,"id":"call_0","function":{"name":"transfer_to_b","arguments":"{}"}}]`
	server := &countingServer{answers: []string{"[" + add(0, "call_0", `{"n":1}`) + "]", handOff, "[" + add(0, "call_0", `{"n":1}`) + "]", ""}}
	var ran []string
	tool := &runner.FunctionTool{Name: "add", Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
		ran = append(ran, call.ID)
		return "ok", nil
	}}
	model := &chatcompletions.Model{Name: "local", Transport: server}
	second := &runner.Agent{Name: "B", Tools: []runner.Tool{tool}, Model: model}
	first := &runner.Agent{Name: "A", Tools: []runner.Tool{tool}, Model: model,
		Handoffs: []runner.HandoffTarget{&runner.Handoff{Agent: second, Filter: runner.RemoveAllTools}}}
	result, err := runner.Run(t.Context(), first, runner.Text("go"))
	require.NoError(t, err)
	assert.Equal(t, "done", result.FinalOutput())
	assert.Equal(t, []string{"call_0", "call_0_3"}, ran)
}

// broken is a server whose stream is this, as it is.
type broken string

func (b broken) Post(context.Context, string, []byte) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(b))), nil
}

const begins = `data: {"choices":[{"index":0,"delta":{"content":"The answer is"}}]}` + "\n\n"

func TestAnAnswerThatBrokeOffIsNone(t *testing.T) {
	call := func(arguments, reason string) string {
		return `data: {"choices":[{"index":0,"delta":{"tool_calls":[` + add(0, "c1", arguments) + `]},"finish_reason":` + reason + "}]}\n\ndata: [DONE]\n\n"
	}
	ends := func(reason string) string {
		return `data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":` + reason + "}]}\n\ndata: [DONE]\n\n"
	}
	for name, tc := range map[string]struct{ stream, says string }{
		"it just ends":               {begins, "ended before the answer did"},
		"nothing came":               {"", "ended before the answer did"},
		"an error of llama.cpp's":    {begins + `error: {"code":500,"message":"out of memory"}` + "\n\ndata: [DONE]\n\n", "out of memory"},
		"an error by its name":       {begins + "event: error\n" + `data: {"message":"out of memory"}` + "\n\n", "out of memory"},
		"an error within one":        {begins + "event: error\n" + `data: {"error":{"message":"out of memory"}}` + "\n\n", "out of memory"},
		"an error for an object":     {begins + `data: {"object":"error","message":"out of memory"}` + "\n\ndata: [DONE]\n\n", "out of memory"},
		"an error by its type":       {begins + `data: {"type":"error","message":"out of memory"}` + "\n\ndata: [DONE]\n\n", "out of memory"},
		"an error of FastAPI's":      {begins + `data: {"detail":"out of memory"}` + "\n\ndata: [DONE]\n\n", "out of memory"},
		"a list of FastAPI's":        {begins + `data: {"detail":[{"msg":"out of memory"}]}` + "\n\ndata: [DONE]\n\n", "out of memory"},
		"an error of Groq's":         {begins + `data: {"choices":[],"x_groq":{"error":"out of memory"}}` + "\n\ndata: [DONE]\n\n", "out of memory"},
		"an error of the answer":     {begins + ends(`"error","error":{"code":502,"message":"out of memory"}`), "out of memory"},
		"it failed":                  {begins + ends(`"error"`), "with the reason error"},
		"it was stopped":             {begins + ends(`"abort"`), "with the reason abort"},
		"the server was too busy":    {begins + ends(`"insufficient_system_resource"`), "with the reason insufficient_system_resource"},
		"no reason, in two words":    {begins + strings.Replace(ends(`""`)+ends(`"null"`), "data: [DONE]\n\n", "", -1), "ended before the answer did"},
		"the arguments are cut off":  {call("", `"length"`), "cut off in a call"},
		"the arguments are filtered": {call("", `"content_filter"`), "cut off in a call"},
	} {
		t.Run(name, func(t *testing.T) {
			ran := false
			tool := &runner.FunctionTool{Name: "add", Invoke: func(context.Context, *runner.ToolCall) (any, error) {
				ran = true
				return "ok", nil
			}}
			agent := &runner.Agent{Name: "A", Tools: []runner.Tool{tool}, Model: &chatcompletions.Model{Name: "local", Transport: broken(tc.stream)}}
			_, err := runner.Run(t.Context(), agent, runner.Text("go"))
			var named runner.Error
			require.ErrorAs(t, err, &named)
			assert.ErrorContains(t, err, tc.says)
			assert.False(t, ran)
		})
	}
}

// breaking is a server whose stream breaks after this, or stays open where it is to.
type breaking struct {
	stream string
	hangs  bool
}

func (b breaking) Post(ctx context.Context, _ string, _ []byte) (io.ReadCloser, error) {
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { w.CloseWithError(context.Cause(ctx)) })
	go func() {
		_, _ = io.WriteString(w, b.stream)
		if !b.hangs {
			w.CloseWithError(errors.New("reset"))
		}
	}()
	return r, nil
}

// What looks like a failure and is none.
func TestAnAnswerCountsWhateverElseIsInItsChunks(t *testing.T) {
	const end = `data: {"choices":[{"index":0,"delta":{"content":" 42."},"finish_reason":"stop"}]}` + "\n\n"
	for name, stream := range map[string]string{
		"Groq's own field is a text":         `data: {"x_groq":"req_1","choices":[]}` + "\n\n" + begins + end,
		"details of a chunk":                 `data: {"id":"x","detail":"warming up","choices":[]}` + "\n\n" + begins + end,
		"details of what was used":           begins + end + `data: {"usage":{"prompt_tokens":1},"detail":{"cached":1}}` + "\n\ndata: [DONE]\n\n",
		"an error after its end":             begins + end + `data: {"type":"error"}` + "\n\n",
		"an error that is none, in a choice": `data: {"choices":[{"index":0,"error":{"code":null,"message":null},"delta":{"content":"The answer is"}}]}` + "\n\n" + end,
	} {
		agent := &runner.Agent{Name: "A", Model: &chatcompletions.Model{Name: "local", Transport: broken(stream)}}
		result, err := runner.Run(t.Context(), agent, runner.Text("go"))
		require.NoError(t, err, name)
		assert.Equal(t, "The answer is 42.", result.FinalOutput(), name)
	}
}

// slow is a server that takes its time for each word of an answer, and names a
// reason for its end with every one.
type slow struct{ reason string }

func (s slow) Post(ctx context.Context, _ string, _ []byte) (io.ReadCloser, error) {
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { w.CloseWithError(context.Cause(ctx)) }) // whoever hangs up gets no more
	go func() {
		for _, word := range []string{"One", " two", " three", " four", " five."} {
			_, _ = fmt.Fprintf(w, `data: {"choices":[{"index":0,"delta":{"content":%q},"finish_reason":%q}]}`+"\n\n", word, s.reason)
			time.Sleep(700 * time.Millisecond)
		}
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
		w.Close()
	}()
	return r, nil
}

func TestAnAnswerIsReadForAsLongAsItGoesOn(t *testing.T) {
	for _, reason := range []string{"", "null", "stop"} {
		synctest.Test(t, func(t *testing.T) {
			agent := &runner.Agent{Name: "A", Model: &chatcompletions.Model{Name: "local", Transport: slow{reason}}}
			result, err := runner.Run(t.Context(), agent, runner.Text("go"))
			require.NoError(t, err)
			assert.Equal(t, "One two three four five.", result.FinalOutput(), reason)
		})
	}
}

func TestAnAnswerThatIsCompleteCountsHoweverItsStreamEnds(t *testing.T) {
	whole := "data:\n\nevent: ping\ndata:\n\n" + begins + `data: {"choices":[{"index":0,"delta":{"content":" 42."},"finish_reason":"stop"}]}` + "\n\n"
	for name, hangs := range map[string]bool{"it breaks": false, "it does not end": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				agent := &runner.Agent{Name: "A", Model: &chatcompletions.Model{Name: "local", Transport: breaking{whole, hangs}}}
				result, err := runner.Run(t.Context(), agent, runner.Text("go"))
				require.NoError(t, err)
				assert.Equal(t, "The answer is 42.", result.FinalOutput())
			})
		})
	}
}

func TestCallsOfOneIndexAreToldApartByTheirIDs(t *testing.T) {
	for name, calls := range map[string]string{
		"all at index 0": add(0, "a", `{"n":1}`) + "," + add(0, "b", `{"n":2}`),
		"for nothing":    `{"index":0,"id":"x","function":{"name":"go","arguments":""}},` + add(0, "a", `{"n":1}`) + "," + add(0, "b", `{"n":2}`),
		"in pieces":      add(0, "a", `{"n"`) + `,{"index":0,"function":{"arguments":":1}"}},` + add(0, "b", `{"n":2}`),
		"without any":    `{"id":"a","function":{"name":"add","arguments":"{\"n\":1}"}},{"id":"b","function":{"name":"add","arguments":"{\"n\":2}"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var ran []string
			tool := &runner.FunctionTool{Name: "add", Invoke: func(_ context.Context, call *runner.ToolCall) (any, error) {
				mu.Lock()
				defer mu.Unlock()
				ran = append(ran, call.ID+" "+call.Arguments)
				return "ok", nil
			}}
			server := &countingServer{answers: []string{"[" + calls + "]", ""}}
			other := *tool
			other.Name = "go"
			agent := &runner.Agent{Name: "A", Tools: []runner.Tool{tool, &other}, Model: &chatcompletions.Model{Name: "local", Transport: server}}
			_, err := runner.Run(t.Context(), agent, runner.Text("go"))
			require.NoError(t, err)
			assert.Equal(t, strings.Contains(calls, "go"), slices.Contains(ran, "x "))
			assert.Subset(t, ran, []string{`a {"n":1}`, `b {"n":2}`})
		})
	}
}

func TestBookkeepingInAServersOwnFormFailsNoAnswer(t *testing.T) {
	stream := `data: {"id":5,"choices":[{"index":0,"delta":{"content":"Hi."},"finish_reason":"stop"}]}` + "\n\n" +
		`data: {"id":5,"choices":[],"usage":{"prompt_tokens":7.0,"completion_tokens":"2","total_tokens":null}}` + "\n\n"
	agent := &runner.Agent{Name: "A", Model: &chatcompletions.Model{Name: "local", Transport: broken(stream)}}
	result, err := runner.Run(t.Context(), agent, runner.Text("go"))
	require.NoError(t, err)
	assert.Equal(t, "Hi.", result.FinalOutput())
	assert.Equal(t, []int{7, 2}, []int{result.Usage().InputTokens, result.Usage().OutputTokens})
}

func TestCallIDsOfOneResponseStayAsTheyAre(t *testing.T) {
	model := &chatcompletions.Model{Name: "local", Transport: &countingServer{answers: []string{"[" + add(0, "call_0", "{}") + "," + add(1, "call_0", "{}") + "]"}}}
	events, err := collect(t.Context(), model, hello())
	require.NoError(t, err)
	assert.NotContains(t, string(bytes.Join(bytesOf(events), nil)), "call_0_2")
}

func TestUnsupportedToolsAreNamed(t *testing.T) {
	for name, tool := range map[string]runner.Tool{
		"web_search":   runner.WebSearch(""),
		"wiki":         &runner.HostedMCPTool{ServerLabel: "wiki"},
		"CustomThing":  &runner.CustomTool{Name: "CustomThing"},
		"ShellTool":    &runner.ShellTool{},
		"lookup_later": &runner.FunctionTool{Name: "lookup_later", DeferLoading: true},
		"grouped":      &runner.FunctionTool{Name: "grouped", Namespace: "crm"},
	} {
		t.Run(name, func(t *testing.T) {
			request := hello()
			request.Tools = []runner.Tool{tool}
			_, err := collect(t.Context(), &chatcompletions.Model{Name: "local", Transport: &server{}}, request)
			var user *runner.UserError
			require.ErrorAs(t, err, &user)
			assert.Contains(t, user.Message, name)
		})
	}
}

func TestInputThatCannotBeSentIsNamed(t *testing.T) {
	request := hello()
	request.Input = append(request.Input, json.RawMessage(`{"type":"web_search_call","id":"ws_1"}`))
	_, err := collect(t.Context(), &chatcompletions.Model{Name: "local", Transport: &server{}}, request)
	var user *runner.UserError
	require.ErrorAs(t, err, &user)
	assert.Contains(t, user.Message, "input item 1")
	assert.Contains(t, user.Message, "web_search_call")
}

func TestAnAnswerNeedsNoIDToBeSent(t *testing.T) {
	request := hello()
	request.Input = append(request.Input, json.RawMessage(`{"type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi."}]}`))
	server := &server{}
	_, _ = collect(t.Context(), &chatcompletions.Model{Name: "local", Transport: server}, request)
	assert.Contains(t, string(server.body), `{"role":"assistant","content":"Hi."}`)
}

func TestAConversationThatTheServerWouldHaveToKeepIsRefused(t *testing.T) {
	for _, request := range []*runner.ModelRequest{{ConversationID: "conv_1"}, {PreviousResponseID: "resp_1"}} {
		_, err := collect(t.Context(), &chatcompletions.Model{Name: "local", Transport: &server{}}, request)
		assert.ErrorAs(t, err, new(*runner.UserError))
	}
}

// transport answers with one stream, or fails.
type transport struct {
	stream io.ReadCloser
	err    error
}

func (t transport) Post(context.Context, string, []byte) (io.ReadCloser, error) {
	return t.stream, t.err
}

type closable struct {
	io.Reader
	closed bool
}

func (c *closable) Close() error {
	c.closed = true
	return nil
}

func TestFailuresOfTheConnectionAreNamed(t *testing.T) {
	broken := errors.New("cable cut")
	t.Run("before an answer", func(t *testing.T) {
		_, err := collect(t.Context(), &chatcompletions.Model{Transport: transport{err: broken}}, hello())
		assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
		assert.ErrorIs(t, err, broken)
	})
	t.Run("an error status stays what it is", func(t *testing.T) {
		_, err := collect(t.Context(), &chatcompletions.Model{Transport: transport{err: &runner.APIError{Status: 401}}}, hello())
		assert.Equal(t, "AuthenticationError", runner.ErrorName(err))
	})
	t.Run("in the middle", func(t *testing.T) {
		stream := &closable{Reader: io.MultiReader(strings.NewReader(`data: {"choices":[{"delta":{"content":"x"}}]}`+"\n\n"), failing{broken})}
		events, err := collect(t.Context(), &chatcompletions.Model{Transport: transport{stream: stream}}, hello())
		assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
		assert.ErrorIs(t, err, broken)
		assert.Contains(t, types(events), "response.output_text.delta")
		assert.True(t, stream.closed)
	})
	t.Run("a context that ended is the reason", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("stopped")
		cancel(why)
		_, err := collect(ctx, &chatcompletions.Model{Transport: transport{stream: &closable{Reader: strings.NewReader("")}}}, hello())
		assert.Equal(t, why, err)
	})
	t.Run("leaving the loop closes the stream", func(t *testing.T) {
		stream := &closable{Reader: strings.NewReader(`data: {"choices":[{"delta":{"content":"x"}}]}` + "\n\n")}
		model := &chatcompletions.Model{Transport: transport{stream: stream}}
		for range model.Stream(t.Context(), hello()) {
			break
		}
		assert.True(t, stream.closed)
	})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// So that they cross from the engine to the page as the values in which they differ.
func TestDeltasSayInWhatTheyDiffer(t *testing.T) {
	stream := chunks(`{"choices":[{"index":0,"delta":{"reasoning_content":"Hm"}}]}`)
	for _, word := range []string{"one ", "two ", "\\\"three\\\"", ""} {
		stream = append(stream, json.RawMessage(`{"choices":[{"index":0,"delta":{"content":"`+word+`"}}]}`))
	}
	stream = append(stream, json.RawMessage(`{"choices":[{"index":0,"delta":{"content":"end"},"finish_reason":"stop"}]}`))
	model := &chatcompletions.Model{Name: "local", Transport: &server{chunks: stream}}
	var deltas []runner.RawEvent
	for event, err := range model.Stream(t.Context(), hello()) {
		require.NoError(t, err)
		if event.Type == "response.output_text.delta" {
			deltas = append(deltas, event)
		}
	}
	require.Equal(t, 5, len(deltas))
	shape := deltas[4].Likeness.Shape(deltas[4].Data)
	assert.NotNil(t, shape)
	assert.Same(t, shape, deltas[3].Likeness.Shape(deltas[3].Data))
}
