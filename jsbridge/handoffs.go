package jsbridge

import (
	"context"
	"encoding/json"
	"errors"
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
	input, err := argumentsSchema("the inputType of a "+what, spec.InputSchema, spec.Strict)
	if err != nil {
		return nil, err
	}
	handoff := &runner.Handoff{
		Agent: target, ToolName: spec.ToolName, ToolDescription: spec.ToolDescription,
		InputSchema: input, NotStrict: isFalse(spec.Strict),
		Filter: r.handoffFilter(what, spec.InputFilter), NestHistory: spec.NestHandoffHistory,
		IsEnabled: r.enabled(what, owner, "", spec.Enabled),
	}
	if fn := spec.OnHandoff; fn != nil {
		handoff.OnHandoff = func(ctx context.Context, _ *runner.RunContext, arguments json.RawMessage) error {
			info, text := callInfo{Agent: owner}, string(arguments)
			info.Arguments = &text
			err := r.ask(ctx, "onHandoff of a "+what, *fn, nil, info)
			if thrown, ok := errors.AsType[*pageError](err); ok && thrown.data.Name == "InvalidToolInputError" {
				return &runner.ModelBehaviorError{Message: thrown.data.Message} // the model wrote them, not the page
			}
			return err
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
		err := r.ask(ctx, "inputFilter of a "+what, *fn, objectForm{
			fields:   codec.Fields{"history", &stay.History, "before", &stay.Before, "new", &stay.New, "input", &stay.Input},
			complete: func() bool { return stay.History != nil && stay.Before != nil && stay.New != nil },
			words:    "{ inputHistory, preHandoffItems, newItems }, each a list",
		}, callInfo{Agent: -1}, codec.Fields{"history", data.History, "before", marshalItems(r.started(), data.Before), "new", marshalItems(r.started(), data.New)})
		if err != nil {
			return data, err
		}
		pick := func(positions []int) (items []*runner.RunItem) {
			if positions != nil {
				items = []*runner.RunItem{}
			}
			for _, i := range positions {
				if i < 0 || i >= len(all) {
					err = &runner.UserError{Message: "inputFilter of a " + what + " gave an item that is none of those it got; give back the items themselves, no copies, and put new ones into inputHistory"}
					return nil
				}
				items = append(items, all[i])
			}
			return items
		}
		filtered := runner.HandoffInput{History: stay.History, Before: pick(stay.Before), New: pick(stay.New), Input: pick(stay.Input)}
		return filtered, err
	}
}

func marshalItems(result *runner.StreamResult, items []*runner.RunItem) []json.RawMessage {
	list := make([]json.RawMessage, len(items))
	for i, item := range items {
		list[i] = result.MarshalItem(item)
	}
	return list
}
