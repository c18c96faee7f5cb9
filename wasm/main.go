//go:build js

// Command wasm is the engine of the npm package: a page's agents and tools come
// from the page.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"runstream/jsbridge"
)

func main() {
	// Collections take a tenth of the time of a stream otherwise; it costs a page 4 MB.
	debug.SetGCPercent(200)
	if err := jsbridge.Serve(context.Background()); err != nil {
		println(err.Error())
		os.Exit(1)
	}
}
