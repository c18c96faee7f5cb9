package codec

import (
	"math/bits"
	"slices"

	"runstream/internal/bytescan"
)

// Shape is what JSON texts have in common that differ in strings and numbers
// only, as a stream's events do. To see that a text has it takes a third of the
// time of [TextField]. The zero Shape fits nothing.
type Shape struct {
	text  []byte
	spans []span
	fixed span // of the text that is the same in all of them
}

// span is where a value lies in a shape's text, with the quote that ends it.
type span struct{ start, end int }

// Learn makes this the shape of a text that is JSON and of those that have the
// same text in the top-level field of that name. It keeps a copy.
func (s *Shape) Learn(text []byte, name string) {
	s.text, s.spans = append(s.text[:0], text...), s.spans[:0]
	s.fixed = span{-1, -1}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			start := i + 1
			i = pastText(text, start)
			if next := pastSpace(text, i); next < len(text) && text[next] == ':' {
				continue // a key
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
	if found, _ := TextField(text, name); len(found) > 0 {
		if i := slices.IndexFunc(s.spans, func(at span) bool { return &text[at.start] == &found[0] }); i >= 0 {
			s.fixed = s.spans[i]
		}
	}
	if s.fixed.start < 0 {
		s.text = s.text[:0] // fits nothing: there is no such text, or it has escapes
	}
}

// Fits says that data is JSON and has the shape. Where it does not say so, data
// may be JSON all the same.
func (s *Shape) Fits(data []byte) bool {
	i, j := 0, 0 // in data, in the shape's text
	text, spans := s.text, s.spans
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
			return len(text) > 0 && i == len(data) && j == len(text)
		}
		// They differ, which they may within a value: there data goes on behind its own.
		for len(spans) > 0 && spans[0].end < j {
			spans = spans[1:]
		}
		if len(spans) == 0 || spans[0].start > j || spans[0] == s.fixed {
			return false
		}
		i -= j - spans[0].start
		j = spans[0].end
		spans = spans[1:]
		if text[j-1] == '"' {
			if i = pastText(data, i); i == 0 {
				return false
			}
		} else if end, ok := pastNumber(data, i); ok {
			i = end
		} else {
			return false
		}
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
