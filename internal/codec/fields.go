package codec

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Fields are the fields of an object: a name and its value, by turns. Reading
// needs pointers to where values go; writing takes those or the values. A name
// may end in ",omitempty", which leaves empty values out as in struct tags.
type Fields []any

const omitEmpty = ",omitempty"

func (f Fields) empty() bool { return len(f) == 0 }

// find gives where the field of that name goes, nil for an unknown one.
func (f Fields) find(name []byte) (place any) {
	for i := 0; i < len(f); i += 2 {
		own := f[i].(string)
		if len(own) >= len(name) && own[:len(name)] == string(name) && (len(own) == len(name) || own[len(name):] == omitEmpty) {
			return f[i+1]
		}
	}
	return nil
}

// ReadJSON implements [Reader]. Unknown fields are passed over.
func (f Fields) ReadJSON(value []byte) error {
	return members(value, func(name, raw []byte) error {
		if place := f.find(name); place != nil {
			return read(raw, place)
		}
		return nil
	})
}

// ReadOnly is ReadJSON that refuses unknown fields.
func (f Fields) ReadOnly(value []byte) error {
	return members(value, func(name, raw []byte) error {
		if place := f.find(name); place != nil {
			return read(raw, place)
		}
		return &UnknownFieldError{validText(name)}
	})
}

// UnknownFieldError says that an object has a field that it may not have.
type UnknownFieldError struct{ Field string }

func (e *UnknownFieldError) Error() string { return "unknown field " + strconv.Quote(e.Field) }

// WriteJSON implements [Writable].
func (f Fields) WriteJSON(w *Writer) {
	w.literal("{")
	first := true
	for i := 0; i < len(f); i += 2 {
		name, omit := strings.CutSuffix(f[i].(string), omitEmpty)
		if omit && isEmpty(f[i+1]) {
			continue
		}
		if !first {
			w.literal(",")
		}
		first = false
		w.text(name)
		w.literal(":")
		w.Value(f[i+1])
	}
	w.literal("}")
}

// scanner walks through valid JSON.
type scanner struct {
	data []byte
	at   int
}

func (s *scanner) space() { s.at = pastSpace(s.data, s.at) }

// Members gives the fields of a valid object, in their order. It gives the first
// error of member, and the others all the same.
func Members(object []byte, member func(name string, raw json.RawMessage) error) error {
	return members(object, func(name, raw []byte) error { return member(validText(name), raw) })
}

// members reads the fields of a valid object, none of null. After an error it
// goes on with the others.
func members(value []byte, member func(name, raw []byte) error) (err error) {
	switch value[0] {
	case '{':
	case 'n':
		return nil
	default:
		return &TypeError{Want: "an object"}
	}
	s := scanner{data: value, at: 1}
	for !s.closed() {
		name := unquote(s.skip())
		s.space()
		s.at++ // the colon
		if problem := member(name, s.skip()); problem != nil && err == nil {
			err = within(validText(name), problem)
		}
	}
	return err
}

// elements reads the elements of a valid list, none of null. After an error it
// goes on with the others.
func elements(value []byte, element func(raw []byte) error) (err error) {
	switch value[0] {
	case '[':
	case 'n':
		return nil
	default:
		return &TypeError{Want: "a list"}
	}
	s := scanner{data: value, at: 1}
	for n := 0; !s.closed(); n++ {
		if problem := element(s.skip()); problem != nil && err == nil {
			err = within(strconv.Itoa(n), problem)
		}
	}
	return err
}

// closed goes past a comma; it says whether the end has come instead.
func (s *scanner) closed() bool {
	s.space()
	switch s.data[s.at] {
	case '}', ']':
		return true
	case ',':
		s.at++
	}
	return false
}

// skip goes past a valid value and gives it.
func (s *scanner) skip() []byte {
	s.space()
	start, depth := s.at, 0
	for {
		switch s.data[s.at] {
		case '"':
			s.skipText()
		case '{', '[':
			depth++
			s.at++
			continue
		case '}', ']':
			depth--
			s.at++
		case ',', ':', ' ', '\t', '\r', '\n':
			s.at++
			continue
		default:
			s.skipWord()
		}
		if depth == 0 {
			return s.data[start:s.at:s.at]
		}
	}
}

func (s *scanner) skipText() {
	s.at++
	for {
		s.at += bytes.IndexByte(s.data[s.at:], '"') + 1
		backslashes := 0
		for s.data[s.at-2-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return
		}
	}
}

// skipWord goes past a number, true, false or null.
func (s *scanner) skipWord() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
		s.at++
	}
}
