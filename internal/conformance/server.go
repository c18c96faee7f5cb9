package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// Request is what the model server was asked.
type Request struct {
	Path string          `json:"path"`
	Body json.RawMessage `json:"body"`
}

// server plays a case's model server: it takes the replies in order.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	replies  []json.RawMessage
	requests []Request
}

type reply struct {
	Events  []json.RawMessage `json:"events"`
	Done    bool              `json:"done"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	JSON    json.RawMessage   `json:"json"`
}

func newServer(c *Case) *server {
	s := &server{replies: c.Server}
	s.Server = httptest.NewServer(s)
	return s
}

// taken gives the requests since it was last asked.
func (s *server) taken() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := append([]Request{}, s.requests...)
	s.requests = nil
	return requests
}

func (s *server) next(r *http.Request) (reply, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{strings.TrimPrefix(r.URL.Path, "/v1"), body})
	if len(s.replies) == 0 {
		return reply{}, fmt.Errorf("script exhausted")
	}
	var next reply
	err = json.Unmarshal(s.replies[0], &next)
	s.replies = s.replies[1:]
	return next, err
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	next, err := s.next(r)
	if err != nil {
		w.Header().Set("x-should-retry", "false")
		http.Error(w, `{"error":{"message":"`+err.Error()+`","type":"server_error"}}`, http.StatusInternalServerError)
		return
	}
	if next.JSON != nil && next.Events == nil {
		for name, value := range next.Headers {
			w.Header().Set(name, value)
		}
		w.Header().Set("Content-Type", "application/json")
		if next.Status != 0 {
			w.WriteHeader(next.Status)
		}
		w.Write(next.JSON)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, event := range next.Events {
		var head struct {
			Type   string `json:"type"`
			Object string `json:"object"`
		}
		_ = json.Unmarshal(event, &head) // what has no type has no event line
		if head.Type != "" && head.Object == "" {
			fmt.Fprintf(w, "event: %s\n", head.Type)
		}
		fmt.Fprintf(w, "data: %s\n\n", oneLine(event))
	}
	if next.Done {
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

// oneLine removes the line breaks between tokens; texts hold none.
func oneLine(event json.RawMessage) string {
	return strings.NewReplacer("\n", "", "\r", "").Replace(string(event))
}
