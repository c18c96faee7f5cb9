package functiontool

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"runstream/runner"
)

// decode reads a call's arguments into v. JSON Schema takes 1.0 and 1e2 for
// integers (draft 2020-12, 4.2.3), and some servers write every number so;
// encoding/json does not read them into one.
func decode(call *runner.ToolCall, v any) error {
	err := call.Decode(v)
	if err == nil {
		return nil
	}
	whole, changed := wholeNumbers([]byte(call.Arguments))
	if !changed || json.Unmarshal(whole, v) != nil {
		return err
	}
	return nil
}

// wholeNumbers writes those numbers without fraction and exponent that have a whole
// value.
func wholeNumbers(data []byte) (out []byte, changed bool) {
	for i := 0; i < len(data); {
		end := i + 1
		switch c := data[i]; {
		case c == '"':
			for end < len(data) && data[end] != '"' {
				if data[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(data))
		case c == '-' || '0' <= c && c <= '9':
			for end < len(data) && bytes.IndexByte([]byte("0123456789.eE+-"), data[end]) >= 0 {
				end++
			}
			if whole := wholeNumber(data[i:end]); whole != nil {
				out, changed = append(out, whole...), true
				i = end
				continue
			}
		}
		out = append(out, data[i:end]...)
		i = end
	}
	return out, changed
}

// wholeNumber gives a number in digits alone; nil where it is in them already, has
// no whole value, or one of more digits than any integer.
func wholeNumber(number []byte) []byte {
	const most = 30
	mantissa, exponent, hasExponent := bytes.Cut(bytes.ToLower(number), []byte("e"))
	whole, fraction, hasFraction := bytes.Cut(mantissa, []byte("."))
	whole, negative := bytes.CutPrefix(whole, []byte("-"))
	shift := 0
	if hasExponent {
		var err error
		if shift, err = strconv.Atoi(string(exponent)); err != nil {
			return nil
		}
	}
	digits := slices.Concat(whole, fraction)
	point := len(whole) + shift
	if !hasExponent && !hasFraction || len(digits) > most || point < 0 || point > most {
		return nil
	}
	digits = append(digits, bytes.Repeat([]byte("0"), max(0, point-len(digits)))...)
	if len(bytes.Trim(digits[point:], "0")) > 0 {
		return nil
	}
	value := bytes.TrimLeft(digits[:point], "0")
	switch {
	case len(value) == 0:
		value = []byte("0")
	case negative:
		value = append([]byte("-"), value...)
	}
	return value
}
