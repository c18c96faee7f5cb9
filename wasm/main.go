//go:build js

// Command wasm is the engine of the npm package: a page's agents and tools come
// from the page.
package main

import (
	"context"
	"os"

	"runstream/jsbridge"
)

func main() {
	if err := jsbridge.Serve(context.Background()); err != nil {
		println(err.Error())
		os.Exit(1)
	}
}
