// Command cmd runs a folder of conformance cases natively, writes what each
// did beside what it should do, and prints a line for every case that differs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"runstream/internal/conformance"
)

func main() {
	cases := flag.String("cases", "internal/conformance/testdata/cases", "the folder of cases")
	out := flag.String("out", "", "where to write what the runs did; a temporary folder if empty")
	foreign := flag.Bool("foreign", false, "resume paused runs from the documents that the Python SDK wrote")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *cases, *out, *foreign); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errDiffer = errors.New("some cases differ")

func run(ctx context.Context, dir, out string, foreign bool) error {
	cases, err := conformance.Load(dir)
	if err != nil {
		return err
	}
	if out == "" {
		if out, err = os.MkdirTemp("", "runstream-conformance-"); err != nil {
			return err
		}
	}
	native := filepath.Join(out, "native")
	if err := os.MkdirAll(native, 0o755); err != nil {
		return err
	}
	passed := 0
	for _, c := range cases {
		difference, err := runCase(ctx, c, native, foreign)
		if err != nil {
			return err
		}
		if difference == "" {
			passed++
			continue
		}
		fmt.Printf("%s, natively: %s\n", c.Name, difference)
	}
	fmt.Printf("natively: %d of %d cases agree; written to %s\n", passed, len(cases), native)
	if passed < len(cases) {
		return errDiffer
	}
	return nil
}

// runCase runs a case, writes its file and gives the first difference. A case
// that cannot be run differs too.
func runCase(ctx context.Context, c *conformance.Case, out string, foreign bool) (string, error) {
	got, failure := conformance.Run(ctx, c, foreign)
	file, err := c.WithGot(got)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(out, c.Name+".json"), file, 0o644); err != nil {
		return "", err
	}
	if failure != nil {
		return failure.Error(), nil
	}
	for i := range got {
		if difference, err := c.Compare(i, got[i]); err != nil || difference != "" {
			return difference, err
		}
	}
	return c.CompareRaw(got), nil
}
