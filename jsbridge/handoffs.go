package jsbridge

import (
	"context"
	"encoding/json"
	"slices"

	"runstream/internal/codec"
	"runstream/runner"
)

func (r *run) makeHandoff(owner int, spec handoffSpec) (*runner.Handoff, error) {
	what := "handoff of agent " + r.agents[owner].Name
	target, err := r.agentAt(spec.Agent, "a "+what)
	if err != nil {
		return nil, err
	}
	handoff := &runner.Handoff{
		Agent: target, ToolName: spec.ToolName, ToolDescription: spec.ToolDescription,
		InputSchema: given(spec.InputSchema), NotStrict: notStrict(spec.Strict),
		Filter: r.handoffFilter(what, spec.InputFilter), NestHistory: spec.NestHandoffHistory,
		IsEnabled: r.enabled(what, owner, "", spec.Enabled),
	}
	if fn := spec.OnHandoff; fn != nil {
		handoff.OnHandoff = func(ctx context.Context, _ *runner.RunContext, arguments json.RawMessage) error {
			info, text := callInfo{Agent: owner}, string(arguments)
			info.Arguments = &text
			return r.ask(ctx, "onHandoff of a "+what, *fn, nil, info)
		}
	}
	return handoff, nil
}

// handoffFilter asks the page which items stay: it gets all, and says their
// positions.
func (r *run) handoffFilter(what string, fn *functionRef) runner.HandoffFilter {
	if fn == nil {
		return nil
	}
	return func(ctx context.Context, data runner.HandoffInput) (runner.HandoffInput, error) {
		all := slices.Concat(data.Before, data.New)
		var stay struct {
			History            []json.RawMessage
			Before, New, Input []int
		}
		err := r.ask(ctx, "inputFilter of a "+what, *fn,
			codec.Fields{"history", &stay.History, "before", &stay.Before, "new", &stay.New, "input", &stay.Input},
			callInfo{Agent: -1},
			codec.Fields{"history", data.History, "before", r.marshalItems(data.Before), "new", r.marshalItems(data.New)})
		if err != nil {
			return data, err
		}
		pick := func(positions []int) (items []*runner.RunItem) {
			if positions != nil {
				items = []*runner.RunItem{}
			}
			for _, i := range positions {
				if i >= 0 && i < len(all) {
					items = append(items, all[i])
				}
			}
			return items
		}
		return runner.HandoffInput{History: stay.History, Before: pick(stay.Before), New: pick(stay.New), Input: pick(stay.Input)}, nil
	}
}

func (r *run) marshalItems(items []*runner.RunItem) []json.RawMessage {
	list := make([]json.RawMessage, len(items))
	for i, item := range items {
		list[i] = r.started().MarshalItem(item)
	}
	return list
}
