package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"runstream/runner"
)

// decide asks about every call that waits. Nothing runs meanwhile.
func (c *chat) decide(ctx context.Context, state *runner.State) error {
	var always []*runner.RunItem
	for _, call := range state.Interruptions() {
		if slices.ContainsFunc(always, func(decided *runner.RunItem) bool {
			return decided.Agent == call.Agent && decided.ToolName == call.ToolName
		}) {
			continue
		}
		decision, err := c.ask(ctx, call)
		if err != nil {
			return err
		}
		if err := state.Decide(call, decision); err != nil {
			return err
		}
		if decision.Always {
			always = append(always, call)
		}
	}
	return nil
}

// ask asks about one call. "Always" holds until the message is answered.
func (c *chat) ask(ctx context.Context, call *runner.RunItem) (runner.Decision, error) {
	c.in.forget()
	c.out.line(fmt.Sprintf("%s asks for your approval: %s %s", call.Agent.Name, data(call.ToolName), data(call.Arguments())))
	for {
		c.out.prompt("yes, no [why], or always? ")
		line, err := c.read(ctx)
		if err != nil {
			return runner.Decision{}, err
		}
		if decision, ok := parseDecision(line); ok {
			return decision, nil
		}
	}
}

// parseDecision reads "y", "no", "n keep that one", "always". What is neither
// clear nor complete is no decision.
func parseDecision(line string) (runner.Decision, bool) {
	word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(word) {
	case "y", "yes":
		return runner.Decision{Approve: true}, rest == ""
	case "a", "always":
		return runner.Decision{Approve: true, Always: true}, rest == ""
	case "n", "no":
		if rest == "" {
			return runner.Decision{}, true
		}
		return runner.Decision{Message: &rest}, true
	}
	return runner.Decision{}, false
}
