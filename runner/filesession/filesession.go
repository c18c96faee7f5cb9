// Package filesession keeps a conversation in a file, for servers and
// command-line programs:
//
//	session, err := filesession.Open("conversation.jsonl")
//	…
//	result := runner.RunStreamed(ctx, agent, runner.Text("Hello"), runner.WithSession(session))
//
// The file has one item a line, each the JSON object that the model gets. Its
// end is the latest item, so that a program that is killed while it writes
// leaves a file whose whole lines are still good.
package filesession

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"runstream/runner"
)

// Session is a [runner.Session] in a file. Open makes one. It holds no file
// open and need not be closed.
//
// It is safe for concurrent use. The file is read anew each time, but nothing
// locks it: let one Session write to a file at a time.
type Session struct {
	path string
	mu   sync.Mutex
}

var _ runner.Session = (*Session)(nil)

// Open takes the session in the file at path, and makes the file, with mode
// 0600, where there is none. What a killed program left of a last line is
// removed.
//
// A file that is no session is left as it is; the error is then a
// [*runner.UserError]. Every error names the path.
func Open(path string) (*Session, error) {
	s := &Session{path: path}
	err := s.with(func(file *os.File) error {
		if _, err := s.read(file); err != nil {
			return err
		}
		return s.repair(file)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Items implements [runner.Session].
func (s *Session) Items(_ context.Context, limit int) (items []json.RawMessage, err error) {
	err = s.with(func(file *os.File) error {
		items, err = s.read(file)
		return err
	})
	if limit > 0 && len(items) > limit {
		items = items[len(items)-limit:]
	}
	return items, err
}

// AddItems implements [runner.Session]. When it returns, the items are on disk.
// A program that is killed meanwhile may leave the first of them.
func (s *Session) AddItems(_ context.Context, items []json.RawMessage) error {
	var lines bytes.Buffer
	for i, item := range items {
		if err := json.Compact(&lines, item); err != nil || !isObject(item) {
			return &runner.UserError{Message: fmt.Sprintf("item %d for %s is not a JSON object; nothing was added", i, s.path), Err: err}
		}
		lines.WriteByte('\n')
	}
	if lines.Len() == 0 {
		return nil
	}
	return s.with(func(file *os.File) error {
		if err := s.repair(file); err != nil {
			return err
		}
		end, err := file.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		if _, err := file.Write(lines.Bytes()); err != nil {
			return errors.Join(err, file.Truncate(end)) // all or none
		}
		return file.Sync()
	})
}

// PopItem implements [runner.Session].
func (s *Session) PopItem(context.Context) (item json.RawMessage, err error) {
	err = s.with(func(file *os.File) error {
		if err := s.repair(file); err != nil {
			return err
		}
		data, err := s.content(file)
		if err != nil {
			return err
		}
		data = bytes.TrimRight(data, "\r\n\t ")
		start := bytes.LastIndexByte(data, '\n') + 1
		if len(data) == start {
			return nil
		}
		if !isObject(data[start:]) {
			return s.damaged(bytes.Count(data, []byte("\n")) + 1)
		}
		item = data[start:]
		return file.Truncate(int64(start))
	})
	return item, err
}

// Clear implements [runner.Session]. The file stays, empty.
func (s *Session) Clear(context.Context) error {
	return s.with(func(file *os.File) error { return file.Truncate(0) })
}

// with calls do with the file. Errors of files name the path themselves.
func (s *Session) with(do func(file *os.File) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	file, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(do(file), file.Close())
}

// read gives the items of the whole lines, and of a last one that only lacks
// its line end.
func (s *Session) read(file *os.File) ([]json.RawMessage, error) {
	data, err := s.content(file)
	if err != nil {
		return nil, err
	}
	var items []json.RawMessage
	for number := 1; len(data) > 0; number++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		data = rest
		line = bytes.TrimSpace(line)
		switch {
		case isObject(line):
			items = append(items, line)
		case len(line) > 0 && (whole || !isTorn(line)):
			return nil, s.damaged(number)
		}
	}
	return items, nil
}

// repair makes the file end with a whole line.
func (s *Session) repair(file *os.File) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, size-1); err != nil || last[0] == '\n' {
		return err
	}
	data, err := s.content(file)
	if err != nil {
		return err
	}
	start := bytes.LastIndexByte(data, '\n') + 1
	switch line := bytes.TrimSpace(data[start:]); {
	case isObject(line):
		_, err = file.Write([]byte("\n"))
		return err
	case len(line) == 0 || isTorn(line):
		return file.Truncate(int64(start))
	}
	return s.damaged(bytes.Count(data, []byte("\n")) + 1)
}

func (s *Session) content(file *os.File) ([]byte, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}

func (s *Session) damaged(line int) error {
	return &runner.UserError{Message: fmt.Sprintf("%s is no session: line %d is not a JSON object; correct the line, or choose another file", s.path, line)}
}

func isObject(line []byte) bool {
	line = bytes.TrimSpace(line)
	return bytes.HasPrefix(line, []byte("{")) && json.Valid(line)
}

// isTorn says whether a line that is not whole can be the beginning of an item.
func isTorn(line []byte) bool {
	err := json.NewDecoder(bytes.NewReader(line)).Decode(new(json.RawMessage))
	return bytes.HasPrefix(line, []byte("{")) && errors.Is(err, io.ErrUnexpectedEOF)
}
