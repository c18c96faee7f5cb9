package runner

import "encoding/json"

// NormalizedInputList gives the conversation as the next model call would get
// it: what handoff filters removed is left out. [StreamResult.ToInputList]
// gives all of it.
func (r *StreamResult) NormalizedInputList() []json.RawMessage {
	s := r.published()
	return r.inputList(s, s.generated)
}
