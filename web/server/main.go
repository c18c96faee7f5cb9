// The development server: it serves the demo page and answers the page's model
// requests, with a scripted assistant or, where OPENAI_API_KEY is set, by
// forwarding them with the key, which so never reaches the page.
//
// Environment:
//
//	PAGE             the page, index.html by default; a path in the repository
//	ADDR             where to listen, 127.0.0.1:8080 by default; port 0 takes any
//	OPENAI_API_KEY   forwards to the real API
//	OPENAI_BASE_URL  another server with that API, https://api.openai.com/v1 by default
//	PACE             how slowly the scripted assistant types: 1 by default, 0 does not wait
//
// It runs in the repository's root folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, ".", os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "runstream:", err)
		os.Exit(1)
	}
}

// run serves the repository in folder until ctx ends. Its errors are sentences
// that say what to do.
func run(ctx context.Context, folder string, getenv func(string) string, out io.Writer) error {
	config, err := readConfig(getenv)
	if err != nil {
		return err
	}
	assets, err := openAssets(folder, config.page)
	if err != nil {
		return err
	}
	defer assets.close()
	listener, err := listen(ctx, config.addr)
	if err != nil {
		return err
	}
	say := log.New(out, "", 0)
	say.Printf("The demo is at %s (Ctrl+C stops it).", pageURL(listener.Addr()))
	say.Print(config.greeting())

	server := &http.Server{
		Handler:           newSite(assets, config, say),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		// Streams end with ctx: Shutdown alone would wait for them.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(stopped)
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if server.Shutdown(patience) != nil {
			_ = server.Close()
		}
	})()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the server stopped: %w", err)
	}
	<-stopped
	return nil
}

// newSite is everything that the server answers.
func newSite(assets *assets, config config, say *log.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", assets.page())
	mux.Handle("GET /web/dist/{name}", assets.built())
	mux.Handle("POST /v1/responses", reportEnds(config.model(say), say))
	return secure(mux, config.host)
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("something else already listens on %s. Stop it, or take any free port: ADDR=127.0.0.1:0 make run", addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("listening on %s is not permitted. Take a port above 1023: ADDR=127.0.0.1:8080 make run", addr)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s (%w). Give an address of this machine: ADDR=127.0.0.1:8080 make run", addr, err)
	}
	return listener, nil
}

// pageURL is an address that a browser on this machine can open.
func pageURL(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
