package codec

import "encoding/json"

// ReadExact decodes data like encoding/json into an any and keeps the texts of
// numbers, as json.Number.
func ReadExact(data []byte) (v any, err error) {
	if err := check(data); err != nil {
		return nil, err
	}
	s := scanner{data: data}
	err = readAny(s.skip(), &v, true)
	return v, err
}

// readAny decodes a value of any type. Numbers are exact, or float64.
func readAny(value []byte, to *any, exact bool) error {
	one := func(value []byte, to *any) error { return readAny(value, to, exact) }
	switch value[0] {
	case '{':
		var object map[string]any
		err := readMap(value, &object, one)
		*to = object
		return err
	case '[':
		var list []any
		err := readList(value, &list, one)
		*to = list
		return err
	case '"':
		*to = textOf(value)
	case 't', 'f':
		*to = value[0] == 't'
	case 'n':
		*to = nil
	default:
		if exact {
			*to = json.Number(value)
			return nil
		}
		var n float64
		if err := readFloat(value, &n); err != nil {
			return err
		}
		*to = n
	}
	return nil
}
