package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"runstream/runner/runnertest"
)

// answer is one response as it is sent.
type answer struct {
	events []event
	text   []byte        // of all events; joined once, so that it costs no contender
	pace   time.Duration // before each delta; 0 sends all as fast as it is taken
}

type event struct {
	text  []byte
	delta bool
}

// script answers by what it is called:
//
//	deltas-N     a text of N deltas
//	paced-N-MS   the same, with a delta every MS milliseconds
//	tools-T-C    T turns of C calls of look_up, then a text; which turn it is
//	             shows in the request
//	gated-T-C    the same, but that the last call of turn T is of delete_file
func script(name string, request io.Reader) (answer, error) {
	kind, numbers, _ := strings.Cut(name, "-")
	switch kind {
	case "deltas":
		var n int
		if _, err := fmt.Sscanf(numbers, "%d", &n); err != nil {
			return answer{}, err
		}
		return text(n), nil
	case "paced":
		var n, ms int
		if _, err := fmt.Sscanf(numbers, "%d-%d", &n, &ms); err != nil {
			return answer{}, err
		}
		paced := text(n)
		paced.pace = time.Duration(ms) * time.Millisecond
		return paced, nil
	case "tools", "gated":
		var turns, calls int
		if _, err := fmt.Sscanf(numbers, "%d-%d", &turns, &calls); err != nil {
			return answer{}, err
		}
		return tools(request, turns, calls, kind == "gated")
	}
	return answer{}, fmt.Errorf("no script is called %q", name)
}

var texts sync.Map // number of deltas → answer: made once, so that making it costs no contender

func text(deltas int) answer {
	if known, ok := texts.Load(deltas); ok {
		return known.(answer)
	}
	words := strings.Fields("a run is what comes of an agent and its input and every event of it is told in order")
	var all strings.Builder
	for i := range deltas {
		if i > 0 {
			all.WriteByte(' ')
		}
		all.WriteString(words[i%len(words)])
	}
	made := encode(runnertest.Response{ID: "resp_text"}, runnertest.Message(all.String()))
	texts.Store(deltas, made)
	return made
}

// tools says by the outputs in the request which turn it is.
func tools(request io.Reader, turns, calls int, gated bool) (answer, error) {
	var body struct{ Input []struct{ Type string } }
	if err := json.NewDecoder(request).Decode(&body); err != nil {
		return answer{}, err
	}
	done := 0
	for _, item := range body.Input {
		if item.Type == "function_call_output" {
			done++
		}
	}
	turn := done/calls + 1
	response := runnertest.Response{ID: fmt.Sprintf("resp_%d", turn)}
	if turn > turns {
		return encode(response, runnertest.Message("All is looked up.")), nil
	}
	outputs := make([]runnertest.Output, calls)
	for i := range outputs {
		name := "look_up"
		if gated && turn == turns && i == calls-1 {
			name = "delete_file"
		}
		outputs[i] = runnertest.ToolCall(name, fmt.Sprintf("call_%d_%d", turn, i), fmt.Sprintf(`{"key":"entry %d of turn %d"}`, i, turn))
	}
	return encode(response, outputs...), nil
}

func encode(response runnertest.Response, outputs ...runnertest.Output) answer {
	raw := runnertest.Reply(outputs...).Events(response)
	events := make([]event, len(raw))
	for i, e := range raw {
		events[i] = event{
			text:  fmt.Appendf(nil, "event: %s\ndata: %s\n\n", e.Type, e.Data),
			delta: e.Type == "response.output_text.delta",
		}
	}
	made := answer{events: events}
	for _, event := range events {
		made.text = append(made.text, event.text...)
	}
	return made
}
