package runner_test

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

type namedSession struct {
	notedSession
	id string
}

func (s *namedSession) SessionID() string { return s.id }

// lookedAt is an agent whose output guardrail does what look says.
func lookedAt(turns ...runnertest.Turn) (agent *runner.Agent, look *func() (runner.GuardrailOutput, error)) {
	look = new(func() (runner.GuardrailOutput, error))
	tool := &runner.FunctionTool{Name: "tool", Invoke: func(context.Context, *runner.ToolCall) (any, error) { return "Secret.", nil }}
	agent = newAgent("A", script(turns...), tool)
	agent.OutputGuardrails = []runner.OutputGuardrail{{Name: "g", Run: func(context.Context, *runner.RunContext, *runner.Agent, any) (runner.GuardrailOutput, error) {
		return (*look)()
	}}}
	return agent, look
}

func guardFails() (runner.GuardrailOutput, error)  { return runner.GuardrailOutput{}, errBroken }
func guardPasses() (runner.GuardrailOutput, error) { return runner.GuardrailOutput{}, nil }
func guardTrips() (runner.GuardrailOutput, error)  { return runner.GuardrailOutput{Tripped: true}, nil }

// left runs the agent until its guardrail guardFails, and gives the state.
func left(t *testing.T, agent *runner.Agent, look *func() (runner.GuardrailOutput, error), session runner.Session) *runner.State {
	*look = guardFails
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithSession(session))
	require.ErrorIs(t, err, errBroken)
	return result.State()
}

func TestAToolsOutputThatIsTrippedOnLaterIsWithheld(t *testing.T) {
	for name, carry := range carriers {
		t.Run(name, func(t *testing.T) {
			agent, look := lookedAt(calls("tool", "c1"))
			agent.ToolUse.StopOnFirstTool = true
			session := &notedSession{}
			state := carry(t, agent, left(t, agent, look, session))
			*look = guardTrips
			_, result := requireError[*runner.OutputGuardrailTripwireTriggered](t, agent, state, runner.WithSession(session))
			assert.NotContains(t, string(document(t, result.State())), "Secret.")
			assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1"}, session.log(t))
		})
	}
}

func TestAnOutputIsLeftForAsLongAsNotAllHavePassed(t *testing.T) {
	agent, look := lookedAt(calls("tool", "c1"))
	broken := error(nil)
	agent.ToolUse.Func = func(_ context.Context, _ *runner.RunContext, results []runner.ToolResult) (runner.ToolsToFinalOutput, error) {
		return runner.ToolsToFinalOutput{IsFinal: true, Output: results[0].Output}, broken
	}
	session := &notedSession{}
	state := left(t, agent, look, session)
	again := func() *runner.State {
		result, err := runner.Run(t.Context(), agent, reload(t, agent, state), runner.WithSession(session))
		require.Error(t, err)
		return result.State()
	}
	state = again() // the guardrail guardFails once more
	broken = errBroken
	state = again() // nobody can be asked what the output is
	broken, *look = nil, guardPasses
	assert.Equal(t, "Secret.", runOK(t, agent, state, runner.WithSession(session)).FinalOutput())
	assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1"}, session.log(t))
}

func TestAnOutputThatIsLeftBelongsToItsSession(t *testing.T) {
	agent, look := lookedAt(says("Done."))
	session := &namedSession{id: "one"}
	state := left(t, agent, look, session)
	*look = guardPasses
	for _, other := range []runner.Session{nil, &notedSession{}, &namedSession{id: "two"}} {
		requireError[*runner.UserError](t, agent, reload(t, agent, state), runner.WithSession(other))
	}
	for range 2 { // the second one finds it there
		runOK(t, agent, reload(t, agent, state), runner.WithSession(session))
		assert.Equal(t, []string{"user", "message"}, session.log(t))
	}
}

func TestATurnWhoseOutputIsNoFinalOneAnyMoreIsSaved(t *testing.T) {
	agent, look := lookedAt(calls("tool", "c1"), says("Done."))
	agent.ToolUse.StopOnFirstTool = true
	session := &notedSession{}
	state := left(t, agent, look, session)
	agent.ToolUse.StopOnFirstTool, *look = false, guardPasses
	runOK(t, agent, state, runner.WithSession(session))
	assert.Equal(t, []string{"user", "function_call c1", "function_call_output c1", "message"}, session.log(t))
}

func TestWhereNothingGuardsTheOutputAnyRunnerMaySaveIt(t *testing.T) {
	agent := newAgent("A", script(says("Done.")))
	ends := errBroken
	agent.Hooks = &runner.Hooks{AgentEnd: func(context.Context, *runner.RunContext, *runner.Agent, any) error { return ends }}
	session := &notedSession{}
	result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithSession(session))
	require.ErrorIs(t, err, errBroken)
	assert.Contains(t, string(document(t, result.State())), "pending_session_write")
	ends = nil
	assert.Equal(t, "Done.", runOK(t, agent, reload(t, agent, result.State()), runner.WithSession(session)).FinalOutput())
	assert.Equal(t, []string{"user", "message"}, session.log(t))
}

// Nor may a state be loaded with another agent to get around them.
func TestInputGuardrailsAreAskedWhoeverTheStateIsLoadedWith(t *testing.T) {
	other := newAgent("B", script(runnertest.Turn{Hang: true}, says("Done.")))
	ctx, stop := context.WithCancel(t.Context())
	other.InputGuardrails = []runner.InputGuardrail{{Name: "g", Run: func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent, _ []json.RawMessage) (runner.GuardrailOutput, error) {
		stop()
		<-ctx.Done()
		return runner.GuardrailOutput{}, ctx.Err()
	}}}
	result, err := runner.Run(ctx, other, runner.Text("Go."))
	require.Error(t, err)
	start := newAgent("A", script())
	start.Handoffs = []runner.HandoffTarget{other}
	state, err := runner.ParseState(document(t, result.State()), start)
	require.NoError(t, err)
	other.InputGuardrails = []runner.InputGuardrail{inputVerdict("g", true)}
	requireError[*runner.InputGuardrailTripwireTriggered](t, start, state)
}

func TestOnlySoManyCallsMayWaitInAll(t *testing.T) {
	var ran executions
	var asks []runnertest.Output
	var tools []runner.Tool
	for i := range 2 {
		var ids []string
		for j := range runner.MaxStateCalls/2 + 1 {
			ids = append(ids, "c"+strconv.Itoa(i)+"_"+strconv.Itoa(j))
		}
		name := "ask" + strconv.Itoa(i)
		inner := newAgent("B"+strconv.Itoa(i), script(calls("gated", ids...)), ran.gated("gated"))
		tools = append(tools, inner.AsTool(runner.AgentToolOptions{Name: name}))
		asks = append(asks, runnertest.ToolCall(name, "o"+strconv.Itoa(i), `{"input":"Go."}`))
	}
	requireError[*runner.ModelBehaviorError](t, newAgent("A", script(runnertest.Reply(asks...)), tools...), runner.Text("Go."))
}
