package bytescan

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every byte, at every place of texts of every length up to some sixteens.
func TestEveryByteAtEveryPlace(t *testing.T) {
	for length := range 50 {
		for at := range length {
			for c := range 256 {
				data := bytes.Repeat([]byte{'a', 0xe9, 0x7f, 0x80, 0xff, ' '}, 9)[:length]
				data[at] = byte(c)
				line, text := -1, length
				if c == '\n' || c == '\r' {
					line = at
				}
				if c == '"' || c == '\\' || c < ' ' {
					text = at
				}
				assert.Equal(t, line, LineEnd(data), "%q", data)
				assert.Equal(t, text, TextEnd(data, 0), "%q", data)
				if at > 0 {
					assert.Equal(t, text, TextEnd(data, at), "%q from %d", data, at)
				}
			}
		}
	}
}

// Of two that are side by side it is the first: what is above it may be wrong.
func TestTheFirstOfTwo(t *testing.T) {
	for at := range 40 {
		data := bytes.Repeat([]byte{'a'}, 42)
		data[at], data[at+1] = '\r', '\n'
		assert.Equal(t, at, LineEnd(data))
		data[at], data[at+1] = '\\', '"'
		assert.Equal(t, at, TextEnd(data, 0))
		data[at], data[at+1] = '\n', '\v'
		assert.Equal(t, at, LineEnd(data))
	}
}
