//go:build !wasm

package bytescan

import (
	"bytes"
	"encoding/binary"
)

// LineEnd finds the first CR or LF; -1 where there is none. Most lines end in LF
// and hold no CR.
func LineEnd(data []byte) int {
	lf := bytes.IndexByte(data, '\n')
	if lf < 0 {
		return bytes.IndexByte(data, '\r')
	}
	if cr := bytes.IndexByte(data[:lf], '\r'); cr >= 0 {
		return cr
	}
	return lf
}

// Load reads eight bytes from i on, the first one lowest. There must be so many.
func Load(data []byte, i int) uint64 { return binary.LittleEndian.Uint64(data[i:]) }
