package jsbridge

import (
	"bytes"
	"encoding/json"
	"slices"

	"runstream/internal/codec"
	"runstream/runner"
)

func newSnapshot(result *runner.StreamResult) (*snapshot, error) {
	state := result.State()
	split, err := state.Split()
	if err != nil {
		return nil, err
	}
	toolInputs, toolOutputs := result.ToolGuardrailResults()
	now := &snapshot{
		State: split, Interruptions: state.Waiting(),
		CurrentTurn: result.CurrentTurn(), LastAgent: result.MarshalAgent(result.LastAgent()),
		FinalOutput: result.MarshalFinalOutput(), InputList: result.ToInputList(),
		Usage:                 usageOf(result.Usage()),
		InputGuardrailResults: guardrailsData(result.InputGuardrailResults()), OutputGuardrailResults: guardrailsData(result.OutputGuardrailResults()),
		ToolInputGuardrailResults: toolGuardrailsData(toolInputs), ToolOutputGuardrailResults: toolGuardrailsData(toolOutputs),
	}
	if normalized := result.NormalizedInputList(); !slices.EqualFunc(normalized, now.InputList, sameText) {
		now.NormalizedInputList = normalized
	}
	if limit := result.MaxTurns(); limit > 0 {
		now.MaxTurns = &limit
	}
	if id := result.LastResponseID(); id != "" {
		now.LastResponseID = &id
	}
	return now, nil
}

func sameText(a, b json.RawMessage) bool { return bytes.Equal(a, b) }

func usageOf(usage runner.Usage) usageData {
	return usageData{usage.Requests, usage.InputTokens, usage.OutputTokens, usage.TotalTokens}
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
