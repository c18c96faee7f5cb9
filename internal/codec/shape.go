package codec

import (
	"math/bits"

	"runstream/internal/bytescan"
)

// Shape is what JSON texts have in common that differ in strings and numbers
// only, as a stream's events do. To see that a text has it takes a third of the
// time of [TextField]. A shape does not change. Nil fits nothing.
type Shape struct {
	text   []byte
	spans  []span
	fixed  int // the span of the text that is the same in all of them
	fields []shapeField
	direct uint64 // a bit for each span that is a field's value; none where texts have no Likeness
}

// span is where a value lies in a shape's text, with the quote that ends it.
type span struct{ start, end int }

// NewShape gives the shape of a text that is JSON and of those that have the same
// text in the top-level field of that name; nil where there is no such text, or it
// has escapes. It keeps a copy.
func NewShape(text []byte, name string) *Shape {
	found, _ := TextField(text, name)
	if len(found) == 0 {
		return nil
	}
	s := &Shape{text: append([]byte(nil), text...), fixed: -1}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			start := i + 1
			i = pastText(text, start)
			if next := pastSpace(text, i); next < len(text) && text[next] == ':' {
				continue // a key
			}
			if &text[start] == &found[0] {
				s.fixed = len(s.spans)
			}
			s.spans = append(s.spans, span{start, i})
		case c == '-' || '0' <= c && c <= '9':
			start := i
			i, _ = pastNumber(text, i)
			s.spans = append(s.spans, span{start, i})
		default:
			i++
		}
	}
	if s.fixed < 0 {
		return nil
	}
	s.readFields()
	return s
}

// Fits says that data is JSON and has the shape. Where it does not say so, data
// may be JSON all the same. It sets how data is like the shape's text.
func (s *Shape) Fits(data []byte, like *Likeness) bool {
	*like = Likeness{}
	if s == nil {
		return false
	}
	i, j, next := 0, 0, 0 // in data, in the shape's text, in its spans
	text, spans := s.text, s.spans
	count, direct := 0, s.direct
	for {
		for len(data)-i >= 8 && len(text)-j >= 8 {
			if differing := bytescan.Load(data, i) ^ bytescan.Load(text, j); differing != 0 {
				same := bits.TrailingZeros64(differing) / 8
				i, j = i+same, j+same
				break
			}
			i, j = i+8, j+8
		}
		for i < len(data) && j < len(text) && data[i] == text[j] {
			i, j = i+1, j+1
		}
		if i == len(data) || j == len(text) {
			if i != len(data) || j != len(text) {
				return false
			}
			if direct != 0 && len(data) <= longestAlike {
				like.shape, like.data, like.length, like.count = s, &data[0], uint16(len(data)), uint8(count)
			}
			return true
		}
		// They differ, which they may within a value: there data goes on behind its own.
		for next < len(spans) && spans[next].end < j {
			next++
		}
		if next == len(spans) || spans[next].start > j || next == s.fixed {
			return false
		}
		i -= j - spans[next].start
		j = spans[next].end
		if text[j-1] == '"' {
			if i = pastText(data, i); i == 0 {
				return false
			}
		} else if end, ok := pastNumber(data, i); ok {
			i = end
		} else {
			return false
		}
		if count < mostDiffering && direct>>next&1 != 0 {
			like.spans[count], like.ends[count] = uint8(next), uint16(i)
			count++
		} else {
			direct = 0
		}
		next++
	}
}

// pastText gives where a string ends that goes on at i; 0 for none that is JSON.
func pastText(data []byte, i int) int {
	for {
		i = bytescan.TextEnd(data, i)
		switch {
		case i == len(data) || data[i] < ' ':
			return 0
		case data[i] == '"':
			return i + 1
		}
		length := escapeLength(data[i+1:])
		if length == 0 {
			return 0
		}
		i += 1 + length
	}
}
