package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"runstream/runner"
	"runstream/runner/filesession"
)

// chat is a conversation on a terminal.
type chat struct {
	agent   *runner.Agent
	session runner.Session
	paused  pausedRun
	in      *input
	stops   <-chan os.Signal
	out     *printer
}

// errQuit says that the person wants to leave.
var errQuit = errors.New("quit")

// talk chats with a model's agents until in ends or somebody quits.
func talk(ctx context.Context, model runner.Model, s settings, in io.Reader, out io.Writer, stops <-chan os.Signal) error {
	agent, err := newTriage(model, newWorkspace())
	if err != nil {
		return err
	}
	c := &chat{agent: agent, paused: pausedRun{path: s.state}, in: readInput(in), stops: stops, out: &printer{out: out}}
	c.out.line("Ctrl-C stops an answer, and quits where there is none to stop.")
	return c.run(ctx, s.session)
}

// run goes on with a run that was paused, then answers message after message.
func (c *chat) run(ctx context.Context, sessionPath string) error {
	state, err := c.paused.load(c.agent)
	if err != nil {
		return err
	}
	if err := c.openSession(sessionPath, state); err != nil {
		return err
	}
	err = c.converse(ctx, state)
	if errors.Is(err, errQuit) || errors.Is(err, io.EOF) {
		c.out.line("")
		return nil
	}
	return err
}

func (c *chat) converse(ctx context.Context, state *runner.State) error {
	if state != nil {
		c.out.line("A run was paused here.")
		if err := c.resume(ctx, state); err != nil {
			return err
		}
	}
	for {
		c.out.prompt("\nyou> ")
		message, err := c.read(ctx)
		if err != nil {
			return err
		}
		if message == "" {
			continue
		}
		if err := c.answer(ctx, runner.Text(message)); err != nil {
			return err
		}
	}
}

// openSession keeps the conversation in a file, or in memory where no file is
// named. A paused run then brings its conversation along.
func (c *chat) openSession(path string, state *runner.State) error {
	if path != "" {
		session, err := filesession.Open(path)
		c.session = session
		return err
	}
	memory := runner.NewMemorySession()
	if state != nil {
		before, err := state.Result()
		if err != nil {
			return err
		}
		memory = runner.NewMemorySession(before.ToInputList()...)
	}
	c.session = memory
	return nil
}

// answer runs the agent until it needs nothing more from the person.
func (c *chat) answer(ctx context.Context, input runner.Input) error {
	result := runner.RunStreamed(ctx, c.agent, input, runner.WithSession(c.session))
	stopped, err := c.watch(ctx, result)
	switch {
	case errors.Is(err, errQuit) || ctx.Err() != nil:
		return err
	case err != nil:
		c.out.line("The run failed: " + prose(err.Error()))
		return nil
	case stopped:
		c.out.line("(stopped)")
		return nil
	case len(result.Interruptions()) > 0:
		return c.resume(ctx, result.State())
	}
	return nil
}

// resume asks for the decisions that a run waits for, and goes on with it.
func (c *chat) resume(ctx context.Context, state *runner.State) error {
	if err := c.paused.save(state); err != nil {
		return err
	}
	if err := c.decide(ctx, state); err != nil {
		c.out.line(c.paused.advice())
		return err
	}
	// What was decided runs once: a program that is killed from here on must
	// not find the question again.
	if err := c.paused.remove(); err != nil {
		return fmt.Errorf("nothing was run: %w", err)
	}
	return c.answer(ctx, state)
}

// read waits for a line; Ctrl-C quits.
func (c *chat) read(ctx context.Context) (string, error) {
	select {
	case line, ok := <-c.in.lines:
		if !ok {
			return "", io.EOF
		}
		return line, nil
	case <-c.stops:
		return "", errQuit
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
