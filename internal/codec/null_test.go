package codec

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatIsNothing(t *testing.T) {
	for value, want := range map[string]struct{ null, falsy bool }{
		"": {true, true}, "null": {true, true}, "false": {false, true}, "0": {false, true}, `""`: {false, true}, "{}": {false, true},
		"[]": {false, true}, "true": {}, "1": {}, `"null"`: {}, "[0]": {},
	} {
		assert.Equal(t, want.null, IsNull([]byte(value)), value)
		assert.Equal(t, want.falsy, IsFalsy([]byte(value)), value)
	}
}
