package codec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is learnt of a text takes several times its size, for as long as the texts
// go on.
func TestALargeTextIsNotLearnt(t *testing.T) {
	var shapes Shapes
	large := []byte(`{"type":"a","n":[` + strings.Repeat("1,", largestShape/2) + `1]}`)
	small := []byte(`{"type":"a","n":[1]}`)
	for range 3 {
		assert.False(t, shapes.Learn(large, "type"))
	}
	assert.False(t, shapes.Fits(large, new(Likeness)))
	assert.True(t, shapes.Learn(small, "type"))
	assert.True(t, shapes.Fits(small, new(Likeness)))
}

func TestTextsThatHaveNothingInCommonAreLearntEverMoreSeldom(t *testing.T) {
	var shapes Shapes
	learnt := 0
	for i := range 1000 {
		text := fmt.Appendf(nil, `{"type":"a","key %d":1}`, i)
		assert.False(t, shapes.Fits(text, new(Likeness)))
		if shapes.Learn(text, "type") {
			learnt++
		}
	}
	assert.Less(t, learnt, 50)
	assert.Positive(t, learnt)
}
