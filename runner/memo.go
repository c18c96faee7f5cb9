package runner

import (
	"encoding/json"
	"sync"
)

// writtenParts are what documents say of items, answers and calls, by what they
// are written from. None of these changes, and a run that is watched writes its
// document after every turn. Of some kinds there are few.
type writtenParts struct {
	items  memo[*RunItem, json.RawMessage]
	inputs memo[asInput, json.RawMessage]
	calls  memo[calledAs, json.RawMessage]
	others memo[any, json.RawMessage]
}

// asInput is an item as model input, under a policy for the ids of reasoning.
type asInput struct {
	item   *RunItem
	policy string
}

// calledAs tells the records of calls apart: a fingerprint is made of all else
// that they say.
type calledAs struct {
	callID, fingerprint string
	executed, completed bool
}

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
