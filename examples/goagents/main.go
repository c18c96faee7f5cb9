//go:build js

// Command goagents is an engine that brings agents of its own: a page loads it
// in place of the package's runstream.wasm and names what it wants to run.
package main

import (
	"context"
	"os"

	"runstream/jsbridge"
)

func main() {
	triage, err := newTriage()
	if err == nil {
		err = jsbridge.Serve(context.Background(), jsbridge.WithAgents(triage))
	}
	println(err.Error()) // Serve ends only when it cannot go on
	os.Exit(1)
}
