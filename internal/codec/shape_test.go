package codec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func learn(t *testing.T, text string) *Shape {
	t.Helper()
	require.True(t, Valid([]byte(text)))
	return NewShape([]byte(text), "type")
}

func TestWhatHasAShape(t *testing.T) {
	const text = `{"type":"delta","number":9,"delta":"a","logprobs":[{"top":-1.5}, null],"done":true,"pad":""}`
	shape := learn(t, text)
	for with, fits := range map[[2]string]bool{
		{`"a"`, `"a"`}: true,
		{`"a"`, `""`}:  true,
		{`"a"`, `"a longer one, \"quoted\" \u00e9"`}: true,
		{`"a"`, `"\\"`}:               true,
		{`9`, `10`}:                   true,
		{`9`, `-0.5e+7`}:              true,
		{`-1.5`, `-15`}:               true,
		{`""}`, `"at the very end"}`}: true,
		{`"a"`, `7`}:                  false,
		{`9`, `"nine"`}:               false,
		{`null`, `true`}:              false,
		{`"delta",`, `"other",`}:      false,
		{`"delta",`, `"delta2",`}:     false,
		{`"number"`, `"numbers"`}:     false,
		{`"done"`, `"more":1,"done"`}: false,
		{`""}`, `""} `}:               false,
		{`""}`, `""`}:                 false,
		{`"a"`, `"a`}:                 false,
		{`"a"`, `"a\"`}:               false,
		{`"a"`, `"\x"`}:               false,
		{`"a"`, "\"\n\""}:             false,
		{`9`, `09`}:                   false,
		{`9`, `9.`}:                   false,
		{`9`, `9}`}:                   false,
		{`-1.5`, `-`}:                 false,
		{text, ``}:                    false,
	} {
		assert.Equal(t, fits, shape.Fits([]byte(strings.Replace(text, with[0], with[1], 1)), new(Likeness)), "%s for %s", with[1], with[0])
	}
}

func TestWhatFitsNothing(t *testing.T) {
	assert.False(t, learn(t, `{"type":"a"}`).Fits(nil, new(Likeness)))
	for _, text := range []string{`{}`, `{"type":7}`, `{"type":"\u0061"}`, `{"type":""}`} {
		assert.False(t, learn(t, text).Fits([]byte(text), new(Likeness)), text)
	}
}

// Whatever has the shape of another text is JSON, with the same type.
func FuzzShape(f *testing.F) {
	f.Add(`{"type":"a","n":1,"s":"x"}`, `{"type":"a","n":12,"s":"x\n"}`)
	f.Add(`{"type":"a","n":[1,2,"\\"]}`, `{"type":"a","n":[10,2,"\""]}`)
	f.Add(`{"n":-1.5e3,"type":"abc"}`, `{"n":01,"type":"abc"}`)
	f.Add(`{"type":"a","type":"b"}`, `{"type":"b","type":"b"}`)
	f.Add(`{"o":{"type":"a"},"type":"b"}`, `{"o":{"type":"c"},"type":"b"}`)
	f.Fuzz(func(t *testing.T, text, other string) {
		found, ok := TextField([]byte(text), "type")
		if !ok {
			return
		}
		if NewShape([]byte(text), "type").Fits([]byte(other), new(Likeness)) {
			its, ok := TextField([]byte(other), "type")
			assert.True(t, ok, other)
			assert.Equal(t, string(found), string(its))
		}
	})
}
