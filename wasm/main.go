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
	// Collections take a tenth of the time of a stream otherwise. It costs a page 4 MB,
	// and more where what is kept is large: the heap may be three times that, not twice.
	debug.SetGCPercent(200)
	if err := jsbridge.Serve(context.Background()); err != nil {
		println(err.Error())
		os.Exit(1)
	}
}
