package runner

import (
	"context"
	"slices"

	"runstream/internal/codec"
)

// offer is what an agent offers the model this turn: the tools and handoffs
// that are enabled, each name once. Of equal names the last handoff, else the
// last tool, is offered.
type offer struct {
	tools    []Tool
	handoffs []*Handoff
}

func (l *runLoop) offer(ctx context.Context) *offer { return offerOf(ctx, l.context, l.s.agent) }

func offerOf(ctx context.Context, run *RunContext, agent *Agent) *offer {
	o := &offer{}
	names := map[string]bool{}
	for _, h := range slices.Backward(agent.enabledHandoffs(ctx, run)) {
		if !names[h.Name()] {
			names[h.Name()] = true
			o.handoffs = append(o.handoffs, h)
		}
	}
	seen := map[toolKey]bool{}
	for _, tool := range slices.Backward(agent.enabledTools(ctx, run)) {
		if f, ok := tool.(*FunctionTool); ok {
			if seen[f.key()] || f.key().kind == "bare" && names[f.Name] {
				continue
			}
			seen[f.key()] = true
		}
		o.tools = append(o.tools, tool)
	}
	slices.Reverse(o.handoffs)
	slices.Reverse(o.tools)
	return o
}

// checkEnabled refuses calls of functions that are disabled by the time they
// would run, as the SDK does.
func (l *runLoop) checkEnabled(ctx context.Context, calls []localCall) error {
	asked := map[*FunctionTool]bool{}
	for _, c := range calls {
		f, ok := c.tool.(*FunctionTool)
		if !ok || f.IsEnabled == nil || asked[f] {
			continue
		}
		if asked[f] = true; !f.IsEnabled(ctx, l.context, l.s.agent) {
			return &ModelBehaviorError{Message: "Tool " + f.Name + " is currently disabled for agent " + l.s.agent.Name + "."}
		}
	}
	return nil
}

// unique refuses an agent that offers a name twice.
func unique(ctx context.Context, run *RunContext, agent *Agent) error {
	seen := map[toolKey]bool{}
	for _, h := range agent.enabledHandoffs(ctx, run) {
		if seen[bareKey(h.Name())] {
			return twice(agent, h.Name())
		}
		seen[bareKey(h.Name())] = true
	}
	for _, tool := range agent.enabledTools(ctx, run) {
		f, ok := tool.(*FunctionTool)
		if ok && seen[f.key()] {
			return twice(agent, f.Name)
		}
		if ok {
			seen[f.key()] = true
		}
	}
	return nil
}

func twice(agent *Agent, name string) error {
	return &UserError{Message: "agent " + agent.Name + " offers two tools named " + name + "; rename one of them"}
}

func (o *offer) handoff(name string) *Handoff {
	for _, h := range o.handoffs {
		if h.Name() == name {
			return h
		}
	}
	return nil
}

func (o *offer) function(key toolKey) *FunctionTool {
	for _, tool := range o.tools {
		if f, ok := tool.(*FunctionTool); ok && f.key() == key {
			return f
		}
	}
	return nil
}

func (o *offer) custom(name string) *CustomTool {
	for _, tool := range o.tools {
		if c, ok := tool.(*CustomTool); ok && c.Name == name {
			return c
		}
	}
	return nil
}

func (o *offer) mcp(label string) *HostedMCPTool {
	for _, tool := range o.tools {
		if m, ok := tool.(*HostedMCPTool); ok && m.ServerLabel == label {
			return m
		}
	}
	return nil
}

// first finds the agent's tool of a type of which it can have one.
func first[T Tool](o *offer) (T, bool) {
	for _, tool := range o.tools {
		if t, ok := tool.(T); ok {
			return t, true
		}
	}
	var none T
	return none, false
}

// hosted says whether there is a tool of that type that the server runs.
func (o *offer) hosted(toolType string) bool {
	return slices.ContainsFunc(o.tools, func(tool Tool) bool {
		h, ok := tool.(*HostedTool)
		var kind string
		return ok && codec.Read(h.Config, codec.Fields{"type", &kind}) == nil && kind == toolType
	})
}

// local finds the tool that runs a call, nil for none.
func (o *offer) local(kind callKind, key toolKey, name string) localTool {
	switch kind {
	case functionCalls:
		if f := o.function(key); f != nil {
			return f
		}
	case customCalls:
		if c := o.custom(name); c != nil {
			return c
		}
	case computerCalls:
		if c, ok := first[*ComputerTool](o); ok {
			return c
		}
	case shellCalls:
		if s, ok := first[*ShellTool](o); ok {
			return s
		}
	case patchCalls:
		if p, ok := first[*ApplyPatchTool](o); ok {
			return p
		}
	case localShellCalls:
		if s, ok := first[*LocalShellTool](o); ok {
			return s
		}
	}
	return nil
}
