package runner

import "encoding/json"

// SplitState is a state document in pieces, for pages: they edit the slots and
// leave every other byte alone, and what one state of a run shares with the
// next crosses to them once.
type SplitState struct {
	Pieces []StatePiece
	// Slots are objects whose fields, without the braces, stand in the document.
	// None is empty.
	Slots []json.RawMessage
}

// StatePiece is a part of a state document: Text, then Shared with commas
// between, then the fields of the next slot where Slot says so.
type StatePiece struct {
	Text string
	// Shared are the same slices in every state of a run.
	Shared []json.RawMessage
	Slot   bool
}

// Split writes what [State.MarshalJSON] writes of [StreamResult.State], in pieces.
func (r *StreamResult) Split() SplitState {
	w := &documentWriter{split: &splitWriter{}}
	w.state(r.published())
	return w.split.finish(w.buf)
}

// splitWriter notes where a document is cut.
type splitWriter struct {
	state SplitState
	ends  []int // of the pieces' texts
}

func (w *splitWriter) cut(end int, piece StatePiece) {
	w.state.Pieces = append(w.state.Pieces, piece)
	w.ends = append(w.ends, end)
}

// isCut says whether a document of that length ends with what is no text of it.
func (w *splitWriter) isCut(end int) bool {
	return w != nil && len(w.ends) > 0 && w.ends[len(w.ends)-1] == end
}

func (w *splitWriter) finish(document []byte) SplitState {
	w.cut(len(document), StatePiece{})
	text, start := string(document), 0
	for i, end := range w.ends {
		w.state.Pieces[i].Text, start = text[start:end], end
	}
	return w.state
}
