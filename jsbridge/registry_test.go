package jsbridge

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// ownEngine gives a page's engine parts of its own.
func ownEngine(t *testing.T, page *testPage, options ...Option) {
	t.Helper()
	own, err := newRegistry(options)
	require.NoError(t, err)
	page.engine.own = own
}

func lookUp(answer string) *runner.FunctionTool {
	return &runner.FunctionTool{Name: "look_up", Description: "Looks up.", Parameters: json.RawMessage(`{"type":"object"}`), NotStrict: true,
		Invoke: func(context.Context, *runner.ToolCall) (any, error) { return answer, nil }}
}

// Two agents that hand off to each other, with models of their own and of the
// page's server, and a tool of the page's beside their own.
func TestAPageRunsTheEnginesAgents(t *testing.T) {
	page, server := newTestPage(t,
		runnertest.Reply(runnertest.ToolCall("look_up", "call_1", `{}`)),
		runnertest.Reply(runnertest.ToolCall("remove", "call_2", `{"path":"logs"}`)),
		runnertest.Reply(runnertest.ToolCall("transfer_to_helper", "call_3", `{}`)),
	)
	helper := &runner.Agent{Name: "Helper", Instructions: "Help.", Model: runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("Helped.")))}
	clerk := &runner.Agent{Name: "Clerk", Instructions: "Be exact.", Model: ServerModel("small"), Tools: []runner.Tool{lookUp("42")},
		Handoffs: []runner.HandoffTarget{helper}}
	helper.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: clerk}}
	ownEngine(t, page, WithAgents(clerk))
	page.functions[1] = func([]json.RawMessage) (any, bool) { return "gone", true }

	page.run(1, `{"agents":[{"name":"Clerk","registered":true,"tools":[{"type":"function","name":"remove","parameters":{"type":"object"},"execute":{"fn":1}}]}],
		"input":{"text":"Go"},`+testProvider+`}`)
	now := page.snapshot(1)
	assert.Equal(t, "Helped.", now.FinalOutput)
	assert.JSONEq(t, `{"name":"Helper"}`, string(now.LastAgent), "an agent keeps its name, though the page does not know it")
	require.Len(t, server.requests(), 3)
	assert.Contains(t, server.requests()[0], `"instructions":"Be exact."`)
	assert.Contains(t, server.requests()[0], `"model":"small"`)
	assert.Contains(t, server.requests()[1], `"output":"42"`)
	assert.Contains(t, server.requests()[2], `"output":"gone"`)
	assert.Len(t, clerk.Tools, 1, "the engine's own agent is as before: another run has no tool of this one")
}

func TestAPagesAgentHasTheEnginesToolsAndModels(t *testing.T) {
	page, server := newTestPage(t)
	model := runnertest.NewScriptedModel(runnertest.Reply(runnertest.ToolCall("look_up", "call_1", `{}`)), runnertest.Reply(runnertest.Message("It is 42.")))
	ownEngine(t, page, WithTools(lookUp("42")), WithModel("local", model))
	page.run(1, `{"agents":[{"name":"A","model":{"registered":"local"},"tools":[{"type":"engine","name":"look_up"}]}],"input":{"text":"Go"}}`)
	assert.Equal(t, "It is 42.", page.snapshot(1).FinalOutput)
	assert.Empty(t, server.requests())
}

func TestAPausedRunOfTheEnginesAgentGoesOn(t *testing.T) {
	tool := lookUp("42")
	tool.NeedsApproval = runner.Always
	model := runnertest.NewScriptedModel(runnertest.Reply(runnertest.ToolCall("look_up", "call_1", `{}`)))
	page, _ := newTestPage(t)
	ownEngine(t, page, WithAgents(&runner.Agent{Name: "Clerk", Model: model, Tools: []runner.Tool{tool}}))
	page.run(1, `{"agents":[{"name":"Clerk","registered":true}],"input":{"text":"Go"}}`)
	paused := page.snapshot(1)
	require.Len(t, paused.Interruptions, 1)
	state, err := json.Marshal(paused.document())
	require.NoError(t, err)
	page.run(2, `{"agents":[{"name":"Clerk","registered":true}],"input":{"state":`+string(state)+`},"load":true}`)
	assert.Len(t, page.snapshot(2).Interruptions, 1)
}

func TestAPagesGuardrailsGuardTheEnginesAgents(t *testing.T) {
	own := 0
	clerk := &runner.Agent{Name: "Clerk", Model: runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("Secret."))),
		OutputGuardrails: []runner.OutputGuardrail{{Name: "own", Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
			own++
			return runner.GuardrailOutput{}, nil
		}}}}
	page, _ := newTestPage(t)
	ownEngine(t, page, WithAgents(clerk))
	page.functions[1] = func([]json.RawMessage) (any, bool) { return map[string]any{"tripwireTriggered": true}, true }
	page.run(1, `{"agents":[{"name":"Clerk","registered":true,"outputGuardrails":[{"name":"the page's","run":{"fn":1}}]}],"input":{"text":"Go"}}`)
	end := page.end(1)
	require.NotNil(t, end.Error)
	assert.Equal(t, "OutputGuardrailTripwireTriggered", end.Error.Name)
	assert.Equal(t, 1, own)
	assert.Len(t, clerk.OutputGuardrails, 1)
}

func TestPartsThatTheEngineDoesNotHave(t *testing.T) {
	for name, tc := range map[string]struct{ spec, message string }{
		"an agent":       {`{"agents":[{"name":"Cook","registered":true}],"input":{"text":"Go"}}`, `the engine has no agent "Cook"; this one has Clerk`},
		"a tool":         {`{"agents":[{"name":"A","tools":[{"type":"engine","name":"cook"}]}],"input":{"text":"Go"}}`, `the engine has no tool "cook"; this one has none`},
		"a model":        {`{"agents":[{"name":"A","model":{"registered":"m"}}],"input":{"text":"Go"}}`, `the engine has no model "m"; this one has none`},
		"a run's model":  {`{"agents":[{"name":"A"}],"input":{"text":"Go"},"options":{"model":{"registered":"m"}}}`, `the engine has no model "m"`},
		"instructions":   {`{"agents":[{"name":"Clerk","registered":true,"instructions":"Be kind."}],"input":{"text":"Go"}}`, "instructions of agent Clerk cannot be given in the page"},
		"an output type": {`{"agents":[{"name":"Clerk","registered":true,"output":{"schema":{}}}],"input":{"text":"Go"}}`, "outputType of agent Clerk cannot be given in the page"},
		"hooks":          {`{"agents":[{"name":"Clerk","registered":true,"hooks":{"agentStart":{"fn":1}}}],"input":{"text":"Go"}}`, "hooks of agent Clerk cannot be given in the page"},
		"a tool use":     {`{"agents":[{"name":"Clerk","registered":true,"toolUse":"stop_on_first_tool"}],"input":{"text":"Go"}}`, "toolUseBehavior of agent Clerk cannot be given in the page"},
		"a model server": {`{"agents":[{"name":"Clerk","registered":true}],"input":{"text":"Go"}}`, "no model server is configured for model small"},
	} {
		t.Run(name, func(t *testing.T) {
			page, _ := newTestPage(t)
			ownEngine(t, page, WithAgents(&runner.Agent{Name: "Clerk", Model: ServerModel("small")}))
			page.run(1, tc.spec)
			end := page.end(1)
			require.NotNil(t, end.Error)
			assert.Equal(t, "UserError", end.Error.Name)
			assert.Contains(t, end.Error.Message, tc.message)
		})
	}
}

func TestPartsNeedNamesOfTheirOwn(t *testing.T) {
	for _, option := range []Option{
		WithAgents(&runner.Agent{Name: "A"}, &runner.Agent{Name: "A"}), WithTools(lookUp(""), lookUp("")),
		WithModel("", runnertest.NewScriptedModel()),
	} {
		_, err := newRegistry([]Option{option})
		var refused *runner.UserError
		assert.ErrorAs(t, err, &refused)
	}
}
