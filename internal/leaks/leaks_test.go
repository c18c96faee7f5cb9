package leaks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

func TestAGoroutineThatIsLeftIsShownAndOneThatEndsIsNot(t *testing.T) {
	release := make(chan struct{})
	started := make(chan struct{})
	go leaking(started, release)
	<-started

	left := wait(0)
	require.Len(t, left, 1)
	assert.Contains(t, left[0], "leaks.leaking")

	close(release)
	assert.Empty(t, wait(patience))
}

func leaking(started, release chan struct{}) {
	close(started)
	<-release
}
