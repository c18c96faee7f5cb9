package runner

import (
	"encoding/json"
	"slices"

	"runstream/internal/wire"
)

// outputType gives the type of the item that answers a call of a type.
func outputType(callType string) string {
	switch callType {
	case "function_call":
		return "function_call_output"
	case "custom_tool_call":
		return "custom_tool_call_output"
	case "computer_call":
		return "computer_call_output"
	case "shell_call":
		return "shell_call_output"
	case "local_shell_call":
		return "local_shell_call_output"
	case "apply_patch_call":
		return "apply_patch_call_output"
	case "program":
		return "program_output"
	case "tool_search_call":
		return "tool_search_output"
	}
	return ""
}

// prepareModelInput joins the original input and what was generated since. A
// call without an output, such as one that a stopped run left behind, is left
// out with the reasoning right before it: the API accepts neither alone. Where the
// server has the calls, outputs stand alone.
func (s *State) prepareModelInput(original []json.RawMessage, generated []*RunItem, serverHasCalls bool) []json.RawMessage {
	var heads []*rawItem
	var input []json.RawMessage
	for _, raw := range original {
		input = append(input, raw)
		heads = append(heads, s.graph.head(raw))
	}
	first := len(input)
	input, heads = appendInput(input, heads, generated)
	dropped := map[int]bool{}
	if !serverHasCalls {
		dropped = orphanCalls(heads, first)
	}
	var kept []json.RawMessage
	var keptHeads []*rawItem
	for i := range input {
		if !dropped[i] {
			kept = append(kept, input[i])
			keptHeads = append(keptHeads, heads[i])
		}
	}
	return preferLatest(kept, keptHeads)
}

// appendInput adds those items that are input, and their heads.
func appendInput(input []json.RawMessage, heads []*rawItem, items []*RunItem) ([]json.RawMessage, []*rawItem) {
	for _, item := range items {
		if item.isInput() {
			input, heads = append(input, item.toInput()), append(heads, item.parsed())
		}
	}
	return input, heads
}

// orphanCalls finds the calls from index first on that have no output, and the
// reasoning that led to them.
func orphanCalls(heads []*rawItem, first int) map[int]bool {
	answered := make(map[inputKey]bool, len(heads))
	searched, results := map[*rawItem]bool{}, 0 // tool searches of the server's have no ids: each result is of the last one before it
	for _, head := range slices.Backward(heads) {
		switch {
		case head.Type == "tool_search_output" && head.CallID == "":
			results++
		case head.Type == "tool_search_call" && head.CallID == "" && results > 0:
			results--
			searched[head] = true
		case isOutput(head.Type):
			answered[inputKey{"call", head.Type, head.CallID}] = true
		}
	}
	return lostCalls(heads, first, func(head *rawItem) bool {
		return searched[head] || answered[inputKey{"call", outputType(head.Type), head.CallID}]
	})
}

func lostCalls(heads []*rawItem, first int, answered func(*rawItem) bool) map[int]bool {
	programs := map[string]bool{} // without an output; whether they go on
	for i, head := range heads {
		if i >= first && head.Type == "program" && head.CallID != "" && !answered(head) {
			programs[head.CallID] = false
		}
	}
	for i, head := range heads {
		if _, open := programs[head.CallerID]; open && (i < first || head.keepsProgram()) {
			programs[head.CallerID] = true
		}
	}
	lost := map[int]bool{}
	for i := first; i < len(heads); i++ {
		head := heads[i]
		goesOn, open := programs[head.CallerID]
		switch {
		case open && !goesOn: // it goes with its program
		case head.Type == "program" && programs[head.CallID], open && head.isPendingShell():
			continue
		case outputType(head.Type) == "" || answered(head):
			continue
		}
		lost[i] = true
		for before := i - 1; before >= first && heads[before].Type == "reasoning"; before-- {
			lost[before] = true
		}
	}
	return lost
}

// keepsProgram says whether a program that made the item goes on with it.
func (r *rawItem) keepsProgram() bool {
	switch r.Type {
	case "mcp_call", "mcp_list_tools", "mcp_approval_request", "mcp_approval_response":
		return true
	}
	return isOutput(r.Type) || hostedToolName(r.Type) != "" || r.isPendingShell()
}

// isPendingShell says whether the item is a shell call that the server still runs.
func (r *rawItem) isPendingShell() bool {
	return r.Type == "shell_call" && (r.Status == "" || r.Status == "in_progress")
}

// preferLatest keeps one item per identifier, with the latest value: calls and
// reasoning at their first place, others at their last.
func preferLatest(items []json.RawMessage, heads []*rawItem) []json.RawMessage {
	type place struct{ anchor, latest int }
	places := make([]place, 0, len(heads)) // one of each identifier
	numbers := make(map[inputKey]int, len(heads))
	own := make([]int, len(heads)) // the number of each item's place, -1 for none
	for i, head := range heads {
		own[i] = -1
		key := dedupeKey(head)
		if key == (inputKey{}) {
			continue
		}
		number, seen := numbers[key]
		if !seen {
			number = len(places)
			numbers[key] = number
			places = append(places, place{anchor: i})
		}
		own[i] = number
		places[number].latest = i
		precursor := outputType(head.Type) != "" || head.Type == "mcp_approval_request" || head.Type == "reasoning"
		if !precursor {
			places[number].anchor = i
		}
	}
	kept := make([]json.RawMessage, 0, len(items))
	for i, number := range own {
		switch {
		case number < 0:
			kept = append(kept, items[i])
		case places[number].anchor == i:
			kept = append(kept, items[places[number].latest])
		}
	}
	return kept
}

// inputKey is what an item of the input is known by. The zero inputKey is of none.
type inputKey struct{ by, itemType, id string }

func dedupeKey(head *rawItem) inputKey {
	switch {
	case head.Type == "mcp_approval_response":
		return inputKey{by: "response", id: head.RequestID}
	case head.Role != "" || head.Type == "message" || head.Type == "":
		return inputKey{}
	case head.CallID != "" && (outputType(head.Type) != "" || isOutput(head.Type)):
		return inputKey{"call", head.Type, head.CallID}
	case head.ID != "" && head.ID != wire.FakeID:
		return inputKey{"id", head.Type, head.ID}
	case head.CallID != "":
		return inputKey{"call", head.Type, head.CallID}
	}
	return inputKey{}
}

func isOutput(itemType string) bool {
	switch itemType {
	case "function_call_output", "custom_tool_call_output", "computer_call_output", "shell_call_output",
		"local_shell_call_output", "apply_patch_call_output", "program_output", "tool_search_output":
		return true
	}
	return false
}
