// Command server is what every contender of `make bench` talks to: it serves
// the pages and plays the model. The same address always answers with the same
// bytes, so contenders differ only in what they do with them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	dir := flag.String("dir", "bench/dist", "folder with the pages")
	rate := flag.Int("rate", 10_000_000, "bits per second of the shaped address")
	latency := flag.Duration("latency", 40*time.Millisecond, "round trip of the shaped address")
	flag.Parse()
	if err := run(*dir, *rate, *latency); err != nil {
		log.Fatal(err)
	}
}

// run serves until its standard input ends: whoever started it is gone then.
func run(dir string, rate int, latency time.Duration) error {
	handler := newHandler(os.DirFS(dir))
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	behind, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	shaped := shape(behind, rate, latency)
	server := &http.Server{Handler: handler}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(open) }()
	go func() { failed <- server.Serve(shaped) }()
	fmt.Printf("http://%s http://%s\n", open.Addr(), shaped.Addr())

	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		failed <- server.Shutdown(expired())
	}()
	if err := <-failed; err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// expired has ended already: a shutdown that waits for nobody.
func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
