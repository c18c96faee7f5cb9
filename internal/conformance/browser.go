package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Engines are where a page's runs can run.
var Engines = []string{"worker", "page"}

// page is the page that plays the cases.
const page = `<!doctype html><meta charset="utf-8"><title>Conformance</title><link rel="icon" href="data:,"><script type="module" src="/dist/test/conformance.js"></script>`

// Browser plays cases in a browser, through the npm package that dist holds.
type Browser struct {
	Cases []*Case
	// Dist is the folder of the built package and of the page's script.
	Dist string
	// Command starts a browser without a window.
	Command string

	players map[string]*browserPlayer // the page asks for one after the other
	done    chan struct{}
}

// browserPlayer is a case that a page plays.
type browserPlayer struct {
	c       *Case
	server  *server
	got     []Got
	failure string
}

// Run plays the cases with an engine. It gives what each did, or why it could
// not be played.
func (b *Browser) Run(ctx context.Context, engine string, report func(c *Case, got []Got, failure string) error) error {
	b.players = map[string]*browserPlayer{}
	b.done = make(chan struct{})
	for _, c := range b.Cases {
		b.players[c.Name] = &browserPlayer{c: c, server: &server{replies: c.Server}, failure: "the page did not come to it"}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: b.routes()}
	go func() { _ = web.Serve(listener) }() // ends with Close
	defer web.Close()
	if err := b.open(ctx, fmt.Sprintf("http://%s/?engine=%s", listener.Addr(), engine)); err != nil {
		return err
	}
	for _, c := range b.Cases {
		player := b.players[c.Name]
		if err := report(c, player.got, player.failure); err != nil {
			return err
		}
	}
	return nil
}

// open shows a page until it is done.
func (b *Browser) open(ctx context.Context, url string) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	profile, err := os.MkdirTemp("", "runstream-browser-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	browser := exec.CommandContext(ctx, b.Command, "--user-data-dir="+profile, "--remote-debugging-port=0", url)
	if err := browser.Start(); err != nil {
		return fmt.Errorf("the browser does not start: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- browser.Wait() }()
	select {
	case <-b.done:
		end()
		<-ended
		return nil
	case err := <-ended:
		return fmt.Errorf("the browser ended before the cases were through: %w", err)
	}
}

func (b *Browser) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /dist/", http.StripPrefix("/dist/", http.FileServer(http.Dir(b.Dist))))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, page)
	})
	mux.HandleFunc("GET /cases", func(w http.ResponseWriter, _ *http.Request) {
		names := []string{}
		for _, c := range b.Cases {
			names = append(names, c.Name)
		}
		_ = json.NewEncoder(w).Encode(names)
	})
	mux.HandleFunc("GET /cases/{name}", b.ofCase(func(p *browserPlayer, w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(p.c.file)
	}))
	mux.HandleFunc("/model/{engine}/{name}/", b.ofCase(func(p *browserPlayer, w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/model/"+r.PathValue("engine")+"/"+r.PathValue("name"), p.server).ServeHTTP(w, r)
	}))
	mux.HandleFunc("GET /requests/{engine}/{name}", b.ofCase(func(p *browserPlayer, w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(p.server.taken())
	}))
	mux.HandleFunc("POST /got/{engine}/{name}", b.ofCase(func(p *browserPlayer, _ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if p.got, p.failure, err = readPlayed(p.c, body); err != nil {
			p.failure = err.Error()
		}
	}))
	mux.HandleFunc("POST /done/{engine}", func(http.ResponseWriter, *http.Request) { close(b.done) })
	return mux
}

func (b *Browser) ofCase(handle func(*browserPlayer, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		player := b.players[r.PathValue("name")]
		if player == nil {
			http.NotFound(w, r)
			return
		}
		handle(player, w, r)
	}
}

type playedCall struct {
	CallID string
	Call   Call
}

// readPlayed reads what a page sends of a case.
func readPlayed(c *Case, body []byte) (got []Got, failure string, err error) {
	var played struct {
		Failure string
		Got     []struct {
			Got   Got
			Calls []playedCall
			Raw   []json.RawMessage
		}
	}
	if err := json.Unmarshal(body, &played); err != nil {
		return nil, "", err
	}
	order := newCallLog(c).order
	for _, run := range played.Got {
		slices.SortStableFunc(run.Calls, func(a, b playedCall) int { return order[a.CallID] - order[b.CallID] })
		run.Got.Calls = []Call{}
		for _, logged := range run.Calls {
			run.Got.Calls = append(run.Got.Calls, logged.Call)
		}
		run.Got.Raw = run.Raw
		got = append(got, run.Got)
	}
	return got, played.Failure, nil
}

// BrowserCommand is where the build has put what starts a browser.
func BrowserCommand(dist string) string { return filepath.Join(dist, "browser", "headless_shell") }
