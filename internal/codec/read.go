package codec

import (
	"encoding/json"
	"strconv"
)

// Read reads data into to: [Fields], a [Reader], or a pointer to a text, number,
// boolean, raw JSON, or a list or map of these. Pointers to pointers are nil
// for null; null leaves all others but lists and maps as they are. Raw JSON is
// part of data and must not be changed. Numbers in an any are float64.
//
// An error is a [*SyntaxError] or [ErrTooDeep], and nothing is read, or a
// [*TypeError] after all that fits was read: what does not fit is left empty.
func Read(data []byte, to any) error {
	if err := check(data); err != nil {
		return err
	}
	s := scanner{data: data}
	return read(s.skip(), to)
}

// TypeError says that a value is of another type than it should be. It does
// not repeat the value.
type TypeError struct {
	Field string // with the fields around it: "usage.input_tokens"
	Want  string
}

func (e *TypeError) Error() string {
	if e.Field == "" {
		return "it is not " + e.Want
	}
	return "the field " + e.Field + " is not " + e.Want
}

// within adds the name of the field that an error comes from.
func within(field string, err error) error {
	if wrong, ok := err.(*TypeError); ok {
		if wrong.Field != "" {
			field += "." + wrong.Field
		}
		return &TypeError{field, wrong.Want}
	}
	return err
}

// Reader reads itself from a valid JSON value.
type Reader interface{ ReadJSON(value []byte) error }

func read(value []byte, to any) error {
	null := value[0] == 'n'
	switch to := to.(type) {
	case *json.RawMessage:
		*to = value
	case Reader:
		return to.ReadJSON(value)
	case Struct:
		if null {
			to(resize, -1)
			return nil
		}
		to(resize, 1)
		fields, _ := to(0, 0)
		return fields.ReadJSON(value)
	case Structs:
		n := -1
		if value[0] == '[' {
			n = 0
			_ = elements(value, func([]byte) error { n++; return nil })
		}
		to(resize, n)
		n = 0
		return elements(value, func(raw []byte) error {
			fields, _ := to(n, 0)
			n++
			return fields.ReadJSON(raw)
		})
	case *any:
		return readAny(value, to)
	case *string:
		return readText(value, to)
	case *bool:
		return readBool(value, to)
	case *int:
		return readInt(value, to)
	case **string:
		*to = nil
		if !null {
			*to = new(string)
			return readText(value, *to)
		}
	case **bool:
		*to = nil
		if !null {
			*to = new(bool)
			return readBool(value, *to)
		}
	case **int:
		*to = nil
		if !null {
			*to = new(int)
			return readInt(value, *to)
		}
	case *float64:
		return readFloat(value, to)
	case **float64:
		*to = nil
		if !null {
			*to = new(float64)
			return readFloat(value, *to)
		}
	case *[]string:
		return readList(value, to, readText)
	case *[]int:
		return readList(value, to, readInt)
	case *[]*int:
		return readList(value, to, func(raw []byte, to **int) error { return read(raw, to) })
	case *[]json.RawMessage:
		return readList(value, to, readRaw)
	case *map[string]json.RawMessage:
		return readMap(value, to, readRaw)
	case *map[string]string:
		return readMap(value, to, readText)
	default:
		panic("codec: there is no way to read this type")
	}
	return nil
}

func readRaw(value []byte, to *json.RawMessage) error {
	*to = value
	return nil
}

func readText(value []byte, to *string) error {
	switch value[0] {
	case '"':
		*to = textOf(value)
	case 'n':
	default:
		*to = ""
		return &TypeError{Want: "a text"}
	}
	return nil
}

func readBool(value []byte, to *bool) error {
	switch value[0] {
	case 't', 'f':
		*to = value[0] == 't'
	case 'n':
	default:
		*to = false
		return &TypeError{Want: "true or false"}
	}
	return nil
}

func readInt(value []byte, to *int) error {
	if value[0] == 'n' {
		return nil
	}
	n, err := strconv.Atoi(string(value))
	if err != nil {
		*to = 0
		return &TypeError{Want: "a whole number"}
	}
	*to = n
	return nil
}

func readFloat(value []byte, to *float64) error {
	if value[0] == 'n' {
		return nil
	}
	n, err := strconv.ParseFloat(string(value), 64)
	if value[0] != '-' && (value[0] < '0' || value[0] > '9') || err != nil {
		*to = 0
		return &TypeError{Want: "a number of double precision"}
	}
	*to = n
	return nil
}

func readList[T any](value []byte, to *[]T, read func([]byte, *T) error) error {
	*to = nil
	if value[0] == '[' {
		*to = []T{}
	}
	return elements(value, func(raw []byte) error {
		var element T
		err := read(raw, &element)
		*to = append(*to, element)
		return err
	})
}

// readMap adds to the map that is there, as encoding/json does.
func readMap[T any](value []byte, to *map[string]T, read func([]byte, *T) error) error {
	switch {
	case value[0] == 'n':
		*to = nil
	case value[0] == '{' && *to == nil:
		*to = map[string]T{}
	}
	return members(value, func(name, raw []byte) error {
		var element T
		err := read(raw, &element)
		(*to)[validText(name)] = element
		return err
	})
}
