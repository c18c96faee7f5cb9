package runner_test

import (
	"context"
	"encoding/json"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// endingModel says one thing and ends as it is told to.
type endingModel struct {
	turn runnertest.Turn
	end  func(ctx context.Context) error
}

func (m endingModel) Stream(ctx context.Context, _ *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		for _, event := range m.turn.Events(runnertest.Response{ID: "resp_1"}) {
			if !yield(event, nil) {
				return
			}
		}
		yield(runner.RawEvent{}, m.end(ctx))
	}
}

func TestACompleteResponseCountsHoweverItsStreamEnds(t *testing.T) {
	hangs := func(ctx context.Context) error {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	breaks := func(context.Context) error { return errBroken }
	for name, end := range map[string]func(context.Context) error{"it breaks": breaks, "it does not end": hangs} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				result := runOK(t, newAgent("A", endingModel{says("Done."), end}), runner.Text("Go."))
				assert.Equal(t, "Done.", result.FinalOutput())
				assert.LessOrEqual(t, time.Since(start), time.Second, "of the test's own clock")
			})
		})
	}
	for name, data := range map[string]string{
		"an error event follows":    `{"type":"error","message":"too late"}`,
		"a failed response follows": `{"type":"response.failed","response":{"id":"r","error":{"message":"too late"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			model := &completing{after: data}
			assert.Equal(t, "Done.", runOK(t, newAgent("A", model), runner.Text("Go.")).FinalOutput())
		})
	}
	t.Run("the run is stopped meanwhile", func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		end := func(streaming context.Context) error {
			stop(errBroken)
			return hangs(streaming)
		}
		result, err := runner.Run(ctx, newAgent("A", endingModel{says("Done."), end}), runner.Text("Go."))
		require.ErrorIs(t, err, errBroken)
		assert.Nil(t, result.FinalOutput())
	})
}

func TestAResponseThatSaysItFailedIsNoAnswer(t *testing.T) {
	for _, status := range []string{"failed", "incomplete", "cancelled"} {
		model := &completing{responses: []string{`{"id":"r","status":"` + status + `","error":{"code":"server_error","message":"the key sk-1 is bad"},` +
			`"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"half"}]}]}`}}
		failed, result := requireError[*runner.ModelBehaviorError](t, newAgent("A", model), runner.Text("Go."))
		assert.Equal(t, "the model's response ended with response."+status, failed.Message)
		assert.Nil(t, result.FinalOutput())
	}
}

func TestAFailedResponseKeepsItsCode(t *testing.T) {
	for data, code := range map[string]string{
		`{"type":"error","code":429,"message":"slow down"}`:                                     "429",
		`{"type":"response.failed","response":{"error":{"code":"server_error","message":"x"}}}`: "server_error",
	} {
		model := script(runnertest.Turn{Raw: []json.RawMessage{json.RawMessage(data)}})
		failed, _ := requireError[*runner.ModelBehaviorError](t, newAgent("A", model), runner.Text("Go."))
		var reported *runner.APIError
		require.ErrorAs(t, failed, &reported)
		assert.Equal(t, code, reported.Code)
	}
}

func TestARunWhoseContextHasEndedAsksNobody(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errBroken)
	model := script(says("Done."))
	_, err := runner.Run(ctx, newAgent("A", model), runner.Text("Go."))
	assert.ErrorIs(t, err, errBroken)
	assert.Empty(t, model.Requests())
}

func TestATimeLimitOfTheModelsOwnIsNoEndOfTheRunsContext(t *testing.T) {
	agent := newAgent("A", script(runnertest.Break(context.DeadlineExceeded)))
	failed, _ := requireError[*runner.APIError](t, agent, runner.Text("Go."))
	assert.ErrorIs(t, failed, context.DeadlineExceeded)
}

func TestAnErrorEventIsReadInOthersFormToo(t *testing.T) {
	for _, data := range []string{
		`{"type":"error","message":"too busy","code":"overloaded"}`,
		`{"type":"error","error":{"message":"too busy","code":"overloaded"}}`,
	} {
		agent := newAgent("A", script(runnertest.Turn{Raw: []json.RawMessage{json.RawMessage(data)}}))
		failed, _ := requireError[*runner.ModelBehaviorError](t, agent, runner.Text("Go."))
		assert.ErrorContains(t, failed, "too busy")
		var reported *runner.APIError
		require.ErrorAs(t, failed, &reported)
		assert.Equal(t, "overloaded", reported.Code)
	}
}

// Servers refuse a call that has two outputs, and items whose ids come twice.
func TestWhatAFilterOfTheModelsInputGivesTwiceIsSentOnce(t *testing.T) {
	var ran executions
	model := script(calls("tool", "c1"), says("Done."))
	twice := runner.WithModelInputFilter(func(_ context.Context, _ *runner.RunContext, _ *runner.Agent, input runner.ModelInput) (runner.ModelInput, error) {
		input.Input = append(input.Input, input.Input...)
		return input, nil
	})
	runOK(t, newAgent("A", model, ran.free("tool")), runner.Text("Go."), twice)
	assert.Equal(t, []string{"user", "function_call c1", "user", "function_call_output c1"}, itemLines(t, lastInput(model)))
}
