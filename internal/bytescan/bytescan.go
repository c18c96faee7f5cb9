// Package bytescan finds the bytes that end lines and strings: every byte that a
// model streams is looked at by it.
package bytescan

import "math/bits"

const (
	each = 0x0101010101010101
	high = 0x8080808080808080
)

// TextEnd finds the first byte from i on that does not simply go on a JSON
// string: a quote, a backslash or a control character. It is len(data) where there
// is none.
func TextEnd(data []byte, i int) int {
	for ; len(data)-i >= 8; i += 8 {
		eight := load(data, i)
		quote, backslash := eight^each*'"', eight^each*'\\'
		// The high bit of a byte that is one of the three; above the first of them it may be wrong.
		if found := ((quote-each)&^quote | (backslash-each)&^backslash | (eight-each*' ')&^eight) & high; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(data); i++ {
		if c := data[i]; c == '"' || c == '\\' || c < ' ' {
			break
		}
	}
	return i
}
