package jsbridge

import (
	"context"
	"sync"
)

// inbox holds the page's messages until the engine takes them: the page's call
// of receive must return at once.
type inbox struct {
	mu       sync.Mutex
	messages []toEngine
	more     chan struct{} // one slot: says that there are messages
}

func newInbox() *inbox { return &inbox{more: make(chan struct{}, 1)} }

// put never blocks.
func (b *inbox) put(m toEngine) {
	b.mu.Lock()
	b.messages = append(b.messages, m)
	b.mu.Unlock()
	signal(b.more)
}

// signal fills a channel's one slot, if it is not full already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// each hands over every message, in order, until ctx ends.
func (b *inbox) each(ctx context.Context, handle func(toEngine)) {
	for {
		select {
		case <-b.more:
		case <-ctx.Done():
			return
		}
		b.mu.Lock()
		messages := b.messages
		b.messages = nil
		b.mu.Unlock()
		for _, m := range messages {
			handle(m)
		}
	}
}
