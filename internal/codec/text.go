package codec

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"runstream/internal/bytescan"
)

// unquote gives the text of a valid JSON value, nil if it is no string. It is
// part of quoted where nothing in it is escaped.
func unquote(quoted []byte) []byte {
	if len(quoted) == 0 || quoted[0] != '"' {
		return nil
	}
	inner := quoted[1 : len(quoted)-1]
	if bytescan.TextEnd(inner, 0) == len(inner) {
		return inner
	}
	text := make([]byte, 0, len(inner))
	for {
		plain, rest, escaped := bytes.Cut(inner, []byte{'\\'})
		text = append(text, plain...)
		if !escaped {
			return text
		}
		switch c := rest[0]; c {
		case 'b':
			text, inner = append(text, '\b'), rest[1:]
		case 'f':
			text, inner = append(text, '\f'), rest[1:]
		case 'n':
			text, inner = append(text, '\n'), rest[1:]
		case 'r':
			text, inner = append(text, '\r'), rest[1:]
		case 't':
			text, inner = append(text, '\t'), rest[1:]
		case 'u':
			r := unit(rest[1:])
			inner = rest[5:]
			if utf16.IsSurrogate(r) {
				low := rune(utf8.RuneError)
				if len(inner) >= 6 && inner[0] == '\\' && inner[1] == 'u' {
					low = unit(inner[2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					inner = inner[6:]
				}
			}
			text = utf8.AppendRune(text, r)
		default: // a quote, a backslash or a slash
			text, inner = append(text, c), rest[1:]
		}
	}
}

// unit reads the four hexadecimal digits of an escape.
func unit(digits []byte) (r rune) {
	for _, c := range digits[:4] {
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = c&^0x20 - 'A' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}

// textOf is unquote for a value that is a string.
func textOf(quoted []byte) string { return validText(unquote(quoted)) }

// validText replaces every byte that is no UTF-8.
func validText(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	return string([]rune(string(text)))
}

// AppendText writes text as a JSON string. Line separators are escaped, so that
// it is a JavaScript string too, and what is no UTF-8 is replaced.
func AppendText(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			out = append(append(out, text[start:i]...), '\\')
			switch c {
			case '"', '\\':
				out = append(out, c)
			case '\b':
				out = append(out, 'b')
			case '\f':
				out = append(out, 'f')
			case '\n':
				out = append(out, 'n')
			case '\r':
				out = append(out, 'r')
			case '\t':
				out = append(out, 't')
			default:
				out = append(out, 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			out = append(append(out, text[start:i]...), `\ufffd`...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			out = append(append(out, text[start:i]...), `\u202`...)
			out = append(out, hex[r&15])
			start = i + size
		}
		i += size
	}
	return append(append(out, text[start:]...), '"')
}
