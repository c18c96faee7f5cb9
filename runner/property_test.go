package runner_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

// Random runs, paused at random places, carried over in memory and as
// documents, decided one by one or together, in any order: each must equal the
// same run never paused.
//
// The seed is fixed and the number of runs small. For more, set
// RUNSTREAM_PROPERTY_RUNS=20000, and RUNSTREAM_PROPERTY_SEED to another number;
// a failure names the run, which RUNSTREAM_PROPERTY_ONLY=number repeats alone.
func TestPropertyAPausedRunEqualsTheRunNeverPaused(t *testing.T) {
	t.Parallel()
	seed := number(t, "RUNSTREAM_PROPERTY_SEED", 1)
	only := number(t, "RUNSTREAM_PROPERTY_ONLY", -1)
	for run := range number(t, "RUNSTREAM_PROPERTY_RUNS", 25) {
		if only >= 0 && run != only {
			continue
		}
		if !t.Run(strconv.Itoa(run), func(t *testing.T) { onePlan(t, rand.New(rand.NewPCG(uint64(seed), uint64(run)))) }) {
			return // one is enough to look at
		}
	}
}

// Random runs, stopped at once at random events and gone on with: nothing runs
// twice or undecided, and no stopped run leaves a call without its output, but
// for those that wait.
func TestPropertyARunStoppedAnywhereRunsNothingTwice(t *testing.T) {
	t.Parallel()
	seed := number(t, "RUNSTREAM_PROPERTY_SEED", 1)
	for run := range number(t, "RUNSTREAM_PROPERTY_RUNS", 25) {
		random := rand.New(rand.NewPCG(uint64(seed), uint64(run)))
		s := newPlan(random).newStage(true)
		s.stopAndGoOn(t, random)
		if !assert.Empty(t, s.wrong, "run %d", run) || t.Failed() {
			return
		}
	}
}

func (s *stage) stopAndGoOn(t *testing.T, random *rand.Rand) {
	t.Helper()
	var input runner.Input = runner.Text("Go.")
	for range 12 {
		result := runner.RunStreamed(t.Context(), s.start, input, runner.WithMaxTurns(0))
		left := random.IntN(60)
		for _, err := range result.Events() {
			if err != nil {
				break // also that the script is over: a stopped turn is not played again
			}
			if left--; left == 0 {
				result.Cancel(runner.CancelImmediate)
			}
		}
		failure := result.Wait(t.Context())
		state := result.State()
		if len(state.Interruptions()) == 0 {
			outputs(t, result.ToInputList())
		}
		if failure != nil || result.FinalOutput() != nil {
			return
		}
		state = carried(t, random, s.start, state)
		for _, item := range state.Interruptions() {
			if random.IntN(2) == 0 {
				require.NoError(t, s.decide(state, item))
			}
		}
		input = carried(t, random, s.start, state)
	}
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}

func onePlan(t *testing.T, random *rand.Rand) {
	p := newPlan(random)
	whole := p.newStage(false).play(t, nil)
	paused := p.newStage(true).play(t, random)
	for _, got := range []*performance{whole, paused} {
		assert.Empty(t, got.stage.wrong)
		answered := outputs(t, got.result.ToInputList())
		if !p.fatal {
			assert.ElementsMatch(t, p.calls, keysOf(answered), "every call has its output")
			assert.Equal(t, "Done.", got.result.FinalOutput())
		}
	}
	if p.fatal {
		assert.Error(t, whole.err)
		assert.Error(t, paused.err)
		return // which calls beside the fatal one are through is not the same each time
	}
	require.NoError(t, whole.err)
	require.NoError(t, paused.err)
	assert.Equal(t, inCallOrder(whole.events), inCallOrder(paused.events), "events")
	assert.Equal(t, requestsOf(t, whole.stage), requestsOf(t, paused.stage), "what the models were asked")
	assert.Equal(t, whole.result.Usage(), paused.result.Usage(), "usage")
	assert.Equal(t, whole.log(t), paused.log(t), "session")
	assert.Equal(t, documentLines(t, whole.result.State()), documentLines(t, paused.result.State()), "document")
}

// performance is a run that was played to its end.
type performance struct {
	stage   *stage
	result  *runner.StreamResult
	err     error
	events  []string
	session *notedSession
}

// play runs the plan. With random, the run is paused after turns, and
// decisions are made a few at a time.
func (s *stage) play(t *testing.T, random *rand.Rand) *performance {
	t.Helper()
	played := &performance{stage: s, session: &notedSession{}}
	var input runner.Input = runner.Text("Go.")
	for segment := 0; ; segment++ {
		played.result = runner.RunStreamed(t.Context(), s.start, input, runner.WithSession(played.session), runner.WithMaxTurns(0))
		stopped := random != nil && random.IntN(3) == 0
		if stopped {
			played.result.Cancel(runner.CancelAfterTurn)
		}
		var lines []string
		for event, err := range played.result.Events() {
			if err != nil {
				played.err = err
				break
			}
			lines = append(lines, wholeLine(event))
		}
		if segment > 0 {
			lines = lines[1:] // every run begins with its agent
		}
		played.events = append(played.events, lines...)
		state := played.result.State()
		waiting := played.result.Interruptions()
		if played.err != nil || len(waiting) == 0 && (!stopped || played.result.FinalOutput() != nil) {
			return played
		}
		require.NotNil(t, random, "a run without a gate is never paused")
		require.Less(t, segment, 200, "it comes to an end")
		state = carried(t, random, s.start, state)
		for _, item := range state.Interruptions() {
			if random.IntN(2) == 0 {
				require.NoError(t, s.decide(state, item))
			}
		}
		input = carried(t, random, s.start, state)
	}
}

func carried(t *testing.T, random *rand.Rand, start *runner.Agent, state *runner.State) *runner.State {
	t.Helper()
	for range random.IntN(3) {
		state = reload(t, start, state)
	}
	return state
}

// wholeLine is an event with all it says.
func wholeLine(event runner.Event) string {
	switch event.Type {
	case runner.RawResponseEvent:
		return string(event.Raw.Data)
	case runner.RunItemStreamEvent:
		return fmt.Sprintf("%s of %s %s %s %s", event.Name, event.Item.Agent.Name, event.Item.ToolName, event.Item.Raw, event.Item.Output)
	}
	return "agent " + event.Agent.Name
}

// inCallOrder sorts outputs that follow each other: a pause puts those of the
// calls that waited behind the others.
func inCallOrder(lines []string) []string {
	lines = slices.Clone(lines)
	for from := 0; from < len(lines); from++ {
		to := from
		for to < len(lines) && isOutputLine(lines[to]) {
			to++
		}
		slices.Sort(lines[from:to])
		from = max(from, to-1)
	}
	return lines
}

func isOutputLine(line string) bool {
	return strings.HasPrefix(line, "tool_output") || strings.Contains(line, `"function_call_output"`) && !strings.Contains(line, "transfer") && !strings.Contains(line, `\"assistant\"`)
}

func (p *performance) log(t *testing.T) []string {
	t.Helper()
	items, err := p.session.Items(t.Context(), 0)
	require.NoError(t, err)
	outputs(t, items)
	return inCallOrder(texts(items))
}

func texts(items []json.RawMessage) []string {
	lines := []string{}
	for _, item := range items {
		lines = append(lines, string(item))
	}
	return lines
}

func keysOf(m map[string]string) []string {
	keys := []string{}
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

func requestsOf(t *testing.T, s *stage) [][]string {
	t.Helper()
	var requests [][]string
	for _, request := range slices.Concat(s.outer.Requests(), s.inner.Requests()) {
		outputs(t, request.Input)
		requests = append(requests, inCallOrder(texts(request.Input)))
	}
	return requests
}

// documentLines is a state's document, a line per field and item, without what a
// pause leaves in it: the decisions, the placeholders of calls that waited, and
// how often tools were noted as used.
func documentLines(t *testing.T, state *runner.State) []string {
	t.Helper()
	var fields, context map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(document(t, state), &fields))
	require.NoError(t, json.Unmarshal(fields["context"], &context))
	delete(context, "function_tool_approvals")
	lines := sortedLines("context.", context)
	for _, name := range []string{"generated_items", "session_items"} {
		var items []json.RawMessage
		require.NoError(t, json.Unmarshal(fields[name], &items))
		items = slices.DeleteFunc(items, func(item json.RawMessage) bool { return strings.Contains(string(item), `"type":"tool_approval_item"`) })
		lines = append(append(lines, name), inCallOrder(texts(items))...)
	}
	var used map[string][]string
	require.NoError(t, json.Unmarshal(fields["tool_use_tracker"], &used))
	for _, agent := range planAgents {
		slices.Sort(used[agent])
		lines = append(lines, fmt.Sprint(agent, " used ", slices.Compact(used[agent])))
	}
	for _, done := range []string{"context", "generated_items", "session_items", "tool_use_tracker", "generated_session_item_indexes"} {
		delete(fields, done)
	}
	return append(lines, sortedLines("", fields)...)
}

func sortedLines(prefix string, fields map[string]json.RawMessage) []string {
	var lines []string
	for key, value := range fields {
		lines = append(lines, prefix+key+" "+string(value))
	}
	slices.Sort(lines)
	return lines
}
