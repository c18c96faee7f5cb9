package runner

import "sync"

// memo keeps what was made of a key, which is made once. It is safe for
// concurrent use; making must not use the memo itself.
type memo[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]V
}

func (m *memo[K, V]) once(key K, make func() V) V {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.known[key]
	if !ok {
		if m.known == nil {
			m.known = map[K]V{}
		}
		value = make()
		m.known[key] = value
	}
	return value
}
