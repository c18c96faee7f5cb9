package runner_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
)

func TestEventsAreKeptUntilTheyAreRead(t *testing.T) {
	var ran executions
	agent, _ := longRun(&ran)
	result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
	require.NoError(t, result.Wait(t.Context()), "a run that nobody reads completes")
	assert.Equal(t, "Done.", result.FinalOutput())

	lines, err := story(result)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"agent A", "raw", "reasoning_item_created", "message_output_created", "tool_called a1", "tool_called b1", "tool_output a1", "tool_output b1",
		"raw", "handoff_requested h2", "handoff_occured h2",
		"agent B", "raw", "tool_called c3", "tool_output c3", "raw", "message_output_created",
	}, lines)

	lines, err = story(result)
	assert.NoError(t, err)
	assert.Empty(t, lines, "they are read once")
}

func TestLeavingTheLoopLeavesTheRunGoingAndLosesNoEvent(t *testing.T) {
	total := longRunEvents(t)
	for stop := 1; stop <= total; stop++ {
		var ran executions
		agent, _ := longRun(&ran)
		result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
		seen := 0
		for _, err := range result.Events() {
			require.NoError(t, err)
			if seen++; seen == stop {
				break
			}
		}
		require.NoError(t, result.Wait(t.Context()))
		assert.Equal(t, "Done.", result.FinalOutput())
		for _, err := range result.Events() {
			require.NoError(t, err)
			seen++
		}
		assert.Equal(t, total, seen, "left at event %d", stop)
	}
}

func TestALoopThatPanicsLosesNoEvent(t *testing.T) {
	total := longRunEvents(t)
	var ran executions
	agent, _ := longRun(&ran)
	result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
	seen := 0
	assert.Panics(t, func() {
		for range result.Events() {
			seen++
			panic("on purpose")
		}
	})
	for _, err := range result.Events() {
		require.NoError(t, err)
		seen++
	}
	assert.Equal(t, total, seen)
}

func TestASecondReaderGetsAnError(t *testing.T) {
	var ran executions
	agent, _ := longRun(&ran)
	result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
	for _, err := range result.Events() {
		require.NoError(t, err)
		var refused *runner.UserError
		_, second := story(result)
		require.ErrorAs(t, second, &refused)
	}
	assert.Equal(t, "Done.", result.FinalOutput(), "the first one is not disturbed")
}

func TestAReaderHoldsTheNextTurnBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran executions
		agent, model := longRun(&ran)
		model.begin = make(chan struct{})
		result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
		begun := 0
		for event, err := range result.Events() {
			require.NoError(t, err)
			if event.Type == runner.AgentUpdatedStreamEvent && event.Agent.Name == "A" {
				close(model.begin)
			}
			if event.Raw.Type == "response.created" {
				begun++
			}
			synctest.Wait() // the run has gone as far as it can
			assert.LessOrEqual(t, model.asked(), max(begun, 1), "asked again before %s was done with", eventLine(event))
		}
		assert.Equal(t, 4, begun)
	})
}

func TestAReaderThatLeavesHoldsNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran executions
		agent, model := longRun(&ran)
		result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
		for range result.Events() {
			break
		}
		synctest.Wait()
		assert.Equal(t, 4, model.asked())
		assert.True(t, result.IsComplete())
	})
}

func TestAnErrorComesOnceAndAfterEveryEventBeforeIt(t *testing.T) {
	var ran executions
	agent := newAgent("A", script(calls("tool", "c1"), runnertest.Break(errBroken, runnertest.Message("Well"))), ran.free("tool"))
	result := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
	require.ErrorIs(t, result.Wait(t.Context()), errBroken)

	lines, err := story(result)
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, "APIConnectionError", runner.ErrorName(err))
	assert.Equal(t, []string{"agent A", "raw", "tool_called c1", "tool_output c1", "raw"}, lines)

	lines, err = story(result)
	assert.NoError(t, err, "it is told once")
	assert.Empty(t, lines)
	assert.ErrorIs(t, result.Wait(t.Context()), errBroken, "but stays known")
	assert.Equal(t, map[string]string{"c1": "done c1"}, outputs(t, result.ToInputList()), "what came before is kept")
}

func TestRunIsRunStreamedReadToItsEnd(t *testing.T) {
	var streamed, waited executions
	agent, _ := longRun(&streamed)
	reading := runner.RunStreamed(t.Context(), agent, runner.Text("Go."))
	_, err := story(reading)
	require.NoError(t, err)

	agent, _ = longRun(&waited)
	whole := runOK(t, agent, runner.Text("Go."))
	assert.Equal(t, streamed.ids(), waited.ids())
	assert.Equal(t, reading.FinalOutput(), whole.FinalOutput())
	assert.Equal(t, string(document(t, reading.State())), string(document(t, whole.State())))
}
