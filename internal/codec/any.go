package codec

import (
	"encoding/json"
	"errors"
	"strconv"
)

// ReadExact decodes data like encoding/json into an any and keeps the texts of
// numbers, as json.Number.
func ReadExact(data []byte) (v any, err error) {
	v, _, err = readExact(data)
	return v, err
}

// ReadUnambiguous is ReadExact that refuses an object with a field twice, of
// which readers take one or the other.
func ReadUnambiguous(data []byte) (any, error) {
	v, repeated, err := readExact(data)
	if err == nil && repeated {
		return nil, errors.New("an object has a field twice")
	}
	return v, err
}

func readExact(data []byte) (v any, repeated bool, err error) {
	if err := check(data); err != nil {
		return nil, false, err
	}
	r := anyReader{scanner: scanner{data: data}, exact: true}
	v, err = r.value()
	return v, r.repeated, err
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
