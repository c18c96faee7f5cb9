package codec

import (
	"encoding/json"
	"strconv"
)

// ReadExact decodes data like encoding/json into an any and keeps the texts of
// numbers, as json.Number.
func ReadExact(data []byte) (v any, err error) {
	if err := check(data); err != nil {
		return nil, err
	}
	r := anyReader{scanner: scanner{data: data}, exact: true}
	return r.value()
}

// IsUnambiguous says whether data is JSON in which no object has a field twice,
// so that all readers find the same in it.
func IsUnambiguous(data []byte) bool {
	if check(data) != nil {
		return false
	}
	r := anyReader{scanner: scanner{data: data}, exact: true}
	_, err := r.value()
	return err == nil && !r.repeated
}

// readAny decodes a valid value of any type, numbers as float64.
func readAny(value []byte, to *any) (err error) {
	r := anyReader{scanner: scanner{data: value}}
	*to, err = r.value()
	return err
}

// anyReader decodes valid JSON in one pass, however deep it is.
type anyReader struct {
	scanner
	exact    bool // numbers are texts
	repeated bool // an object has had a field twice
}

// value reads the next value. After an error it goes on.
func (r *anyReader) value() (v any, err error) {
	r.space()
	switch start := r.at; r.data[start] {
	case '{':
		object := map[string]any{}
		for r.at++; !r.closed(); {
			name := textOf(r.skip())
			r.space()
			r.at++ // the colon
			element, problem := r.value()
			if problem != nil && err == nil {
				err = within(name, problem)
			}
			_, again := object[name]
			r.repeated = r.repeated || again
			object[name] = element
		}
		r.at++
		return object, err
	case '[':
		list := []any{}
		for r.at++; !r.closed(); {
			element, problem := r.value()
			if problem != nil && err == nil {
				err = within(strconv.Itoa(len(list)), problem)
			}
			list = append(list, element)
		}
		r.at++
		return list, err
	case '"':
		r.skipText()
		return textOf(r.data[start:r.at]), nil
	default:
		r.skipWord()
		return r.word(r.data[start:r.at])
	}
}

func (r *anyReader) word(word []byte) (any, error) {
	switch word[0] {
	case 't', 'f':
		return word[0] == 't', nil
	case 'n':
		return nil, nil
	}
	if r.exact {
		return json.Number(word), nil
	}
	var n float64
	if err := readFloat(word, &n); err != nil {
		return nil, err
	}
	return n, nil
}
