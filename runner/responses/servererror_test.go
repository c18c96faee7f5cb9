package responses_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"runstream/runner"
	"runstream/runner/responses"
)

func TestStatusErrorTellsWhatTheServerSays(t *testing.T) {
	for name, tc := range map[string]struct{ body, message, code string }{
		"OpenAI's form":          {`{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key","param":null}}`, "Incorrect API key", "invalid_api_key"},
		"with a number for code": {`{"error":{"message":"Not found","code":404}}`, "Not found", "404"},
		"with no code":           {`{"error":{"message":"Not found","code":null}}`, "Not found", ""},
		"a text":                 {`{"error":"model not found"}`, "model not found", ""},
		"a page":                 {`<html><body>Bad Gateway</body></html>`, "it gave no reason", ""},
		"nothing":                {``, "it gave no reason", ""},
		"null":                   {`{"error":null}`, "it gave no reason", ""},
		"no words":               {`{"error":{"code":"x"}}`, "it gave no reason", "x"},
		"strange words":          {`{"error":{"message":7,"code":"x"}}`, "it gave no reason", "x"},
		"a list":                 {`[{"error":"x"}]`, "it gave no reason", ""},
		"a list of errors":       {`{"error":["x"]}`, "it gave no reason", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := responses.StatusError(400, []byte(tc.body), noHeader)
			assert.Equal(t, &runner.APIError{Status: 400, Message: tc.message, Code: tc.code}, err)
		})
	}
}

func TestStatusErrorKeepsTheWait(t *testing.T) {
	err := responses.StatusError(429, nil, func(name string) string {
		return map[string]string{"retry-after": "90"}[name]
	})
	assert.Equal(t, 90*time.Second, err.RetryAfter)
}

func noHeader(string) string { return "" }
