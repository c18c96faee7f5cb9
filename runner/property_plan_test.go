package runner_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// plan is what happens in a run: what the models answer, and what a person
// decides on every gated call.
type plan struct {
	outer, inner []runnertest.Turn
	decisions    map[string]runner.Decision
	calls        []string // every call that the outer model makes, handoffs included
	fatal        bool     // a tool ends the run
}

var planAgents = []string{"A", "B", "C"}

// newPlan makes a random plan. Turns call up to four tools at once, free, gated
// and failing ones and an agent that works as a tool, and hand over.
func newPlan(random *rand.Rand) *plan {
	p := &plan{decisions: map[string]runner.Decision{}}
	agent := "A"
	for turn := range 1 + random.IntN(4) {
		var outputs []runnertest.Output
		if random.IntN(4) == 0 {
			outputs = append(outputs, runnertest.Reasoning("Hm."))
		}
		if random.IntN(3) == 0 {
			outputs = append(outputs, runnertest.Message("I look."))
		}
		handsOff := random.IntN(3) == 0
		count := random.IntN(4)
		if !handsOff {
			count++
		}
		usesAgent := false
		for i := range count {
			id := fmt.Sprintf("t%dc%d", turn, i)
			kind := []string{"free", "gated", "gated", "failing", "inner"}[random.IntN(5)]
			if kind == "inner" && usesAgent {
				kind = "gated"
			}
			if kind == "inner" {
				usesAgent = true
				p.planInside(random, id)
				p.calls = append(p.calls, id)
				outputs = append(outputs, runnertest.ToolCall("inner", id, `{"input":"Go."}`))
				continue
			}
			outputs = append(outputs, p.call(random, kind, id))
			p.calls = append(p.calls, id)
		}
		if handsOff {
			id := fmt.Sprintf("t%dh", turn)
			agent = otherThan(random, agent)
			outputs = append(outputs, runnertest.ToolCall("transfer_to_"+string(agent[0]+'a'-'A'), id, `{}`))
			p.calls = append(p.calls, id)
		}
		p.outer = append(p.outer, runnertest.Reply(outputs...))
	}
	if random.IntN(10) == 0 {
		p.fatal = true
		p.outer = append(p.outer, runnertest.Reply(p.call(random, "free", "x0"), p.call(random, "gated", "x1"), runnertest.ToolCall("fatal", "x2", `{}`)))
		return p
	}
	p.outer = append(p.outer, says("Done."))
	return p
}

// planInside plans one run of the agent that works as a tool.
func (p *plan) planInside(random *rand.Rand, callID string) {
	for turn := range random.IntN(3) {
		var outputs []runnertest.Output
		for i := range 1 + random.IntN(2) {
			outputs = append(outputs, p.call(random, []string{"free", "gated"}[random.IntN(2)], fmt.Sprintf("%si%dc%d", callID, turn, i)))
		}
		p.inner = append(p.inner, runnertest.Reply(outputs...))
	}
	p.inner = append(p.inner, says("Inside "+callID))
}

func (p *plan) call(random *rand.Rand, tool, id string) runnertest.Output {
	if tool == "gated" {
		decision := runner.Decision{Approve: random.IntN(3) > 0}
		if words := "no, " + id; !decision.Approve && random.IntN(2) == 0 {
			decision.Message = &words
		}
		p.decisions[id] = decision
	}
	return runnertest.ToolCall(tool, id, []string{`{}`, ``, `{"path":"<a>","n":1.0}`}[random.IntN(3)])
}

func otherThan(random *rand.Rand, agent string) string {
	for {
		if other := planAgents[random.IntN(len(planAgents))]; other != agent {
			return other
		}
	}
}

// stage plays a plan: its agents, its models and what was run.
type stage struct {
	plan         *plan
	start        *runner.Agent
	outer, inner *runnertest.ScriptedModel

	mu      sync.Mutex
	ran     map[string]int
	decided map[string]bool
	wrong   []string // what must not happen and did
}

// newStage sets a plan up. Without a gate, tools do what was decided by
// themselves: the run is never paused.
func (p *plan) newStage(gate bool) *stage {
	s := &stage{plan: p, outer: script(p.outer...), inner: script(p.inner...), ran: map[string]int{}, decided: map[string]bool{}}
	inside := newAgent("Inside", s.inner, s.tool("free", false), s.tool("gated", gate))
	agents := map[string]*runner.Agent{}
	for _, name := range planAgents {
		agents[name] = newAgent(name, s.outer, s.tool("free", false), s.tool("gated", gate), s.tool("failing", false), s.tool("fatal", false),
			inside.AsTool(runner.AgentToolOptions{Name: "inner"}))
	}
	for _, from := range planAgents {
		for _, to := range planAgents {
			if from != to {
				agents[from].Handoffs = append(agents[from].Handoffs, agents[to])
			}
		}
	}
	s.start = agents["A"]
	return s
}

func (s *stage) tool(name string, gate bool) *runner.FunctionTool {
	tool := &runner.FunctionTool{Name: name}
	if gate {
		tool.NeedsApproval = runner.Always
	}
	tool.Invoke = func(_ context.Context, call *runner.ToolCall) (any, error) {
		decision, gated := s.plan.decisions[call.ID]
		if gated && !gate && !decision.Approve {
			if decision.Message != nil {
				return *decision.Message, nil
			}
			return "Tool execution was not approved.", nil
		}
		s.note(call.ID, gated && gate)
		if name == "failing" || name == "fatal" {
			return nil, errBroken
		}
		return map[string]string{"done": call.ID}, nil
	}
	if name == "fatal" {
		tool.OnError = runner.FailRun
	}
	return tool
}

// note notes that a call was run, and whether it might.
func (s *stage) note(callID string, gated bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ran[callID]++; s.ran[callID] > 1 {
		s.wrong = append(s.wrong, callID+" was run twice")
	}
	if gated && (!s.decided[callID] || !s.plan.decisions[callID].Approve) {
		s.wrong = append(s.wrong, callID+" was run without an approval")
	}
}

// decide decides on a waiting call as the plan says.
func (s *stage) decide(state *runner.State, item *runner.RunItem) error {
	s.mu.Lock()
	s.decided[item.CallID()] = true
	s.mu.Unlock()
	return state.Decide(item, s.plan.decisions[item.CallID()])
}
