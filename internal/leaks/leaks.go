// Package leaks fails a package's tests where they leave goroutines behind.
//
//	func TestMain(m *testing.M) { leaks.Main(m) }
package leaks

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long goroutines get to end once the tests are through.
const patience = 10 * time.Second

// Main runs the tests and exits. It fails where goroutines of this module are
// left after all of them, and shows their stacks.
func Main(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := wait(patience); len(left) > 0 {
			fmt.Printf("the tests left %d goroutines behind:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// wait waits until no goroutine is left; it gives those that are, in the end.
func wait(patience time.Duration) []string {
	deadline := time.Now().Add(patience)
	for {
		left := leftovers()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(time.Millisecond) // only how often to look
	}
}

// leftovers gives the stacks of this module's goroutines, without the caller's
// and the one that runs the tests.
func leftovers() []string {
	buf := make([]byte, 1<<20)
	stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	var left []string
	for _, stack := range stacks[1:] { // the first is the caller's
		if strings.Contains(stack, "runstream/") && !strings.Contains(stack, "\nmain.main()") {
			left = append(left, strings.TrimSpace(stack))
		}
	}
	return left
}
