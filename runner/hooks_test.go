package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// diary notes what happens, line by line.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// take gives the lines since it was last called.
func (d *diary) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := append([]string{}, d.lines...)
	d.lines = nil
	return lines
}

// hooks notes every call of a hook, after who.
func (d *diary) hooks(who string) *runner.Hooks {
	return &runner.Hooks{
		AgentStart: func(_ context.Context, _ *runner.RunContext, agent *runner.Agent) error {
			d.note("%sagent start %s", who, agent.Name)
			return nil
		},
		AgentEnd: func(_ context.Context, _ *runner.RunContext, agent *runner.Agent, output any) error {
			d.note("%sagent end %s %v", who, agent.Name, output)
			return nil
		},
		Handoff: func(_ context.Context, _ *runner.RunContext, from, to *runner.Agent) error {
			d.note("%shandoff %s %s", who, from.Name, to.Name)
			return nil
		},
		ModelStart: func(_ context.Context, _ *runner.RunContext, agent *runner.Agent, _ string, input []json.RawMessage) error {
			d.note("%smodel start %s %d", who, agent.Name, len(input))
			return nil
		},
		ModelEnd: func(_ context.Context, _ *runner.RunContext, agent *runner.Agent, response *runner.ModelResponse) error {
			d.note("%smodel end %s %d", who, agent.Name, len(response.Output))
			return nil
		},
		ToolStart: func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, _ runner.Tool, call *runner.ToolCall) error {
			d.note("%stool start %s", who, call.ID)
			return nil
		},
		ToolEnd: func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, _ runner.Tool, call *runner.ToolCall, output any) error {
			d.note("%stool end %s %v", who, call.ID, output)
			return nil
		},
	}
}

func TestHooksAreCalledInTheOrderOfTheRun(t *testing.T) {
	var noted diary
	var ran executions
	model := script(
		calls("tool", "c1"),
		runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)),
		says("Done."),
	)
	agent := newAgent("A", model, ran.free("tool"))
	agent.Handoffs = []runner.HandoffTarget{newAgent("B", model)}
	runOK(t, agent, runner.Text("Go."), runner.WithHooks(noted.hooks("")))
	assert.Equal(t, []string{
		"agent start A", "model start A 1", "model end A 1", "tool start c1", "tool end c1 done c1",
		"model start A 3", "model end A 1", "handoff A B",
		"agent start B", "model start B 5", "model end B 1", "agent end B Done.",
	}, noted.take())
}

func TestAnAgentsOwnHooksAreCalledToo(t *testing.T) {
	var noted diary
	model := script(runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`)), says("Done."))
	other := newAgent("B", model)
	other.Hooks = noted.hooks("B's ")
	agent := newAgent("A", model)
	agent.Handoffs = []runner.HandoffTarget{other}
	runOK(t, agent, runner.Text("Go."))
	lines := slices.DeleteFunc(noted.take(), func(line string) bool { return strings.Contains(line, "handoff") })
	assert.Equal(t, []string{"B's agent start B", "B's model start B 3", "B's model end B 1", "B's agent end B Done."}, lines)
}

func TestHooksOfAResumedRun(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var noted diary
			var ran executions
			agent := newAgent("A", script(calls("gated", "c1", "c2"), says("Done.")), ran.gated("gated"))
			hooks := runner.WithHooks(noted.hooks(""))
			result := runOK(t, agent, runner.Text("Go."), hooks)
			assert.Equal(t, []string{"agent start A", "model start A 1", "model end A 2"}, noted.take(), "no hook of a tool that waits")

			state := carry(t, agent, result.State())
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			require.NoError(t, state.Reject(waiting(t, state, "c2"), ""))
			runOK(t, agent, state, hooks)
			assert.Equal(t, []string{
				"tool start c1", "tool end c1 done c1", // and none of the rejected one
				"agent start A", "model start A 5", "model end A 1", "agent end A Done.",
			}, noted.take())
		})
	}
}

func TestAnAgentToolsHooksAreNotRepeatedWhereItGoesOn(t *testing.T) {
	var noted diary
	var ran executions
	model := script()
	agent := nested(1, ran.gated("gated"), model)
	model.Add(runnertest.Reply(runnertest.ToolCall("inner", "o1", `{"input":"Go."}`)), calls("gated", "c1"), says("Inner."), says("Done."))
	hooks := runner.WithHooks(noted.hooks(""))
	state := runOK(t, agent, runner.Text("Go."), hooks).State()
	assert.Equal(t, []string{"agent start Outer", "model start Outer 1", "model end Outer 1", "tool start o1"}, noted.take())
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	runOK(t, agent, reload(t, agent, state), hooks)
	assert.Equal(t, []string{"tool end o1 Inner.", "agent start Outer", "model start Outer 3", "model end Outer 1", "agent end Outer Done."}, noted.take())
}

func TestAnApprovedCallsOrder(t *testing.T) {
	var noted diary
	guardrail := func(what string) []runner.ToolGuardrail {
		return []runner.ToolGuardrail{{Name: what, Run: func(context.Context, *runner.ToolCall, any) (runner.ToolGuardrailOutput, error) {
			noted.note("%s guardrail", what)
			return runner.AllowTool(), nil
		}}}
	}
	tool := &runner.FunctionTool{
		Name: "gated", NeedsApproval: runner.Always, InputGuardrails: guardrail("input"), OutputGuardrails: guardrail("output"),
		Invoke: func(context.Context, *runner.ToolCall) (any, error) { noted.note("invoke"); return "ok", nil },
		CustomData: func(context.Context, *runner.ToolCall, any) (json.RawMessage, error) {
			noted.note("custom data")
			return json.RawMessage(`{"shown":true}`), nil
		},
	}
	agent := newAgent("A", script(calls("gated", "c1"), says("Done.")), tool)
	agent.ToolUse = runner.ToolUseBehavior{StopOnFirstTool: true}
	state := runOK(t, agent, runner.Text("Go.")).State()
	assert.Empty(t, noted.take(), "guardrails look when the call is to run")
	require.NoError(t, state.Approve(waiting(t, state, "c1")))
	result := runOK(t, agent, state, runner.WithHooks(noted.hooks("")))
	assert.Equal(t, []string{
		"input guardrail", "tool start c1", "invoke", "output guardrail", "custom data", "tool end c1 ok", "agent end A ok",
	}, noted.take())
	items := result.NewItems()
	assert.JSONEq(t, `{"shown":true}`, string(items[len(items)-1].CustomData))
}

func TestAHookThatFailsEndsTheRun(t *testing.T) {
	breakers := map[string]func(h *runner.Hooks){
		"agent start": func(h *runner.Hooks) {
			h.AgentStart = func(context.Context, *runner.RunContext, *runner.Agent) error { return errBroken }
		},
		"agent end": func(h *runner.Hooks) {
			h.AgentEnd = func(context.Context, *runner.RunContext, *runner.Agent, any) error { return errBroken }
		},
		"model start": func(h *runner.Hooks) {
			h.ModelStart = func(context.Context, *runner.RunContext, *runner.Agent, string, []json.RawMessage) error {
				return errBroken
			}
		},
		"model end": func(h *runner.Hooks) {
			h.ModelEnd = func(context.Context, *runner.RunContext, *runner.Agent, *runner.ModelResponse) error {
				return errBroken
			}
		},
		"tool start": func(h *runner.Hooks) {
			h.ToolStart = func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall) error {
				return errBroken
			}
		},
		"tool end": func(h *runner.Hooks) {
			h.ToolEnd = func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall, any) error {
				return errBroken
			}
		},
		"handoff": func(h *runner.Hooks) {
			h.Handoff = func(context.Context, *runner.RunContext, *runner.Agent, *runner.Agent) error { return errBroken }
		},
	}
	for name, spoil := range breakers {
		t.Run(name, func(t *testing.T) {
			var ran executions
			agent, _ := longRun(&ran)
			hooks := &runner.Hooks{}
			spoil(hooks)
			result, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithHooks(hooks))
			assert.ErrorIs(t, err, errBroken)
			assert.Nil(t, result.FinalOutput())
			if name == "tool start" {
				assert.Empty(t, ran.ids())
			}
			outputs(t, result.ToInputList())
		})
	}
}

// spans is a tracer that draws the tree of spans.
type spans struct {
	diary
	open int
}

type spanDepth struct{}

func (s *spans) StartSpan(ctx context.Context, kind runner.SpanKind, name string) (context.Context, func(error)) {
	depth, _ := ctx.Value(spanDepth{}).(int)
	s.note("%s%s %s", strings.Repeat("  ", depth), kind, name)
	s.mu.Lock()
	s.open++
	s.mu.Unlock()
	return context.WithValue(ctx, spanDepth{}, depth+1), func(err error) {
		if err != nil {
			s.note("%s%s %s ended with %s", strings.Repeat("  ", depth), kind, name, runner.ErrorName(err))
		}
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}
}

func TestSpansOfARun(t *testing.T) {
	traced := &spans{}
	var ran executions
	model := script()
	agent := nested(1, ran.free("tool"), model)
	agent.Handoffs = []runner.HandoffTarget{newAgent("Next", model)}
	agent.InputGuardrails = []runner.InputGuardrail{{Name: "guard", Blocking: true, Run: inputVerdict("guard", false).Run}}
	model.Add(
		runnertest.Reply(runnertest.ToolCall("inner", "o1", `{"input":"Go."}`)), calls("tool", "c1"), says("Inner."),
		runnertest.Reply(runnertest.ToolCall("transfer_to_next", "h", `{}`)), says("Done."),
	)
	runOK(t, agent, runner.Text("Go."), runner.WithTracer(traced))
	assert.Equal(t, []string{
		"run Outer",
		"  guardrail guard",
		"  agent Outer", "    model Outer",
		"    tool inner", "      run Inner", "        agent Inner", "          model Inner", "          tool tool", "        agent Inner", "          model Inner",
		"  agent Outer", "    model Outer", "    handoff Next",
		"  agent Next", "    model Next",
	}, traced.take())
	assert.Zero(t, traced.open, "every span ends")
}

func TestSpansSayWhatEndedThem(t *testing.T) {
	traced := &spans{}
	agent := newAgent("A", script(runnertest.Break(errBroken)))
	_, err := runner.Run(t.Context(), agent, runner.Text("Go."), runner.WithTracer(traced))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, []string{
		"run A", "  agent A", "    model A",
		"    model A ended with APIConnectionError", "  agent A ended with APIConnectionError", "run A ended with APIConnectionError",
	}, traced.take())
	assert.Zero(t, traced.open)
}

func TestUsageIsSummedOverTurnsPausesAndAgentTools(t *testing.T) {
	for carrier, carry := range carriers {
		t.Run(carrier, func(t *testing.T) {
			var ran executions
			model := script()
			agent := nested(2, ran.gated("gated"), model)
			var want runner.Usage
			add := func(turn runnertest.Turn) {
				n := want.Requests + 1
				turn.Usage = runner.RequestUsage{InputTokens: 100 * n, OutputTokens: 10 * n, CachedTokens: n, ReasoningTokens: 2 * n}
				want.Add(runner.Usage{
					Requests: 1, InputTokens: 100 * n, OutputTokens: 10 * n, TotalTokens: 110 * n, CachedTokens: n, ReasoningTokens: 2 * n,
				})
				model.Add(turn)
			}
			for _, id := range []string{"o1", "o2"} {
				add(runnertest.Reply(runnertest.ToolCall("inner", id, `{"input":"Go."}`)))
			}
			add(calls("gated", "c1"))
			first := want
			add(says("Innermost."))
			add(says("Inner."))
			add(says("Done."))

			result := runOK(t, agent, runner.Text("Go."))
			assert.Equal(t, first.InputTokens, result.Usage().InputTokens)
			state := carry(t, agent, result.State())
			require.NoError(t, state.Approve(waiting(t, state, "c1")))
			result = runOK(t, agent, carry(t, agent, state))
			assert.Equal(t, want, result.Usage())
			shown, err := carry(t, agent, result.State()).Result()
			require.NoError(t, err)
			assert.Equal(t, want, shown.Usage())
		})
	}
}

func TestEverySpanEndsThoughSomethingPanics(t *testing.T) {
	for name, spoil := range map[string]func(agent *runner.Agent, handoff *runner.Handoff){
		"instructions": func(agent *runner.Agent, _ *runner.Handoff) {
			agent.InstructionsFunc = func(context.Context, *runner.RunContext, *runner.Agent) (string, error) { panic("broken on purpose") }
		},
		"model": func(agent *runner.Agent, _ *runner.Handoff) { agent.Model = panicking{} },
		"tool": func(agent *runner.Agent, _ *runner.Handoff) {
			agent.Tools[0].(*runner.FunctionTool).Invoke = func(context.Context, *runner.ToolCall) (any, error) { panic("broken on purpose") }
		},
		"tool use": func(agent *runner.Agent, _ *runner.Handoff) {
			agent.ToolUse.Func = func(context.Context, *runner.RunContext, []runner.ToolResult) (runner.ToolsToFinalOutput, error) {
				panic("broken on purpose")
			}
		},
		"handoff": func(_ *runner.Agent, handoff *runner.Handoff) {
			handoff.OnHandoff = func(context.Context, *runner.RunContext, json.RawMessage) error { panic("broken on purpose") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			traced := &spans{}
			var ran executions
			handoff := &runner.Handoff{}
			agent := pair(script(calls("tool", "c1"), runnertest.Reply(runnertest.ToolCall("transfer_to_b", "h", `{}`))), handoff, ran.free("tool"))
			agent.Tools[0].(*runner.FunctionTool).OnError = runner.FailRun
			spoil(agent, handoff)
			failed, result := requireError[*runner.PanicError](t, agent, runner.Text("Go."), runner.WithTracer(traced))
			assert.NotEmpty(t, failed.Stack)
			assert.Zero(t, traced.open)
			outputs(t, result.ToInputList())
		})
	}
}

// panicking is a model that panics.
type panicking struct{}

func (panicking) Stream(context.Context, *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	panic("broken on purpose")
}

func TestATracerThatPanicsEndsTheRunAndNotTheProcess(t *testing.T) {
	for _, kind := range []runner.SpanKind{runner.SpanRun, runner.SpanAgent, runner.SpanModel, runner.SpanTool, runner.SpanHandoff, runner.SpanGuardrail} {
		for _, atEnd := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, " at its end ", atEnd), func(t *testing.T) {
				var ran executions
				agent, _ := longRun(&ran)
				agent.InputGuardrails = []runner.InputGuardrail{inputVerdict("guard", false)}
				requireError[*runner.PanicError](t, agent, runner.Text("Go."), runner.WithTracer(brokenTracer{kind, atEnd}))
			})
		}
	}
}

// brokenTracer panics at spans of a kind.
type brokenTracer struct {
	kind  runner.SpanKind
	atEnd bool
}

func (b brokenTracer) StartSpan(ctx context.Context, kind runner.SpanKind, _ string) (context.Context, func(error)) {
	if kind == b.kind && !b.atEnd {
		panic("broken on purpose")
	}
	return ctx, func(error) {
		if kind == b.kind {
			panic("broken on purpose")
		}
	}
}

func TestAToolsOutputStaysWhereWhatComesAfterItFails(t *testing.T) {
	fails := errors.New("no log today")
	hook := runner.WithHooks(&runner.Hooks{ToolEnd: func(context.Context, *runner.RunContext, *runner.Agent, runner.Tool, *runner.ToolCall, any) error {
		return fails
	}})
	customData := func(context.Context, *runner.ToolCall, any) (json.RawMessage, error) { return nil, fails }
	for name, after := range map[string]func(*runner.FunctionTool) []runner.Option{
		"the hook": func(*runner.FunctionTool) []runner.Option { return []runner.Option{hook} },
		"its custom data": func(tool *runner.FunctionTool) []runner.Option {
			tool.CustomData = customData
			return nil
		},
	} {
		for _, gated := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, gated %t", name, gated), func(t *testing.T) {
				var ran executions
				tool := ran.free("tool")
				if gated {
					tool = ran.gated("tool")
				}
				options := after(tool)
				model := script(calls("tool", "c1"), says("Done."))
				agent := newAgent("A", model, tool)
				result, err := runner.Run(t.Context(), agent, runner.Text("Go."), options...)
				if gated {
					require.NoError(t, err)
					state := result.State()
					require.NoError(t, state.Approve(waiting(t, state, "c1")))
					result, err = runner.Run(t.Context(), agent, state, options...)
				}
				require.ErrorIs(t, err, fails)
				runOK(t, agent, result.State())
				assert.Equal(t, []string{"c1"}, ran.ids(), "once")
				assert.Equal(t, map[string]string{"c1": "done c1"}, outputs(t, lastInput(model)))
			})
		}
	}
}
