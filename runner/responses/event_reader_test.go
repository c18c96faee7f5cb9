package responses

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A failure may repeat the request's secrets, in each event that tells of it.
func TestEachEventThatTellsOfAFailureIsRedacted(t *testing.T) {
	reader := eventReader{redact: func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }}
	for _, reason := range []string{"first", "second", "third"} {
		event, err := reader.read(Message{Data: []byte(`{"type":"response.failed","response":{"error":{"message":"` + reason + `: s3cret"}}}`)})
		require.NoError(t, err)
		assert.Contains(t, string(event.Data), reason+": ***")
		assert.NotContains(t, string(event.Data), "s3cret")
	}
}
