package jsbridge

import (
	"strings"
	"unicode/utf8"

	"runstream/internal/codec"
)

// pump hands the run's events to the page, as they come, until they end.
func (r *run) pump() error {
	if err := r.postIdentities(); err != nil {
		return err
	}
	var writer batchWriter
	for batch, err := range r.result.Batches() {
		if err != nil {
			return nil // it is the run's, and follow tells it
		}
		r.post(eventsMessage{Run: r.number, Batch: writer.write(r.result, batch)})
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
		r.post(eventsMessage{Run: r.number, Batch: []byte(`[{"type":"identities","identities":` + string(text) + `},[0],[]]`)})
	}
	return err
}
