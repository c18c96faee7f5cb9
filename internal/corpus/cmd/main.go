// Command cmd loads every state of a folder, decides its calls in each way,
// resumes it, and prints a line for every state and decision that differs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"runstream/internal/corpus"
)

func main() {
	dir := flag.String("dir", "internal/corpus/testdata/released_writers", "the folder of states")
	listed := flag.String("exceptions", "", "a file of differences that are there on purpose")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	differ, err := run(ctx, *dir, *listed)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || differ > 0 {
		os.Exit(1)
	}
}

// run prints what differs and counts it.
func run(ctx context.Context, dir, listed string) (differ int, err error) {
	states, err := corpus.Load(dir)
	if err != nil {
		return 0, err
	}
	var exceptions corpus.Exceptions
	if listed != "" {
		if exceptions, err = corpus.LoadExceptions(listed); err != nil {
			return 0, err
		}
	}
	checked, excepted := 0, 0
	for _, state := range states {
		for _, kind := range corpus.Kinds {
			expected, ok := state.Expected[kind]
			if !ok {
				continue
			}
			checked++
			report, err := corpus.Resume(ctx, state, kind)
			if err != nil {
				return differ, err
			}
			difference, err := corpus.Compare(expected, report)
			if err != nil {
				return differ, err
			}
			reason := exceptions.Reason(state.Name, kind)
			switch {
			case difference == "":
			case reason != "":
				excepted++
				fmt.Printf("%s, %s: differs on purpose: %s\n", state.Name, kind, reason)
			default:
				differ++
				fmt.Printf("%s, %s: %s\n", state.Name, kind, difference)
			}
		}
	}
	fmt.Printf("%d states, %d decisions: %d agree, %d differ on purpose, %d differ\n", len(states), checked, checked-excepted-differ, excepted, differ)
	return differ, nil
}
