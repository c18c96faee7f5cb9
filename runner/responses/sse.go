package responses

import (
	"bytes"
	"io"
	"iter"

	"runstream/internal/bytescan"
	"runstream/runner"
)

// Message is one event of a server-sent event stream.
type Message struct {
	// Event is its name, empty where it has none.
	Event string
	// Data is its text. It must not be changed.
	Data []byte
}

// Done is the Event of the last message of an [Exchange], which has no Data,
// where the server says that it ends the stream.
const Done = "[DONE]"

// MaxMessage is how large one event may be, in bytes.
const MaxMessage = 64 << 20

// Most answers with a tool call fit the first read; what is longer is read by more.
const firstRead, readSize = 8 << 10, 64 << 10

// ReadEvents reads a stream of events as WHATWG's HTML standard frames it
// (section 9.2.6, "Interpreting an event stream"). An event that the stream
// breaks off in is left out. Data may share memory, which is never reused.
func ReadEvents(r io.Reader) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if err := readEvents(r, nil, yield); err != nil {
			yield(Message{}, err)
		}
	}
}

// readEvents yields a stream's events, up to one whose data begins with done. It
// returns why the stream broke off, nil where it has ended or yield has had enough.
func readEvents(r io.Reader, done []byte, yield func(Message, error) bool) error {
	p := parser{first: true, done: done}
	buf := make([]byte, 0, firstRead)
	for {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, max(readSize, 2*len(buf))), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		rest, ok := p.feed(buf[:len(buf)+n], yield)
		if !ok {
			return nil
		}
		buf = rest
		if len(buf)+len(p.data) > MaxMessage {
			return &runner.ModelBehaviorError{Message: "the model server sent an event larger than 64 MiB"}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// parser collects the fields of the event that is being read.
type parser struct {
	done    []byte // how data begins that ends the stream; nil where none does
	first   bool   // nothing was read yet: a byte order mark may come
	afterCR bool   // the last line ended in CR: an LF belongs to it
	seen    int    // so much of what is left holds no line end
	name    string
	data    []byte
	hasData bool
	last    string // the name before, which is nearly always the next one too
	lead    []byte // how an event of that name mostly begins, up to its data
	inData  bool   // the line goes on behind such a beginning
}

// feed reads the whole lines of buf and returns what is left of it. It returns
// false after the last event, and when yield has had enough.
func (p *parser) feed(buf []byte, yield func(Message, error) bool) (rest []byte, ok bool) {
	if p.first {
		bom := []byte("\ufeff")
		if len(buf) < len(bom) && bytes.HasPrefix(bom, buf) {
			return buf, true
		}
		buf = bytes.TrimPrefix(buf, bom)
		p.first = false
	}
	for {
		if p.afterCR && len(buf) > 0 {
			p.afterCR = false
			buf = bytes.TrimPrefix(buf, []byte("\n"))
		}
		if p.seen == 0 && p.name == "" && !p.hasData && len(p.lead) > 0 && bytes.HasPrefix(buf, p.lead) {
			buf, p.name, p.inData = buf[len(p.lead):], p.last, true
		}
		end := bytescan.LineEnd(buf[p.seen:])
		if end < 0 {
			p.seen = len(buf)
			return buf, true
		}
		end += p.seen
		line := buf[:end:end]
		p.seen, p.afterCR = 0, buf[end] == '\r'
		buf = buf[end+1:]
		if p.inData {
			p.data, p.hasData, p.inData = line, true, false
			continue
		}
		if len(line) > 0 {
			p.field(line)
			continue
		}
		message, whole := Message{Event: p.name, Data: p.data}, p.hasData
		p.name, p.data, p.hasData = "", nil, false
		if whole && p.done != nil && bytes.HasPrefix(message.Data, p.done) {
			yield(Message{Event: Done}, nil)
			return nil, false
		}
		if whole && !yield(message, nil) {
			return nil, false
		}
	}
}

func (p *parser) field(line []byte) {
	switch name, value := cutField(line); string(name) {
	case "event":
		if p.last != string(value) {
			p.last = string(value)
			p.lead = append(append(append(p.lead[:0], "event: "...), value...), "\ndata: "...)
		}
		p.name = p.last
	case "data":
		if !p.hasData {
			p.data, p.hasData = value, true
			return
		}
		p.data = append(append(p.data, '\n'), value...) // copies: value ends where its capacity does
	case "error": // no field of the standard's: llama.cpp tells of a failure by it
		p.name, p.data, p.hasData = "error", value, true
	}
}

// cutField is bytes.Cut at the colon, which comes after a few bytes: a search
// costs more to begin.
func cutField(line []byte) (name, value []byte) {
	for i, c := range line {
		if c == ':' {
			value = line[i+1:]
			if len(value) > 0 && value[0] == ' ' {
				value = value[1:]
			}
			return line[:i], value
		}
	}
	return line, nil
}
