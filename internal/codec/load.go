//go:build !wasm

package codec

import "encoding/binary"

func load(data []byte, i int) uint64 { return binary.LittleEndian.Uint64(data[i:]) }
