package sha256

import (
	"bytes"
	stdlib "crypto/sha256"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestItAgreesWithTheStandardLibrary(t *testing.T) {
	text := bytes.Repeat([]byte("runstream \x00\xff"), 40)
	for size := range len(text) {
		assert.Equal(t, stdlib.Sum256(text[:size]), Sum256(text[:size]), "of %d bytes", size)
	}
}
