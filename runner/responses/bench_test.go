package responses

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"

	"runstream/internal/codec"
)

const benchDeltas = 20_000

// deltaStream is a response of many text deltas, as servers send it.
func deltaStream() []byte {
	var stream bytes.Buffer
	for i := range benchDeltas {
		fmt.Fprintf(&stream, "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":%d,"+
			"\"item_id\":\"msg_0123456789abcdef\",\"output_index\":0,\"content_index\":0,\"delta\":\" word\",\"logprobs\":[],\"obfuscation\":\"aB3dE6gH\"}\n\n", i+4)
	}
	return stream.Bytes()
}

// BenchmarkReadEvents reads 20,000 text deltas: "frames" finds the events,
// "events" is all that is done with them here. "bare" is the shortest loop
// that a program could get by with. "codec.Valid" and "json.Valid" are two ways to
// check the same bytes.
func BenchmarkReadEvents(b *testing.B) {
	stream := deltaStream()
	for _, way := range []struct {
		name string
		read func() (events int, err error)
	}{
		{"frames", func() (events int, err error) {
			for _, err := range ReadEvents(bytes.NewReader(stream)) {
				if err != nil {
					return events, err
				}
				events++
			}
			return events, nil
		}},
		{"events", func() (events int, err error) {
			var reader eventReader
			for message, err := range ReadEvents(bytes.NewReader(stream)) {
				if err != nil {
					return events, err
				}
				if _, err := reader.read(message); err != nil {
					return events, err
				}
				events++
			}
			return events, nil
		}},
		{"bare", func() (events int, err error) {
			scanner := bufio.NewScanner(bytes.NewReader(stream))
			for scanner.Scan() {
				if data, ok := bytes.CutPrefix(scanner.Bytes(), dataField); ok {
					var event struct{ Type, Delta string }
					if err := json.Unmarshal(data, &event); err != nil {
						return events, err
					}
					events++
				}
			}
			return events, scanner.Err()
		}},
		{"codec.Valid", func() (int, error) {
			return countValid(stream, codec.Valid)
		}},
		{"json.Valid", func() (int, error) { return countValid(stream, json.Valid) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(int64(len(stream)))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				if events, err := way.read(); events != benchDeltas || err != nil {
					b.Fatalf("read %d events, then %v", events, err)
				}
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N)/benchDeltas, "allocs/event")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchDeltas, "ns/event")
		})
	}
}

var dataField = []byte("data: ")

func countValid(stream []byte, valid func([]byte) bool) (events int, err error) {
	for line := range bytes.Lines(stream) {
		if data, ok := bytes.CutPrefix(line, dataField); ok && valid(data) {
			events++
		}
	}
	return events, nil
}
