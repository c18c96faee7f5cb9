package openaimodel_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/openaimodel"
	"runstream/runner/runnertest"
)

// What one more delta costs in a run: nothing of its own, only its share of
// buffers that grow.
func TestAllocationsPerEvent(t *testing.T) {
	const few, many = 2_000, 12_000
	allocations := func(deltas int) float64 {
		stream := encoded(runnertest.Response{}, runnertest.Message(strings.Repeat(" word", deltas)))
		client := cannedClient(func(*http.Request) []byte { return stream })
		agent := &runner.Agent{Name: "Writer", Model: openaimodel.Responses(client, "gpt-5")}
		return testing.AllocsPerRun(5, func() {
			for _, err := range runner.RunStreamed(t.Context(), agent, runner.Text("Write.")).Events() {
				require.NoError(t, err)
			}
		})
	}
	each := (allocations(many) - allocations(few)) / (many - few)
	t.Logf("%.3f allocations for each event", each)
	assert.Less(t, each, 0.05)
}
