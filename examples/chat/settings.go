package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// settings are what the command line and the environment say.
type settings struct {
	model   string
	chat    bool
	session string // a file, empty for none
	state   string // a file, empty for none
	key     string
	baseURL string
}

// scripted says whether a script answers in place of a model.
func (s settings) scripted() bool { return s.key == "" && s.baseURL == "" }

func readSettings(args []string, getenv func(string) string, out io.Writer) (settings, error) {
	s := settings{key: getenv("OPENAI_API_KEY"), baseURL: getenv("OPENAI_BASE_URL")}
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.model, "model", "gpt-5", "ask this model")
	flags.BoolVar(&s.chat, "chat", false, "speak Chat Completions, as local servers do")
	flags.StringVar(&s.session, "session", "", "keep the conversation in this file")
	flags.StringVar(&s.state, "state", "", "keep a run in this file while it waits for an approval")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("%q is no flag; write -session FILE or -state FILE", flags.Arg(0))
	case s.chat && s.scripted():
		return s, errors.New("-chat needs a model; set OPENAI_API_KEY, or OPENAI_BASE_URL for a local server")
	}
	return s, nil
}
