// Package bytescan finds the bytes that end lines and strings: every byte that a
// model streams is looked at by it.
package bytescan

import "math/bits"

const (
	each = 0x0101010101010101
	high = 0x8080808080808080
)

// TextEnds finds the bytes of eight that do not simply go on a JSON string: a
// quote, a backslash or a control character. The lowest bit that is set is the
// high bit of the first one; those above it may be wrong. It is zero for none.
func TextEnds(eight uint64) uint64 {
	quote, backslash := eight^each*'"', eight^each*'\\'
	return ((quote-each)&^quote | (backslash-each)&^backslash | (eight-each*' ')&^eight) & high
}

// TextEnd finds the first such byte from i on, len(data) where there is none.
func TextEnd(data []byte, i int) int {
	for ; len(data)-i >= 8; i += 8 {
		if ends := TextEnds(Load(data, i)); ends != 0 {
			return i + bits.TrailingZeros64(ends)/8
		}
	}
	for ; i < len(data); i++ {
		if c := data[i]; c == '"' || c == '\\' || c < ' ' {
			break
		}
	}
	return i
}
