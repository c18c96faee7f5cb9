// Command cmd runs a folder of conformance cases natively, and in a browser
// where it is told how to start one. It writes what each case did beside what it
// should do, and prints a line for every one that differs.
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
	dist := flag.String("dist", "", "the folder of the built npm package: runs the cases in a browser instead")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *cases, *out, *dist, *foreign); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errDiffer = errors.New("some cases differ")

func run(ctx context.Context, dir, out, dist string, foreign bool) error {
	cases, err := conformance.Load(dir)
	if err != nil {
		return err
	}
	if out == "" {
		if out, err = os.MkdirTemp("", "runstream-conformance-"); err != nil {
			return err
		}
	}
	if dist != "" {
		return inBrowser(ctx, cases, out, dist)
	}
	side, err := newSide("natively", filepath.Join(out, "native"), false)
	if err != nil {
		return err
	}
	for _, c := range cases {
		got, failure := conformance.Run(ctx, c, foreign)
		if err := side.take(c, got, failure); err != nil {
			return err
		}
	}
	return side.close()
}

func inBrowser(ctx context.Context, cases []*conformance.Case, out, dist string) error {
	browser := &conformance.Browser{Cases: cases, Dist: dist, Command: conformance.BrowserCommand(dist)}
	var failures []error
	for engine, folder := range map[string]string{"worker": "browser", "page": "browser-page"} {
		side, err := newSide("in a browser, engine in the "+engine, filepath.Join(out, folder), true)
		if err != nil {
			return err
		}
		err = browser.Run(ctx, engine, func(c *conformance.Case, got []conformance.Got, failure string) error {
			if failure != "" {
				return side.take(c, got, errors.New(failure))
			}
			return side.take(c, got, nil)
		})
		if err != nil {
			return err
		}
		failures = append(failures, side.close())
	}
	return errors.Join(failures...)
}

// side is one way in which the cases are run.
type side struct {
	name, out     string
	parsed        bool // its events were parsed by a page, apart from the run
	passed, total int
}

func newSide(name, out string, parsed bool) (*side, error) {
	return &side{name: name, out: out, parsed: parsed}, os.MkdirAll(out, 0o755)
}

// take writes a case's file and prints the first difference. A case that cannot
// be run differs too.
func (s *side) take(c *conformance.Case, got []conformance.Got, failure error) error {
	file, err := c.WithGot(got)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.out, c.Name+".json"), file, 0o644); err != nil {
		return err
	}
	difference, err := s.difference(c, got, failure)
	if err != nil {
		return err
	}
	s.total++
	if difference == "" {
		s.passed++
		return nil
	}
	fmt.Printf("%s, %s: %s\n", c.Name, s.name, difference)
	return nil
}

func (s *side) difference(c *conformance.Case, got []conformance.Got, failure error) (string, error) {
	if failure != nil {
		return failure.Error(), nil
	}
	for i := range got {
		if difference, err := c.Compare(i, got[i], s.parsed); err != nil || difference != "" {
			return difference, err
		}
	}
	return c.CompareRaw(got, s.parsed), nil
}

func (s *side) close() error {
	fmt.Printf("%s: %d of %d cases agree; written to %s\n", s.name, s.passed, s.total, s.out)
	if s.passed < s.total {
		return errDiffer
	}
	return nil
}
