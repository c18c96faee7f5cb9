package runner_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"runstream/runner"
)

// What a model chose must not break or forge a line of a log.
func TestAnErrorQuotesANameThatIsNoPlainOne(t *testing.T) {
	for name, shown := range map[string]string{
		"look_up":                     "Tool look_up not found in agent A",
		"客服":                          "Tool 客服 not found in agent A",
		"x\n2026 ERROR forged\x1b[2J": `Tool "x\n2026 ERROR forged\x1b[2J" not found in agent A`,
		"x\u202egpj":                  `Tool "x\u202egpj" not found in agent A`,
		strings.Repeat("客", 100):      "Tool " + strings.Repeat("客", 66) + "… not found in agent A",
		strings.Repeat("x", 1000):     "Tool " + strings.Repeat("x", 200) + "… not found in agent A",
	} {
		t.Run(shown, func(t *testing.T) {
			mistake, _ := requireError[*runner.ModelBehaviorError](t, newAgent("A", script(calls(name, "c1"))), runner.Text("Go."))
			assert.Equal(t, shown, mistake.Error())
		})
	}
}
