package jsbridge

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMessagesKeepTheirOrder(t *testing.T) {
	in := newInbox()
	const count = 1000
	in.put(cancelMessage{Run: 0})
	go func() {
		for run := 1; run < count; run++ {
			in.put(cancelMessage{Run: run})
		}
	}()
	ctx, stop := context.WithCancel(t.Context())
	var got []int
	in.each(ctx, func(m toEngine) {
		got = append(got, m.(cancelMessage).Run)
		if len(got) == count {
			stop()
		}
	})
	for i, run := range got {
		assert.Equal(t, i, run)
	}
	assert.Len(t, got, count)
}
