//go:build wasm

package bytescan

import (
	"math/bits"
	"unsafe"
)

// LineEnd finds the first CR or LF; -1 where there is none. The compiler has no
// wide instructions for bytes.IndexByte here.
func LineEnd(data []byte) int {
	i := 0
	// Nearly every line is text without a control character.
	for ; len(data)-i >= 16; i += 16 {
		a, b := Load(data, i), Load(data, i+8)
		if ((a-each*' ')&^a|(b-each*' ')&^b)&high != 0 {
			break
		}
	}
	for ; len(data)-i >= 8; i += 8 {
		eight := Load(data, i)
		lf, cr := eight^each*'\n', eight^each*'\r'
		// The high bit of a byte that is one of the two; above the first of them it may be wrong.
		if found := ((lf-each)&^lf | (cr-each)&^cr) & high; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(data); i++ {
		if data[i] == '\n' || data[i] == '\r' {
			return i
		}
	}
	return -1
}

// Load reads eight bytes from i on, the first one lowest. There must be so many.
// It is one instruction, which may be unaligned here; the compiler makes eight of
// encoding/binary's.
func Load(data []byte, i int) uint64 { return *(*uint64)(unsafe.Pointer(&data[i])) }
