package jsbridge

import (
	"runstream/internal/codec"
	"runstream/runner"
)

func newSnapshot(result *runner.StreamResult) (*snapshot, error) {
	state := result.State()
	split, err := state.Split()
	if err != nil {
		return nil, err
	}
	usage := result.Usage()
	now := &snapshot{
		State: split, Interruptions: state.Waiting(),
		CurrentTurn: result.CurrentTurn(), LastAgent: result.MarshalAgent(result.LastAgent()),
		FinalOutput: result.MarshalFinalOutput(), InputList: result.ToInputList(),
		Usage: usageData{usage.Requests, usage.InputTokens, usage.OutputTokens, usage.TotalTokens},
	}
	if limit := result.MaxTurns(); limit > 0 {
		now.MaxTurns = &limit
	}
	if id := result.LastResponseID(); id != "" {
		now.LastResponseID = &id
	}
	return now, nil
}

// snapshotText gives the snapshot as JSON text.
func snapshotText(result *runner.StreamResult) (string, error) {
	now, err := newSnapshot(result)
	if err != nil {
		return "", err
	}
	text, err := codec.Write(now)
	return string(text), err
}
