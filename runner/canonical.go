package runner

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// digest is the SHA-256 of v's canonical JSON, as states write it.
func digest(v any) string {
	sum := sum256(appendCanonical(nil, v))
	return hexText(sum[:])
}

const hexDigits = "0123456789abcdef"

// hexText is encoding/hex's, which imports fmt.
func hexText(data []byte) string {
	text := make([]byte, 0, 2*len(data))
	for _, b := range data {
		text = append(text, hexDigits[b>>4], hexDigits[b&15])
	}
	return string(text)
}

// appendCanonical writes v as Python's compact JSON with sorted keys does, on
// which the hashes of states rest: two processes must write the same bytes.
func appendCanonical(out []byte, v any) []byte { return compact.append(out, v) }

// jsonStyle is a way in which Python writes JSON with sorted keys.
type jsonStyle struct {
	comma, colon string
	ascii        bool // other characters are escaped
}

var (
	compact = jsonStyle{",", ":", false}
	spaced  = jsonStyle{", ", ": ", true}
)

func (j jsonStyle) append(out []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, v)
	case string:
		return j.appendString(out, v)
	case json.Number:
		return appendPythonNumber(out, string(v))
	case []any:
		out = append(out, '[')
		for i, element := range v {
			if i > 0 {
				out = append(out, j.comma...)
			}
			out = j.append(out, element)
		}
		return append(out, ']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys) // UTF-8 sorts by code point
		out = append(out, '{')
		for i, key := range keys {
			if i > 0 {
				out = append(out, j.comma...)
			}
			out = append(j.appendString(out, key), j.colon...)
			out = j.append(out, v[key])
		}
		return append(out, '}')
	}
	panic("runner: no canonical form")
}

func (j jsonStyle) appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, '\\', 'n')
		case r == '\r':
			out = append(out, '\\', 'r')
		case r == '\t':
			out = append(out, '\\', 't')
		case r == '\b':
			out = append(out, '\\', 'b')
		case r == '\f':
			out = append(out, '\\', 'f')
		case r < 0x20 || j.ascii && r >= 0x7f && r <= 0xffff:
			out = appendEscape(out, r)
		case j.ascii && r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = appendEscape(appendEscape(out, high), low)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}

func appendEscape(out []byte, unit rune) []byte {
	return append(out, '\\', 'u', hexDigits[unit>>12&15], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
}

// appendPythonNumber writes a JSON number as Python does after reading it:
// integers exactly, others as the shortest text of a float64.
func appendPythonNumber(out []byte, number string) []byte {
	if !strings.ContainsAny(number, ".eE") {
		if number == "-0" {
			number = "0"
		}
		return append(out, number...)
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil && !math.IsInf(f, 0) {
		return append(out, number...)
	}
	switch {
	case math.IsInf(f, 1):
		return append(out, "Infinity"...)
	case math.IsInf(f, -1):
		return append(out, "-Infinity"...)
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	exponent, _ := strconv.Atoi(text[strings.IndexByte(text, 'e')+1:])
	if exponent < -4 || exponent >= 16 {
		return append(out, text...) // Go and Python agree: at least two digits
	}
	text = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return append(out, text...)
}

// withoutNulls removes null fields of objects, at any depth.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	case map[string]any:
		for key, value := range v {
			if value == nil {
				delete(v, key)
				continue
			}
			v[key] = withoutNulls(value)
		}
	}
	return v
}
