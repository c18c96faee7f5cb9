package jsbridge

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMessagesOfThePageAreCopied(t *testing.T) {
	for message, want := range map[string]toEngine{
		`{ type: "run", run: 1, spec: "{}" }`:                          runMessage{Run: 1, Spec: "{}"},
		`{ type: "run", run: 1, spec: "{}", sessionId: "s" }`:          runMessage{1, "{}", "s"},
		`{ type: "cancel", run: 1, mode: "after_turn" }`:               cancelMessage{Run: 1, Mode: "after_turn"},
		`{ type: "cancel", run: 1, mode: "immediate", calls: [3, 4] }`: cancelMessage{1, "immediate", []int{3, 4}},
		`{ type: "cancel", run: 1, mode: "immediate", calls: [] }`:     cancelMessage{1, "immediate", []int{}},
		`{ type: "reply", call: 2, value: "null" }`:                    replyMessage{Call: 2, Value: "null"},
		`{ type: "release", run: 1 }`:                                  releaseMessage{1},
		`{ type: "reply", call: 2, error: { name: "A", message: "b", code: "c", thrown: 3, cause: { name: "D", message: "e" } } }`: replyMessage{
			Call: 2, Error: &errorData{Name: "A", Message: "b", Code: "c", Thrown: 3, Cause: &errorData{Name: "D", Message: "e"}},
		},
		`{ type: "run" }`:                        runMessage{},
		`{ type: "run", run: "1", spec: {} }`:    runMessage{},
		`{ type: "reply", call: {}, error: "" }`: replyMessage{},
		`{ type: "tomorrow", run: 1 }`:           nil,
		`{ type: 7 }`:                            nil,
		`{}`:                                     nil,
		`null`:                                   nil,
		`undefined`:                              nil,
		`"run"`:                                  nil,
		`() => {}`:                               nil,
	} {
		assert.Equal(t, want, readMessage(eval(message)), message)
	}
}

func TestErrorsThatContainThemselvesAreCut(t *testing.T) {
	m := readMessage(eval(`(() => { const e = { name: "A", message: "b" }; e.cause = e; return { type: "reply", call: 1, error: e }; })()`))
	depth := 0
	for data := m.(replyMessage).Error; data != nil; data = data.Cause {
		depth++
	}
	assert.Equal(t, maxCauses+1, depth)
}
