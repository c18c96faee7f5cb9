package responses_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/responses"
)

// framing holds streams with LF as line end; every test reads them with CR and
// CRLF too.
var framing = map[string]struct {
	stream string
	want   []string // "name|data"
}{
	"events keep their order":                    {"data: 1\n\ndata: 2\n\ndata: 3\n\n", []string{"|1", "|2", "|3"}},
	"an event may have a name":                   {"event: a\ndata: 1\n\ndata: 2\n\n", []string{"a|1", "|2"}},
	"the name may come last":                     {"data: 1\nevent: a\n\n", []string{"a|1"}},
	"the last name counts":                       {"event: a\nevent: b\ndata: 1\n\nevent: c\nevent\ndata: 2\n\n", []string{"b|1", "|2"}},
	"a name may come again":                      {"event: a\ndata: 1\n\nevent: a\ndata: 2\ndata: 3\n\nevent: a\ndata: \n\nevent: a\ndata:4\n\n", []string{"a|1", "a|2\n3", "a|", "a|4"}},
	"and not be the last one":                    {"event: a\ndata: 1\n\nevent: a\nevent: b\ndata: 2\n\n: x\nevent: b\ndata: 3\nevent: a\n\ndata: 4\n\n", []string{"a|1", "b|2", "a|3", "|4"}},
	"a name behind data":                         {"event: a\ndata: 1\n\ndata: 2\nevent: a\ndata: 3\n\n", []string{"a|1", "a|2\n3"}},
	"a name alone is no event":                   {"event: a\n\ndata: 1\n\n", []string{"|1"}},
	"data lines are joined":                      {"data: 1\ndata: 2\nevent: a\ndata: 3\n\n", []string{"a|1\n2\n3"}},
	"only one leading space goes":                {"data:1\n\ndata: 1\n\ndata:  1\n\ndata:\t1 \n\n", []string{"|1", "|1", "| 1", "|\t1 "}},
	"colons in the value stay":                   {"data: a: b:c\n\ndata::\n\n", []string{"|a: b:c", "|:"}},
	"data without a colon is empty":              {"data\n\ndata\ndata\n\ndata: 1\ndata\n\n", []string{"|", "|\n", "|1\n"}},
	"data without a value is empty":              {"data:\n\ndata: \ndata: 1\n\n", []string{"|", "|\n1"}},
	"a comment is no event":                      {": ping\n\n:\n\n:data: 1\n\n", nil},
	"a comment does not end an event":            {"data: 1\n: ping\ndata: 2\n\n", []string{"|1\n2"}},
	"id and retry are ignored":                   {"id: 7\nretry: 10\n\nid\nretry: x\ndata: 1\n\n", []string{"|1"}},
	"unknown fields are ignored":                 {"nothing\n\ndat: 0\n data: 0\nDATA: 0\ndata : 0\ndata: 1\n\n", []string{"|1"}},
	"blank lines between events are nothing":     {"\n\n\ndata: 1\n\n\n\ndata: 2\n\n\n", []string{"|1", "|2"}},
	"an event that the end cuts off is left out": {"data: 1\n\ndata: 2\n", []string{"|1"}},
	"a line that the end cuts off too":           {"data: 1\n\ndata: 2", []string{"|1"}},
	"an empty stream has no events":              {"", nil},
	"a byte order mark is skipped":               {"\ufeffdata: 1\n\n", []string{"|1"}},
	"a second one is not":                        {"\ufeff\ufeffdata: 0\n\ndata: \ufeff1\n\n\ufeffdata: 0\n\n", []string{"|\ufeff1"}},
	"half a byte order mark is text":             {"\xef\xbbdata: 0\n\ndata: 1\n\n", []string{"|1"}},
	"text beyond ASCII stays whole":              {"event: ä\ndata: Grüße, 世界 🌍\n\ndata: \u2028\u0085\x00\n\n", []string{"ä|Grüße, 世界 🌍", "|\u2028\u0085\x00"}},
}

var lineEnds = map[string]string{"LF": "\n", "CR": "\r", "CRLF": "\r\n"}

func TestFraming(t *testing.T) {
	for name, tc := range framing {
		for endName, end := range lineEnds {
			t.Run(name+" with "+endName, func(t *testing.T) {
				stream := strings.ReplaceAll(tc.stream, "\n", end)
				assert.Equal(t, tc.want, read(t, strings.NewReader(stream)))
			})
		}
	}
}

func TestLineEndsMayBeMixed(t *testing.T) {
	stream := "data: 1\r\ndata: 2\rdata: 3\n\r\ndata: 4\n\rdata: 5\r\n\r\ndata: 6\r\r\ndata: 7\r\r"
	assert.Equal(t, []string{"|1\n2\n3", "|4", "|5", "|6", "|7"}, read(t, strings.NewReader(stream)))
}

func TestChunksMayBeSplitAnywhere(t *testing.T) {
	for name, tc := range framing {
		for endName, end := range lineEnds {
			t.Run(name+" with "+endName, func(t *testing.T) {
				stream := strings.ReplaceAll(tc.stream, "\n", end)
				for i := range len(stream) {
					chunks := io.MultiReader(strings.NewReader(stream[:i]), strings.NewReader(stream[i:]))
					require.Equal(t, tc.want, read(t, chunks), "split at byte %d", i)
				}
				assert.Equal(t, tc.want, read(t, iotest.OneByteReader(strings.NewReader(stream))))
				assert.Equal(t, tc.want, read(t, iotest.DataErrReader(strings.NewReader(stream))), "the last bytes come with the end")
			})
		}
	}
}

// An event is there as soon as its blank line is, also where the line ends in
// CR and its LF may still come.
func TestAnEventComesAtOnce(t *testing.T) {
	for endName, end := range lineEnds {
		t.Run(endName, func(t *testing.T) {
			r, w := io.Pipe()
			defer w.Close()
			go func() { _, _ = io.WriteString(w, "data: 1"+end+end) }() // fails once the reader has gone
			for message, err := range responses.ReadEvents(r) {
				require.NoError(t, err)
				assert.Equal(t, "1", string(message.Data))
				break
			}
			r.Close()
		})
	}
}

func TestABrokenStreamEndsInItsError(t *testing.T) {
	for name, broken := range map[string]error{
		"reset":                  errors.New("connection reset"),
		"cut off":                io.ErrUnexpectedEOF,
		"an error about the end": fmt.Errorf("decompressing: %w", io.EOF),
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			var last error
			for message, err := range responses.ReadEvents(io.MultiReader(strings.NewReader("data: 1\n\ndata: 2\n"), iotest.ErrReader(broken))) {
				if last = err; err == nil {
					got = append(got, string(message.Data))
				}
			}
			assert.Equal(t, []string{"1"}, got)
			assert.Equal(t, broken, last)
		})
	}
}

// Who keeps an event keeps its bytes: reading on must not touch them.
func TestMessagesStayAsTheyWere(t *testing.T) {
	var stream bytes.Buffer
	for i := range 5000 {
		fmt.Fprintf(&stream, "event: e%d\ndata: %d %s\n", i, i, strings.Repeat("x", i*7%300))
		if i%3 == 0 {
			fmt.Fprintf(&stream, "data: more of %d\n", i)
		}
		stream.WriteString("\n")
	}
	var messages []responses.Message
	var copies []string
	for message, err := range responses.ReadEvents(iotest.HalfReader(&stream)) {
		require.NoError(t, err)
		messages = append(messages, message)
		copies = append(copies, string(message.Data))
		_ = append(message.Data, "overwritten"...) // must not reach the next message
	}
	require.Len(t, messages, 5000)
	for i, message := range messages {
		require.Equal(t, copies[i], string(message.Data))
		require.Equal(t, fmt.Sprintf("e%d", i), message.Event)
		require.True(t, strings.HasPrefix(copies[i], fmt.Sprintf("%d ", i)))
	}
}

func TestALargeEventArrivesWhole(t *testing.T) {
	large := strings.Repeat("0123456789", 300_000)
	got := read(t, strings.NewReader("data: 1\n\ndata: "+large+"\n\ndata: 2\n\n"))
	assert.Equal(t, []string{"|1", "|" + large, "|2"}, got)
}

func TestAnEventIsLimited(t *testing.T) {
	for name, endless := range map[string]string{
		"in one line":             "data: " + strings.Repeat("x", 1<<20),
		"in many lines":           "data: " + strings.Repeat("x", 1<<20) + "\n",
		"in a line of no meaning": ": " + strings.Repeat("x", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			server := &endlessReader{text: endless}
			var last error
			for _, err := range responses.ReadEvents(server) {
				last = err
			}
			var misbehaved *runner.ModelBehaviorError
			require.ErrorAs(t, last, &misbehaved)
			assert.Contains(t, misbehaved.Message, "larger than 64 MiB")
			assert.Less(t, server.sent, 3*responses.MaxMessage)
		})
	}
}

// Reading takes time in proportion to what is read: one byte at a time, a
// large event must not be searched from its start again and again.
func TestSmallChunksOfALargeEventAreReadOnce(t *testing.T) {
	large := strings.Repeat("x", 2<<20)
	got := read(t, iotest.OneByteReader(strings.NewReader("data: "+large+"\n\n")))
	assert.Equal(t, []string{"|" + large}, got)
}

// endlessReader repeats a text for ever.
type endlessReader struct {
	text string
	sent int
}

func (r *endlessReader) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.sent%len(r.text):])
	r.sent += n
	return n, nil
}

// read gives the messages of a stream as "name|data".
func read(t *testing.T, stream io.Reader) []string {
	t.Helper()
	var got []string
	for message, err := range responses.ReadEvents(stream) {
		require.NoError(t, err)
		got = append(got, message.Event+"|"+string(message.Data))
	}
	return got
}
