package codec

import "bytes"

// IsNull says whether a value is null, or is not there.
func IsNull(value []byte) bool {
	value = bytes.TrimSpace(value)
	return len(value) == 0 || string(value) == "null"
}

// IsFalsy says whether Python takes a value for false, or it is not there.
func IsFalsy(value []byte) bool {
	switch string(value) {
	case "", "null", "false", "0", `""`, "{}", "[]":
		return true
	}
	return false
}
