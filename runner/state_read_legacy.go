package runner

// rebuildLedger makes the ledger of a document from before it had one (1.15):
// what has an output is done, and what was decided is bound to the call that
// waits now.
func rebuildLedger(s *State) {
	done := finishedCalls(s.generated)
	for callID := range finishedCalls(s.items) {
		done[callID] = true
	}
	for _, list := range [][]*RunItem{s.items, s.generated} {
		for _, item := range list {
			if item.Type != ToolCallItem && item.Type != HandoffCallItem || !done[item.CallID()] {
				continue
			}
			c := identityOf(item)
			c.handoff = item.Type == HandoffCallItem
			if _, err := s.ledger.register(c); err == nil {
				s.ledger.markCompleted(item.CallID())
			}
		}
	}
	for _, waiting := range s.work.interruptions {
		owner := s.ownerOf(waiting) // the state is not whole yet
		if record := s.approvals.named[waiting.key.approvalKey()]; owner != s && record != nil {
			owner.inheritDecision(waiting, record) // before 1.15 it was written here
		}
	}
}

// inheritDecision takes over a decision on one call that the outer run holds.
func (s *State) inheritDecision(item *RunItem, outer *decisionRecord) {
	if v, message := outer.verdict(item.CallID(), "", false); v != undecided {
		s.record(item).decide(item.CallID(), "", Decision{Approve: v == approved, Message: message})
	}
}
