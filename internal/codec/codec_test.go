package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample has a field of every kind that is read and written.
type sample struct {
	Text     string                     `json:"text"`
	Maybe    *string                    `json:"maybe"`
	Left     string                     `json:"left,omitempty"`
	Yes      bool                       `json:"yes"`
	MaybeYes *bool                      `json:"maybeYes,omitempty"`
	Count    int                        `json:"count"`
	MaybeN   *int                       `json:"maybeN,omitempty"`
	Size     float64                    `json:"size"`
	MaybeF   *float64                   `json:"maybeF"`
	Raw      json.RawMessage            `json:"raw,omitempty"`
	Raws     []json.RawMessage          `json:"raws"`
	Texts    []string                   `json:"texts"`
	Names    map[string]string          `json:"names,omitempty"`
	Rest     map[string]json.RawMessage `json:"rest"`
	Any      any                        `json:"any"`
	Inner    inner                      `json:"inner"`
	MaybeIn  *inner                     `json:"maybeIn,omitempty"`
	List     []inner                    `json:"list"`
}

type inner struct {
	A string `json:"a"`
	B []*int `json:"b"`
}

func (i *inner) fields() Fields { return Fields{"a", &i.A, "b", (*pointers)(&i.B)} }

// pointers is a list that package users read and write by value.
type pointers []*int

func (p *pointers) ReadJSON(value []byte) error { return read(value, (*[]*int)(p)) }

func (p *pointers) WriteJSON(w *Writer) { w.Value([]*int(*p)) }

func (s *sample) fields() Fields {
	return Fields{
		"text", &s.Text,
		"maybe", &s.Maybe,
		"left,omitempty", &s.Left,
		"yes", &s.Yes,
		"maybeYes,omitempty", &s.MaybeYes,
		"count", &s.Count,
		"maybeN,omitempty", &s.MaybeN,
		"size", &s.Size,
		"maybeF", &s.MaybeF,
		"raw,omitempty", &s.Raw,
		"raws", &s.Raws,
		"texts", &s.Texts,
		"names,omitempty", &s.Names,
		"rest", &s.Rest,
		"any", &s.Any,
		"inner", s.Inner.fields(),
		"maybeIn,omitempty", Maybe(&s.MaybeIn, (*inner).fields),
		"list", List(&s.List, (*inner).fields),
	}
}

var samples = []string{
	`null`, `{}`, `[]`, `1`, `"x"`, `{"text":"a","maybe":"b","left":"c","yes":true,"maybeYes":false,"count":-7,"maybeN":0,"size":1.5e-7,"maybeF":3}`,
	`{"text":null,"maybe":null,"yes":null,"count":null,"size":null,"raw":null,"raws":null,"texts":null,"names":null,"rest":null,"any":null,"inner":null,"list":null,"map":null}`,
	`{"raw":{"a":[1,2]},"raws":[1,"x",null,{}],"texts":["a",null,"\ud83c\udf0d\ud800\n\u2028<&>"],"names":{"b":"1","a":"2"},"rest":{"z":[],"y":{}}}`,
	`{"any":{"a":[1,2.5,true,null,"x",{"b":1e300}]},"inner":{"a":"x","b":[1,null]},"maybeIn":{"a":"y"},"list":[{},{"a":"z"},null],"map":{"k":{"a":"v"},"n":null}}`,
	`{"text":1}`, `{"yes":"x"}`, `{"count":1.0}`, `{"count":1e2}`, `{"count":99999999999999999999}`, `{"count":"1"}`, `{"size":"1"}`, `{"size":1e999}`,
	`{"any":1e999}`, `{"unknown":1e999}`, `{"texts":["a",1,"b"]}`, `{"texts":{}}`, `{"names":{"a":1,"b":"c"}}`, `{"names":[]}`, `{"inner":[]}`, `{"inner":{"a":1,"b":[2]}}`, `{"list":{}}`,
	`{"list":[1,{"a":"x"}]}`, `{"map":{"a":1}}`, `{"text":"a","text":"b"}`, `{"count":1,"yes":{},"text":"later"}`, `{"maybe":1}`, `{"unknown":{"deep":["\"]}",{}]},"text":"a"}`,
	` { "text" : "a\\" , "texts" : [ "b\\\"" , "c" ] } `, `{"text":"\u0041\"\\\/\b\f\n\r\t"}`, `{"text":"\uDC00\uD800\u0041"}`, `{"text":"\uD83C\uDF0D"}`,
	`{"\u0074ext":"a"}`, `{`, `{"text":"a"`, `{"text":"a"}}`, `{"text":tru}`, `{"size":-0}`, `{"size":1e21,"maybeF":1e-6}`, `{"size":123456789012345678901234567890}`,
	"{\"text\":\"\xff\xc3(\",\"names\":{\"\xff\":\"\xe2\x80\"}}",
}

// compare holds reading and writing to encoding/json.
func compare(t *testing.T, text []byte) {
	if json.Valid(text) && !isValid(text) {
		require.ErrorIs(t, Read(text, new(any)), ErrTooDeep)
		return
	}
	var ours, theirs sample
	err, wanted := Read(text, ours.fields()), json.Unmarshal(text, &theirs)
	require.Equal(t, wanted == nil, err == nil, "%q: %v, %v", text, err, wanted)
	var syntax *SyntaxError
	require.Equal(t, json.Valid(text), !errors.As(err, &syntax), "%q", text)
	if json.Valid(text) {
		require.Equal(t, theirs, ours, "%q", text)
	}
	if err != nil {
		return
	}
	out, err := Write(ours.fields())
	require.NoError(t, err)
	require.Equal(t, string(plain(t, theirs)), string(compact(t, out)), "%q", text)

	var v, w any
	err, wanted = Read(text, &v), json.Unmarshal(text, &w)
	require.Equal(t, wanted == nil, err == nil, "%q: %v, %v", text, err, wanted)
	if err != nil {
		return
	}
	require.Equal(t, w, v)
	exact, err := ReadExact(text)
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&w))
	require.Equal(t, w, exact)
	out, err = Write(v)
	require.NoError(t, err)
	require.Equal(t, string(plain(t, v)), string(out))
}

// plain writes with encoding/json, and does not escape HTML.
func plain(t *testing.T, v any) []byte {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(v))
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// compact takes out the white space that raw JSON keeps.
func compact(t *testing.T, data []byte) []byte {
	var buf bytes.Buffer
	require.NoError(t, json.Compact(&buf, data))
	return buf.Bytes()
}

func TestReadingAndWritingIsThatOfEncodingJSON(t *testing.T) {
	for _, text := range samples {
		compare(t, []byte(text))
	}
}

func FuzzCodec(f *testing.F) {
	for _, text := range samples {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.ContainsAny(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ\u017f\u212a\\") || twice(text) || !utf8.Valid(text) {
			return // encoding/json takes names in other cases too, and merges objects that come twice
		}
		compare(t, text)
	})
}

// twice says whether a name that holds an object may come twice.
func twice(text []byte) bool {
	for _, name := range []string{"a", "b", "inner", "maybeIn", "list", "map", "names", "rest"} {
		if bytes.Count(text, []byte(`"`+name+`"`)) > 1 {
			return true
		}
	}
	return false
}

// FuzzText holds strings to encoding/json, the way there and back.
func FuzzText(f *testing.F) {
	for _, text := range []string{"", "a", "\x00\x1f\x7f\"\\/<>&", "é\u2028\u2029\U0001f30d", "\xff", "\xe2\x80", "a\xc3(", "\xed\xa0\x80"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := AppendText(nil, text)
		require.Equal(t, string(plain(t, text)), string(out))
		var back, want string
		require.NoError(t, Read(out, &back))
		require.NoError(t, json.Unmarshal(out, &want))
		require.Equal(t, want, back)
	})
}

// FuzzFloat holds numbers to encoding/json.
func FuzzFloat(f *testing.F) {
	for _, n := range []float64{0, math.Copysign(0, -1), 1, -1.5, 1e20, 1e21, 1e-6, 9.9e-7, 1e-100, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n float64) {
		out, err := Write(n)
		if math.IsNaN(n) || math.IsInf(n, 0) {
			require.ErrorContains(t, err, "unsupported value")
			return
		}
		require.NoError(t, err)
		require.Equal(t, string(plain(t, n)), string(out))
	})
}

func TestErrorsNameTheFieldAndNoValue(t *testing.T) {
	for text, want := range map[string]string{
		`{"text":{"secret":1}}`:           "the field text is not a text",
		`{"inner":{"a":"x","b":[1,"s"]}}`: "the field inner.b.1 is not a whole number",
		`{"list":[{},{"a":7}]}`:           "the field list.1.a is not a text",
		`{"names":{"k":[]}}`:              "the field names.k is not a text",
		`"secret"`:                        "it is not an object",
		`{"text":"a`:                      "unexpected end of JSON input",
		`{"text":secret}`:                 "invalid JSON at byte 9",
	} {
		var s sample
		assert.EqualError(t, Read([]byte(text), s.fields()), want)
	}
}

func TestIndentingIsThatOfEncodingJSON(t *testing.T) {
	for _, text := range append(samples, `[{},[],[[]],{"a":[]},"x"]`, `{"a":1,"b":[1,"]",{"c":null}]}`) {
		var want bytes.Buffer
		wanted := json.Indent(&want, []byte(text), "", "  ")
		got, err := Indent([]byte(text))
		require.Equal(t, wanted == nil, err == nil, text)
		if err == nil {
			assert.Equal(t, strings.TrimSpace(want.String()), string(got))
		}
	}
}

func TestCompactIsWhatItWasInOneLine(t *testing.T) {
	for _, text := range append(samples, `[{},[ ],[[]],{"a":[]},"x \" y"]`) {
		want, err := ReadExact([]byte(text))
		if err != nil {
			continue
		}
		compact := Compact([]byte(text))
		got, err := ReadExact(compact)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
		assert.NotContains(t, string(compact), "\n")
	}
	assert.Equal(t, `{"客服":"é\n","a":[1.0,"😀"]}`, string(Compact([]byte("{ \"\\u5ba2\\u670d\" : \"\\u00e9\\n\",\r\n \"a\": [1.0, \"\\ud83d\\ude00\"] }"))))
}

func TestRawJSONKeepsItsBytes(t *testing.T) {
	const raw = ` { "a" : 1.0 , "b":"\u00e9" } `
	out, err := Write(Fields{"raw", json.RawMessage(raw), "none", json.RawMessage(nil)})
	require.NoError(t, err)
	assert.Equal(t, `{"raw":`+raw+`,"none":null}`, string(out))
}

func TestWhatHasNoJSONFormIsAnError(t *testing.T) {
	for name, v := range map[string]any{
		"raw JSON that is none":       Fields{"raw", json.RawMessage(`{`)},
		"an empty text for raw JSON":  json.RawMessage{},
		"no number":                   []any{math.NaN()},
		"a function":                  func() {},
		"a struct":                    struct{}{},
		"a type that fails":           failing{},
		"a type that writes nonsense": nonsense{},
	} {
		_, err := Write(v)
		assert.Error(t, err, name)
	}
}

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

type nonsense struct{}

func (nonsense) MarshalJSON() ([]byte, error) { return []byte("{"), nil }

func TestUnknownFieldsMayBeRefused(t *testing.T) {
	var i inner
	require.NoError(t, i.fields().ReadOnly([]byte(`{"a":"x"}`)))
	assert.Equal(t, "x", i.A)
	assert.EqualError(t, i.fields().ReadOnly([]byte(`{"a":"x","c":1}`)), `unknown field "c"`)
}

func TestReadUnambiguousRefusesAFieldThatIsThereTwice(t *testing.T) {
	for text, unambiguous := range map[string]bool{
		`{"a":1,"b":[{"a":1},{"a":1}]}`: true,
		`[]`:                            true,
		`{"a":1,"a":1}`:                 false,
		`{"a":1,"\u0061":2}`:            false,
		`[{"b":{"a":1,"a":null}}]`:      false,
		`{"a":1`:                        false,
	} {
		_, err := ReadUnambiguous([]byte(text))
		require.Equal(t, unambiguous, err == nil, "%s: %v", text, err)
	}
}
