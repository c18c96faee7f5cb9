package jsbridge

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner/runnertest"
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

// A stopped run waits for its session, but not for ever.
func TestAStoppedRunDoesNotWaitForASessionThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page, _ := newTestPage(t, runnertest.Reply(runnertest.Message("Done.")))
		page.functions[1] = func([]json.RawMessage) (any, bool) { return []json.RawMessage{}, true }
		page.functions[2] = func([]json.RawMessage) (any, bool) { return nil, false }
		session := `{"items":{"fn":1},"add":{"fn":2},"pop":{"fn":3},"clear":{"fn":4}}`
		page.run(1, `{"agents":[{"name":"A","model":"m"}],"input":{"text":"Hi"},"provider":{"baseURL":"http://x/v1"},"options":{"session":`+session+`}}`)
		seen(page, func(m callMessage) bool { return m.Fn == 2 })
		stopped := time.Now()
		page.engine.handle(cancelMessage{Run: 1, Mode: "immediate"})
		page.end(1)
		assert.Equal(t, 500*time.Millisecond, time.Since(stopped), "of the test's own clock")
	})
}
