package runner

import (
	"slices"
)

// programs refuses documents that hold program items under a version that did
// not know them: what wrote them is not what they say.
func (r *documentReader) programs(s *State) {
	if r.minor >= 13 {
		return
	}
	isProgram := func(head *rawItem) bool {
		return head.Type == "program" || head.Type == "program_output" || head.Caller == "program"
	}
	found := slices.ContainsFunc(slices.Concat(s.items, s.generated), func(item *RunItem) bool { return isProgram(item.parsed()) })
	for _, response := range s.responses {
		for _, raw := range response.Output {
			found = found || isProgram(parseRawItem(raw))
		}
	}
	if found {
		r.fail("$schemaVersion", "Run state contains Programmatic Tool Calling data but uses a schema version before 1.13")
	}
}

// completed refuses a record of a completed call that the document does not
// show with its output, or shows otherwise: what was done could not be told.
func (r *documentReader) completed(s *State) {
	shown := s.shown()
	altered := map[string]bool{}
	s.eachShown(func(c callIdentity) {
		if callID := parseRawItem(c.raw).shownCall(); callID != "" {
			record := s.ledger[callID]
			altered[callID] = altered[callID] || !c.matches(record) && !c.isPatch(record)
		}
	})
	for callID, record := range s.ledger {
		if record.Completed && (!shown.answered(callID) || altered[callID]) {
			r.fail("context.tool_invocations", "RunState completed tool invocation does not match a restored tool call and output.")
		}
	}
}

// isPatch says whether the call is the patch of a record, as the model may have
// made it: as a function or custom call, which responses still show.
func (c callIdentity) isPatch(record invocation) bool {
	if record.Type != "apply_patch_call" {
		return false
	}
	patch, err := patchCallFrom(newItem(ToolCallItem, nil, c.raw))
	return err == nil && callIdentity{raw: patch, name: (*ApplyPatchTool)(nil).toolName()}.matches(record)
}

// shownCalls are the calls and the outputs that a state's document shows. Most
// are among the run's items: the other places are looked at when a call is not.
type shownCalls struct {
	state *State
	parts map[string]shownParts
	all   bool
}

type shownParts struct{ call, output bool }

func (s *State) shown() *shownCalls {
	c := &shownCalls{state: s, parts: make(map[string]shownParts, len(s.items))}
	c.noteItems(s.items)
	return c
}

func (c *shownCalls) answered(callID string) bool {
	answered := shownParts{call: true, output: true}
	if c.parts[callID] == answered {
		return true
	}
	if !c.all {
		c.all = true
		c.noteOthers()
	}
	return c.parts[callID] == answered
}

func (c *shownCalls) noteOthers() {
	s := c.state
	c.noteItems(s.generated)
	for _, response := range s.responses {
		for _, raw := range response.Output {
			c.note(s.graph.head(raw))
		}
	}
	for _, raw := range s.original.asItems() {
		c.note(s.graph.head(raw))
	}
}

func (c *shownCalls) noteItems(items []*RunItem) {
	for _, item := range items {
		if item.Type != ToolApprovalItem {
			c.note(item.parsed())
		}
	}
}

func (c *shownCalls) note(head *rawItem) {
	switch callID := head.shownCall(); {
	case isOutput(head.Type):
		c.add(head.CallID, shownParts{output: true})
	case head.Type == "mcp_approval_response":
		c.add(head.RequestID, shownParts{output: true})
	case callID != "":
		c.add(callID, shownParts{call: true})
	}
}

func (c *shownCalls) add(callID string, parts shownParts) {
	known := c.parts[callID]
	c.parts[callID] = shownParts{known.call || parts.call, known.output || parts.output}
}

// shownCall gives the id of a call that has an output; empty for other items.
func (r *rawItem) shownCall() string {
	switch {
	case isOutput(r.Type):
		return ""
	case r.Type == "mcp_approval_request":
		return r.ID
	case outputType(r.Type) != "":
		return r.CallID
	}
	return ""
}

// eachShown hands over every item that the state's document shows.
func (s *State) eachShown(note func(callIdentity)) {
	for _, item := range slices.Concat(s.items, s.generated) {
		if item.Type != ToolApprovalItem {
			note(identityOf(item))
		}
	}
	for _, response := range s.responses {
		for _, raw := range response.Output {
			note(callIdentity{raw: raw})
		}
	}
	for _, raw := range s.original.asItems() {
		note(callIdentity{raw: raw})
	}
}
