package main

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"runstream/runner/runnertest"
)

// terminal is a person before a chat.
type terminal struct {
	t      *testing.T
	model  *runnertest.ScriptedModel
	keys   *io.PipeWriter
	screen *screen
	stops  chan os.Signal
	ended  chan error
}

func start(t *testing.T, s settings, script ...runnertest.Turn) *terminal {
	return startWith(t, t.Context(), s, script...)
}

func startWith(t *testing.T, ctx context.Context, s settings, script ...runnertest.Turn) *terminal {
	t.Helper()
	in, keys := io.Pipe()
	term := &terminal{t: t, model: runnertest.NewScriptedModel(script...), keys: keys, screen: &screen{},
		stops: make(chan os.Signal, 1), ended: make(chan error, 1)}
	go func() { term.ended <- talk(ctx, term.model, s, in, term.screen, term.stops) }()
	t.Cleanup(func() { keys.Close() })
	return term
}

func (term *terminal) typed(line string) {
	term.t.Helper()
	_, err := io.WriteString(term.keys, line+"\n")
	require.NoError(term.t, err)
}

func (term *terminal) interrupts() { term.stops <- os.Interrupt }

// shows waits until the text appears after what was waited for before.
func (term *terminal) shows(text string) {
	term.t.Helper()
	if !waitUntil(func() bool { return term.screen.find(text) }) {
		term.t.Fatalf("%q did not appear on the screen:\n%s", text, term.screen.text())
	}
}

// hangsUp ends the input; the chat ends without an error then.
func (term *terminal) hangsUp() {
	term.t.Helper()
	require.NoError(term.t, term.keys.Close())
	require.NoError(term.t, term.ends())
	term.model.AssertDone(term.t)
}

func (term *terminal) ends() error {
	term.t.Helper()
	select {
	case err := <-term.ended:
		return err
	case <-time.After(patience):
		term.t.Fatalf("the chat did not end; the screen:\n%s", term.screen.text())
		return nil
	}
}

const patience = 20 * time.Second // of a test that fails

func waitUntil(done func() bool) bool {
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(time.Millisecond) {
		if done() {
			return true
		}
	}
	return false
}

// screen keeps what was written.
type screen struct {
	mu    sync.Mutex
	shown strings.Builder
	seen  int
}

func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.Write(text)
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

func (s *screen) find(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := strings.Index(s.shown.String()[s.seen:], text)
	if at < 0 {
		return false
	}
	s.seen += at + len(text)
	return true
}
