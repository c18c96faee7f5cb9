package jsbridge

import (
	"context"
	"sync"
	"time"

	"runstream/runner/responses"
)

// engine carries the runs of a page. Messages of the page come to handle, those
// to the page go to post.
type engine struct {
	// ctx ends every run.
	ctx context.Context
	own *registry
	// post hands a message to the page. It never blocks, and the page gets
	// messages in the order of the calls.
	post func(fromEngine)
	// transport makes the way to a run's model server. token gives what goes
	// into the Authorization header, nil for no such header.
	transport func(provider providerSpec, token tokenFunc) responses.Transport

	calls callTable

	mu   sync.Mutex
	runs map[int]*run
	// following counts the goroutines that follow a run.
	following sync.WaitGroup
}

// handle does what a message says. It returns at once: runs go on beside it.
func (e *engine) handle(message toEngine) {
	switch m := message.(type) {
	case runMessage:
		e.start(m)
	case cancelMessage:
		if r := e.find(m.Run); r != nil {
			r.cancel(m)
		}
	case replyMessage:
		e.calls.answer(m)
	case releaseMessage:
		e.mu.Lock()
		delete(e.runs, m.Run)
		e.mu.Unlock()
	}
}

func (e *engine) start(m runMessage) {
	r := newRun(e, m.Run)
	e.mu.Lock() // a run can be cancelled from its first moment
	err := guard(func() error { return r.start(m) })
	if err == nil {
		if e.runs == nil {
			e.runs = map[int]*run{}
		}
		e.runs[m.Run] = r
	}
	e.mu.Unlock()
	if err != nil {
		r.stop(nil)
		e.post(endRunMessage{Run: m.Run, Error: dataOf(err)})
		return
	}
	e.following.Go(func() {
		r.follow()
		dropTimeout()
	})
}

// dropTimeout has the platform forget the timeout of a timer that was stopped,
// as a tool's time limit is. Go's runtime would leave it until it is due
// (beforeIdle of runtime/lock_js.go), and Node would not end before that; a
// timer that is due earlier takes its place.
func dropTimeout() { time.Sleep(time.Millisecond) }

func (e *engine) find(number int) *run {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.runs[number]
}

// wait waits for the end of every run.
func (e *engine) wait() { e.following.Wait() }

// tokenFunc asks the page for the token of a request.
type tokenFunc func(ctx context.Context) (string, error)
