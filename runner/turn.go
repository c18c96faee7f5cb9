package runner

import (
	"context"
	"errors"
	"slices"

	"runstream/internal/codec"
	"runstream/internal/wire"
)

// turnWork is what one response asks for. An interrupted turn keeps it in the
// state until everything is settled.
type turnWork struct {
	items         []*RunItem // of the response, in its order
	toolsUsed     []string   // in call order, handoffs included
	calls         []localCall
	notFound      []*RunItem
	handoffs      []handoffCall
	mcpRequests   []*RunItem
	bindings      map[string]MCPBinding // of local MCP tools, by call id
	interruptions []*RunItem
	response      *ModelResponse
	unproven      bool // a document does not tell for sure which items are of the turn

	// unplaced says that the turn comes from a document that does not tell which
	// of its items are the turn's. The SDK then orders and repeats some items in
	// other ways, and so does a resumed turn here.
	unplaced bool
}

type handoffCall struct {
	item    *RunItem
	handoff *Handoff
	name    string // the tool name the model called it by
}

// clone copies what deciding and running change; usage is the account that the
// runs of agent tools share.
func (w *turnWork) clone(usage *usageMeter) *turnWork {
	if w == nil {
		return nil
	}
	copied := *w
	copied.interruptions, copied.calls, copied.handoffs = slices.Clone(w.interruptions), slices.Clone(w.calls), slices.Clone(w.handoffs)
	for i := range copied.calls {
		if paused := copied.calls[i].paused; paused != nil {
			copied.calls[i].paused = paused.cloneWith(usage)
		}
	}
	return &copied
}

// finishTurn runs a fresh turn's tools and decides what follows. The turn
// becomes part of the state only here.
func (l *runLoop) finishTurn(ctx context.Context, work *turnWork) (next, error) {
	s := l.s
	l.beginTurn()
	if err := l.checkEnabled(ctx, work.calls); err != nil {
		return next{}, err
	}
	if err := l.gate(ctx, work.calls); err != nil {
		return next{}, err
	}
	l.fresh = work
	results, err := l.runCalls(ctx, work.calls)
	l.fresh = nil
	if err != nil {
		s.forgetUnfinished(results, l.keepFinished(ctx, work, results))
		return next{}, err
	}
	s.responses, s.work = append(s.responses, work.response), work
	l.noteServerState(work.response)
	l.keep(work.items)
	for _, result := range results {
		if result.item != nil {
			l.make(result.item)
		}
	}
	for _, call := range work.notFound {
		l.make(answer(call, l.toolNotFoundText(call)))
		s.ledger.markCompleted(call.CallID())
	}
	then, err := l.decide(ctx, work, results)
	if err != nil {
		l.takeBack(work)
		s.forgetUnfinished(results, l.keepFinished(ctx, work, results))
		s.ledger.forget(work.notFound...)
		for _, handoff := range work.handoffs {
			s.ledger.forget(handoff.item)
		}
		return next{}, err
	}
	s.tools.record(s.agent, work.toolsUsed)
	l.announce()
	return then, nil
}

// toolNotFoundText is what the model is told of a call of a tool that is not there.
func (l *runLoop) toolNotFoundText(call *RunItem) string {
	name := usedName(call.key)
	return l.errorText(ToolErrorInfo{Kind: "tool_not_found", Tool: name, CallID: call.CallID(), Default: "Tool '" + name + "' not found."})
}

// decide says what follows once every call that may run has run.
func (l *runLoop) decide(ctx context.Context, work *turnWork, results []callResult) (then next, err error) {
	defer recovered(&err) // the turn is then taken back as after any error
	s, pending := l.s, waitingItems(results)
	requests, err := l.settleMCP(ctx, work, len(pending) > 0)
	if err != nil {
		return next{}, err
	}
	if l.resumed && s.step == stepInterrupted {
		pending = work.waitingInOrder(pending)
	}
	if pending = append(pending, requests...); len(pending) > 0 {
		return next{kind: nextInterruption, pending: pending}, nil
	}
	if len(work.handoffs) > 0 {
		err := l.guardrails.wait(ctx)
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return next{}, err // nothing is handed over yet that a later run would hand over again
		}
		return l.handOff(ctx, work.handoffs)
	}
	if final, err := l.finalFromTools(ctx, results); err != nil || final.kind == nextFinal {
		return final, err
	}
	return l.finalFromMessage(ctx, work)
}

// waitingItems gives what waits for a decision, that of agents used as tools
// included.
func waitingItems(results []callResult) []*RunItem {
	var pending []*RunItem
	for _, result := range results {
		switch {
		case result.paused != nil:
			for _, item := range result.paused.interruptions() {
				if result.paused.decisionOn(item) == undecided {
					pending = append(pending, item)
				}
			}
		case result.item != nil && result.item.Type == ToolApprovalItem:
			pending = append(pending, result.item)
		}
	}
	return pending
}

// settleMCP answers the hosted MCP servers' requests for approval: by what was
// decided, or by the tool's own callback, which waits until no person needs to
// decide anything else. It returns the requests that wait.
func (l *runLoop) settleMCP(ctx context.Context, work *turnWork, interrupted bool) ([]*RunItem, error) {
	offer := l.offer(ctx)
	var waiting, answers, callbacks []*RunItem
	for _, request := range work.mcpRequests {
		if answeredIn(l.s.generated, request) {
			continue
		}
		verdict, message := l.s.verdict(request)
		tool := offer.mcp(request.parsed().ServerLabel)
		switch {
		case verdict != undecided:
			answers = append(answers, l.mcpResponse(request, verdict == approved, message))
		case tool != nil && tool.OnApproval != nil:
			callbacks = append(callbacks, request)
		default:
			waiting = append(waiting, requestItem(request))
		}
	}
	made := slices.Concat(answers, waiting)
	if l.resumed && l.s.step == stepInterrupted {
		made = slices.Concat(waiting, l.late, answers)
	}
	for _, item := range made {
		l.make(item)
	}
	if interrupted || len(waiting) > 0 {
		return waiting, nil
	}
	for _, request := range callbacks {
		answer, err := offer.mcp(request.parsed().ServerLabel).OnApproval(ctx, &ToolCall{
			ID: request.CallID(), Name: request.parsed().Name, Arguments: request.Arguments(), Raw: request.Raw, Agent: request.Agent, Run: l.context,
		})
		switch {
		case err != nil:
			return nil, err
		case answer == nil:
			waiting = append(waiting, requestItem(request))
			l.make(waiting[len(waiting)-1])
		default:
			l.make(l.mcpResponse(request, answer.Approve, textOrNull(answer.Reason)))
		}
	}
	return waiting, nil
}

// requestItem is the placeholder of a request that waits: another one each time it
// is asked about, as in the SDK.
func requestItem(request *RunItem) *RunItem {
	item := approvalItem(request)
	item.ToolName = request.parsed().Name
	return item
}

// answeredIn says whether a hosted MCP server's request has its response there.
func answeredIn(items []*RunItem, request *RunItem) bool {
	return slices.ContainsFunc(items, func(item *RunItem) bool { return item.answers(request) })
}

// answers says whether the item is the response to a hosted MCP server's request.
func (i *RunItem) answers(request *RunItem) bool {
	return i.Type == MCPApprovalResponseItem && i.parsed().RequestID == request.CallID()
}

func (l *runLoop) mcpResponse(request *RunItem, approve bool, reason *string) *RunItem {
	if approve {
		reason = nil
	}
	item := newItem(MCPApprovalResponseItem, request.Agent, mustMarshal(codec.Fields{
		"approval_request_id", request.CallID(), "approve", approve, "type", "mcp_approval_response", "reason,omitempty", &reason,
	}))
	l.s.ledger.markCompleted(request.CallID())
	return item
}

// finalFromTools applies the agent's ToolUse.
func (l *runLoop) finalFromTools(ctx context.Context, results []callResult) (next, error) {
	results = slices.DeleteFunc(slices.Clone(results), func(r callResult) bool { return r.kind != functionCalls })
	behavior := l.s.agent.ToolUse
	if len(results) == 0 {
		return next{}, nil
	}
	switch {
	case behavior.Func != nil:
		final, err := behavior.Func(ctx, l.context, toolResults(results))
		if err != nil || !final.IsFinal {
			return next{}, err
		}
		return l.toolFinal(final.Output), nil
	case behavior.StopOnFirstTool:
		return l.toolFinal(results[0].value), nil
	}
	for _, result := range results {
		called := result.localCall.item
		if slices.Contains(behavior.StopAtTools, called.ToolName) || slices.Contains(behavior.StopAtTools, usedName(called.key)) {
			return l.toolFinal(result.value), nil
		}
	}
	return next{}, nil
}

// toolFinal makes a tool's output the final one: as text unless the agent's
// output is structured.
func (l *runLoop) toolFinal(output any) next {
	if l.s.agent.Output == nil {
		output = outputText(output)
	}
	return next{kind: nextFinal, output: output}
}

func toolResults(results []callResult) []ToolResult {
	var shown []ToolResult
	for _, result := range results {
		tool, _ := result.tool.(*FunctionTool)
		shown = append(shown, ToolResult{Tool: tool, Call: result.call, Output: result.value})
	}
	return shown
}

// finalFromMessage looks for the answer in the turn's last message.
func (l *runLoop) finalFromMessage(ctx context.Context, work *turnWork) (next, error) {
	if len(work.calls) > 0 || len(work.notFound) > 0 || len(work.mcpRequests) > 0 {
		return next{}, nil
	}
	var message *RunItem
	for _, item := range work.items {
		if item.Type == MessageOutputItem {
			message = item
		}
	}
	if message == nil && len(work.toolsUsed) > 0 {
		return next{}, nil // a hosted tool was used: the model has more to say
	}
	text := ""
	if message != nil {
		if refusal := message.refusal(); refusal != "" {
			return l.handled(ctx, l.cfg.errorHandlers.ModelRefusal, &ModelRefusalError{Refusal: refusal})
		}
		text = message.Text()
	}
	output := l.s.agent.Output
	switch {
	case output == nil:
		return next{kind: nextFinal, output: text}, nil
	case text == "" && l.cfg.errorHandlers.InvalidFinalOutput == nil:
		return next{}, nil
	}
	value, err := output.decode(text)
	if err != nil {
		return l.handled(ctx, l.cfg.errorHandlers.InvalidFinalOutput, err)
	}
	return next{kind: nextFinal, output: value}, nil
}

// decode checks the model's answer.
func (o *OutputSchema) decode(text string) (any, error) {
	if o.Validate != nil {
		value, err := o.Validate(text)
		if err != nil {
			return nil, &ModelBehaviorError{Message: "the model's final output does not fit the agent's output type: " + err.Error(), Err: err}
		}
		return value, nil
	}
	var required []string
	_ = codec.Read(o.Schema, codec.Fields{"required", &required}) // a schema without a list requires nothing
	var value any
	if err := codec.Read([]byte(text), &value); err != nil {
		return nil, &ModelBehaviorError{Message: "the model's final output is not JSON: " + err.Error(), Err: err}
	}
	object, _ := value.(map[string]any)
	for _, key := range required {
		if _, ok := object[key]; !ok {
			return nil, &ModelBehaviorError{Message: "the model's final output lacks the required key " + key}
		}
	}
	return value, nil
}

// handled asks a handler for an output in place of an error.
func (l *runLoop) handled(ctx context.Context, handler func(context.Context, *RunContext, error) (*HandledError, error), failure error) (next, error) {
	if handler == nil {
		return next{}, failure
	}
	result, err := handler(ctx, l.context, failure)
	if err != nil {
		return next{}, errors.Join(failure, err)
	}
	if result == nil {
		return next{}, failure
	}
	then := next{kind: nextFinal, output: result.FinalOutput, handled: true}
	if schema := l.s.agent.Output; schema != nil {
		if then.output, err = schema.decode(string(outputJSON(result.FinalOutput))); err != nil {
			return next{}, &UserError{Message: "Invalid run error handler final_output for structured output."} // no mistake of the model
		}
	}
	if !result.NotInHistory {
		text := outputText(result.FinalOutput)
		if l.s.agent.Output != nil {
			text = string(outputJSON(result.FinalOutput))
		}
		l.make(messageItem(l.s.agent, text))
	}
	return then, nil
}

// messageItem makes a message that the agent did not write itself.
func messageItem(agent *Agent, text string) *RunItem {
	part := codec.Fields{"annotations", []any{}, "text", text, "type", "output_text", "logprobs", []any{}}
	return newItem(MessageOutputItem, agent, mustMarshal(codec.Fields{
		"id", wire.FakeID, "content", []any{part}, "role", "assistant", "status", "completed", "type", "message",
	}))
}

// outOfTurns ends a run that has made all the model calls that it may.
func (l *runLoop) outOfTurns(ctx context.Context) (next, error) {
	l.s.turn = l.s.maxTurns + 1 // however often a run goes on from here
	l.beginTurn()
	then, err := l.handled(ctx, l.cfg.errorHandlers.MaxTurns, &MaxTurnsExceeded{MaxTurns: l.s.maxTurns})
	then.late = l.settleMade()
	l.s.generated, l.s.items = l.s.generated[:l.start.generated], l.s.items[:l.start.items] // until it has passed
	return then, err
}
