package runner

import "slices"

// Copy copies the agent and those that it reaches, by handoffs and as tools,
// each once: what is added to a copy is not there for other runs. Copies of an
// earlier call are taken from copies, which Copy adds to.
func (a *Agent) Copy(copies map[*Agent]*Agent) *Agent {
	if a == nil || copies[a] != nil {
		return copies[a]
	}
	if copies == nil {
		copies = map[*Agent]*Agent{}
	}
	copied := *a
	copies[a] = &copied // before its colleagues, who may lead back
	copied.Tools = slices.Clone(a.Tools)
	for i, tool := range copied.Tools {
		if f, ok := tool.(*FunctionTool); ok && f != nil && f.agentTool != nil {
			own := *f
			own.agentTool = &agentTool{agent: f.agentTool.agent.Copy(copies), options: f.agentTool.options}
			copied.Tools[i] = &own
		}
	}
	copied.Handoffs = slices.Clone(a.Handoffs)
	for i, target := range copied.Handoffs {
		switch target := target.(type) {
		case *Agent:
			copied.Handoffs[i] = target.Copy(copies)
		case *Handoff:
			own := *target
			own.Agent = target.Agent.Copy(copies)
			copied.Handoffs[i] = &own
		}
	}
	return &copied
}
