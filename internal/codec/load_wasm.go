package codec

import "unsafe"

// load is one instruction, which may be unaligned here; the compiler makes
// eight of encoding/binary's. The caller has seen that there are eight bytes.
func load(data []byte, i int) uint64 { return *(*uint64)(unsafe.Pointer(&data[i])) }
