package jsbridge

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatASessionThrewIsTheCauseOfTheRunsError(t *testing.T) {
	page, _ := newTestPage(t)
	page.functions[1] = func([]json.RawMessage) (any, bool) {
		return &errorData{Name: "SessionError", Message: "no storage", Code: "session_error"}, true
	}
	session := `{"items":{"fn":1},"add":{"fn":2},"pop":{"fn":3},"clear":{"fn":4}}`
	page.run(1, `{"agents":[{"name":"A","model":"m"}],"input":{"text":"Hi"},"provider":{"baseURL":"http://x/v1"},"options":{"session":`+session+`}}`)

	end := page.end(1)
	require.NotNil(t, end.Error)
	assert.Equal(t, "the session could not be read: no storage", end.Error.Message)
	require.NotNil(t, end.Error.Cause)
	assert.Equal(t, errorData{Name: "SessionError", Message: "no storage", Code: "session_error"}, *end.Error.Cause)
}
