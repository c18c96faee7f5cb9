package jsbridge

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

func TestAddresses(t *testing.T) {
	for base, want := range map[string][2]string{
		"https://a.example/v1":            {"https://a.example/v1/responses", "https://a.example/v1/responses"},
		"https://a.example/v1/":           {"https://a.example/v1/responses", "https://a.example/v1/responses"},
		"https://a.example":               {"https://a.example/responses", "https://a.example/responses"},
		"https://a.example/v1?key=secret": {"https://a.example/v1/responses?key=secret", "https://a.example/v1/responses"},
		"https://me:pw@a.example/v1":      {"https://me:pw@a.example/v1/responses", "https://a.example/v1/responses"},
	} {
		address := newEndpoint(base, "/responses")
		assert.Equal(t, want[0], string(address))
		assert.Equal(t, want[1], address.String(), "what is shown keeps secrets")
	}
}

func TestAnUnreachableServer(t *testing.T) {
	address := newEndpoint("https://a.example/v1", "/responses")
	cause := &pageError{&errorData{Name: "TypeError", Message: "Failed to fetch"}}
	err := address.unreachable(false, cause)
	var failed *runner.APIError
	require.ErrorAs(t, err, &failed)
	assert.Zero(t, failed.Status)
	assert.ErrorIs(t, err, cause)
	for _, hint := range []string{"https://a.example/v1/responses", "Failed to fetch", "CORS", "baseURL"} {
		assert.ErrorContains(t, err, hint)
	}
	assert.ErrorContains(t, address.unreachable(true, cause), "offline")
}

func TestAnswersThatAreNoStream(t *testing.T) {
	address := newEndpoint("https://a.example/v1", "/responses")
	for contentType, message := range map[string]string{
		"text/event-stream":               "",
		"text/event-stream;charset=utf-8": "",
		"":                                "",
		"text/plain":                      "",
		"text/html; charset=utf-8":        "a web page",
		"Text/HTML":                       "a web page",
		"application/json":                "one JSON document",
	} {
		err := address.checkStream(contentType)
		if message == "" {
			assert.NoError(t, err, contentType)
			continue
		}
		assert.ErrorContains(t, err, message)
		assert.Equal(t, "ModelBehaviorError", runner.ErrorName(err))
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	err := newEndpoint("https://a.example/v1", "/responses").redirects()
	assert.ErrorContains(t, err, "https://a.example/v1/responses redirects")
	assert.Equal(t, "UserError", runner.ErrorName(err))
}

func TestWhatARequestWasSentWithIsNotRepeated(t *testing.T) {
	s := newSecrets(map[string]string{"x-api-key": "hdr-0123456789", "x-tier": "free"}, "tok-123")
	assert.Equal(t, "no free keys: (the token), (the header x-api-key)", s.redact("no free keys: tok-123, hdr-0123456789"))
	s = newSecrets(map[string]string{"Authorization": "Bearer key-0123456789"}, "")
	assert.Equal(t, "bad key (the header Authorization)", s.redact("bad key key-0123456789"))
	assert.Equal(t, "bad key (the header Authorization)", s.redact("bad key Bearer key-0123456789"))
	assert.Equal(t, "as it was", newSecrets(nil, "").redact("as it was"))
}

func TestAWebPageInPlaceOfAnAnswerIsNamed(t *testing.T) {
	address := newEndpoint("https://a.example/v1", "/responses")
	err := address.describeStatus(&runner.APIError{Status: 404, Message: "it gave no reason"}, "text/html")
	assert.ErrorContains(t, err, "a web page at https://a.example/v1/responses")
	var failed *runner.APIError
	require.True(t, errors.As(err, &failed))
	assert.Equal(t, 404, failed.Status)
}

func TestAddressesWithCredentials(t *testing.T) {
	for address, has := range map[string]bool{
		"https://me:pw@a.example/v1": true, "https://me@a.example": true, "https://me@a.example?x": true,
		"https://a.example": false, "https://a.example/@me": false, "https://a.example?to=me@b": false, "": false,
	} {
		assert.Equal(t, has, newEndpoint(address, "/").hasCredentials(), address)
	}
}
