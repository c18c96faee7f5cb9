package responses_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/responses"
)

// events gives what the model makes of an event stream.
func events(t *testing.T, stream string) ([]runner.RawEvent, error) {
	t.Helper()
	return collect(t.Context(), &responses.Model{Transport: &flakyServer{answer: stream}}, &runner.ModelRequest{})
}

func TestAnEventsType(t *testing.T) {
	for name, tc := range map[string]struct{ stream, want string }{
		"is in its data":                      {`data: {"type":"a"}`, "a"},
		"is not always the first key":         {`data: {"sequence_number":1,"item":{"type":"x"},"type":"a"}`, "a"},
		"goes before the event's name":        {"event: x\n" + `data: {"type":"a"}`, "a"},
		"is the event's name where it is not": {"event: a\n" + `data: {"item":{"type":"x"}}`, "a"},
		"is empty where there is none":        {`data: {"object":"chat.completion.chunk"}`, ""},
		"may be spread over lines":            {"data: {\ndata: \"type\":\ndata: \"a\"}", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := events(t, tc.stream+"\n\n")
			require.NoError(t, err)
			require.Len(t, got, 1)
			assert.Equal(t, tc.want, got[0].Type)
		})
	}
}

func TestTheTypeIsEachEventsOwn(t *testing.T) {
	want := []string{"a", "a", "a", "b", "b", "b", "b", "a", "c", "a", "a"}
	var stream strings.Builder
	for i, eventType := range want {
		fmt.Fprintf(&stream, "data: {\"n\":%d,\"type\":%q,\"delta\":\"x\"}\n\n", i*7, eventType)
	}
	got, err := events(t, stream.String())
	require.NoError(t, err)
	var types []string
	for _, event := range got {
		types = append(types, event.Type)
	}
	assert.Equal(t, want, types)
}

func TestEventsPassByteForByte(t *testing.T) {
	for name, data := range map[string]string{
		"with fields that nobody knows":  `{"type":"response.output_text.delta","delta":"a","obfuscation":"x","new":{"deep":[1,{}]}}`,
		"of a type that nobody knows":    `{"type":"response.hologram.delta","delta":{"x":1}}`,
		"with numbers as they are":       `{"type":"a","n":[1.0,1e2,-0,12345678901234567890,0.1000]}`,
		"with escapes as they are":       `{"type":"a","t":"\u003c<\u2028\/\ud83c\udf0d🌍\u0000"}`,
		"with keys that come twice":      `{"type":"a","k":1,"k":2}`,
		"with space in it":               `{ "type" : "a" ,	"k" : [ ] }`,
		"with bytes that are not UTF-8":  "{\"type\":\"a\",\"t\":\"\xff\xc3\"}",
		"with an error that is no error": `{"type":"response.failed","error":{"message":"x"}}`,
		"with no error":                  `{"error":null,"id":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := events(t, "data: "+data+"\n\n")
			require.NoError(t, err)
			require.Len(t, got, 1)
			assert.Equal(t, data, string(got[0].Data))
		})
	}
}

func TestTheStreamEndsWhereItSaysSo(t *testing.T) {
	got, err := events(t, created+"data: [DONE]\n\n"+created)
	require.NoError(t, err)
	assert.Len(t, got, 1)
}

func TestEventsWithoutDataKeepTheConnectionAlive(t *testing.T) {
	got, err := events(t, "event: ping\ndata:\n\n"+created+"data: \n\n")
	require.NoError(t, err)
	assert.Len(t, got, 1)
}

func TestWhatIsNotJSONIsTheServersMistake(t *testing.T) {
	for name, data := range map[string]string{
		"cut off":             `{"type":"response.output_text.delta","delta":"`,
		"two values":          `{"type":"a"},{"type":"b"}`,
		"an object left open": `{"type":"a"}}`,
		"a page":              `<!doctype html>`,
		"words":               `overloaded`,
		"white space":         "\t",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := events(t, created+"data: "+data+"\n\n"+created)
			assert.Len(t, got, 1, "what came before is not lost")
			var misbehaved *runner.ModelBehaviorError
			require.ErrorAs(t, err, &misbehaved)
			assert.Contains(t, misbehaved.Message, "not JSON")
		})
	}
	t.Run("after many events like it", func(t *testing.T) {
		delta := `data: {"type":"response.output_text.delta","n":1,"delta":"a"}` + "\n\n"
		got, err := events(t, strings.Repeat(delta, 20)+strings.Replace(delta, `"a"}`, `"a"}]`, 1)+delta)
		assert.Len(t, got, 20)
		var misbehaved *runner.ModelBehaviorError
		require.ErrorAs(t, err, &misbehaved)
	})
	t.Run("is quoted in part", func(t *testing.T) {
		_, err := events(t, "data: \x1b[31m"+strings.Repeat("x", 5000)+"\n\n")
		assert.ErrorContains(t, err, `\x1b[31mxxx`)
		assert.Less(t, len(err.Error()), 300)
	})
}

func TestAnErrorInTheStream(t *testing.T) {
	for name, tc := range map[string]struct{ stream, message, code string }{
		"as an object":            {`data: {"error":{"message":"overloaded","code":"server_busy","type":"x"}}`, "overloaded", "server_busy"},
		"as a text":               {`data: {"error":"overloaded"}`, "overloaded", ""},
		"with a number for code":  {`data: {"error":{"message":"overloaded","code":503}}`, "overloaded", "503"},
		"with no words":           {`data: {"error":{"code":"server_busy"}}`, "it gave no reason", "server_busy"},
		"with strange words":      {`data: {"error":{"message":{"en":"overloaded"},"code":"server_busy"}}`, "it gave no reason", "server_busy"},
		"as an event of its name": {"event: error\n" + `data: {"error":{"message":"overloaded"}}`, "overloaded", ""},
		"as an event of its type": {`data: {"type":"error","error":{"message":"overloaded","code":"a"}}`, "overloaded", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := events(t, created+tc.stream+"\n\n"+created)
			assert.Len(t, got, 1)
			var failed *runner.APIError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, "the model server broke off: "+tc.message, failed.Message)
			assert.Equal(t, tc.code, failed.Code)
		})
	}
	t.Run("as an event of the API is an event", func(t *testing.T) {
		got, err := events(t, `data: {"type":"error","message":"overloaded","code":null,"param":null}`+"\n\n")
		require.NoError(t, err)
		assert.Equal(t, "error", got[0].Type)
	})
}
