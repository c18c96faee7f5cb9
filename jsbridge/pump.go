package jsbridge

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"runstream/internal/codec"
	"runstream/runner"
)

// pump hands the run's events to the page, as they come, until they end.
func (r *run) pump() error {
	if err := r.postIdentities(); err != nil {
		return err
	}
	var text []byte
	for batch, err := range r.result.Batches() {
		if err != nil {
			return nil // it is the run's, and follow tells it
		}
		text = appendBatch(text[:0], r.result, batch)
		r.post(eventsMessage{Run: r.number, Batch: text})
		if cap(text) > mostKept {
			text = nil
		}
	}
	return nil
}

// postIdentities tells the page what its agents are called in states and items,
// where that is not just their names.
func (r *run) postIdentities() error {
	identities, own := make([]string, len(r.agents)), true
	for i, agent := range r.agents {
		identities[i] = r.result.Identity(agent)
		// What JavaScript has for half a character is another one in Go.
		own = own && identities[i] == agent.Name && !strings.ContainsRune(agent.Name, utf8.RuneError)
	}
	if own {
		return nil
	}
	text, err := codec.Write(identities)
	if err == nil {
		r.post(eventsMessage{Run: r.number, Batch: []byte(`[[0],{"type":"identities","identities":` + string(text) + `}]`)})
	}
	return err
}

// mostKept bounds the buffer that a run keeps for its batches, in bytes.
const mostKept = 256 << 10

// appendBatch writes events as eventsMessage has them. What the server wrote is
// copied as it is: nearly all that streams passes here.
func appendBatch(text []byte, result *runner.StreamResult, batch []runner.Event) []byte {
	size := len("[[]]")
	for _, event := range batch {
		size += len(event.Raw.Data) + len(",")
	}
	text = append(slices.Grow(text, size), "[["...)
	for i, event := range batch {
		if event.Type == runner.RawResponseEvent {
			continue
		}
		if text[len(text)-1] != '[' {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, int64(i), 10)
	}
	text = append(text, ']')
	for _, event := range batch {
		text = appendEvent(append(text, ','), result, event)
	}
	return append(text, ']')
}

func appendEvent(text []byte, result *runner.StreamResult, event runner.Event) []byte {
	switch event.Type {
	case runner.RawResponseEvent:
		return append(text, event.Raw.Data...)
	case runner.AgentUpdatedStreamEvent:
		text = append(text, `{"type":"agent_updated_stream_event","new_agent":`...)
		text = append(text, result.MarshalAgent(event.Agent)...)
	case runner.RunItemStreamEvent:
		text = append(text, `{"type":"run_item_stream_event","name":"`...)
		text = append(text, event.Name...)
		text = append(text, `","item":`...)
		text = append(text, result.MarshalItem(event.Item)...)
	}
	return append(text, '}')
}
