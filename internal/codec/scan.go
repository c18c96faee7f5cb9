package codec

import (
	"math/bits"
	"strconv"

	"runstream/internal/bytescan"
)

// maxDepth is how deep values may be nested. encoding/json takes 10,000 levels;
// a page's engine has no stack for the functions that follow so many.
const maxDepth = 500

// Valid says whether data is JSON. It accepts what json.Valid accepts, unless it
// is nested too deep, and takes a fraction of the time, which every delta of a
// stream spends.
func Valid(data []byte) bool {
	_, _, ok := scan(data, "")
	return ok
}

// TextField says whether data is JSON, and gives the text of its top-level
// field of that name, nil where that is no text. The text may be part of data.
func TextField(data []byte, name string) (text []byte, ok bool) {
	text, _, ok = scan(data, name)
	return text, ok
}

// check is Valid with an error that says where data stops being JSON.
func check(data []byte) error {
	switch _, at, ok := scan(data, ""); {
	case ok:
		return nil
	case at < 0:
		return ErrTooDeep
	case at >= len(data):
		return &SyntaxError{"unexpected end of JSON input"}
	default:
		return &SyntaxError{"invalid JSON at byte " + strconv.Itoa(at+1)}
	}
}

// SyntaxError says that a text is no JSON.
type SyntaxError struct{ message string }

func (e *SyntaxError) Error() string { return e.message }

// scan goes through one value, which must be all there is, up to where data
// stops being JSON; at is -1 where it is nested too deep. Of a top-level object it
// finds the text of the field of that name, if one is given.
//
// It is one function with jumps, where a function for each kind of value would
// read better: in WebAssembly calls cost more than what they do here, and this
// took a third of the time that an event takes.
func scan(data []byte, name string) (found []byte, at int, ok bool) {
	var (
		room    [64]byte
		open    = room[:0] // the brackets around, outermost first
		i       int
		isKey   bool // the string is a key
		escaped bool // the last string has escapes
		key     int  // where the last key began
		wanted  bool // what comes is the value of the field that is looked for
		start   int  // of that value
	)
value:
	i = pastSpace(data, i)
	if i == len(data) {
		return nil, i, false
	}
	if wanted && len(open) == 1 {
		start = i
	}
	switch c := data[i]; c {
	case '{':
		if len(open) == maxDepth {
			return nil, -1, false
		}
		open = append(open, '{')
		if i = pastSpace(data, i+1); i < len(data) && data[i] == '}' {
			goto closed
		}
		goto field
	case '[':
		if len(open) == maxDepth {
			return nil, -1, false
		}
		open = append(open, '[')
		if i = pastSpace(data, i+1); i < len(data) && data[i] == ']' {
			goto closed
		}
		goto value
	case '"':
		isKey = false
		goto text
	case 't', 'f', 'n':
		word := "true"
		if c == 'f' {
			word = "false"
		} else if c == 'n' {
			word = "null"
		}
		if end := i + len(word); end > len(data) || string(data[i:end]) != word {
			return nil, i, false
		}
		i += len(word)
	default:
		end := i
		if c >= '1' && c <= '9' { // nearly all numbers are whole
			end = pastDigits(data, i+1)
		}
		if end > i && end < len(data) && (data[end] == ',' || data[end] == '}') {
			i = end
		} else if i, ok = pastNumber(data, i); !ok {
			return nil, i, false
		}
	}
ended:
	if wanted && len(open) == 1 {
		wanted = false
		switch {
		case data[start] != '"':
			found = nil
		case escaped:
			found = unquote(data[start:i])
		default:
			found = data[start+1 : i-1]
		}
	}
	i = pastSpace(data, i)
	switch {
	case len(open) == 0:
		return found, i, i == len(data)
	case i == len(data):
		return nil, i, false
	case data[i] == ',' && open[len(open)-1] == '{':
		i = pastSpace(data, i+1)
		goto field
	case data[i] == ',':
		i++
		goto value
	case data[i] != open[len(open)-1]+2: // in ASCII, '}' and ']' come so after '{' and '['
		return nil, i, false
	}
closed:
	open = open[:len(open)-1]
	i++
	goto ended
field:
	if i == len(data) || data[i] != '"' {
		return nil, i, false
	}
	key, isKey = i, true
text:
	i, escaped = i+1, false
	for {
		for len(data)-i >= 8 {
			if ends := bytescan.TextEnds(bytescan.Load(data, i)); ends != 0 {
				i += bits.TrailingZeros64(ends) / 8
				break
			}
			i += 8
		}
		if len(data)-i < 8 {
			i = bytescan.TextEnd(data, i)
		}
		if i == len(data) || data[i] < ' ' {
			return nil, i, false
		}
		if data[i] == '"' {
			break
		}
		length := escapeLength(data[i+1:])
		if length == 0 {
			return nil, i, false
		}
		i += 1 + length
		escaped = true
	}
	i++
	if !isKey {
		goto ended
	}
	if len(open) == 1 && name != "" {
		wanted = !escaped && string(data[key+1:i-1]) == name || escaped && string(unquote(data[key:i])) == name
	}
	if i = pastSpace(data, i); i == len(data) || data[i] != ':' {
		return nil, i, false
	}
	i++
	goto value
}

// pastSpace skips white space; there is hardly ever any.
func pastSpace(data []byte, i int) int {
	for i < len(data) && data[i] <= ' ' {
		if c := data[i]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			break
		}
		i++
	}
	return i
}

// escapeLength measures what follows a backslash; zero where it must not.
func escapeLength(data []byte) int {
	if len(data) == 0 {
		return 0
	}
	switch data[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		for i := 1; i < 5; i++ {
			if i == len(data) || !isHex(data[i]) {
				return 0
			}
		}
		return 5
	}
	return 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func pastNumber(data []byte, i int) (end int, ok bool) {
	if i < len(data) && data[i] == '-' {
		i++
	}
	first := i
	if i = pastDigits(data, i); i == first {
		return i, false
	}
	if data[first] == '0' && i > first+1 {
		return first + 1, true // and a digit comes, which nothing may begin with here
	}
	if i < len(data) && data[i] == '.' {
		first = i + 1
		if i = pastDigits(data, first); i == first {
			return i, false
		}
	}
	if i < len(data) && (data[i] == 'e' || data[i] == 'E') {
		if i++; i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		first = i
		i = pastDigits(data, i)
		return i, i > first
	}
	return i, true
}

func pastDigits(data []byte, i int) int {
	for i < len(data) && data[i] >= '0' && data[i] <= '9' {
		i++
	}
	return i
}
