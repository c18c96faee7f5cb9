package runner

import (
	"context"
	"sync"
	"time"
)

// orderGrace is how long a turn's functions wait, all in all, for those before
// them to begin.
const orderGrace = 100 * time.Millisecond

// startedCalls are the approved calls of a turn once they are started.
type startedCalls struct {
	l     *runLoop
	calls []localCall
	done  chan finishedCall // one slot a call: a late tool never blocks
	slots chan struct{}     // as many as may run at once, nil for all
}

// startCalls starts the approved calls: functions all at once, or as many as
// the run allows, and the calls of each other kind one after the other. A tool
// that ignores the end of its context is not waited for.
//
// Functions begin in the order of their calls, and agents ask their models in
// it, where nothing before that takes its time: a hook, a guardrail, or the
// approved calls of a run inside.
func (l *runLoop) startCalls(ctx context.Context, calls []localCall) <-chan finishedCall {
	s := &startedCalls{l: l, calls: calls, done: make(chan finishedCall, len(calls))}
	if l.cfg.maxConcurrency > 0 {
		s.slots = make(chan struct{}, l.cfg.maxConcurrency)
	}
	queues := map[callKind][]int{}
	var functions []int
	for i := range calls {
		switch c := &calls[i]; {
		case c.verdict != approved:
		case c.kind != functionCalls:
			queues[c.kind] = append(queues[c.kind], i)
		default:
			functions = append(functions, i)
		}
	}
	go s.startFunctions(ctx, functions)
	for _, queue := range queues {
		go s.runQueue(ctx, queue)
	}
	return s.done
}

// startFunctions starts each function once the one before it has begun.
func (s *startedCalls) startFunctions(ctx context.Context, functions []int) {
	var late <-chan struct{}
	if len(functions) > 1 {
		expired := make(chan struct{})
		defer time.AfterFunc(orderGrace, func() { close(expired) }).Stop()
		late = expired
	}
	for _, i := range functions {
		if s.slots != nil {
			s.slots <- struct{}{}
		}
		begun := make(chan struct{})
		s.calls[i].begun = sync.OnceFunc(func() { close(begun) })
		goesOn := s.calls[i].paused != nil // not later, when the run may have given up and changes it
		go s.runFunction(ctx, i, goesOn)
		select {
		case <-begun:
		case <-late:
		}
	}
}

// runFunction runs one function, or goes on with the paused run inside it.
func (s *startedCalls) runFunction(ctx context.Context, i int, goesOn bool) {
	c := &s.calls[i]
	defer c.begun()
	if s.slots != nil {
		defer func() { <-s.slots }()
	}
	f := finishedCall{index: i, err: errExited}
	defer func() { s.done <- f }()
	if goesOn {
		if !s.l.calls.enter() {
			f.err = errOver
			return
		}
		defer s.l.calls.inner.Done()
	}
	if s.slots != nil && ctx.Err() != nil {
		f.err = context.Cause(ctx)
		return
	}
	f = s.runCall(ctx, i)
}

// runQueue runs the calls of one other kind, one after the other.
func (s *startedCalls) runQueue(ctx context.Context, queue []int) {
	reported := 0
	defer func() {
		for _, i := range queue[reported:] {
			s.done <- finishedCall{index: i, err: errExited}
		}
	}()
	for at, i := range queue {
		f := finishedCall{index: i, err: context.Cause(ctx)}
		if at == 0 || f.err == nil {
			f = s.runCall(ctx, i)
		}
		s.done <- f
		reported++
	}
}

func (s *startedCalls) runCall(ctx context.Context, i int) (f finishedCall) {
	l, c := s.l, &s.calls[i]
	f.index = i
	if l.calls.over() {
		f.err = errOver
		return f
	}
	if cause := context.Cause(ctx); cause != nil && cause != errSiblingFailed {
		f.err = cause // the run was stopped
		return f
	}
	ctx = context.WithValue(ctx, toolCallKey{}, &runningCall{call: c.call, calls: &l.calls})
	f.err = l.inSpan(ctx, SpanTool, c.call.Name, func(ctx context.Context) (err error) {
		f.outcome, err = c.tool.run(ctx, l, c)
		return err
	})
	return f
}
