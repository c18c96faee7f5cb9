package runner

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// HandoffTarget is what an agent can hand over to: an [*Agent], which takes
// the defaults of a handoff, or a [*Handoff].
type HandoffTarget interface{ asHandoff() *Handoff }

// Handoff is a way from one agent to another, offered to the model as a tool.
type Handoff struct {
	Agent *Agent
	// ToolName is "transfer_to_" and the agent's name in lower case, other
	// characters than letters, digits and underscores replaced, if empty.
	ToolName string
	// ToolDescription has a default made from the agent's HandoffDescription.
	ToolDescription string
	// InputSchema is the JSON Schema of what the model says with the handoff,
	// nil for nothing. It needs OnHandoff.
	InputSchema json.RawMessage
	// NotStrict lets the model stray from InputSchema.
	NotStrict bool
	// OnHandoff is called when the handoff happens. An error ends the run.
	OnHandoff func(ctx context.Context, run *RunContext, arguments json.RawMessage) error
	// Filter edits what the next agent gets to see.
	Filter HandoffFilter
	// NestHistory says whether the next agent gets a summary in place of the
	// conversation before; nil is as the run says.
	NestHistory *bool
	// IsEnabled is asked before every model call, and hides the handoff where
	// it returns false; nil never.
	IsEnabled func(ctx context.Context, run *RunContext, agent *Agent) bool
}

// HandoffFilter edits what the next agent gets to see: it returns data, changed.
// The slices must not be written to, and an error ends the run. It cannot be
// used with a conversation that the server keeps.
type HandoffFilter func(ctx context.Context, data HandoffInput) (HandoffInput, error)

// HandoffInput is a conversation at a handoff.
type HandoffInput struct {
	// History is the input that the run, or the last handoff, began with.
	History []json.RawMessage
	// Before are the items since, up to the turn of the handoff.
	Before []*RunItem
	// New are the items of that turn. What the filter returns here takes their
	// place in the run's items, too.
	New []*RunItem
	// Input, if not nil, is what the next agent gets to see in place of New,
	// which then only goes into the run's items.
	Input []*RunItem
}

// RemoveAllTools is a [HandoffFilter] that leaves messages only: it removes calls
// and outputs of tools, handoffs and reasoning.
func RemoveAllTools(_ context.Context, data HandoffInput) (HandoffInput, error) {
	isTool := func(item *RunItem) bool {
		switch item.Type {
		case MessageOutputItem, InputItem, CompactionItem, UnknownItem:
			return false
		}
		return true
	}
	data.History = slices.DeleteFunc(slices.Clone(data.History), func(raw json.RawMessage) bool {
		head := parseRawItem(raw)
		return isOutput(head.Type) || outputType(head.Type) != "" || hostedToolName(head.Type) != "" ||
			strings.HasPrefix(head.Type, "mcp_") || head.Type == "reasoning"
	})
	data.Before = slices.DeleteFunc(slices.Clone(data.Before), isTool)
	data.New = slices.DeleteFunc(slices.Clone(data.New), isTool)
	return data, nil
}

func (a *Agent) asHandoff() *Handoff   { return &Handoff{Agent: a} }
func (h *Handoff) asHandoff() *Handoff { return h }

// Name gives the name of the tool that the model sees.
func (h *Handoff) Name() string {
	if h.ToolName != "" {
		return h.ToolName
	}
	return "transfer_to_" + toolNameOf(h.Agent.Name)
}

// Description gives the description that the model sees.
func (h *Handoff) Description() string {
	if h.ToolDescription != "" {
		return h.ToolDescription
	}
	return "Handoff to the " + h.Agent.Name + " agent to handle the request. " + h.Agent.HandoffDescription
}

// Parameters gives the JSON Schema of the handoff's arguments.
func (h *Handoff) Parameters() json.RawMessage {
	if h.InputSchema != nil {
		return h.InputSchema
	}
	return json.RawMessage(`{"additionalProperties":false,"type":"object","properties":{},"required":[]}`)
}

// toolNameOf makes a name fit for a tool.
func toolNameOf(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, name))
}

func (a *Agent) enabledHandoffs(ctx context.Context, run *RunContext) []*Handoff {
	var enabled []*Handoff
	for _, target := range a.Handoffs {
		if h := target.asHandoff(); h.IsEnabled == nil || h.IsEnabled(ctx, run, a) {
			enabled = append(enabled, h)
		}
	}
	return enabled
}

// handOff takes the first handoff; the others are answered as ignored.
func (l *runLoop) handOff(ctx context.Context, handoffs []handoffCall) (next, error) {
	agent, taken := l.s.agent, handoffs[0]
	target := taken.handoff.Agent
	var made []*RunItem
	for _, ignored := range handoffs[1:] {
		made = append(made, answer(ignored.item, "Multiple handoffs detected, ignoring this one."))
	}
	callID := taken.item.CallID()
	known := l.s.ledger[callID].Executed // by a resumed turn that failed afterwards
	l.s.ledger.markExecuted(callID)
	err := l.inSpan(ctx, SpanHandoff, target.Name, func(ctx context.Context) error {
		if known {
			return nil
		}
		return l.callOnHandoff(ctx, taken)
	})
	if err != nil {
		return next{}, err
	}
	text := spaced.append(nil, map[string]any{"assistant": target.Name}) // as the SDK writes it, for states travel
	item := newItem(HandoffOutputItem, agent, withCaller(functionOutput(callID, string(text)), taken.item.Raw))
	item.SourceAgent, item.TargetAgent = agent, target
	made = append(made, item)
	for _, output := range made {
		l.s.ledger.markCompleted(output.CallID())
	}
	if err := l.onHandoff(ctx, agent, target); err != nil {
		return next{}, err
	}
	filtered, err := l.passOn(ctx, taken.handoff, made)
	return next{kind: nextHandoff, agent: target, filtered: filtered}, err
}

func (l *runLoop) callOnHandoff(ctx context.Context, call handoffCall) error {
	h := call.handoff
	switch {
	case h.InputSchema != nil && h.OnHandoff == nil:
		return &UserError{Message: "handoff " + h.Name() + " has an input schema but nobody to take the input; set Handoff.OnHandoff"}
	case h.OnHandoff == nil:
		return nil
	}
	arguments := json.RawMessage(call.item.Arguments())
	switch {
	case h.InputSchema != nil && !isObject(arguments):
		return &ModelBehaviorError{Message: "the model's input for handoff " + h.Name() + " is not a JSON object"}
	case len(arguments) == 0:
		arguments = json.RawMessage("{}")
	}
	return h.OnHandoff(ctx, l.context, arguments)
}

// passOn adds the handoff's items and applies the filters that decide what the
// next agent gets to see.
func (l *runLoop) passOn(ctx context.Context, h *Handoff, made []*RunItem) (filtered bool, err error) {
	s := l.s
	filter := h.Filter
	if filter == nil {
		filter = l.cfg.handoffFilter
	}
	nest := l.cfg.nestHistory
	if h.NestHistory != nil {
		nest = *h.NestHistory
	}
	if s.serverKeeps() {
		if filter != nil {
			return false, &UserError{Message: "Server-managed conversations do not support handoff input filters. Remove Handoff.input_filter or RunConfig.handoff_input_filter, or disable conversation_id, previous_response_id, and auto_previous_response_id."}
		}
		nest = false
	}
	for _, item := range made {
		l.make(item)
	}
	if filter == nil && !nest {
		return false, nil
	}
	before, turn := s.generated[:l.start.generated], slices.Clone(s.generated[l.start.generated:])
	data := HandoffInput{History: s.original.asItems(), Before: slices.Clone(before), New: slices.Clone(turn)}
	nested := filter == nil
	if nested {
		filter = l.nest
	}
	passed, err := filter(ctx, data)
	if err != nil {
		return false, err
	}
	if err := checkItems(passed.History); err != nil {
		return false, err
	}
	known := setOf(slices.Concat(before, turn)) // not data's: a filter may edit these in place
	for _, list := range []*[]*RunItem{&passed.Before, &passed.New, &passed.Input} {
		if *list, err = s.adopt(*list, known); err != nil {
			return false, err
		}
	}
	if !nested {
		s.reown(s.original.asItems(), passed.History)
	}
	s.original = conversationInput{items: passed.History, isItems: true}
	seen := passed.New
	if passed.Input != nil {
		seen = passed.Input
	}
	s.generated = slices.Concat(passed.Before, seen)
	s.items = slices.Concat(s.items[:l.start.items], passed.New)
	l.made = slices.DeleteFunc(l.made, func(item *RunItem) bool { return !slices.Contains(passed.New, item) })
	return true, nil
}

// adopt takes in the items that a filter has made; it made those that are not
// known.
func (s *State) adopt(items []*RunItem, known map[*RunItem]bool) ([]*RunItem, error) {
	items = slices.Clone(items)
	for i, item := range items {
		if known[item] {
			continue
		}
		if item == nil {
			return nil, &UserError{Message: "a handoff's filter gave an item that is nil"}
		}
		if err := checkItems([]json.RawMessage{item.Raw}); err != nil {
			return nil, err
		}
		made := *item
		made.head = parseRawItem(made.Raw)
		if made.Agent == nil {
			made.Agent = s.agent
		}
		items[i] = &made
	}
	return items, nil
}
