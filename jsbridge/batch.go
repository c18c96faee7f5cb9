package jsbridge

import (
	"slices"
	"strconv"
	"strings"

	"runstream/internal/codec"
	"runstream/runner"
)

// mostKept bounds the buffer that a run keeps for its batches, in bytes.
const mostKept = 256 << 10

// fewestAlike is how many events that are alike make a series.
const fewestAlike = 4

// batchWriter writes events as eventsMessage has them: nearly all that streams
// passes here. What the server wrote is copied as it is, or its values where many
// events are alike.
type batchWriter struct {
	text   []byte
	others string // positions of events that are not the server's, each after a comma
	heads  string // of series, likewise
	series codec.Series
}

// write gives a batch, which the next call changes.
func (w *batchWriter) write(result *runner.StreamResult, batch []runner.Event) []byte {
	size := len("[[],[]]")
	for i := range batch {
		size += len(batch[i].Raw.Data) + len(",")
	}
	if cap(w.text) > mostKept {
		w.text = nil
	}
	w.text = append(slices.Grow(w.text[:0], size), '[')
	w.others, w.heads = "", ""
	for i := 0; i < len(batch); {
		end := w.alike(batch, i)
		series := end-i >= fewestAlike
		if series {
			w.heads += ",[" + strconv.Itoa(i) + "," + strconv.Itoa(end) + "," + w.series.Head() + "]"
		}
		for ; i < end; i++ {
			event := &batch[i]
			switch {
			case series:
				w.text = w.series.Append(w.text, event.Raw.Data, &event.Raw.Likeness)
			case event.Type == runner.RawResponseEvent:
				w.text = append(w.text, event.Raw.Data...)
			default:
				w.others += "," + strconv.Itoa(i)
				w.text = appendEvent(w.text, result, event)
			}
			w.text = append(w.text, ',')
		}
	}
	w.text = append(w.text, "["+strings.TrimPrefix(w.others, ",")+"],["+strings.TrimPrefix(w.heads, ",")+"]]"...)
	return w.text
}

// alike gives up to where events are of one shape from position i on, and gathers
// these for a series.
func (w *batchWriter) alike(batch []runner.Event, i int) (end int) {
	shape := batch[i].Raw.Likeness.Shape(batch[i].Raw.Data)
	if shape == nil {
		return i + 1
	}
	w.series.Begin(shape)
	for end = i; end < len(batch); end++ {
		raw := &batch[end].Raw
		if raw.Likeness.Shape(raw.Data) != shape {
			break
		}
		w.series.Add(&raw.Likeness)
	}
	return end
}

func appendEvent(text []byte, result *runner.StreamResult, event *runner.Event) []byte {
	switch event.Type {
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
