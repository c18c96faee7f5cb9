package functiontool

import (
	"bytes"
	"encoding/json"

	"runstream/runner"
)

// decode reads a call's arguments into v. JSON Schema takes 1.0 for an integer
// (draft 2020-12, 4.2.3), and some servers write every number so; encoding/json
// does not read it into one.
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

// wholeNumbers takes the fraction off numbers whose fraction is zero.
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
			whole, fraction, _ := bytes.Cut(data[i:end], []byte("."))
			if len(fraction) > 0 && len(bytes.Trim(fraction, "0")) == 0 {
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
