package runner

// Result shows the state as a run that ended there: what happened, what waits,
// what was used. It has no events and no final output, and nothing is run.
func (s *State) Result() (*StreamResult, error) {
	if err := s.lock(); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	result := newResult(func(error) {})
	result.publish(s.clone())
	result.finish(nil, nil, false)
	return result, nil
}

// Snapshot gives what the result shows now as a result of its own: a run that
// goes on does not change it. It has no events, and cancelling it stops nothing.
// It is cheaper than [StreamResult.State], which copies.
func (r *StreamResult) Snapshot() *StreamResult {
	snapshot := newResult(func(error) {})
	snapshot.queue.close(nil)
	close(snapshot.ended)
	r.mu.Lock()
	defer r.mu.Unlock()
	snapshot.state, snapshot.output, snapshot.err = r.state, r.output, r.err
	snapshot.complete, snapshot.paused, snapshot.stopped = r.complete, r.paused, r.stopped
	return snapshot
}
