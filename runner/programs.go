package runner

import (
	"slices"
	"strings"
)

// A program is code that the model writes and its server runs. Its calls of the
// run's tools name it as their caller.

// programs are those that a response's calls may come from, by call id.
type programs struct {
	known, ended map[string]bool
}

// programsOf gives the programs of a conversation and of the response to it.
func programsOf(s *State, response *ModelResponse) *programs {
	p := &programs{known: map[string]bool{}, ended: map[string]bool{}}
	for _, head := range headsOf(s.original.asItems()) {
		p.note(head, s.serverKeeps())
	}
	for _, item := range s.items {
		p.note(item.parsed(), s.serverKeeps())
	}
	for _, head := range headsOf(response.Output) {
		p.note(head, false)
	}
	return p
}

// note notes what an item says of programs. What a server keeps may have their
// calls and outputs alone.
func (p *programs) note(head *rawItem, serverKeeps bool) {
	switch {
	case head.Type == "program", head.Type == "program_output" && serverKeeps:
		p.known[head.CallID] = true
	case head.Caller == "program" && serverKeeps:
		p.known[head.CallerID] = true
	}
	if head.Type == "program_output" && head.Status == "completed" {
		p.ended[head.CallID] = true
	}
}

// checkProgram refuses a program that the agent's tools do not allow for, and
// a call of a program that is not there or has ended.
func (p *processor) checkProgram(head *rawItem) error {
	called := head.Caller == "program"
	if !called && head.Type != "program" && head.Type != "program_output" {
		return nil
	}
	produced := "Model produced " + shownName(head.Type) + " item "
	if !p.offer.hosted("programmatic_tool_calling") {
		return &ModelBehaviorError{Message: produced + "without a programmatic_tool_calling tool."}
	}
	if !called {
		return nil
	}
	if p.programs == nil {
		p.programs = programsOf(p.l.s, p.work.response)
	}
	switch {
	case !p.programs.known[head.CallerID]:
		return &ModelBehaviorError{Message: produced + "with a program caller that does not match a parent program item."}
	case p.programs.ended[head.CallerID]:
		return &ModelBehaviorError{Message: produced + "with a program caller whose parent program is already completed."}
	}
	return nil
}

// program keeps a program, which the server runs, or what came of it.
func (p *processor) program(item *RunItem) error {
	kind := ToolCallOutputItem
	if item.head.Type == "program" {
		kind = ToolCallItem
	}
	return p.keep(item, kind, "programmatic_tool_calling")
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
