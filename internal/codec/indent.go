package codec

import "strings"

// Indent writes data anew, with an element a line.
func Indent(data []byte) ([]byte, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	s, w := scanner{data: data}, Writer{}
	depth := 0
	line := func() { w.literal("\n" + strings.Repeat("  ", depth)) }
	for s.space(); s.at < len(data); s.space() {
		c := data[s.at]
		switch c {
		case '}', ']':
			depth--
			line()
		case '"':
			w.literal(string(s.skip()))
			continue
		}
		s.at++
		w.literal(string(c))
		switch c {
		case '{', '[':
			if s.space(); data[s.at] == c+2 { // it is empty
				s.at++
				w.literal(string(c + 2))
				continue
			}
			depth++
			line()
		case ',':
			line()
		case ':':
			w.literal(" ")
		}
	}
	return w.out, nil
}

// Compact writes valid JSON anew in one line, its texts with the escapes that they
// need and no others.
func Compact(data []byte) []byte {
	s, w := scanner{data: data}, Writer{}
	for s.space(); s.at < len(data); s.space() {
		if data[s.at] == '"' {
			w.text(textOf(s.skip()))
			continue
		}
		w.out = append(w.out, data[s.at])
		s.at++
	}
	return w.out
}
