// Package jsbridge lets a page run agents: it joins a Go program that was built
// for js/wasm to the page that started it.
//
//	func main() { log.Fatal(jsbridge.Serve(context.Background())) }
//
// What crosses the border is messages, see protocol.go: a page starts runs and
// gets their events; functions of the page are called by number. Objects and
// functions of the page's authors never come here, so nothing that they do can
// reach the Go runtime. Everything but the files named _js.go is plain Go and
// runs, and is tested, anywhere.
package jsbridge
