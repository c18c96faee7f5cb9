package jsbridge

import (
	"encoding/json"
	"sync"

	"runstream/internal/codec"
	"runstream/runner"
)

// callTable holds the calls of page functions that wait for a reply.
type callTable struct {
	mu      sync.Mutex
	last    int
	waiting map[int]chan<- reply
}

type reply struct {
	value json.RawMessage
	err   error
}

// open gives a new call's number and where its reply comes.
func (t *callTable) open() (number int, replied <-chan reply) {
	c := make(chan reply, 1) // one slot: answering never blocks
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = map[int]chan<- reply{}
	}
	t.last++
	t.waiting[t.last] = c
	return t.last, c
}

// skip gives the number of a call whose reply nobody waits for.
func (t *callTable) skip() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	return t.last
}

// waits says whether the reply of a call has not come yet.
func (t *callTable) waits(number int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiting[number] != nil
}

// close says that nobody waits for the reply any more.
func (t *callTable) close(number int) { t.take(number) }

// answer hands a reply to the call. A call that nobody waits for is ignored.
func (t *callTable) answer(m replyMessage) {
	if waiting := t.take(m.Call); waiting != nil {
		waiting <- m.reply()
	}
}

func (t *callTable) take(number int) chan<- reply {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting := t.waiting[number]
	delete(t.waiting, number)
	return waiting
}

func (m replyMessage) reply() reply {
	switch {
	case m.Error != nil:
		return reply{err: &pageError{m.Error}}
	case !codec.Valid([]byte(m.Value)):
		return reply{err: &runner.UserError{Message: "what a function of the page returned did not arrive as JSON"}}
	}
	return reply{value: json.RawMessage(m.Value)}
}
