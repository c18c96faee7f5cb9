package runner_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"runstream/runner"
	"runstream/runner/runnertest"
)

// Two agents that hand off to each other, one of them a tool of the other too.
func TestACopyIsApart(t *testing.T) {
	helper := newAgent("Helper", script(says("Helped.")))
	start := newAgent("Start", script(runnertest.Reply(runnertest.ToolCall("helper", "c1", `{"input":"Go."}`)), says("Done.")))
	start.Tools = []runner.Tool{helper.AsTool(runner.AgentToolOptions{Name: "helper"})}
	start.Handoffs = []runner.HandoffTarget{helper}
	helper.Handoffs = []runner.HandoffTarget{&runner.Handoff{Agent: start}}

	copied := start.Copy(map[*runner.Agent]*runner.Agent{})
	copied.Tools = append(copied.Tools, (&executions{}).free("more"))
	assert.Len(t, start.Tools, 1)
	result := runOK(t, copied, runner.Text("Go."))
	assert.Equal(t, "Done.", result.FinalOutput())
	copiedHelper := copied.Handoffs[0].(*runner.Agent)
	assert.NotSame(t, helper, copiedHelper)
	assert.Same(t, copied, copiedHelper.Handoffs[0].(*runner.Handoff).Agent)
	assert.Equal(t, "Helper", result.Identity(copiedHelper), "it is one agent, by handoff and as a tool")
}
