package codec

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestTextFieldFindsTheType(t *testing.T) {
	for name, tc := range map[string]struct{ data, want string }{
		"as the first key":                    {`{"type":"a","b":1}`, "a"},
		"as the last key":                     {`{"b":[1,{"c":"d"}],"e":"f","type":"a"}`, "a"},
		"with space around it":                {" {\r\n\t\"type\" :\t\"a\" } \n", "a"},
		"not in nested objects":               {`{"response":{"type":"x"},"item":{"type":"y"},"type":"a","part":{"type":"z"}}`, "a"},
		"not in nested objects alone":         {`{"response":{"type":"x"},"items":[{"type":"y"}]}`, ""},
		"not in a list":                       {`[{"type":"x"},"type"]`, ""},
		"not in a value":                      {`{"a":"type","b":"type\":\"x","c":"\"type\":\"x\"","type":"a"}`, "a"},
		"not where it is another kind":        {`{"type":1}`, ""},
		"nor null":                            {`{"type":null}`, ""},
		"nor an object":                       {`{"type":{"type":"x"}}`, ""},
		"with escapes":                        {`{"\u0074ype":"\u0061\"\\\/é\n"}`, "a\"\\/é\n"},
		"after keys that end in a backslash":  {`{"a\\":"b\\","type":"a"}`, "a"},
		"only under its very name":            {`{"Type":"x","type ":"y","types":"z"}`, ""},
		"the last of two, as JSON.parse does": {`{"type":"x","type":"a"}`, "a"},
		"also where the last is no text":      {`{"type":"x","type":1}`, ""},
		"not in a bare text":                  {`"type"`, ""},
		"though it may be empty":              {`{"type":""}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := TextField([]byte(tc.data), "type")
			assert.True(t, ok)
			assert.Equal(t, tc.want, string(got))
			decoded, is := decodedType([]byte(tc.data))
			assert.Equal(t, is, got != nil)
			assert.Equal(t, decoded, string(got))
		})
	}
}

// scanSeeds are texts at the edges of JSON's grammar.
var scanSeeds = []string{
	``, ` `, `{}`, `[]`, `{`, `}`, `[`, `]`, `[[]]`, `[}`, `{]`, `{}}`, `{} {}`, `[1,]`, `[,1]`, `[1 2]`, `{,}`, `{"a"}`, `{"a":}`,
	`{"a":1,}`, `{"a" 1}`, `{a:1}`, `{1:2}`, `{"a":1 "b":2}`, `{"a":1}x`, `""`, `"`, `"\`, `"\"`, `"\u`, `"\u12`, `"\u12"`, `"\u123g"`, `"\u00E9"`,
	`"\ud800"`, `"\x"`, `"\a"`, "\"\n\"", "\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"\xff\"", "\x00", `'a'`, `0`, `-0`, `-`, `00`, `01`, `-01`, `1.`, `.1`, `1.0`,
	`1e`, `1e+`, `1e+1`, `1E-10`, `1e1.5`, `+1`, `--1`, `0x1`, `NaN`, `Infinity`, `true`, `tru`, `truex`, `True`, `false`, `null`, `nul`, `[null,true]`,
	"\ufeff{}", "{}\u00a0", "\v{}", `{"type":"a","b":[1,-0.5e+3,true,false,null,"\u00e9\n"]}`,
	strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
	strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
	strings.Repeat(`{"a":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+1),
}

func TestWhatIsJSONIsValid(t *testing.T) {
	for _, text := range scanSeeds {
		ok := Valid([]byte(text))
		assert.Equal(t, isValid([]byte(text)), ok, "%.40q", text)
	}
}

// isValid says what encoding/json says, of what is not nested too deep.
func isValid(data []byte) bool {
	deepest, open := 0, 0
	decoder := json.NewDecoder(bytes.NewReader(data))
	for {
		token, err := decoder.Token()
		if err != nil {
			return json.Valid(data) && deepest <= maxDepth
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			open++
			deepest = max(deepest, open)
		case json.Delim(']'), json.Delim('}'):
			open--
		}
	}
}

// FuzzScan holds the scanner to what encoding/json says.
func FuzzScan(f *testing.F) {
	for _, text := range scanSeeds {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, ok := TextField(data, "type")
		if ok != isValid(data) {
			t.Fatalf("it says %v of %q", ok, data)
		}
		if !ok || !utf8.Valid(data) {
			return // encoding/json replaces what is not UTF-8
		}
		if want, is := decodedType(data); is != (got != nil) || string(got) != want {
			t.Fatalf("it finds the type %q, not %q, in %q", got, want, data)
		}
	})
}

// decodedType gives the type that encoding/json finds, and whether it is a text.
func decodedType(data []byte) (string, bool) {
	var object map[string]any
	if json.Unmarshal(data, &object) != nil {
		return "", false
	}
	text, ok := object["type"].(string)
	return text, ok
}
