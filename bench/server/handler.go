package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

func newHandler(pages fs.FS) http.Handler {
	m := &model{sent: map[string][]float64{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprintf(w, "%f", now())
	})
	mux.HandleFunc("GET /sent/{run}", m.times)
	mux.HandleFunc("POST /model/{run}/{script}/responses", m.respond)
	mux.Handle("GET /", &assets{pages})
	return mux
}

// now is the time in milliseconds.
func now() float64 {
	return float64(time.Now().UnixNano()) / 1e6
}

// assets serves files as a good host would: compressed in advance, named by an
// ETag, and cacheable for good, but for the pages themselves.
type assets struct{ files fs.FS }

func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	content, err := fs.ReadFile(a.files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	if info, err := fs.Stat(a.files, name); err == nil {
		header.Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
	}
	header.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	switch path.Ext(name) {
	case ".html":
		header.Set("Cache-Control", "no-cache")
	case ".js":
		header.Set("Content-Type", "text/javascript; charset=utf-8")
	case ".wasm":
		header.Set("Content-Type", "application/wasm")
	}
	if packed, err := fs.ReadFile(a.files, name+".br"); err == nil && strings.Contains(r.Header.Get("Accept-Encoding"), "br") {
		header.Set("Content-Encoding", "br")
		content = packed
	}
	header.Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = w.Write(content)
}

// model plays the model. A run's name is the page's choice; it tells the times
// apart that events were sent at.
type model struct {
	mu   sync.Mutex
	sent map[string][]float64
}

const chunk = 16 << 10 // bytes; the most that TLS sends in one record

func (m *model) respond(w http.ResponseWriter, r *http.Request) {
	answer, err := script(r.PathValue("script"), r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	if answer.pace > 0 {
		m.respondPaced(w, r, answer)
		return
	}
	for rest := answer.text; len(rest) > 0; {
		size := min(chunk, len(rest))
		if _, err := w.Write(rest[:size]); err != nil || out.Flush() != nil {
			return
		}
		rest = rest[size:]
	}
}

// respondPaced sends one event at a time and notes when.
func (m *model) respondPaced(w http.ResponseWriter, r *http.Request, answer answer) {
	out := http.NewResponseController(w)
	times := make([]float64, 0, len(answer.events))
	defer func() {
		m.mu.Lock()
		m.sent[r.PathValue("run")] = times
		m.mu.Unlock()
	}()
	due := time.Now()
	for _, event := range answer.events {
		if event.delta {
			due = due.Add(answer.pace)
			time.Sleep(time.Until(due))
			times = append(times, now())
		}
		if _, err := w.Write(event.text); err != nil || out.Flush() != nil {
			return
		}
	}
}

// times gives when the deltas of a run were sent.
func (m *model) times(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	times, ok := m.sent[r.PathValue("run")]
	m.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(times)
}
