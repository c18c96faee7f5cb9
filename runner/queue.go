package runner

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// eventQueue hands a run's events to its reader, in order. It is bounded by
// what the model's responses hold: between turns the run waits for an active
// reader.
type eventQueue struct {
	mu      sync.Mutex
	events  []Event
	bytes   int     // of the model's text in events
	spare   []Event // memory for events, of a batch that was read
	closed  bool
	err     error   // what the reader ends with
	reading bool    // a reader is active
	inHand  []Event // a batch that the reader has not finished
	more    chan struct{}
	taken   chan struct{}
	dropped atomic.Bool // the reader wants nothing more, not even of its batch

	expected time.Time // until when the first reader may come and miss nothing
}

func newEventQueue() *eventQueue {
	return &eventQueue{more: make(chan struct{}, 1), taken: make(chan struct{}, 1), expected: time.Now().Add(readerGrace)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fullBatch is after how many bytes a reader gets a turn to take what there is,
// where one thread is all there is: it works on them while more is read.
const fullBatch = 128 << 10

func (q *eventQueue) push(e Event) {
	q.mu.Lock()
	first, full := len(q.events) == 0 && !q.closed, false
	if first {
		q.events, q.spare = q.spare, nil
	}
	if !q.closed {
		q.events = append(q.events, e)
		q.bytes += len(e.Raw.Data)
		if full = q.bytes >= fullBatch; full {
			q.bytes = 0
		}
	}
	q.mu.Unlock()
	if first {
		signal(q.more)
	}
	if full {
		runtime.Gosched()
	}
}

// close ends the queue; what it holds is still read. The first close wins.
func (q *eventQueue) close(err error) {
	q.mu.Lock()
	if !q.closed {
		q.closed, q.err = true, err
	}
	q.mu.Unlock()
	signal(q.more)
}

// drop ends the queue at once, without an error.
func (q *eventQueue) drop() {
	q.mu.Lock()
	if !q.closed {
		q.closed, q.events = true, nil
		q.dropped.Store(true)
	}
	q.mu.Unlock()
	signal(q.more)
	signal(q.taken)
}

// start makes the caller the reader; false where there is one already.
func (q *eventQueue) start() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.reading {
		return false
	}
	q.reading, q.expected = true, time.Time{}
	signal(q.taken)
	return true
}

// unread says that nobody is about to read.
func (q *eventQueue) unread() {
	q.mu.Lock()
	q.expected = time.Time{}
	q.mu.Unlock()
	signal(q.taken)
}

// stop ends reading; events that were not taken stay for the next reader.
func (q *eventQueue) stop() {
	q.mu.Lock()
	q.reading, q.inHand = false, nil
	q.mu.Unlock()
	signal(q.taken)
}

// mostSpare bounds how much memory a queue keeps for its next batch, in events.
const mostSpare = 2048

// next waits for events and takes all that are there; none at the end. Asking
// for more says that the last ones are done with.
func (q *eventQueue) next() ([]Event, error) {
	for {
		q.mu.Lock()
		if q.inHand != nil && cap(q.inHand) <= mostSpare {
			clear(q.inHand)
			q.spare = q.inHand[:0]
		}
		q.inHand = nil
		if len(q.events) > 0 {
			batch := q.events
			q.events, q.inHand, q.bytes = nil, batch, 0
			q.mu.Unlock()
			return batch, nil
		}
		closed, err := q.closed, q.err
		q.err = nil // an error is told once
		if closed {
			q.spare = nil
		}
		q.mu.Unlock()
		if closed {
			signal(q.more) // for the next reader
			return nil, err
		}
		signal(q.taken)
		<-q.more
	}
}

// putBack returns what a reader that leaves has not come to.
func (q *eventQueue) putBack(events []Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.dropped.Load() {
		q.events = append(events, q.events...)
	}
}

// waitTaken waits until an active reader has done with every event, for as long
// as limit if that is not zero. The first reader may be a little late: the run
// has begun before its caller could read.
func (q *eventQueue) waitTaken(ctx context.Context, limit time.Duration) {
	var late <-chan time.Time // made when there is something to wait for
	for {
		q.mu.Lock()
		done := q.closed || (len(q.events) == 0 && q.inHand == nil)
		reading, left := q.reading, time.Until(q.expected)
		q.mu.Unlock()
		if done || !reading && left <= 0 {
			return
		}
		if limit > 0 && late == nil {
			timer := time.NewTimer(limit)
			defer timer.Stop()
			late = timer.C
		}
		var absent <-chan time.Time
		if !reading {
			absent = time.After(left)
		}
		select {
		case <-absent:
		case <-q.taken:
		case <-late:
			return
		case <-ctx.Done():
			return
		}
	}
}
