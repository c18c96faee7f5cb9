package runner

import (
	"encoding/json"
	"slices"
	"strings"
)

// A program is code that the model writes and its server runs. Its calls of the
// run's tools name it as their caller.

// programs are those that a response's calls may come from, by call id.
type programs struct {
	known, ended map[string]bool
}

// read notes the programs among items. What a server keeps may have their calls
// and outputs alone.
func (p *programs) read(items []json.RawMessage, serverKeeps bool) {
	for _, raw := range items {
		head := parseRawItem(raw)
		switch {
		case head.Type == "program":
			p.known[head.CallID] = true
		case head.Type == "program_output" && serverKeeps:
			p.known[head.CallID] = true
		case head.Caller == "program" && serverKeeps:
			p.known[head.CallerID] = true
		}
		if head.Type == "program_output" && head.Status == "completed" {
			p.ended[head.CallID] = true
		}
	}
}

// checkProgram refuses a program that the agent's tools do not allow for, and
// a call of a program that is not there or has ended.
func (p *processor) checkProgram(head *rawItem) error {
	called := head.Caller == "program"
	if !called && head.Type != "program" && head.Type != "program_output" {
		return nil
	}
	if !p.offer.hosted("programmatic_tool_calling") {
		return &ModelBehaviorError{Message: "Model produced " + shownName(head.Type) + " item without a programmatic_tool_calling tool."}
	}
	if !called {
		return nil
	}
	s := p.l.s
	if p.programs == nil {
		p.programs = &programs{known: map[string]bool{}, ended: map[string]bool{}}
		p.programs.read(s.original.asItems(), s.serverKeeps())
		for _, item := range s.items {
			p.programs.read([]json.RawMessage{item.Raw}, s.serverKeeps())
		}
		p.programs.read(p.work.response.Output, false)
	}
	switch {
	case !p.programs.known[head.CallerID]:
		return &ModelBehaviorError{Message: "Model produced " + shownName(head.Type) + " item with a program caller that does not match a parent program item."}
	case p.programs.ended[head.CallerID]:
		return &ModelBehaviorError{Message: "Model produced " + shownName(head.Type) + " item with a program caller whose parent program is already completed."}
	}
	return nil
}

// program keeps a program, which the server runs, or what came of it.
func (p *processor) program(item *RunItem) error {
	if item.head.Type == "program" {
		return p.keep(item, ToolCallItem, "programmatic_tool_calling")
	}
	return p.keep(item, ToolCallOutputItem, "programmatic_tool_calling")
}

// checkCaller refuses a call by whom the tool does not allow: all but the model
// itself, where allowed is nil.
func checkCaller(head *rawItem, tool string, allowed []string) error {
	caller := "direct"
	if head.Caller == "program" {
		caller = "programmatic"
	} else if head.Caller != "" {
		caller = head.Caller
	}
	if allowed == nil {
		allowed = []string{"direct"}
	}
	if !slices.Contains(allowed, caller) {
		return &ModelBehaviorError{Message: "Model invoked tool " + tool + " with caller " + shownName(caller) + ", but the tool allows only " + strings.Join(allowed, ", ")}
	}
	return nil
}
