// Command engine is the engine as the browser tests need it: it serves pages as
// the real one does, and it crashes and counts on request. Requests come over
// the BroadcastChannel "test engine", so that it is the same in a worker.
package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall/js"
	_ "unsafe" // for the names of syscall/js below

	"runstream/jsbridge"
)

//go:linkname funcs syscall/js.funcs
var funcs map[uint32]func(js.Value, []js.Value) any

//go:linkname funcsMu syscall/js.funcsMu
var funcsMu sync.Mutex

//go:linkname jsGo syscall/js.jsGo
var jsGo js.Value

func main() {
	channel := js.Global().Get("BroadcastChannel").New("test engine")
	channel.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		request := args[0].Get("data")
		go answer(channel, request.Get("id"), request.Get("command").String())
		return nil
	}))
	if err := jsbridge.Serve(context.Background()); err != nil {
		println(err.Error())
		os.Exit(1)
	}
}

func answer(channel, id js.Value, command string) {
	switch command {
	case "panic":
		panic("the test asked for it")
	case "exit":
		os.Exit(3)
	case "read what throws": // it unwinds past every recover
		proxy := js.Global().Get("Proxy").Call("revocable", map[string]any{}, map[string]any{})
		proxy.Call("revoke")
		proxy.Get("proxy").Get("anything")
	case "count":
		counts := count()
		counts["id"] = id
		channel.Call("postMessage", counts)
	}
}

// count tells what is alive, once garbage is none of it.
func count() map[string]any {
	timers := jsGo.Get("_scheduledTimeouts").Get("size") // a collection makes one of the runtime's own
	runtime.GC()
	debug.FreeOSMemory() // and a second one: finalizers let go of JavaScript's values
	runtime.Gosched()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	funcsMu.Lock()
	live := len(funcs)
	funcsMu.Unlock()
	return map[string]any{
		"goroutines": runtime.NumGoroutine(),
		"funcs":      live,
		"timers":     timers,
		"references": jsGo.Get("_ids").Get("size"),
		"heap":       float64(memory.HeapAlloc),
		"memory":     jsGo.Get("_inst").Get("exports").Get("mem").Get("buffer").Get("byteLength"),
	}
}
