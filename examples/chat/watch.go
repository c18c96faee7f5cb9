package main

import (
	"context"

	"runstream/runner"
)

// watch shows a run as it goes on. Ctrl-C stops the run; once more, where
// something in the run does not want to stop, it quits.
func (c *chat) watch(ctx context.Context, result *runner.StreamResult) (stopped bool, err error) {
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-c.stops:
			stopped = true
			result.Cancel(runner.CancelImmediate)
		case <-result.Done():
		}
	}()
	for event, failure := range result.Events() {
		if failure != nil {
			err = failure
			break
		}
		c.out.event(event)
	}
	c.out.endLine()
	<-watched
	select {
	case <-result.Done():
		return stopped, err
	case <-c.stops:
		return stopped, errQuit
	case <-ctx.Done():
		return stopped, context.Cause(ctx)
	}
}
