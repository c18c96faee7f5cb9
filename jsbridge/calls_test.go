package jsbridge

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARepliedCallIsOver(t *testing.T) {
	var calls callTable
	first, replied := calls.open()
	second, _ := calls.open()
	assert.NotEqual(t, first, second)

	calls.answer(replyMessage{Call: first, Value: `{"a":1}`})
	assert.JSONEq(t, `{"a":1}`, string((<-replied).value))
	assert.False(t, calls.waits(first))
	calls.answer(replyMessage{Call: first, Value: `2`})
	assert.Empty(t, replied, "a second reply is ignored")

	assert.True(t, calls.waits(second))
	calls.close(second)
	assert.False(t, calls.waits(second))
	calls.answer(replyMessage{Call: second, Value: `2`})
	calls.answer(replyMessage{Call: 99, Value: `2`})
	third, _ := calls.open()
	assert.NotContains(t, []int{first, second}, third, "numbers are never used twice")
}

func TestWhatAReplyCanBe(t *testing.T) {
	for name, tc := range map[string]struct {
		reply   replyMessage
		message string
	}{
		"an error":     {replyMessage{Error: &errorData{Name: "Error", Message: "no"}}, "no"},
		"nothing":      {replyMessage{}, "did not arrive as JSON"},
		"broken JSON":  {replyMessage{Value: "{"}, "did not arrive as JSON"},
		"JSON is fine": {replyMessage{Value: "null"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var calls callTable
			number, replied := calls.open()
			tc.reply.Call = number
			calls.answer(tc.reply)
			got := <-replied
			if tc.message == "" {
				require.NoError(t, got.err)
				return
			}
			assert.ErrorContains(t, got.err, tc.message)
		})
	}
}
