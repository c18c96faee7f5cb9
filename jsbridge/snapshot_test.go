package jsbridge

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestATextCrossesOnce(t *testing.T) {
	sent := newSentTexts()
	item, none, broken := json.RawMessage(`{"a":1}`), json.RawMessage(nil), json.RawMessage("{\x1e}")
	assert.Equal(t, []int{0, 1, 2}, sent.refer([]json.RawMessage{item, none, broken}))
	assert.Equal(t, [][]byte{item, []byte("null"), []byte("null")}, sent.waiting, "none has a separator")
	sent.crossed()

	assert.Equal(t, []int{2, 0}, sent.refer([]json.RawMessage{broken, item}))
	assert.Empty(t, sent.waiting)
	assert.Equal(t, 3, sent.first)
}
