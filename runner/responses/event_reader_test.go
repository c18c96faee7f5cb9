package responses

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/internal/codec"
)

// What is learnt of an event takes several times its size, for as long as the
// stream goes on.
func TestALargeEventIsNotLearnt(t *testing.T) {
	var reader eventReader
	large := Message{Data: []byte(`{"type":"a","n":[` + strings.Repeat("1,", largestShape/2) + `1]}`)}
	small := Message{Data: []byte(`{"type":"a","n":[1]}`)}
	for range 3 {
		_, err := reader.read(large)
		require.NoError(t, err)
	}
	assert.False(t, reader.shape.Fits(large.Data, new(codec.Likeness)))
	_, err := reader.read(small)
	require.NoError(t, err)
	assert.True(t, reader.shape.Fits(small.Data, new(codec.Likeness)))
}
