// A chat on the command line: it streams the answer, shows tool calls and
// handoffs, and asks before it deletes a (pretended) file.
//
//	go run ./examples/chat
//
// Without a key a script answers. Environment:
//
//	OPENAI_API_KEY    asks the real API
//	OPENAI_BASE_URL   asks another server, such as http://localhost:11434/v1/
//
// Flags:
//
//	-model NAME       the model, gpt-5 by default
//	-chat             speaks Chat Completions in place of Responses
//	-session FILE     keeps the conversation there
//	-state FILE       keeps a run there that waits for an approval
//
// Ctrl-C stops an answer; where nothing is being answered, it quits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	stops := make(chan os.Signal, 1)
	signal.Notify(stops, os.Interrupt)
	err := run(context.Background(), os.Args[1:], os.Getenv, os.Stdin, os.Stdout, stops)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// run chats until in ends or somebody quits.
func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out io.Writer, stops <-chan os.Signal) error {
	settings, err := readSettings(args, getenv, out)
	if err != nil {
		return err
	}
	model, greeting, closeModel, err := openModel(settings)
	if err != nil {
		return err
	}
	defer closeModel()
	_, _ = fmt.Fprintln(out, greeting)
	return talk(ctx, model, settings, in, out, stops)
}
