package runner

import (
	"encoding/json"
	"slices"
	"strconv"
	"sync"

	"runstream/internal/codec"
)

// State is a run that can go on: paused for approval, stopped after a turn, or
// finished. Get it from [StreamResult.State] or [ParseState]; give it to
// [RunStreamed] to resume.
//
// A state that was given to a run is that run's own while it lasts: methods
// that change or write it then fail with a [*UserError], and the others give
// nothing. Afterwards it is where the run ended, so that resuming it again
// repeats no call; the model is asked for its next answer.
type State struct {
	mu      sync.Mutex
	running bool

	graph *agentGraph
	agent *Agent

	turn     int
	maxTurns int // 0: no limit

	original  conversationInput
	owned     []ownedItem       // run items that nested history has put into it
	pending   []json.RawMessage // staged by AddInput
	generated []*RunItem        // the model's input after the original one
	items     []*RunItem        // all that happened
	responses []*ModelResponse
	usage     *usageMeter

	approvals approvalStore
	ledger    ledger
	tools     toolUse

	step  step
	work  *turnWork // of the interrupted turn
	fresh bool      // not begun: the session was not read
	// unguarded says that the input guardrails have not all passed the input.
	unguarded bool
	// parsed says that it was a document, saysGuarded that this one has the results
	// of all guardrails that had spoken.
	parsed, saysGuarded bool

	persisted int        // items of this turn that the session has
	held      *heldWrite // never changed; replaced

	inputGuardrails      []GuardrailResult
	outputGuardrails     []GuardrailResult
	toolInputGuardrails  []ToolGuardrailResult
	toolOutputGuardrails []ToolGuardrailResult

	carried carried
}

// step is what a resumed run does first.
type step int

const (
	stepModel       step = iota // nothing is pending: ask the model
	stepRunAgain                // the same, said explicitly by the run before
	stepInterrupted             // settle the decisions of the interrupted turn
)

// carried are parts of a state document that this package keeps as they are.
type carried struct {
	Context     json.RawMessage
	ContextMeta json.RawMessage
	Trace       json.RawMessage
	Sandbox     json.RawMessage
	// PendingSessionWrite is what another runner had not saved yet.
	PendingSessionWrite json.RawMessage

	// Terminal says that the run had its final output, and failed before the
	// session had it or was compacted. The model must not be asked again.
	Terminal bool
	// FinalPending says that the run has its final output, which not all have
	// passed that may object to it: it goes on with them. With Terminal all have,
	// the session has it, and what is missing is that session's compaction. The
	// field is this package's own; other runners ask the model again.
	FinalPending *pendingFinal

	ConversationID         *string
	PreviousResponseID     *string
	AutoPreviousResponseID bool
	PromptCacheKey         *string
	ReasoningItemIDPolicy  *string
	// ToolInput is the structured input of an agent used as a tool.
	ToolInput json.RawMessage
}

func newState(agent *Agent, original conversationInput, maxTurns int) *State {
	return &State{
		graph: newAgentGraph(agent), agent: agent, original: original, maxTurns: maxTurns, usage: &usageMeter{},
		approvals: approvalStore{named: map[string]*decisionRecord{}}, ledger: ledger{},
	}
}

// Decision is what a reviewer says of a call.
type Decision struct {
	Approve bool
	// Always makes it hold for every later call of the same function tool by the
	// same agent, as long as the run lasts; of another kind of tool for every
	// agent that has one of that name.
	Always bool
	// Message is what the model is told of a rejection, nil for the default; an
	// empty one is kept.
	Message *string
}

// Interruptions gives the calls that wait for a decision, in call order.
func (s *State) Interruptions() []*RunItem {
	return readFree(s, s.interruptions)
}

func (s *State) interruptions() []*RunItem {
	if s.step != stepInterrupted || s.work == nil {
		return nil
	}
	return slices.Clone(s.work.interruptions)
}

// Approve lets a waiting call run. Nothing runs before the state is resumed.
func (s *State) Approve(item *RunItem) error { return s.Decide(item, Decision{Approve: true}) }

// Reject answers a waiting call with a message; the default one if empty.
func (s *State) Reject(item *RunItem, message string) error {
	d := Decision{}
	if message != "" {
		d.Message = &message
	}
	return s.Decide(item, d)
}

// Decide records a decision on a waiting call, one of those that Interruptions
// gives; on any other it fails with a [*UserError]. The last decision on a call
// holds, and a call that was decided stays among the interruptions until the
// state is resumed.
func (s *State) Decide(item *RunItem, d Decision) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	item, err := s.waitingAs(item)
	if err != nil {
		return err
	}
	owner := s.owner(item)
	if owner == nil {
		return &UserError{Message: "call " + strconv.Quote(item.CallID()) + " does not wait for a decision in this state; decide on the items that Interruptions returns"}
	}
	if _, err := owner.ledger.register(identityOf(item)); err != nil {
		return err
	}
	owner.ledger.setUnbound(item.CallID(), false)
	owner.record(item).decide(item.CallID(), owner.ledger[item.CallID()].Scope, d)
	return nil
}

// waitingAs finds the interruption that an item stands for, which may be one of
// another copy of the state: the item itself where there is none. Runs inside
// number their calls for themselves, so an id alone may be of two.
func (s *State) waitingAs(item *RunItem) (*RunItem, error) {
	if item == nil {
		return nil, &UserError{Message: "there is no item to decide on; pass one of those that Interruptions returns"}
	}
	waits := s.interruptions()
	if slices.Contains(waits, item) {
		return item, nil
	}
	alike := slices.DeleteFunc(waits, func(waiting *RunItem) bool {
		return waiting.CallID() != item.CallID() || waiting.Agent != item.Agent || !sameRaw(waiting.Raw, item.Raw)
	})
	switch len(alike) {
	case 0:
		return item, nil // what waits is another call, be it by its arguments alone
	case 1:
		return alike[0], nil
	}
	return nil, &UserError{Message: "two calls of the id " + strconv.Quote(item.CallID()) + " wait for a decision; decide on the items that Interruptions of this state returns"}
}

// owner finds the run that an interruption belongs to: this one, or that of an
// agent used as a tool, at any depth; nil for what is none.
func (s *State) owner(item *RunItem) *State {
	if !slices.Contains(s.interruptions(), item) {
		return nil
	}
	return s.ownerOf(item)
}

// ownerOf is owner of what is sure to be an interruption.
func (s *State) ownerOf(item *RunItem) *State {
	for _, call := range s.work.calls {
		if call.paused != nil {
			if owner := call.paused.owner(item); owner != nil {
				return owner
			}
		}
	}
	return s
}

// identityOf is what a call, or its placeholder, is identified by.
func identityOf(item *RunItem) callIdentity {
	return callIdentity{raw: item.Raw, key: item.key, name: item.ToolName}
}

// isNested says whether an interruption is one of an agent used as a tool.
func (s *State) isNested(item *RunItem) bool { return s.ownerOf(item) != s }

// record gives the record that decisions on a call go into.
func (s *State) record(item *RunItem) *decisionRecord {
	head := item.parsed()
	switch head.Type {
	case "function_call":
		return s.approvals.function(item.Agent, item.key.approvalKey(), true)
	case "mcp_approval_request":
		return s.approvals.hostedRecord(mcpIdentity(head), true)
	}
	if s.approvals.named[item.ToolName] == nil {
		s.approvals.named[item.ToolName] = &decisionRecord{}
	}
	return s.approvals.named[item.ToolName]
}

// records gives the records that a call's verdict would rest on.
func (s *State) records(item *RunItem) []*decisionRecord {
	head := item.parsed()
	records := []*decisionRecord{s.approvals.named[item.ToolName]}
	switch head.Type {
	case "function_call":
		key := item.key.approvalKey()
		records = []*decisionRecord{s.approvals.function(item.Agent, key, false), s.approvals.named[key]}
	case "mcp_approval_request":
		query := mustMarshal(codec.Fields{"type", "query", "tool_name", head.Name, "request_id", head.ID})
		records = []*decisionRecord{s.approvals.hostedRecord(mcpIdentity(head), false), s.approvals.hostedRecord(query, false)}
	}
	return slices.DeleteFunc(records, func(r *decisionRecord) bool { return r == nil })
}

// forget removes the decisions that a call's verdict would rest on.
func (s *State) forget(item *RunItem) {
	for _, record := range s.records(item) {
		record.forget(item.CallID())
	}
}

// unbind takes back what was decided on a call before there was one: it is
// asked for, whatever holds for all calls of its tool.
func (s *State) unbind(item *RunItem, before ledger) {
	callID := item.CallID()
	if _, bound := before[callID]; bound {
		return
	}
	for _, record := range s.records(item) {
		if slices.Contains(record.Approved.callIDs, callID) || slices.Contains(record.Rejected.callIDs, callID) {
			record.forgetCall(callID)
			s.ledger.setUnbound(callID, true)
		}
	}
}

// verdict reads the decision on a call.
func (s *State) verdict(item *RunItem) (verdict, *string) {
	head, callID := item.parsed(), item.CallID()
	scope := s.ledger[callID].Scope
	if s.ledger[callID].unbound {
		scope = ""
	}
	switch head.Type {
	case "function_call":
		return s.approvals.functionVerdict(item.Agent, item.key.approvalKey(), callID, scope)
	case "mcp_approval_request":
		if record := s.approvals.hostedRecord(mcpIdentity(head), false); record != nil {
			return record.verdict(callID, scope, true)
		}
		return undecided, nil
	}
	if record := s.approvals.named[item.ToolName]; record != nil {
		return record.verdict(callID, scope, true)
	}
	return undecided, nil
}

// AddInput stages a user's message that the next model call gets after the
// pending tools' outputs. It is refused where no model call is sure to follow:
// for a run that has ended, that has no turn left, or that a waiting tool's
// output may end.
func (s *State) AddInput(items ...json.RawMessage) error {
	if err := checkItems(items); err != nil {
		return err
	}
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	switch {
	case s.step == stepModel || s.carried.Terminal:
		return &UserError{Message: "Cannot add input to a terminal RunState"}
	case s.maxTurns > 0 && s.turn >= s.maxTurns:
		return &UserError{Message: "Cannot add input to a RunState with no remaining model turns"}
	case s.step == stepInterrupted && s.mayEndByTool():
		return &UserError{Message: "Cannot add input to an interrupted RunState whose tool result may end the run"}
	}
	s.pending = append(s.pending, items...)
	return nil
}

// PendingInput gives what AddInput has staged and no model call has got yet.
func (s *State) PendingInput() []json.RawMessage {
	return readFree(s, func() []json.RawMessage { return slices.Clone(s.pending) })
}

// ClearPendingInput takes back what AddInput has staged.
func (s *State) ClearPendingInput() error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.pending = nil
	return nil
}

// mayEndByTool says whether an output of the interrupted turn may be the final
// one.
func (s *State) mayEndByTool() bool {
	behavior := s.agent.ToolUse
	if behavior.Func != nil || behavior.StopOnFirstTool {
		return true
	}
	var names []string
	for _, item := range s.work.interruptions {
		names = append(names, item.ToolName)
	}
	for _, c := range s.work.calls {
		if c.kind == functionCalls && len(s.work.handoffs) == 0 {
			names = append(names, c.item.ToolName, usedName(c.item.key))
		}
	}
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(behavior.StopAtTools, name) })
}

// lock takes the state for a change; it fails while a run has it.
func (s *State) lock() error {
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return &UserError{Message: "the state is being resumed; wait for that run to end, or take result.State()"}
	}
	return nil
}

// readFree reads something of a state, and nothing while a run has it.
func readFree[T any](s *State, read func() T) (nothing T) {
	if s.lock() != nil {
		return nothing
	}
	defer s.mu.Unlock()
	return read()
}

// acquire gives the state to a run, release gives it back.
func (s *State) acquire() error {
	if err := s.lock(); err != nil {
		return err
	}
	s.running = true
	s.mu.Unlock()
	return nil
}

func (s *State) release() {
	s.mu.Lock()
	s.running = false
	s.mu.Unlock()
}

// clone copies what a run or a decision changes. Items and responses are never
// changed and are shared.
func (s *State) clone() *State { return s.cloneWith(&usageMeter{total: s.usage.get()}) }

// cloneWith copies the state onto an account of usage, which the runs of its
// agent tools share.
func (s *State) cloneWith(usage *usageMeter) *State {
	return &State{
		graph: s.graph, agent: s.agent, turn: s.turn, maxTurns: s.maxTurns,
		original: s.original, owned: s.owned, pending: slices.Clone(s.pending),
		generated: slices.Clone(s.generated), items: slices.Clone(s.items), responses: slices.Clone(s.responses),
		usage: usage, approvals: s.approvals.clone(), ledger: s.ledger.clone(), tools: s.tools.clone(),
		step: s.step, work: s.work.clone(usage), fresh: s.fresh, unguarded: s.unguarded, parsed: s.parsed, saysGuarded: s.saysGuarded,
		persisted: s.persisted, held: s.held, carried: s.carried,
		inputGuardrails: slices.Clone(s.inputGuardrails), outputGuardrails: slices.Clone(s.outputGuardrails),
		toolInputGuardrails: slices.Clone(s.toolInputGuardrails), toolOutputGuardrails: slices.Clone(s.toolOutputGuardrails),
	}
}

// inputList is the conversation so far as input items.
func (s *State) inputList(items []*RunItem) []json.RawMessage {
	list := slices.Clone(s.original.asItems())
	for _, item := range items {
		if item.isInput() && !s.owns(item) {
			list = append(list, s.writtenAsInput(item))
		}
	}
	return list
}

// toolUse notes which tools each agent has used, for resetting tool_choice.
type toolUse []agentTools

type agentTools struct {
	agent *Agent
	names []string
}

func (u *toolUse) record(agent *Agent, names []string) {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "tool_search" }) // it is no use of a tool
	if len(names) == 0 {
		return
	}
	for i := range *u {
		if (*u)[i].agent == agent {
			(*u)[i].names = append((*u)[i].names, names...)
			return
		}
	}
	*u = append(*u, agentTools{agent, slices.Clone(names)})
}

func (u toolUse) used(agent *Agent) bool {
	return slices.ContainsFunc(u, func(entry agentTools) bool { return entry.agent == agent && len(entry.names) > 0 })
}

func (u toolUse) clone() toolUse {
	copied := slices.Clone(u)
	for i := range copied {
		copied[i].names = slices.Clone(copied[i].names)
	}
	return copied
}
