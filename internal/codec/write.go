package codec

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Write writes v as JSON; see [Append].
func Write(v any) (json.RawMessage, error) { return Append(nil, v) }

// Append writes v, or what it points to: [Fields], a [Writable], a text, number,
// boolean, raw JSON, nil, a json.Marshaler, or a list or map of these. Objects
// made of maps have their keys sorted. An error means that v has no JSON form,
// or raw JSON in it is none. Bytes that are no UTF-8 are replaced.
func Append(out []byte, v any) ([]byte, error) {
	w := Writer{out: out}
	w.Value(v)
	return w.out, w.err
}

// Writable writes itself as a JSON value.
type Writable interface{ WriteJSON(w *Writer) }

// Writer is where values are written.
type Writer struct {
	out   []byte
	err   error // the first
	depth int
}

// Value writes a value; see [Append].
func (w *Writer) Value(v any) {
	if w.depth == maxDepth {
		w.fail(ErrTooDeep)
		return
	}
	w.depth++
	w.value(v)
	w.depth--
}

func (w *Writer) value(v any) {
	switch v := v.(type) {
	case Writable:
		v.WriteJSON(w)
	case string:
		w.text(v)
	case *string:
		if v == nil {
			w.null()
		} else {
			w.text(*v)
		}
	case bool:
		w.bool(v)
	case int:
		w.int(v)
	case *int:
		if v == nil {
			w.null()
		} else {
			w.int(*v)
		}
	case json.RawMessage:
		w.raw(v)
	case *json.RawMessage:
		w.raw(*v)
	case []json.RawMessage:
		w.list(len(v), v == nil, func(i int) { w.raw(v[i]) })
	case []string:
		w.list(len(v), v == nil, func(i int) { w.text(v[i]) })
	case []any:
		w.list(len(v), v == nil, func(i int) { w.Value(v[i]) })
	case map[string]any:
		w.object(len(v), v == nil, func(keys []string) []string {
			for key := range v {
				keys = append(keys, key)
			}
			return keys
		}, func(key string) { w.Value(v[key]) })
	case Structs:
		_, n := v(count, 0)
		w.list(n, n < 0, func(i int) {
			fields, _ := v(i, 0)
			fields.WriteJSON(w)
		})
	case Struct:
		if _, n := v(count, 0); n < 0 {
			w.null()
			return
		}
		fields, _ := v(0, 0)
		fields.WriteJSON(w)
	case float64:
		w.float(v, 64)
	default:
		w.rare(v)
	}
}

// rare writes the types that do not come often.
func (w *Writer) rare(v any) {
	switch v := v.(type) {
	case nil:
		w.null()
	case *bool:
		if v == nil {
			w.null()
		} else {
			w.bool(*v)
		}
	case *float64:
		if v == nil {
			w.null()
		} else {
			w.float(*v, 64)
		}
	case **string:
		w.Value(*v)
	case **bool:
		w.Value(*v)
	case **int:
		w.Value(*v)
	case **float64:
		w.Value(*v)
	case *any:
		w.Value(*v)
	case *[]json.RawMessage:
		w.Value(*v)
	case *[]string:
		w.Value(*v)
	case *[]int:
		w.list(len(*v), *v == nil, func(i int) { w.int((*v)[i]) })
	case []int:
		w.rare(&v)
	case []*int:
		w.list(len(v), v == nil, func(i int) { w.Value(v[i]) })
	case map[string]json.RawMessage:
		w.object(len(v), v == nil, func(keys []string) []string {
			for key := range v {
				keys = append(keys, key)
			}
			return keys
		}, func(key string) { w.raw(v[key]) })
	case *map[string]json.RawMessage:
		w.rare(*v)
	case map[string]string:
		w.object(len(v), v == nil, func(keys []string) []string {
			for key := range v {
				keys = append(keys, key)
			}
			return keys
		}, func(key string) { w.text(v[key]) })
	case *map[string]string:
		w.rare(*v)
	case json.Number:
		w.raw(json.RawMessage(v))
	case int32:
		w.int(int(v))
	case int64:
		w.out = strconv.AppendInt(w.out, v, 10)
	case uint32:
		w.out = strconv.AppendUint(w.out, uint64(v), 10)
	case uint64:
		w.out = strconv.AppendUint(w.out, v, 10)
	case float32:
		w.float(float64(v), 32)
	case json.Marshaler:
		raw, err := v.MarshalJSON()
		if err != nil {
			w.fail(err)
			return
		}
		w.raw(raw)
	default:
		w.fail(&ValueError{"unsupported type: only reflection could write it"})
	}
}

// ErrTooDeep says that a value is nested deeper than [Valid] takes, or holds itself.
var ErrTooDeep = errors.New("the value is nested too deep, or holds itself")

// ValueError says that a value has no JSON form.
type ValueError struct{ message string }

func (e *ValueError) Error() string { return e.message }

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Inlined everywhere, appending would make the engine 10 kB larger.
//
//go:noinline
func (w *Writer) literal(text string) { w.out = append(w.out, text...) }

func (w *Writer) null() { w.literal("null") }

func (w *Writer) text(text string) { w.out = AppendText(w.out, text) }

func (w *Writer) bool(b bool) {
	if b {
		w.literal("true")
	} else {
		w.literal("false")
	}
}

func (w *Writer) int(n int) { w.out = strconv.AppendInt(w.out, int64(n), 10) }

// float writes a number as JavaScript does.
func (w *Writer) float(n float64, bits int) {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		w.fail(&ValueError{"unsupported value: " + strconv.FormatFloat(n, 'g', -1, 64)})
		return
	}
	format := byte('f')
	if size := math.Abs(n); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	w.out = strconv.AppendFloat(w.out, n, format, -1, bits)
	if last := len(w.out) - 1; format == 'e' && w.out[last-3] == 'e' && w.out[last-1] == '0' {
		w.out[last-1] = w.out[last] // e-09 becomes e-9
		w.out = w.out[:last]
	}
}

func (w *Writer) raw(raw json.RawMessage) {
	if raw == nil {
		w.null()
		return
	}
	if err := check(raw); err != nil {
		w.fail(err)
		return
	}
	if utf8.Valid(raw) {
		w.out = append(w.out, raw...)
	} else {
		w.out = append(w.out, validText(raw)...) // no reader of the whole would take it
	}
}

func (w *Writer) list(n int, null bool, element func(i int)) {
	if null {
		w.null()
		return
	}
	w.literal("[")
	for i := range n {
		if i > 0 {
			w.literal(",")
		}
		element(i)
	}
	w.literal("]")
}

func (w *Writer) object(n int, null bool, names func([]string) []string, value func(name string)) {
	if null {
		w.null()
		return
	}
	sorted := names(make([]string, 0, n))
	slices.Sort(sorted)
	w.literal("{")
	for i, name := range sorted {
		if i > 0 {
			w.literal(",")
		}
		w.text(name)
		w.literal(":")
		value(name)
	}
	w.literal("}")
}

// emptier is a value of this package that omitempty may leave out.
type emptier interface{ empty() bool }

// isEmpty says what omitempty leaves out.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case emptier:
		return v.empty()
	case Structs:
		_, n := v(count, 0)
		return n <= 0
	case Struct:
		_, n := v(count, 0)
		return n < 0
	case string:
		return v == ""
	case *string:
		return *v == ""
	case **string:
		return *v == nil
	case bool:
		return !v
	case *bool:
		return !*v
	case **bool:
		return *v == nil
	case int:
		return v == 0
	case *int:
		return *v == 0
	case **int:
		return *v == nil
	case **float64:
		return *v == nil
	case json.RawMessage:
		return len(v) == 0
	case *json.RawMessage:
		return len(*v) == 0
	case []string:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case map[string]string:
		return len(v) == 0
	case *map[string]string:
		return len(*v) == 0
	case *any:
		return *v == nil
	}
	return false
}
