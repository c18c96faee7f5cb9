package main

import (
	"bufio"
	"io"
	"os"
	"strings"
)

// input reads lines ahead, so that Ctrl-C can be waited for beside them.
type input struct {
	lines chan string // closed at the end
	live  bool        // a person types
}

func readInput(from io.Reader) *input {
	in := &input{lines: make(chan string, 16)}
	if file, ok := from.(*os.File); ok {
		info, err := file.Stat()
		in.live = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	go func() {
		defer close(in.lines)
		reader := bufio.NewReader(from)
		for {
			line, err := reader.ReadString('\n')
			if line != "" {
				in.lines <- strings.TrimSpace(line)
			}
			if err != nil {
				return
			}
		}
	}()
	return in
}

// forget drops what a person typed before there was a question: it is no answer
// to it. What a program pipes in stays.
func (in *input) forget() {
	for in.live && len(in.lines) > 0 {
		<-in.lines
	}
}
