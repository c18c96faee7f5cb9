package jsbridge

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/internal/codec"
	"runstream/runner/runnertest"
)

func TestARunStreamsItsEventsAndEndsWithASnapshot(t *testing.T) {
	page, server := newTestPage(t, runnertest.Reply(runnertest.Message("Hello there.")))
	page.run(1, plainAgent)

	now := page.snapshot(1)
	assert.Equal(t, "Hello there.", now.FinalOutput)
	assert.Equal(t, 1, now.CurrentTurn)
	require.NotNil(t, now.MaxTurns)
	assert.Equal(t, 10, *now.MaxTurns)
	assert.JSONEq(t, `{"name":"Joker"}`, string(now.LastAgent))
	require.NotNil(t, now.LastResponse)
	assert.Equal(t, "resp_1", *now.LastResponse)
	assert.Len(t, now.InputList, 2)
	assert.Equal(t, testUsage{1, 10, 5, 15}, now.Usage)
	assert.Empty(t, now.Interruptions)
	assert.True(t, json.Valid([]byte(now.document())), "parts and slots make a document")

	assert.Equal(t, []string{"agent_updated_stream_event", "message_output_created"}, kinds(page.events(1)))
	assert.Equal(t, "https://models.example/v1", server.provider.BaseURL)
}

func TestRawEventsCrossByteForByte(t *testing.T) {
	odd := `{ "type" : "response.new_kind",  "n": 1.50e+1, "text":"\u00e9<&>é" }`
	page, _ := newTestPage(t, runnertest.Turn{Raw: []json.RawMessage{
		json.RawMessage(odd),
		json.RawMessage(`{"type":"response.completed","response":{"id":"r","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"ok"}]}]}}`),
	}})
	page.run(1, plainAgent)
	page.snapshot(1)
	var crossed []string
	for _, event := range page.events(1) {
		crossed = append(crossed, string(event.Data))
	}
	assert.Contains(t, crossed, odd)
}

func toolAgent(tool string) string {
	return `{"agents":[{"name":"Janitor","tools":[{"type":"function","name":"remove","description":"Removes.","parameters":{"type":"object"},` + tool + `}]}],"input":{"text":"Tidy up"},` + testProvider + `}`
}

var callsTheTool = []runnertest.Turn{
	runnertest.Reply(runnertest.ToolCall("remove", "call_1", `{"path":"logs"}`)),
	runnertest.Reply(runnertest.Message("Done.")),
}

func TestAToolRunsOnThePage(t *testing.T) {
	for name, tc := range map[string]struct {
		value any
		want  string
	}{
		"text goes to the model as it is": {"gone", `"output":"gone"`},
		"other values go to it as JSON":   {map[string]int{"removed": 2}, `"output":"{\"removed\":2}"`},
		"no value is an empty text":       {"", `"output":""`},
		"what only HTML escapes stays":    {"a<b>&c", `"output":"a<b>&c"`},
	} {
		t.Run(name, func(t *testing.T) {
			page, server := newTestPage(t, callsTheTool...)
			var info callInfo
			page.functions[1] = func(args []json.RawMessage) (any, bool) {
				assert.NoError(t, json.Unmarshal(args[0], &info))
				return tc.value, true
			}
			page.run(1, toolAgent(`"execute":{"fn":1}`))
			assert.Equal(t, "Done.", page.snapshot(1).FinalOutput)

			arguments := `{"path":"logs"}`
			assert.Equal(t, callInfo{Agent: 0, ToolName: "remove", CallID: "call_1", Arguments: &arguments}, info)
			require.Len(t, server.requests(), 2)
			assert.Contains(t, server.requests()[1], tc.want)
			assert.Equal(t, []string{"agent_updated_stream_event", "tool_called", "tool_output", "message_output_created"}, kinds(page.events(1)))
		})
	}
}

func TestAPausedRunGoesOnFromItsState(t *testing.T) {
	page, server := newTestPage(t, callsTheTool...)
	executions := 0
	page.functions[1] = func([]json.RawMessage) (any, bool) { executions++; return "gone", true }
	spec := toolAgent(`"needsApproval":true,"execute":{"fn":1}`)
	page.run(1, spec)
	paused := page.snapshot(1)
	require.Len(t, paused.Interruptions, 1)
	assert.Equal(t, "remove", paused.Interruptions[0].Name)
	assert.Zero(t, executions)

	page.run(2, resuming(t, spec, paused.document()))
	again := page.snapshot(2)
	assert.Len(t, again.Interruptions, 1, "nothing was decided")
	assert.Zero(t, executions)

	page.run(3, resuming(t, spec, approved(t, paused)))
	assert.Equal(t, "Done.", page.snapshot(3).FinalOutput)
	assert.Equal(t, 1, executions)
	assert.Len(t, server.requests(), 2)
}

// approved gives the document of a run that waits, its first call approved, as the
// page does it.
func approved(t *testing.T, paused testSnapshot) string {
	waiting := paused.Interruptions[0]
	record := waiting.Target.Records[0]
	slot := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(paused.State.Slots[waiting.Target.Slot], &slot))
	slot[record.List] = json.RawMessage(`[{"agent":` + string(record.Agent) + `,"tool_key":"` + record.ToolKey + `","decision":{"approved":["call_1"],"rejected":[]}}]`)
	decided, err := codec.Write(slot)
	require.NoError(t, err)
	paused.State.Slots[waiting.Target.Slot] = json.RawMessage(decided)
	return paused.document()
}

// resuming is a spec that goes on from a document in place of its input.
func resuming(t *testing.T, spec, document string) string {
	state, err := json.Marshal(document)
	require.NoError(t, err)
	return strings.Replace(spec, `{"text":"Tidy up"}`, `{"state":`+string(state)+`}`, 1)
}

func TestLoadingAStateRunsNothing(t *testing.T) {
	page, server := newTestPage(t, callsTheTool...)
	page.functions[1] = func([]json.RawMessage) (any, bool) { t.Error("the tool ran"); return "", true }
	spec := toolAgent(`"needsApproval":true,"execute":{"fn":1}`)
	page.run(1, spec)
	paused := page.snapshot(1)
	state, err := json.Marshal(paused.document())
	require.NoError(t, err)

	page.run(2, strings.Replace(spec, `{"text":"Tidy up"}`, `{"state":`+string(state)+`},"load":true`, 1))
	assert.Equal(t, paused, page.snapshot(2))
	assert.Empty(t, page.events(2))
	assert.Len(t, server.requests(), 1)

	page.run(3, strings.Replace(spec, `{"text":"Tidy up"}`, `{"state":"{\"$schemaVersion\":\"9.0\"}"},"load":true`, 1))
	end := page.end(3)
	assert.Empty(t, end.Snapshot)
	require.NotNil(t, end.Error)
	assert.Equal(t, "UserError", end.Error.Name)
	assert.Contains(t, end.Error.Message, "version")
}

func TestCancelStopsAModelCall(t *testing.T) {
	turn := runnertest.Reply(runnertest.Message("Hello there."))
	turn.Hang = true
	page, _ := newTestPage(t, turn)
	page.run(1, plainAgent)
	seen(page, func(m eventsMessage) bool { return strings.Contains(string(m.Batch), "response.output_text.delta") })
	page.engine.handle(cancelMessage{Run: 1, Mode: "immediate"})
	assert.Nil(t, page.snapshot(1).FinalOutput)
	page.engine.handle(cancelMessage{Run: 1, Mode: "immediate"})
	page.engine.handle(cancelMessage{Run: 99, Mode: "immediate"})
}

func TestCancelEndsATool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		page, _ := newTestPage(t, callsTheTool...)
		page.functions[1] = func([]json.RawMessage) (any, bool) {
			page.engine.handle(cancelMessage{Run: 1, Mode: "immediate"})
			return nil, false
		}
		page.run(1, toolAgent(`"execute":{"fn":1}`))
		page.snapshot(1)
		assert.Zero(t, time.Since(began), "nobody waits for what the tool does")
		call := seen(page, func(m callMessage) bool { return m.Fn == 1 }).Call
		log := page.log()
		require.IsType(t, endRunMessage{}, log[len(log)-1], "the run's end is its last message")
		assert.Contains(t, log, endCallMessage{call})
		page.engine.handle(replyMessage{Call: call, Value: `"late"`})
		assert.Len(t, page.log(), len(log), "a late reply is ignored")
	})
}

func TestAToolThatTakesTooLongIsLetGo(t *testing.T) {
	for behavior, want := range map[string]string{"error_as_result": "", "raise_exception": "ToolTimeoutError"} {
		t.Run(behavior, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				page, _ := newTestPage(t, callsTheTool...)
				page.functions[1] = func([]json.RawMessage) (any, bool) { return nil, false }
				page.run(1, toolAgent(`"execute":{"fn":1},"timeoutMs":50,"timeoutBehavior":"`+behavior+`"`))
				end := page.end(1)
				call := seen(page, func(m callMessage) bool { return m.Fn == 1 }).Call
				assert.Contains(t, page.log(), endCallMessage{call})
				if want == "" {
					assert.Nil(t, end.Error)
					return
				}
				require.NotNil(t, end.Error)
				assert.Equal(t, want, end.Error.Name)
				assert.Equal(t, "tool_timeout", end.Error.Code)
			})
		})
	}
}

func TestAToolThatThrows(t *testing.T) {
	thrown := &errorData{Name: "TypeError", Message: "secret", Cause: &errorData{Name: "Error", Message: "deeper"}}
	page, server := newTestPage(t, callsTheTool...)
	page.functions[1] = func([]json.RawMessage) (any, bool) { return thrown, true }
	page.run(1, toolAgent(`"execute":{"fn":1}`))
	page.snapshot(1)
	assert.Contains(t, server.requests()[1], "An error occurred while running the tool.")
	assert.NotContains(t, server.requests()[1], "secret", "the model is not told by default")

	t.Run("is explained by the page", func(t *testing.T) {
		page, server := newTestPage(t, callsTheTool...)
		page.functions[1] = func([]json.RawMessage) (any, bool) { return thrown, true }
		page.functions[2] = func(args []json.RawMessage) (any, bool) {
			var data errorData
			assert.NoError(t, json.Unmarshal(args[1], &data))
			assert.Equal(t, *thrown, data)
			return "try another path", true
		}
		page.run(1, toolAgent(`"execute":{"fn":1},"onError":{"fn":2}`))
		page.snapshot(1)
		assert.Contains(t, server.requests()[1], "try another path")
	})
	t.Run("ends the run where nobody explains", func(t *testing.T) {
		page, _ := newTestPage(t, callsTheTool...)
		page.functions[1] = func([]json.RawMessage) (any, bool) { return thrown, true }
		page.run(1, toolAgent(`"execute":{"fn":1},"onError":null`))
		end := page.end(1)
		require.NotNil(t, end.Error)
		assert.Equal(t, &errorData{Name: "UserError", Message: "Error running tool remove: secret", Code: "user_error", Cause: thrown}, end.Error)
		assert.NotEmpty(t, end.Snapshot, "what came before is kept")
	})
}

func TestAFunctionDecidesOnApproval(t *testing.T) {
	for name, tc := range map[string]struct {
		answer any
		waits  bool
	}{
		"no lets the call run":      {false, false},
		"yes waits":                 {true, true},
		"what it throws waits":      {&errorData{Name: "Error", Message: "no idea"}, true},
		"anything but a bool waits": {"no", true},
	} {
		t.Run(name, func(t *testing.T) {
			page, _ := newTestPage(t, callsTheTool...)
			ran := false
			page.functions[1] = func([]json.RawMessage) (any, bool) { ran = true; return "gone", true }
			page.functions[2] = func([]json.RawMessage) (any, bool) { return tc.answer, true }
			page.run(1, toolAgent(`"execute":{"fn":1},"needsApproval":{"fn":2}`))
			now := page.snapshot(1)
			assert.Equal(t, tc.waits, len(now.Interruptions) == 1)
			assert.Equal(t, !tc.waits, ran)
		})
	}
}

func TestToolsAndHandoffsCanBeHidden(t *testing.T) {
	const spec = `{"agents":[{"name":"Triage","tools":[
		{"type":"function","name":"shown","description":"","parameters":{},"enabled":{"fn":1},"execute":{"fn":9}},
		{"type":"function","name":"hidden","description":"","parameters":{},"enabled":{"fn":2},"execute":{"fn":9}},
		{"type":"function","name":"never","description":"","parameters":{},"enabled":false,"execute":{"fn":9}}],
		"handoffs":[{"agent":1,"toolName":"to_sales"},{"agent":1,"toolName":"to_nobody","enabled":{"fn":3}}]},{"name":"Sales"}],
		"input":{"text":"Hi"},` + testProvider + `}`
	page, server := newTestPage(t, runnertest.Reply(runnertest.Message("Hello.")))
	page.functions[1] = func([]json.RawMessage) (any, bool) { return true, true }
	page.functions[2] = func([]json.RawMessage) (any, bool) { return false, true }
	page.functions[3] = page.functions[2]
	page.run(1, spec)
	page.snapshot(1)
	request := server.requests()[0]
	assert.Contains(t, request, `"shown"`)
	assert.Contains(t, request, `"to_sales"`)
	for _, hidden := range []string{"hidden", "never", "to_nobody"} {
		assert.NotContains(t, request, hidden)
	}

	t.Run("and a function that throws ends the run", func(t *testing.T) {
		page, server := newTestPage(t, runnertest.Reply(runnertest.Message("Hello.")))
		page.functions[1] = func([]json.RawMessage) (any, bool) { return true, true }
		page.functions[2] = func([]json.RawMessage) (any, bool) { return &errorData{Name: "RangeError", Message: "no"}, true }
		page.functions[3] = page.functions[1]
		page.run(1, spec)
		end := page.end(1)
		require.NotNil(t, end.Error)
		assert.Equal(t, "isEnabled of tool hidden failed: no", end.Error.Message)
		require.NotNil(t, end.Error.Cause)
		assert.Equal(t, "RangeError", end.Error.Cause.Name)
		assert.Empty(t, server.requests())
	})
}

func TestAHandoffLeadsToTheOtherAgent(t *testing.T) {
	page, server := newTestPage(t,
		runnertest.Reply(runnertest.ToolCall("transfer_to_sales", "call_1", `{}`)),
		runnertest.Reply(runnertest.Message("I am Sales.")),
	)
	var asked callInfo
	page.functions[1] = func(args []json.RawMessage) (any, bool) {
		assert.NoError(t, json.Unmarshal(args[0], &asked))
		return "Sell.", true
	}
	page.run(1, `{"agents":[{"name":"Triage","instructions":"Hand off.","handoffs":[{"agent":1}]},{"name":"Sales","instructions":{"fn":1}}],"input":{"text":"Hi"},`+testProvider+`}`)
	now := page.snapshot(1)
	assert.JSONEq(t, `{"name":"Sales"}`, string(now.LastAgent))
	assert.Equal(t, callInfo{Agent: 1}, asked)
	assert.Contains(t, server.requests()[0], `"instructions":"Hand off."`)
	assert.Contains(t, server.requests()[1], `"instructions":"Sell."`)
	assert.NotContains(t, kinds(page.events(1)), "identities", "their names tell them apart")
}

func TestThePageLearnsFirstWhatAgentsOfOneNameAreCalled(t *testing.T) {
	page, _ := newTestPage(t, runnertest.Reply(runnertest.Message("Hi.")))
	page.run(1, `{"agents":[{"name":"Triage","handoffs":[{"agent":1}]},{"name":"Triage"}],"input":{"text":"Hi"},`+testProvider+`}`)
	page.snapshot(1)
	events := page.events(1)
	assert.Equal(t, []string{"identities", "agent_updated_stream_event", "message_output_created"}, kinds(events))
	assert.Equal(t, []string{"Triage", "Triage#2"}, events[0].Identities)
}

func TestTheTokenIsAskedBeforeEveryRequest(t *testing.T) {
	page, server := newTestPage(t, callsTheTool...)
	asked := 0
	page.functions[1] = func([]json.RawMessage) (any, bool) { return "gone", true }
	page.functions[2] = func(args []json.RawMessage) (any, bool) {
		assert.Equal(t, []json.RawMessage{}, args)
		asked++
		return "token", true
	}
	spec := strings.Replace(toolAgent(`"execute":{"fn":1}`), `/v1"`, `/v1","token":{"fn":2}`, 1)
	page.run(1, spec)
	page.snapshot(1)
	assert.Equal(t, []string{"token", "token"}, server.tokens)
	assert.Equal(t, 2, asked)

	t.Run("and its failure ends the run", func(t *testing.T) {
		page, server := newTestPage(t, callsTheTool...)
		page.functions[2] = func([]json.RawMessage) (any, bool) { return &errorData{Name: "Error", Message: "signed out"}, true }
		page.run(1, spec)
		end := page.end(1)
		require.NotNil(t, end.Error)
		assert.Equal(t, "UserError", end.Error.Name)
		assert.Equal(t, "getToken failed: signed out", end.Error.Message)
		assert.Empty(t, server.requests())
	})
}

func TestOptionsReachTheModel(t *testing.T) {
	page, server := newTestPage(t, callsTheTool...)
	page.functions[1] = func([]json.RawMessage) (any, bool) { return "gone", true }
	spec := toolAgent(`"execute":{"fn":1}`)
	spec = strings.Replace(spec, `"name":"Janitor"`, `"name":"Janitor","model":"small","modelSettings":{"temperature":0.5,"top_p":0.1}`, 1)
	page.run(1, strings.TrimSuffix(spec, "}")+`,"options":{"maxTurns":1,"model":"large","modelSettings":{"temperature":0.25}}}`)
	end := page.end(1)
	require.NotNil(t, end.Error)
	assert.Equal(t, "MaxTurnsExceeded", end.Error.Name)
	assert.Equal(t, "max_turns_exceeded", end.Error.Code)
	assert.Contains(t, server.requests()[0], `"model":"large"`)
	assert.Contains(t, server.requests()[0], `"temperature":0.25,"top_p":0.1`)
	now := readSnapshot(t, end.Snapshot)
	assert.Len(t, now.InputList, 3, "what came before stays")
}

func TestRunsThatCannotStartSayWhy(t *testing.T) {
	for name, tc := range map[string]struct{ spec, message string }{
		"not JSON":             {`{`, "cannot be read"},
		"no agent":             {`{"agents":[],"input":{"text":""}}`, "there is no agent to run"},
		"no input":             {`{"agents":[{"name":"A"}],"input":{}}`, "there is no input"},
		"input of no form":     {`{"agents":[{"name":"A"}],"input":{"items":5}}`, "there is no input; pass a text"},
		"no schema":            {`{"agents":[{"name":"A","output":{}}],"input":{"text":""}}`, "outputType of agent A has no schema"},
		"an unknown API":       {`{"agents":[{"name":"A"}],"input":{"text":""},"provider":{"baseURL":"","api":"assistants"}}`, `does not speak the API "assistants"`},
		"a password":           {`{"agents":[{"name":"A"}],"input":{"text":""},"provider":{"baseURL":"https://me:pw@a.example/v1?x=@"}}`, "baseURL has a name or a password in it"},
		"negative retries":     {`{"agents":[{"name":"A"}],"input":{"text":""},"provider":{"baseURL":"","maxRetries":-1}}`, "maxRetries is -1"},
		"no turns":             {`{"agents":[{"name":"A"}],"input":{"text":""},"options":{"maxTurns":0}}`, "maxTurns is 0"},
		"half a turn":          {`{"agents":[{"name":"A"}],"input":{"text":""},"options":{"maxTurns":1.5}}`, "maxTurns is 1.5"},
		"a misspelt policy":    {`{"agents":[{"name":"A"}],"input":{"text":""},"options":{"reasoningItemIdPolicy":"drop"}}`, `reasoningItemIdPolicy is "drop"; pass "preserve" or "omit"`},
		"a misspelt behaviour": {`{"agents":[{"name":"A"}],"input":{"text":""},"options":{"toolNotFoundBehavior":"tell"}}`, `toolNotFoundBehavior is "tell"`},
		"a limit below none":   {`{"agents":[{"name":"A"}],"input":{"text":""},"options":{"sessionLimit":0}}`, "sessionLimit is 0"},
		"no tool at a time":    {`{"agents":[{"name":"A"}],"input":{"text":""},"options":{"maxToolConcurrency":-1}}`, "maxToolConcurrency is -1"},
		"half a tool":          {`{"agents":[{"name":"A"}],"input":{"text":""},"options":{"maxToolConcurrency":0.5}}`, "maxToolConcurrency is not a whole number"},
		"a gate that is none":  {`{"agents":[{"name":"A","tools":[{"type":"function","name":"x","needsApproval":"yes"}]}],"input":{"text":""}}`, "needsApproval of tool x of agent A is not true or false"},
		"a gate of null":       {`{"agents":[{"name":"A","tools":[{"type":"function","name":"x","needsApproval":null}]}],"input":{"text":""}}`, "needsApproval of tool x of agent A is not true or false"},
		"a switch of another":  {`{"agents":[{"name":"A"},{"name":"B","tools":[{"type":"function","name":"x"},{"type":"function","name":"y","enabled":1}]}],"input":{"text":""}}`, "isEnabled of tool y of agent B is not true or false"},
		"a guardrail's \"no\"": {`{"agents":[{"name":"A","inputGuardrails":[{"name":"g","runInParallel":"false"}]}],"input":{"text":""}}`, "inputGuardrails.0.runInParallel of agent A is not true or false"},
		"a list of guardrails": {`{"agents":[{"name":"A","inputGuardrails":{"name":"g"}}],"input":{"text":""}}`, "inputGuardrails of agent A is not a list"},
		"a misspelt setting":   {`{"agents":[{"name":"A","modelSettings":{"temprature":1}}],"input":{"text":""}}`, `unknown field "temprature"`},
		"a misspelt tool use":  {`{"agents":[{"name":"A","toolUse":"stop_on_first"}],"input":{"text":""}}`, "toolUseBehavior of agent A is none"},
		"no names to stop at":  {`{"agents":[{"name":"A","toolUse":{"stopAtTools":["x"]}}],"input":{"text":""}}`, "toolUseBehavior of agent A is none"},
		"an unknown tool":      {`{"agents":[{"name":"A","tools":[{"type":"laser"}]}],"input":{"text":""}}`, `tools of type "laser"`},
		"no time for a tool":   {`{"agents":[{"name":"A","tools":[{"type":"function","name":"x","timeoutMs":0}]}],"input":{"text":""}}`, "timeoutMs of tool x is 0"},
		"a misspelt timeout":   {`{"agents":[{"name":"A","tools":[{"type":"function","name":"x","timeoutBehavior":"raise"}]}],"input":{"text":""}}`, "timeoutBehavior of tool x is none"},
		"a tool of a text":     {`{"agents":[{"name":"A","tools":[{"type":"function","name":"x","execute":{"fn":1},"parameters":{"type":"string"}}]}],"input":{"text":""}}`, "the parameters of tool x must be the schema of an object"},
		"a loose handoff":      {`{"agents":[{"name":"A","handoffs":[{"agent":0,"inputSchema":{"type":"object","additionalProperties":true}}]}],"input":{"text":""}}`, "the inputType of a handoff of agent A cannot be strict"},
		"a loose output":       {`{"agents":[{"name":"A","output":{"schema":{"type":"object","additionalProperties":true}}}],"input":{"text":""}}`, "the outputType of agent A cannot be strict"},
		"a handoff to nowhere": {`{"agents":[{"name":"A","handoffs":[{"agent":1}]}],"input":{"text":""}}`, "leads to agent 1"},
		"an item that is none": {`{"agents":[{"name":"A"}],"input":{"items":[1]}}`, "input item 0 is not a JSON object"},
		"no model server":      {`{"agents":[{"name":"A"}],"input":{"text":""}}`, "has no model"},
	} {
		t.Run(name, func(t *testing.T) {
			page, _ := newTestPage(t)
			page.run(1, tc.spec)
			end := page.end(1)
			require.NotNil(t, end.Error)
			assert.Equal(t, "UserError", end.Error.Name)
			assert.Contains(t, end.Error.Message, tc.message)
		})
	}
}

func TestAPanicEndsItsRunAndNotTheEngine(t *testing.T) {
	page, server := newTestPage(t, runnertest.Reply(runnertest.Message("Hello.")))
	server.post = func() error { panic("boom") }
	page.run(1, plainAgent)
	end := page.end(1)
	require.NotNil(t, end.Error)
	assert.Equal(t, "PanicError", end.Error.Name)
	assert.Equal(t, "panic", end.Error.Code)

	server.post = nil
	page.run(2, plainAgent)
	assert.Equal(t, "Hello.", page.snapshot(2).FinalOutput)
}

func TestAServersErrorKeepsItsStatus(t *testing.T) {
	page, _ := newTestPage(t)
	page.run(1, plainAgent)
	end := page.end(1)
	require.NotNil(t, end.Error)
	assert.Equal(t, "BadRequestError", end.Error.Name)
	assert.Equal(t, "bad_request", end.Error.Code)
	assert.Equal(t, 400, end.Error.Status)
}

func TestRunsGoOnBesideEachOther(t *testing.T) {
	page, _ := newTestPage(t)
	var runs []int
	server := &testServer{}
	page.engine.transport = server.transport
	for run := 1; run <= 20; run++ {
		server.turns = append(server.turns, runnertest.Reply(runnertest.Message("Hello.")))
		runs = append(runs, run)
	}
	for _, run := range runs {
		page.run(run, plainAgent)
	}
	for _, run := range runs {
		assert.Equal(t, "Hello.", page.snapshot(run).FinalOutput)
		page.engine.handle(releaseMessage{Run: run})
	}
	assert.Empty(t, page.engine.runs)
	assert.Empty(t, page.engine.calls.waiting)
}

func TestTheEndOfTheEngineStopsItsRuns(t *testing.T) {
	turn := runnertest.Reply(runnertest.Message("Hello."))
	turn.Hang = true
	page, _ := newTestPage(t, turn)
	page.run(1, plainAgent)
	seen(page, func(m eventsMessage) bool { return strings.Contains(string(m.Batch), "response.created") })
	page.stop()
	page.engine.wait()
	end := page.end(1)
	require.NotNil(t, end.Error)
	assert.Equal(t, "AbortError", end.Error.Name)
}
