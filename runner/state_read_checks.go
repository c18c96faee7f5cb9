package runner

import "slices"

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
// show with its output: what was done could not be told.
func (r *documentReader) completed(s *State) {
	shown := s.shown()
	for callID, record := range s.ledger {
		if record.Completed && !shown.answered(callID) {
			r.fail("context.tool_invocations", "RunState completed tool invocation does not match a restored tool call and output.")
		}
	}
}

// shownCalls are the calls and the outputs that a state's document shows.
type shownCalls struct{ calls, outputs map[string]bool }

func (c shownCalls) answered(callID string) bool { return c.calls[callID] && c.outputs[callID] }

func (s *State) shown() shownCalls {
	calls, outputs := map[string]bool{}, map[string]bool{}
	note := func(head *rawItem) {
		switch {
		case isOutput(head.Type):
			outputs[head.CallID] = true
		case head.Type == "mcp_approval_request":
			calls[head.ID] = true
		case head.Type == "mcp_approval_response":
			outputs[head.RequestID] = true
		case outputType(head.Type) != "":
			calls[head.CallID] = true
		}
	}
	for _, item := range slices.Concat(s.items, s.generated) {
		if item.Type != ToolApprovalItem {
			note(item.parsed())
		}
	}
	for _, response := range s.responses {
		for _, raw := range response.Output {
			note(parseRawItem(raw))
		}
	}
	for _, raw := range s.original.asItems() {
		note(parseRawItem(raw))
	}
	return shownCalls{calls, outputs}
}
