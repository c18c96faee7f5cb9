package codec

import "strconv"

// RoughInt reads what some servers write in place of a whole number: 1.0, 1.5e3,
// "7". Anything else is 0: it says less, and what it is part of still says enough.
type RoughInt int

// ReadJSON implements [Reader].
func (n *RoughInt) ReadJSON(value []byte) error {
	text := string(value)
	if value[0] == '"' {
		text = textOf(value)
	}
	*n = 0
	if number, err := strconv.ParseFloat(text, 64); err == nil && number > -1<<53 && number < 1<<53 {
		*n = RoughInt(number)
	}
	return nil
}

// WriteJSON implements [Writable].
func (n *RoughInt) WriteJSON(w *Writer) { w.int(int(*n)) }

// RoughText reads a text, also where a server writes a number for it. Anything
// else is none.
type RoughText string

// ReadJSON implements [Reader].
func (t *RoughText) ReadJSON(value []byte) error {
	switch c := value[0]; {
	case c == '"':
		*t = RoughText(textOf(value))
	case c == '-' || c >= '0' && c <= '9':
		*t = RoughText(value)
	default:
		*t = ""
	}
	return nil
}

// WriteJSON implements [Writable].
func (t *RoughText) WriteJSON(w *Writer) { w.text(string(*t)) }
