package runner

import (
	"errors"
	"sync"
)

// errOver is what became of a call whose turn came after the run had given up
// on its calls: nobody would keep what it does.
var errOver = errors.New("the run has ended")

// runningCalls knows whether the run has given up on its calls, after which
// none may begin, and which of them it waits for all the same: the paused runs
// of agent tools that go on, for they write states that are part of its own.
type runningCalls struct {
	mu    sync.Mutex
	ended bool
	begun map[string]bool // calls whose tool has run or runs, by id
	done  map[string]bool // calls whose tool has run, and that have not handed in what it gave
	inner sync.WaitGroup
}

// ran notes that a call's tool has run.
func (r *runningCalls) ran(callID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = map[string]bool{}
	}
	r.done[callID] = true
}

func (r *runningCalls) handedIn(callID string) {
	r.mu.Lock()
	delete(r.done, callID)
	r.mu.Unlock()
}

// aboutToHandIn says whether a call whose tool has run has yet to hand in.
func (r *runningCalls) aboutToHandIn() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.done) > 0
}

// begin notes that a call's tool runs now; false where it must not any more.
func (r *runningCalls) begin(callID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		if r.begun == nil {
			r.begun = map[string]bool{}
		}
		r.begun[callID] = true
	}
	return !r.ended
}

// withdraw takes back that a call's tool runs: it has done nothing.
func (r *runningCalls) withdraw(callID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		delete(r.begun, callID)
	}
}

// enter counts an inner run; false where it must not go on any more.
func (r *runningCalls) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.inner.Add(1)
	}
	return !r.ended
}

// end lets no further call begin, and gives those that have.
func (r *runningCalls) end() (begun map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	return r.begun
}

func (r *runningCalls) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}
