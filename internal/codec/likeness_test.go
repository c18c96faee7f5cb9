package codec

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const delta = `{"type":"delta", "number":9,"item":"x","delta":"a","logprobs":[ ],"index":0,"done":null,"pad":"","more":{"of":7}}`

// series writes texts as a series and gives its head and the values of each; ok is
// false where one of them is not like the shape's text.
func series(shape *Shape, texts ...string) (head []json.RawMessage, values [][]json.RawMessage, ok bool) {
	var series Series
	series.Begin(shape)
	likes := make([]Likeness, len(texts))
	for i, text := range texts {
		if !shape.Fits([]byte(text), &likes[i]) || likes[i].shape == nil {
			return nil, nil, false
		}
		series.Add(&likes[i])
	}
	if err := json.Unmarshal([]byte("["+series.Head()+"]"), &head); err != nil {
		panic(err)
	}
	for i, text := range texts {
		var of []json.RawMessage
		if err := json.Unmarshal(series.Append(nil, []byte(text), &likes[i]), &of); err != nil {
			panic(err)
		}
		values = append(values, of)
	}
	return head, values, true
}

// expand puts values into the text that a head begins with.
func expand(head, values []json.RawMessage) string {
	text := head[0]
	for i, name := range head[1:] {
		s := scanner{data: text}
		s.space()
		for s.at++; !s.closed(); {
			own := s.skip()
			s.space()
			s.at++
			if value := s.skip(); bytes.Equal(own, name) {
				text = slices.Concat(text[:s.at-len(value)], values[i], text[s.at:])
				break
			}
		}
	}
	return string(text)
}

func TestTextsAsTheirDifferingValues(t *testing.T) {
	texts := []string{
		delta,
		strings.Replace(delta, `"a"`, `"b"`, 1),
		strings.Replace(delta, `"a"`, `"a \"longer\" one, of more than a few bytes \u00e9"`, 1),
		strings.NewReplacer(`"a"`, `""`, "9", "-10.5e3", `"pad":""`, `"pad":"1234"`).Replace(delta),
		strings.NewReplacer(`"pad":""`, `"pad":"1234"`).Replace(delta),
		strings.NewReplacer(`9`, `123456789`, `:0`, `:1`).Replace(delta),
	}
	head, values, ok := series(learn(t, delta), texts...)
	require.True(t, ok)
	assert.Equal(t, delta, string(head[0]))
	var names []string
	for _, name := range head[1:] {
		names = append(names, string(name))
	}
	assert.Equal(t, []string{`"number"`, `"delta"`, `"logprobs"`, `"index"`, `"pad"`, `"more"`}, names, "what differs, and what is a list or an object")
	for i, text := range texts {
		assert.Equal(t, text, expand(head, values[i]))
	}
}

func TestTextsThatDoNotDiffer(t *testing.T) {
	head, values, ok := series(learn(t, `{"type":"a"}`), `{"type":"a"}`)
	assert.True(t, ok)
	assert.Len(t, head, 1)
	assert.Equal(t, [][]json.RawMessage{{}}, values)
}

// Such texts have the shape, and no values that could stand for them.
func TestWhatHasNoLikeness(t *testing.T) {
	for _, texts := range [][2]string{
		{delta, strings.Replace(delta, "7", "8", 1)},                                                                                 // deeper than its fields
		{`{"type":"t","a":1,"b":1,"c":1,"d":1,"e":1}`, `{"type":"t","a":2,"b":2,"c":2,"d":2,"e":2}`},                                 // too many
		{`{"type":"t","a":1,"a":1}`, `{"type":"t","a":2,"a":1}`},                                                                     // one name twice
		{`{"type":"t","a":1,"\u0061":1}`, `{"type":"t","a":2,"\u0061":1}`},                                                           // likewise
		{`{"type":"t","__proto__":1}`, `{"type":"t","__proto__":2}`},                                                                 // no field, for JavaScript
		{`{"type":"t","__proto__":{"type":"u"},"a":1}`, `{"type":"t","__proto__":{"type":"u"},"a":2}`},                               // likewise
		{`{"type":"t","a":""}`, `{"type":"t","a":"` + strings.Repeat("a", longestAlike) + `"}`},                                      // too long
		{`{"type":"t","l":[` + strings.Repeat("1,", 64) + `1],"a":1}`, `{"type":"t","l":[` + strings.Repeat("1,", 64) + `1],"a":2}`}, // too many values to look at
	} {
		shape := learn(t, texts[0])
		assert.True(t, shape.Fits([]byte(texts[1]), new(Likeness)), texts[1])
		_, _, ok := series(shape, texts[1])
		assert.False(t, ok, texts[1])
	}
}

func TestALikenessIsAboutOneText(t *testing.T) {
	text := []byte(delta)
	shape := learn(t, delta)
	var like Likeness
	assert.Nil(t, like.Shape(text))
	assert.Nil(t, like.Shape(nil))
	require.True(t, shape.Fits(text, &like))
	assert.Same(t, shape, like.Shape(text))
	assert.Nil(t, like.Shape(bytes.Clone(text)), "another text")
	assert.Nil(t, like.Shape(text[:len(text)-1]), "less of it")
	assert.False(t, shape.Fits([]byte(`{}`), &like))
	assert.Nil(t, like.Shape(text), "what did not fit was looked at since")
}

// Whatever is written as values is the same text when these are put back.
func FuzzSeries(f *testing.F) {
	f.Add(delta, strings.Replace(delta, `"a"`, `"b"`, 1), strings.Replace(delta, "9", "10", 1))
	f.Add(` { "type" : "a" , "b" : 1 } `, ` { "type" : "a" , "b" : -10.5 } `, ` { "type" : "a" , "b" : 0 } `)
	f.Add(`{"a":"","type":"t","b":""}`, `{"a":"\"","type":"t","b":"\\"}`, `{"a":"","type":"t","b":"0123456789012345678"}`)
	f.Add(`{"type":"t","a":1,"a":1}`, `{"type":"t","a":2,"a":1}`, `{"type":"t","a":1,"a":2}`)
	f.Add(`{"type":"t","a":[1],"b":2}`, `{"type":"t","a":[1],"b":3}`, `{"type":"t","a":[2],"b":2}`)
	f.Fuzz(func(t *testing.T, text, one, other string) {
		if !Valid([]byte(text)) {
			return
		}
		shape := NewShape([]byte(text), "type")
		head, values, ok := series(shape, one, other)
		if !ok {
			return
		}
		assert.Equal(t, strings.TrimSpace(one), expand(head, values[0]))
		assert.Equal(t, strings.TrimSpace(other), expand(head, values[1]))
	})
}
