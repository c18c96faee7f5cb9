package runner

// Result shows the state as a run that ended there: what happened, what waits,
// what was used. It has no events, and nothing is run.
func (s *State) Result() (*StreamResult, error) {
	if err := s.lock(); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	result := &StreamResult{queue: newEventQueue(), stop: func(error) {}, ended: make(chan struct{})}
	result.publish(s.clone())
	result.finish(nil, nil)
	return result, nil
}
