package jsbridge

import (
	"strings"

	"runstream/internal/codec"
	"runstream/runner"
)

// pump hands the run's events to the page, as they come, until they end.
func (r *run) pump() error {
	identities := make([]string, len(r.agents))
	for i, agent := range r.agents {
		identities[i] = r.result.Identity(agent)
	}
	names, err := codec.Write(identities)
	if err != nil {
		return err
	}
	r.engine.post(eventsMessage{Run: r.number, Batch: `[{"type":"run_started","identities":` + string(names) + `}]`})
	for batch, err := range r.result.Batches() {
		if err != nil {
			return nil // it is the run's, and follow tells it
		}
		r.engine.post(eventsMessage{Run: r.number, Batch: encodeBatch(r.result, batch)})
	}
	return nil
}

const rawEventStart = `{"type":"raw_response_event","data":`

// encodeBatch writes events as a JSON array. What the server wrote is copied as
// it is: nearly all that streams passes here.
func encodeBatch(result *runner.StreamResult, batch []runner.Event) string {
	size := 2
	for _, event := range batch {
		size += len(rawEventStart) + len(event.Raw.Data) + 2
	}
	var text strings.Builder
	text.Grow(size)
	for i, event := range batch {
		if i == 0 {
			text.WriteByte('[')
		} else {
			text.WriteByte(',')
		}
		writeEvent(&text, result, event)
	}
	text.WriteByte(']')
	return text.String()
}

func writeEvent(text *strings.Builder, result *runner.StreamResult, event runner.Event) {
	switch event.Type {
	case runner.RawResponseEvent:
		text.WriteString(rawEventStart)
		text.Write(event.Raw.Data)
	case runner.AgentUpdatedStreamEvent:
		text.WriteString(`{"type":"agent_updated_stream_event","new_agent":`)
		text.Write(result.MarshalAgent(event.Agent))
	case runner.RunItemStreamEvent:
		text.WriteString(`{"type":"run_item_stream_event","name":"`)
		text.WriteString(string(event.Name))
		text.WriteString(`","item":`)
		text.Write(result.MarshalItem(event.Item))
	}
	text.WriteByte('}')
}
