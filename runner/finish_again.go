package runner

import "context"

// finishAgain ends a run that had its final output, and could not save it or
// compact its session: it does what is missing. The model and the agent's hooks
// are not asked again; output guardrails are, for a document may say anything.
func (l *runLoop) finishAgain(ctx context.Context) (any, error) {
	s := l.s
	saved := s.carried.FinalPending // Python writes no such thing, and may have saved nothing
	isSaved := s.step == stepModel && s.carried.PendingSessionWrite == nil && saved != nil && saved.Unsaved == 0
	isUnsaved := s.step == stepRunAgain && s.carried.PendingSessionWrite != nil
	if !isSaved && !isUnsaved || s.held != nil || l.mustGuard() {
		return nil, errTerminal
	}
	if isSaved {
		if err := l.mustHaveSession(saved.SessionID); err != nil {
			return nil, err
		}
	}
	then, err := l.decideAgain(ctx)
	if err != nil {
		return nil, err
	}
	s.outputGuardrails = nil
	if err := l.guardOutput(ctx, then.output); err != nil {
		return nil, err
	}
	if err := l.settlePendingWrite(ctx); err != nil {
		return nil, err
	}
	s.step = stepModel
	return then.output, l.close(ctx)
}

var errTerminal = &UserError{Message: "This RunState ended at an unrecoverable boundary; start a new run"}

// decideAgain gives the final output anew, from the last answer and the outputs of
// its calls. Where it came from elsewhere, as from a handler that ended the run,
// nobody can tell it.
func (l *runLoop) decideAgain(ctx context.Context) (next, error) {
	s := l.s
	if len(s.responses) == 0 {
		return next{}, errTerminal
	}
	work, offer := &turnWork{response: s.responses[len(s.responses)-1]}, l.offer(ctx)
	says, does := false, false
	for _, raw := range work.response.Output {
		item := newItem(UnknownItem, s.agent, raw)
		switch head := item.head; head.Type {
		case "message":
			item.Type, says = MessageOutputItem, true
		case "reasoning":
		case "function_call":
			tool := offer.function(callKey(head.Name, head.Namespace))
			if tool == nil {
				return next{}, errTerminal
			}
			item.describeTool(tool)
			work.calls = append(work.calls, localCall{item: item, kind: functionCalls, tool: tool})
		case "custom_tool_call", "computer_call", "shell_call", "local_shell_call", "apply_patch_call", "mcp_approval_request":
			work.notFound = append(work.notFound, item) // no message beside it ends a run
		default:
			does = true
		}
		work.items = append(work.items, item)
	}
	generated, items := len(s.generated), len(s.items)
	then, err := l.finalFromTools(ctx, l.withEarlier(work, nil))
	if err == nil && then.kind != nextFinal && (says || !does) {
		then, err = l.finalFromMessage(ctx, work)
	}
	s.generated, s.items, l.made = s.generated[:generated], s.items[:items], nil // the run has them
	if err == nil && then.kind != nextFinal {
		err = errTerminal
	}
	return then, err
}
