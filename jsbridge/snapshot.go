package jsbridge

import (
	"bytes"
	"encoding/json"
	"slices"

	"runstream/internal/codec"
	"runstream/runner"
)

// sentTexts are the JSON texts of a run that the page has, by where they lie in
// memory: items and answers are in every snapshot, and cross once.
type sentTexts struct {
	numbers map[*byte]int
	// waiting are those that the page does not have, from number first on.
	waiting []string
	first   int
}

func newSentTexts() sentTexts { return sentTexts{numbers: map[*byte]int{}, waiting: []string{}} }

// crossed notes that the page has all that were waiting.
func (t *sentTexts) crossed() { t.waiting, t.first = []string{}, len(t.numbers) }

// refer gives the numbers of texts.
func (t *sentTexts) refer(texts []json.RawMessage) []int {
	numbers := make([]int, len(texts))
	for i, text := range texts {
		if len(text) == 0 {
			text = json.RawMessage("null") // no text, such as an item that Go code has made
		}
		number, sent := t.numbers[&text[0]]
		if !sent {
			number = len(t.numbers)
			t.numbers[&text[0]] = number
			t.waiting = append(t.waiting, string(text))
		}
		numbers[i] = number
	}
	return numbers
}

// state gives a state's document as it crosses.
func (t *sentTexts) state(split runner.SplitState) stateData {
	data := stateData{Slots: split.Slots}
	for _, piece := range split.Pieces {
		data.Pieces = append(data.Pieces, piece.Text)
		if len(piece.Shared) > 0 {
			data.Pieces = append(data.Pieces, t.refer(piece.Shared))
		}
		if piece.Slot {
			data.Pieces = append(data.Pieces, nil)
		}
	}
	return data
}

// newSnapshot is of the run's latest state. A run's snapshots must cross in the
// order in which they are made.
func (r *run) newSnapshot(result *runner.StreamResult) (*snapshot, error) {
	state := result.State()
	split, err := state.Split()
	if err != nil {
		return nil, err
	}
	toolInputs, toolOutputs := result.ToolGuardrailResults()
	inputList := result.ToInputList()
	now := &snapshot{
		State: r.sent.state(split), InputList: r.sent.refer(inputList), Interruptions: state.Waiting(), Paused: len(result.Interruptions()) > 0,
		CurrentTurn: result.CurrentTurn(), LastAgent: result.MarshalAgent(result.LastAgent()),
		FinalOutput:           result.MarshalFinalOutput(),
		UnannouncedItems:      marshalItems(result, result.UnannouncedItems()),
		Usage:                 usageOf(result.Usage()),
		InputGuardrailResults: guardrailsData(result.InputGuardrailResults()), OutputGuardrailResults: guardrailsData(result.OutputGuardrailResults()),
		ToolInputGuardrailResults: toolGuardrailsData(toolInputs), ToolOutputGuardrailResults: toolGuardrailsData(toolOutputs),
	}
	if normalized := result.NormalizedInputList(); !slices.EqualFunc(normalized, inputList, sameText) {
		now.NormalizedInputList = r.sent.refer(normalized)
	}
	now.Texts, now.FirstText = r.sent.waiting, r.sent.first
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
func (r *run) snapshotText(result *runner.StreamResult) (string, error) {
	now, err := r.newSnapshot(result)
	if err != nil {
		return "", err
	}
	text, err := codec.Write(now)
	return string(text), err
}
