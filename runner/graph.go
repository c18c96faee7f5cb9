package runner

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"runstream/internal/codec"
)

// agentGraph knows every agent that can be reached from the first one, and
// the identities by which states refer to them.
type agentGraph struct {
	agents     []*Agent // breadth first
	identities map[*Agent]string
	byIdentity map[string]*Agent
	written    writtenParts
	// heads are the parsed items that stay with a run, such as its input, by where
	// their text lies in memory.
	heads memo[*byte, *rawItem]
}

func (g *agentGraph) head(raw json.RawMessage) *rawItem {
	if len(raw) == 0 {
		return parseRawItem(raw)
	}
	return g.heads.once(&raw[0], func() *rawItem { return parseRawItem(raw) })
}

func newAgentGraph(start *Agent) *agentGraph {
	g := &agentGraph{identities: map[*Agent]string{}, byIdentity: map[string]*Agent{}}
	seen := map[*Agent]bool{start: true}
	g.agents = []*Agent{start}
	for i := 0; i < len(g.agents); i++ {
		for _, next := range g.agents[i].neighbours() {
			if !seen[next] {
				seen[next] = true
				g.agents = append(g.agents, next)
			}
		}
	}
	g.nameAgents()
	return g
}

func (a *Agent) neighbours() []*Agent {
	var next []*Agent
	for _, target := range a.Handoffs {
		if h := handoffOf(target); h != nil {
			next = append(next, h.Agent)
		}
	}
	for _, tool := range a.Tools {
		if f, ok := tool.(*FunctionTool); ok && f != nil && f.agentTool != nil {
			next = append(next, f.agentTool.agent)
		}
	}
	return next
}

// handoffOf gives a target's handoff, nil where it leads nowhere.
func handoffOf(target HandoffTarget) *Handoff {
	if target == nil {
		return nil
	}
	if h := target.asHandoff(); h != nil && h.Agent != nil {
		return h
	}
	return nil
}

// check refuses agents that no run can be started with.
func (g *agentGraph) check() error {
	if err := g.complete(); err != nil {
		return err
	}
	for _, agent := range g.agents {
		if err := checkHandoffNames(agent); err != nil {
			return err
		}
	}
	return nil
}

// complete refuses agents that lack something a run would stumble over.
func (g *agentGraph) complete() error {
	for _, agent := range g.agents {
		for _, target := range agent.Handoffs {
			if handoffOf(target) == nil {
				return &UserError{Message: "agent " + agent.Name + " has a handoff to no agent; set Handoff.Agent"}
			}
		}
		for _, tool := range agent.Tools {
			if err := checkTool(tool, agent); err != nil {
				return err
			}
		}
		for _, guardrail := range agent.InputGuardrails {
			if guardrail.Run == nil {
				return nothingToRun("input guardrail "+guardrail.Name+" of agent "+agent.Name, "Run")
			}
		}
		for _, guardrail := range agent.OutputGuardrails {
			if guardrail.Run == nil {
				return nothingToRun("output guardrail "+guardrail.Name+" of agent "+agent.Name, "Run")
			}
		}
	}
	return nil
}

// checkHandoffNames refuses two handoffs to different agents of which the model
// would see one alone: names of other scripts become alike. A state may have some,
// for the SDK takes them.
func checkHandoffNames(agent *Agent) error {
	named := map[string]*Agent{}
	for _, target := range agent.Handoffs {
		h := target.asHandoff()
		if h.IsEnabled != nil {
			continue // there may be one of them at a time
		}
		name := h.Name()
		if other := named[name]; other != nil && other != h.Agent {
			return &UserError{Message: "agent " + agent.Name + " hands off to " + other.Name + " and " + h.Agent.Name + " by one tool, " + name + "; give one of them another tool name"}
		}
		named[name] = h.Agent
	}
	return nil
}

// checkTool refuses a tool that is none, and what states could not hold of it.
func checkTool(tool Tool, agent *Agent) error {
	switch tool {
	case nil, (*FunctionTool)(nil), (*CustomTool)(nil), (*ShellTool)(nil), (*LocalShellTool)(nil), (*ApplyPatchTool)(nil),
		(*ComputerTool)(nil), (*HostedTool)(nil), (*HostedMCPTool)(nil):
		return &UserError{Message: "agent " + agent.Name + " has a tool that is nil; remove it, or make the tool first"}
	}
	var shown json.RawMessage
	switch tool := tool.(type) {
	case *FunctionTool:
		shown = tool.Parameters
	case *HostedMCPTool:
		shown = tool.Config
	}
	if len(shown) > 0 && !codec.Valid(shown) {
		return &UserError{Message: "what tool " + tool.toolName() + " of agent " + agent.Name + " shows the model is not JSON; correct its Parameters or Config"}
	}
	return nil
}

// nothingToRun is the error of what lacks its function.
func nothingToRun(what, field string) error {
	return &UserError{Message: what + " has nothing to run; set " + field}
}

// nameAgents gives the first agent of a name that name, and the others the
// name with #2, #3 and so on: the one that starts first, the others by their
// signature, and equal ones by their place.
func (g *agentGraph) nameAgents() {
	named := map[string][]*Agent{}
	for _, agent := range g.agents {
		named[agent.Name] = append(named[agent.Name], agent)
	}
	for _, agent := range g.agents {
		group := slices.Clone(named[agent.Name])
		if group[0] != agent {
			continue
		}
		rest := group
		if agent == g.agents[0] {
			rest = group[1:]
		}
		slices.SortStableFunc(rest, func(a, b *Agent) int { return strings.Compare(a.signature(), b.signature()) })
		g.number(group, named)
	}
}

func (g *agentGraph) number(group []*Agent, named map[string][]*Agent) {
	for _, agent := range group {
		identity := agent.Name
		for n := 2; g.byIdentity[identity] != nil || identity != agent.Name && named[identity] != nil; n++ {
			identity = agent.Name + "#" + strconv.Itoa(n)
		}
		g.identities[agent] = identity
		g.byIdentity[identity] = agent
	}
}

// agentRef refers to an agent as states do.
type agentRef struct {
	Name     string
	Identity string
}

// WriteJSON implements [codec.Writable].
func (r agentRef) WriteJSON(w *codec.Writer) {
	w.Value(codec.Fields{"name", r.Name, "identity,omitempty", r.Identity})
}

func (g *agentGraph) ref(agent *Agent) agentRef {
	ref := agentRef{Name: agent.Name}
	if identity := g.identities[agent]; identity != agent.Name {
		ref.Identity = identity
	}
	return ref
}

// find resolves a reference; nil for an unknown agent.
func (g *agentGraph) find(ref agentRef) *Agent {
	if ref.Identity != "" {
		return g.byIdentity[ref.Identity]
	}
	return g.byIdentity[ref.Name]
}
