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
	waiting [][]byte
	first   int
}

func newSentTexts() sentTexts { return sentTexts{numbers: map[*byte]int{}} }

// crossed notes that the page has all that were waiting.
func (t *sentTexts) crossed() { t.waiting, t.first = nil, len(t.numbers) }

// separator comes before each text. No JSON text has it (RFC 7464).
const separator = 0x1e

// refer gives the numbers of texts.
func (t *sentTexts) refer(texts []json.RawMessage) []int {
	numbers := make([]int, len(texts))
	for i, text := range texts {
		if len(text) == 0 {
			text = json.RawMessage("null") // no text, such as an item that Go code has made
		}
		place := &text[0]
		number, sent := t.numbers[place]
		if !sent {
			if bytes.IndexByte(text, separator) >= 0 {
				text = json.RawMessage("null") // no JSON
			}
			number = len(t.numbers)
			t.numbers[place] = number
			t.waiting = append(t.waiting, text)
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

func (r *run) newSnapshot(result *runner.StreamResult) *snapshot {
	toolInputs, toolOutputs := result.ToolGuardrailResults()
	inputList := result.ToInputList()
	now := &snapshot{
		State: r.sent.state(result.Split()), InputList: r.sent.refer(inputList), Interruptions: result.Waiting(),
		CurrentTurn: result.CurrentTurn(), LastAgent: result.MarshalAgent(result.LastAgent()),
		UnannouncedItems:      marshalItems(result, result.UnannouncedItems()),
		Usage:                 usageOf(result.Usage()),
		InputGuardrailResults: guardrailsData(result.InputGuardrailResults()), OutputGuardrailResults: guardrailsData(result.OutputGuardrailResults()),
		ToolInputGuardrailResults: toolGuardrailsData(toolInputs), ToolOutputGuardrailResults: toolGuardrailsData(toolOutputs),
	}
	if normalized := result.NormalizedInputList(); !slices.EqualFunc(normalized, inputList, sameText) {
		now.NormalizedInputList = r.sent.refer(normalized)
	}
	if result.FinalOutput() != nil {
		now.FinalOutput = result.MarshalFinalOutput()
	}
	if limit := result.MaxTurns(); limit > 0 {
		now.MaxTurns = &limit
	}
	if id := result.LastResponseID(); id != "" {
		now.LastResponseID = &id
	}
	return now
}

func sameText(a, b json.RawMessage) bool { return bytes.Equal(a, b) }

func usageOf(usage runner.Usage) usageData {
	return usageData{usage.Requests, usage.InputTokens, usage.OutputTokens, usage.TotalTokens}
}

// writeSnapshot gives a result and its state as they cross: as JSON text, then the
// texts that the page does not have yet. It counts on them to cross: what it gives
// must be posted, in the order in which it is written. paused says that the run
// has ended and waits.
func (r *run) writeSnapshot(result *runner.StreamResult, paused bool) ([]byte, error) {
	now := r.newSnapshot(result)
	now.Paused, now.FirstText = paused, r.sent.first
	text, err := codec.Write(now)
	if err != nil {
		return nil, err
	}
	text = bytes.Join(append([][]byte{text}, r.sent.waiting...), []byte{separator})
	r.sent.crossed()
	return text, nil
}
