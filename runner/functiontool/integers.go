package functiontool

import (
	"bytes"
	"encoding/json"
	"math"
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

// wholeNumber gives a number in digits alone; nil where it is in them already, or
// has no whole value that a float64 holds exactly.
func wholeNumber(number []byte) []byte {
	whole, fraction, _ := bytes.Cut(number, []byte("."))
	if len(fraction) > 0 && len(bytes.Trim(fraction, "0")) == 0 {
		return whole
	}
	value, err := strconv.ParseFloat(string(number), 64)
	if !bytes.ContainsAny(number, "eE") || err != nil || value != math.Trunc(value) || math.Abs(value) > 1<<53 {
		return nil
	}
	return strconv.AppendInt(nil, int64(value), 10)
}
