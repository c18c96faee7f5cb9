package runner

import (
	"cmp"
	"encoding/json"
	"slices"

	"runstream/internal/codec"
)

// withheld replaces what an output guardrail kept back.
const withheld = "Output withheld by an output guardrail."

// withholdsTurns says whether an interrupted turn may still end with a tool's
// output that output guardrails have to see first.
func (l *runLoop) withholdsTurns() bool {
	b := l.s.agent.ToolUse
	return l.guardsOutput() && (b.Func != nil || b.StopOnFirstTool || b.StopAtTools != nil)
}

// withholdOutput keeps a tool's output that was to be the final one, and that
// a guardrail tripped on, out of the run: of the response only its function
// calls stay, with outputs that say nothing. A response with anything else to
// hide goes as a whole. It says whether the turn is to be saved.
func (l *runLoop) withholdOutput() (saves bool) {
	s := l.s
	work, before := s.work, s.step
	s.step, s.work = stepModel, nil
	if work == nil {
		return false
	}
	generated, items := l.start.generated, l.start.items
	if len(work.items) > 0 {
		if i := slices.Index(s.generated, work.items[0]); i >= 0 {
			generated = i
		}
		if i := slices.Index(s.items, work.items[0]); i >= 0 {
			items = i
		}
	}
	if !slices.ContainsFunc(s.items[items:], func(item *RunItem) bool { return item.Type == ToolCallOutputItem }) {
		if before == stepRunAgain {
			s.step = before // the turns before it can be gone on from
		}
		return false // a message was tripped on: it stays, but is not saved
	}
	blank, ok := blankCalls(s.items[items:], l.withheldText())
	s.responses = slices.DeleteFunc(s.responses, func(r *ModelResponse) bool { return r == work.response })
	if ok {
		response := *work.response
		response.Output = nil
		for _, item := range blank {
			if item.Type == ToolCallItem {
				response.Output = append(response.Output, item.Raw)
			}
		}
		s.responses = append(s.responses, &response)
	}
	s.generated, s.items = slices.Concat(s.generated[:generated], blank), slices.Concat(s.items[:items], blank)
	l.savedItems, s.held = min(l.savedItems, items), s.held.withoutTurn(s.turn)
	return true
}

func (l *runLoop) withheldText() string { return cmp.Or(l.cfg.withheld, withheld) }

// withholdResults takes a withheld output out of what its guardrails said, which
// goes into states and errors.
func (l *runLoop) withholdResults(tripped *OutputGuardrailTripwireTriggered) {
	blank := func(result *GuardrailResult) {
		result.Output.Info, result.AgentOutput = nil, l.withheldText()
	}
	for i := range l.s.outputGuardrails {
		blank(&l.s.outputGuardrails[i])
	}
	blank(&tripped.Result)
}

// blankCalls gives the function calls of a response that have an output, and
// outputs that say nothing. It fails for a response that holds reasoning or
// calls of other tools.
func blankCalls(items []*RunItem, text string) (blank []*RunItem, ok bool) {
	calls, outputs := map[string]bool{}, map[string]bool{}
	for _, item := range items {
		head := item.parsed()
		switch item.Type {
		case ReasoningItem:
			return nil, false
		case ToolCallItem:
			if head.Type != "function_call" || calls[head.CallID] || !calledDirectly(item.Raw) {
				return nil, false
			}
			calls[head.CallID] = true
		case ToolCallOutputItem:
			if head.Type != "function_call_output" || outputs[head.CallID] || !calledDirectly(item.Raw) {
				return nil, false
			}
			outputs[head.CallID] = true
		}
	}
	for _, item := range items {
		callID := item.CallID()
		switch {
		case !calls[callID] || !outputs[callID]:
		case item.Type == ToolCallItem:
			blank = append(blank, item)
		case item.Type == ToolCallOutputItem:
			output := answer(item, text)
			output.ToolName, output.Origin = item.ToolName, item.Origin
			blank = append(blank, output)
		}
	}
	return blank, len(blank) > 0
}

// calledDirectly says whether an item is no part of a program's work.
func calledDirectly(raw json.RawMessage) bool {
	var caller json.RawMessage
	var kind string
	if codec.Read(raw, codec.Fields{"caller", &caller}) != nil {
		return false
	}
	return codec.IsNull(caller) || codec.Read(caller, codec.Fields{"type", &kind}) == nil && kind == "direct"
}
