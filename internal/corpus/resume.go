package corpus

import (
	"context"
	"encoding/json"
	"errors"

	"runstream/runner"
)

// Kinds are the kinds of decisions: on every waiting call, round by round.
var Kinds = []string{"approve", "reject", "none"}

const maxRounds = 5

// Resume loads a state, decides in one way, and resumes it until nothing more
// is decided.
func Resume(ctx context.Context, s State, kind string) (*Report, error) {
	w, err := build(s.Agents)
	if err != nil {
		return nil, err
	}
	state, err := runner.ParseState(s.Document, w.root)
	if err != nil {
		return failed("load", err), nil
	}
	report := &Report{OK: true, Loaded: &Loaded{Pending: callIDs(state.Interruptions())}}
	for range maxRounds {
		pending := state.Interruptions()
		round := Round{Decided: []string{}}
		for _, item := range pending {
			if kind == "none" {
				break
			}
			message := "MSG"
			if err := state.Decide(item, runner.Decision{Approve: kind == "approve", Message: &message}); err != nil {
				return failed("decide", err), nil
			}
			round.Decided = append(round.Decided, item.CallID())
		}
		// One at a time, so that the model's script is taken in call order.
		result, err := runner.Run(ctx, w.root, state, runner.WithMaxToolConcurrency(1))
		if err != nil {
			return failed("run", err), nil
		}
		round.StillPending = callIDs(result.Interruptions())
		report.Rounds = append(report.Rounds, round)
		report.show(result)
		if len(round.StillPending) == 0 || len(round.Decided) == 0 {
			break
		}
		state = result.State()
	}
	report.ToolLog = w.log.entries
	for _, input := range w.model.inputs {
		report.ModelInputs = append(report.ModelInputs, values(input))
	}
	return report, nil
}

func failed(stage string, err error) *Report {
	return &Report{Error: map[string]string{"stage": stage, "type": runner.ErrorName(err), "message": err.Error()}}
}

func callIDs(items []*runner.RunItem) []string {
	ids := []string{}
	for _, item := range items {
		ids = append(ids, item.CallID())
	}
	return ids
}

func values(raw []json.RawMessage) []any {
	list := []any{}
	for _, item := range raw {
		var value any
		if errors.Is(json.Unmarshal(item, &value), nil) {
			list = append(list, value)
		}
	}
	return list
}

// show notes how a run ended.
func (r *Report) show(result *runner.StreamResult) {
	r.FinalOutput, r.LastAgent = result.FinalOutput(), result.LastAgent().Name
	r.NewItems = []map[string]any{}
	for _, item := range result.NewItems() {
		view := map[string]any{"type": string(item.Type), "agent": item.Agent.Name}
		switch item.Type {
		case runner.ToolCallItem, runner.ToolCallOutputItem, runner.ToolApprovalItem:
			view["call_id"] = item.CallID()
		}
		if item.Type == runner.MessageOutputItem {
			view["text"] = item.Text()
		}
		if item.Type == runner.ToolCallOutputItem && item.Output != nil {
			var output any
			if json.Unmarshal(item.Output, &output) == nil {
				view["output"] = output
			}
		}
		r.NewItems = append(r.NewItems, view)
	}
}

// Resave loads a state and writes it again.
func Resave(s State, document []byte) ([]byte, error) {
	w, err := build(s.Agents)
	if err != nil {
		return nil, err
	}
	state, err := runner.ParseState(document, w.root)
	if err != nil {
		return nil, err
	}
	return state.MarshalJSON()
}
