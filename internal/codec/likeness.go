package codec

import "bytes"

const (
	mostDiffering = 4         // values in which a text with a Likeness may differ from its shape's
	longestAlike  = 1<<16 - 1 // bytes of such a text
)

// Likeness says in which values a text differs from that of its shape, where both
// are objects that differ in few of their own fields. The zero Likeness says
// nothing.
type Likeness struct {
	shape  *Shape
	data   *byte // where the text is that it is about
	length uint16
	ends   [mostDiffering]uint16 // of the values in that text
	spans  [mostDiffering]uint8  // of the shape, in their order
	count  uint8
}

// Shape gives the shape of data; nil where the Likeness is not about data.
func (l *Likeness) Shape(data []byte) *Shape {
	if l.shape == nil || len(data) != int(l.length) || &data[0] != l.data {
		return nil
	}
	return l.shape
}

// readFields finds the fields of the object that the text is. Texts have no
// Likeness where a field's name may be another one's, or is none in JavaScript.
func (s *Shape) readFields() {
	scan := scanner{data: s.text}
	if scan.space(); s.text[scan.at] != '{' || len(s.spans) > 64 {
		return
	}
	next, direct := 0, uint64(0)
	for scan.at++; !scan.closed(); {
		field := shapeField{name: scan.skip(), span: -1}
		if bytes.IndexByte(field.name, '\\') >= 0 || string(field.name) == `"__proto__"` {
			return
		}
		for _, other := range s.fields {
			if bytes.Equal(other.name, field.name) {
				return
			}
		}
		scan.space()
		scan.at++ // the colon
		field.value = scan.skip()
		for ; next < len(s.spans) && s.spans[next].start < scan.at; next++ {
			if !field.nested() {
				field.span = next
				direct |= 1 << next
			}
		}
		s.fields = append(s.fields, field)
	}
	s.direct = direct
}

// shapeField is a field of the object that a shape's text is.
type shapeField struct {
	name  []byte // with its quotes
	value []byte
	span  int // that of the value; -1 for a list, an object or a word
}

func (f *shapeField) nested() bool { return f.value[0] == '{' || f.value[0] == '[' }

// Series writes texts of one shape as the values of those fields in which any of
// them differs from the shape's text. Lists and objects are among these values, so
// that whoever reads them has one for each text.
type Series struct {
	shape     *Shape
	last      Likeness
	differing uint64 // spans
	columns   []column
	rest      string // what is written after the last column
}

// column is a field in which texts differ.
type column struct {
	before string // what is written before its value
	value  string // that of the shape's text
	span   int
}

// Begin begins a series of texts that have a shape.
func (s *Series) Begin(shape *Shape) { *s = Series{shape: shape} }

// Add says that a text of this likeness is to be written.
func (s *Series) Add(like *Likeness) {
	if like.spans == s.last.spans && like.count == s.last.count {
		return // as mostly
	}
	s.last = *like
	for _, span := range like.spans[:like.count] {
		s.differing |= 1 << span
	}
}

// Head gives the shape's text and the names of the fields whose values are written
// for each text that was added, with commas between.
func (s *Series) Head() string {
	head, before, comma := string(s.shape.text), "[", ""
	for _, field := range s.shape.fields {
		differs := field.span >= 0 && s.differing>>field.span&1 != 0
		if !differs && !field.nested() {
			continue
		}
		head += "," + string(field.name)
		before += comma
		comma = ","
		if !differs {
			before += string(field.value)
			continue
		}
		if field.value[0] == '"' {
			before += `"` // which is not in the span
		}
		own := s.shape.spans[field.span]
		s.columns = append(s.columns, column{before, string(s.shape.text[own.start:own.end]), field.span})
		before = ""
	}
	s.rest = before + "]"
	return head
}

// Append writes the values of a text that was added, as an array. It comes after
// Head.
func (s *Series) Append(text, data []byte, like *Likeness) []byte {
	ahead, n := 0, uint8(0) // how far data is ahead of the shape's text; of its values
	for i := range s.columns {
		c := &s.columns[i]
		text = appendFew(text, c.before)
		if n < like.count && int(like.spans[n]) == c.span {
			own, end := s.shape.spans[c.span], int(like.ends[n])
			text = appendFew(text, data[own.start+ahead:end])
			ahead = end - own.end
			n++
		} else {
			text = appendFew(text, c.value)
		}
	}
	return appendFew(text, s.rest)
}

// appendFew appends what mostly are few bytes: as WebAssembly, a call takes as long
// as ten of them.
func appendFew[bytes []byte | string](text []byte, few bytes) []byte {
	if len(few) > 16 {
		return append(text, few...)
	}
	for i := range len(few) {
		text = append(text, few[i])
	}
	return text
}
