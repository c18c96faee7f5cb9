package runner

import "sync"

// Usage counts requests and tokens.
type Usage struct {
	Requests     int
	InputTokens  int
	OutputTokens int
	TotalTokens  int
	// CachedTokens and CacheWriteTokens are part of InputTokens.
	CachedTokens     int
	CacheWriteTokens int
	// ReasoningTokens is part of OutputTokens.
	ReasoningTokens int
	// PerRequest has an entry for every request that reported tokens.
	PerRequest []RequestUsage
}

// RequestUsage counts the tokens of one request.
type RequestUsage struct {
	InputTokens      int
	OutputTokens     int
	TotalTokens      int
	CachedTokens     int
	CacheWriteTokens int
	ReasoningTokens  int
}

// Add adds what one response used.
func (u *Usage) Add(more Usage) {
	u.Requests += more.Requests
	u.InputTokens += more.InputTokens
	u.OutputTokens += more.OutputTokens
	u.TotalTokens += more.TotalTokens
	u.CachedTokens += more.CachedTokens
	u.CacheWriteTokens += more.CacheWriteTokens
	u.ReasoningTokens += more.ReasoningTokens
	switch {
	case len(more.PerRequest) > 0:
		u.PerRequest = append(u.PerRequest, more.PerRequest...)
	case more.Requests == 1 && more.TotalTokens > 0:
		u.PerRequest = append(u.PerRequest, RequestUsage{
			InputTokens: more.InputTokens, OutputTokens: more.OutputTokens, TotalTokens: more.TotalTokens,
			CachedTokens: more.CachedTokens, CacheWriteTokens: more.CacheWriteTokens, ReasoningTokens: more.ReasoningTokens,
		})
	}
}

func (u Usage) clone() Usage {
	u.PerRequest = append([]RequestUsage(nil), u.PerRequest...)
	return u
}

// usageMeter counts for a run and the agents that it uses as tools.
type usageMeter struct {
	mu    sync.Mutex
	total Usage
}

func (m *usageMeter) add(more Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total.Add(more)
}

func (m *usageMeter) get() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total.clone()
}
