package runner

import (
	"context"
	"encoding/json"
	"slices"
)

// turnStart is where a turn's part of the run begins: that of a fresh turn with
// the response, that of a resumed one with what is made now.
type turnStart struct {
	generated, items int
	previousID       *string // the response that the server's conversation stood at
}

func (l *runLoop) beginTurn() {
	l.start, l.made = turnStart{len(l.s.generated), len(l.s.items), l.s.carried.PreviousResponseID}, nil
}

// keep adds items to the run.
func (l *runLoop) keep(items []*RunItem) {
	l.s.generated = append(l.s.generated, items...)
	l.s.items = append(l.s.items, items...)
}

// make adds an item that this turn made here. It is announced with the others
// once the turn is settled.
func (l *runLoop) make(item *RunItem) {
	l.keep([]*RunItem{item})
	l.made = append(l.made, item)
}

// settleMade gives the items that were made and are to be announced.
func (l *runLoop) settleMade() []*RunItem {
	made := l.made
	l.made = nil
	return made
}

func (l *runLoop) announce() { l.emitItems(l.settleMade()) }

func (l *runLoop) emitItems(items []*RunItem) {
	for _, item := range items {
		l.emitItem(item)
	}
}

// takeBack takes a failed turn out of the run: its items were announced, but
// the turn does not count.
func (l *runLoop) takeBack(work *turnWork) {
	s := l.s
	s.responses = slices.DeleteFunc(s.responses, func(r *ModelResponse) bool { return r == work.response })
	s.generated, s.items = s.generated[:l.start.generated], s.items[:l.start.items]
	s.work, l.made = nil, nil
	s.carried.PreviousResponseID = l.start.previousID
}

// keepFinished keeps what a failed turn has done: the calls that have run, with
// the reasoning right before each, and their outputs. If there is none, nothing is
// kept: a call that was only rejected can be rejected again.
func (l *runLoop) keepFinished(ctx context.Context, work *turnWork, results []callResult) (isKept bool) {
	made := map[string]*RunItem{}
	for _, result := range results {
		if result.hasRun() {
			made[result.item.CallID()] = result.item
		}
	}
	if l.s.serverKeeps() || l.withholdsTurns() {
		return false // the conversation goes on from what was accepted before
	}
	kept, outputs := finishedItems(work.items, made)
	if len(kept) == 0 {
		return false
	}
	l.s.tools.record(l.s.agent, work.toolsUsed)
	l.s.responses = append(l.s.responses, work.response)
	l.s.step = stepRunAgain
	l.keep(kept)
	for _, output := range outputs {
		l.make(output)
	}
	l.announce()
	_ = l.saveTurn(ctx) // the failure that is on its way says more
	return true
}

// forgetUnfinished forgets that calls were begun of which nothing is kept: the
// model is asked anew, and may give the call that it makes then the same id.
func (s *State) forgetUnfinished(results []callResult, isKept bool) {
	for _, result := range results {
		if result.hasRun() && isKept {
			continue
		}
		s.ledger.forget(result.localCall.item)
		for _, record := range s.records(result.localCall.item) {
			record.forgetCall(result.call.ID)
		}
	}
}

// finishedItems gives the items of a response that need nothing more, and the
// outputs that were made for its calls, in their order.
func finishedItems(items []*RunItem, made map[string]*RunItem) (kept, outputs []*RunItem) {
	answered := map[string]bool{}
	for _, item := range items {
		if item.Type == ToolCallOutputItem {
			answered[item.CallID()] = true
		}
	}
	var reasoning []*RunItem
	for _, item := range items {
		if item.Type == ReasoningItem {
			reasoning = append(reasoning, item)
			continue
		}
		output := made[item.CallID()]
		isCall := item.Type == ToolCallItem
		if isCall && (output != nil || answered[item.CallID()] && item.CallID() != "") || item.Type == ToolCallOutputItem || item.completedByServer() {
			kept = append(append(kept, reasoning...), item)
			if isCall && output != nil {
				outputs = append(outputs, output)
			}
		}
		reasoning = nil // it belongs to the item after it
	}
	return kept, outputs
}

// completedByServer says whether the item is a call that the server has run.
func (i *RunItem) completedByServer() bool {
	head := i.parsed()
	switch {
	case head.Status != "completed":
		return false
	case head.Type == "tool_search_call", head.Type == "tool_search_output":
		return head.Execution == "server"
	}
	return head.Type == "mcp_call" || hostedToolName(head.Type) != ""
}

// callOrder puts the outputs among items in the order of the response's calls.
// Other items keep their places.
func callOrder(items []*RunItem, response *ModelResponse) {
	var slots []int
	calls := response.byCallID()
	outputs := map[string]*RunItem{}
	for i, item := range items {
		if item.Type == ToolCallOutputItem && calls[item.CallID()] != nil {
			slots, outputs[item.CallID()] = append(slots, i), item
		}
	}
	for _, raw := range response.Output {
		callID := parseRawItem(raw).CallID
		if output := outputs[callID]; output != nil && len(slots) > 0 {
			items[slots[0]], slots = output, slots[1:]
			delete(outputs, callID)
		}
	}
}

// byCallID gives the response's items that have a call id, by it.
func (r *ModelResponse) byCallID() map[string][]json.RawMessage {
	items := map[string][]json.RawMessage{}
	for _, raw := range r.Output {
		if callID := parseRawItem(raw).CallID; callID != "" {
			items[callID] = append(items[callID], raw)
		}
	}
	return items
}
