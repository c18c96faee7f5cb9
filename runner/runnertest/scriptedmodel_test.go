package runnertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestTurnsComeInOrder(t *testing.T) {
	model := runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("One.")))
	model.Add(runnertest.Reply(runnertest.Message("Two.")))

	for _, want := range []string{"One.", "Two."} {
		events, err := ask(t.Context(), model, "Go on.")
		require.NoError(t, err)
		assert.Contains(t, string(events[len(events)-1].Data), want)
	}

	_, err := ask(t.Context(), model, "And?")
	assert.ErrorIs(t, err, runnertest.ErrScriptOver)
	assert.Len(t, model.Requests(), 3)
	assert.JSONEq(t, `{"role":"user","content":"And?"}`, string(model.Requests()[2].Input[0]))
}

func TestWhoAsksFirstHasTheFirstTurn(t *testing.T) {
	model := runnertest.NewScriptedModel(runnertest.Reply(runnertest.Message("One.")), runnertest.Reply(runnertest.Message("Two.")))
	first, second := model.Stream(t.Context(), &runner.ModelRequest{}), model.Stream(t.Context(), &runner.ModelRequest{})
	assert.Len(t, model.Requests(), 2)
	assert.Zero(t, model.Remaining())
	for want, events := range map[string]iter.Seq2[runner.RawEvent, error]{"Two.": second, "One.": first} {
		var last runner.RawEvent
		for event, err := range events {
			require.NoError(t, err)
			last = event
		}
		assert.Contains(t, string(last.Data), want)
	}
}

func TestARequestIsKeptAsItWas(t *testing.T) {
	model := runnertest.NewScriptedModel(runnertest.Reply())
	input := []json.RawMessage{[]byte(`"a"`)}
	for range model.Stream(t.Context(), &runner.ModelRequest{Input: input}) {
	}
	input[0] = []byte(`"b"`)
	assert.Equal(t, `"a"`, string(model.Requests()[0].Input[0]))
}

func TestABrokenTurnEndsInItsError(t *testing.T) {
	reset := errors.New("connection reset")
	model := runnertest.NewScriptedModel(runnertest.Break(reset, runnertest.Message("Well")))
	events, err := ask(t.Context(), model, "Hello.")
	require.ErrorIs(t, err, reset)
	assert.NotEmpty(t, events)
}

func TestAHangingTurnEndsWithItsContext(t *testing.T) {
	model := runnertest.NewScriptedModel(runnertest.Turn{Outputs: []runnertest.Output{runnertest.Message("Well")}, Hang: true})
	stopped := errors.New("stopped by the reader")
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	var last error
	for event, err := range model.Stream(ctx, &runner.ModelRequest{}) {
		last = err
		if event.Type == "response.output_item.done" {
			stop(stopped)
		}
	}
	assert.ErrorIs(t, last, stopped)
}

func TestAssertDone(t *testing.T) {
	var failed failures
	runnertest.NewScriptedModel().AssertDone(&failed)
	assert.Empty(t, failed)
	runnertest.NewScriptedModel(runnertest.Reply()).AssertDone(&failed)
	assert.Len(t, failed, 1)
}

// ask gives the events up to the error.
func ask(ctx context.Context, model runner.Model, text string) ([]runner.RawEvent, error) {
	message := fmt.Appendf(nil, `{"role":"user","content":%q}`, text)
	var events []runner.RawEvent
	for event, err := range model.Stream(ctx, &runner.ModelRequest{Input: []json.RawMessage{message}}) {
		if err != nil {
			return events, err
		}
		events = append(events, event)
	}
	return events, nil
}

type failures []string

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	*f = append(*f, fmt.Sprintf(format, args...))
}
