package main

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner/runnertest"
	"runstream/runner/runnertest/modelserver"
)

const secretKey = "sk-secret-of-the-server"

func TestOnlyTheKeyAndTheBodyGoOn(t *testing.T) {
	var got *http.Request
	var body string
	site := startForward(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r, string(text)
		w.Header().Set("Set-Cookie", "upstream=1")
		w.Header().Set("X-Request-Id", "req_1")
	}), io.Discard)

	response := do(t, "POST", site+"/v1/responses?x=1", `{"input":"Hello"}`, http.Header{
		"Accept": {"text/event-stream"}, "Content-Type": {"application/json"}, "Cookie": {"session=1"}, "Origin": {site},
		"Authorization": {"Bearer of-the-page"}, "X-Anything": {"1"}, "User-Agent": {"Browser"}, "Referer": {site},
	})

	assert.Equal(t, "/v1/responses", got.RequestURI)
	assert.Equal(t, `{"input":"Hello"}`, body)
	assert.Equal(t, http.Header{"Authorization": {"Bearer " + secretKey}, "Content-Type": {"application/json"},
		"Accept": {"text/event-stream"}, "Content-Length": {"17"}}, got.Header)
	assert.Equal(t, "req_1", response.Header.Get("X-Request-Id"))
	assert.Empty(t, response.Header.Get("Set-Cookie"))
}

func TestEventsAreForwardedAsTheyCome(t *testing.T) {
	upstream := &modelserver.Handler{Script: modelserver.InOrder(
		runnertest.Turn{Outputs: []runnertest.Output{runnertest.Message("Well")}, Hang: true})}
	site := startForward(t, upstream, io.Discard)

	response := do(t, "POST", site+"/v1/responses", `{"stream":true,"input":"Hello"}`, nil)

	lines := bufio.NewScanner(response.Body)
	for lines.Scan() && lines.Text() != "event: response.output_item.done" {
	}
	require.NoError(t, lines.Err(), "the stream still hangs, and its events are here")
}

func TestAStopReachesTheModelServer(t *testing.T) {
	ended := make(chan error, 1)
	upstream := &modelserver.Handler{
		Script: modelserver.InOrder(runnertest.Turn{Hang: true}),
		Ended:  func(_ modelserver.Request, err error) { ended <- err },
	}
	site := startForward(t, upstream, io.Discard)

	response := do(t, "POST", site+"/v1/responses", `{"stream":true,"input":"Hello"}`, nil)
	require.NoError(t, response.Body.Close())

	assert.Error(t, <-ended)
}

func TestWhatGoesWrongUpstreamIsExplained(t *testing.T) {
	reply := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Location", "https://elsewhere.example/")
			w.Header().Set("Retry-After-Ms", "5")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	for name, tc := range map[string]struct {
		upstream http.Handler
		body     string
		status   int
		says     string
	}{
		"a refused key":       {reply(401, "Incorrect API key provided: "+secretKey), "{}", 401, "The server's key was refused"},
		"an error":            {reply(429, `{"error":{"message":"slow down"}}`), "{}", 429, "slow down"},
		"an error with a key": {reply(400, "no such project for "+secretKey), "{}", 400, "no such project for [key]"},
		"a redirect":          {reply(302, ""), "{}", 502, "redirects model requests"},
		"a long request":      {reply(200, ""), strings.Repeat(" ", maxRequest+1), 413, "longer than"},
		"nobody":              {nil, "{}", 502, "Check OPENAI_BASE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			site := startForward(t, tc.upstream, &said)
			response := do(t, "POST", site+"/v1/responses", tc.body, nil)
			text := read(t, response)
			assert.Equal(t, tc.status, response.StatusCode)
			assert.Contains(t, text, tc.says)
			assert.NotContains(t, text, secretKey)
			assert.Empty(t, response.Header.Get("Location"))
			if tc.status == http.StatusTooManyRequests {
				assert.Equal(t, "5", response.Header.Get("Retry-After-Ms"))
			}
			assert.NotContains(t, said.String(), secretKey)
		})
	}
}

// startForward starts a server with a key whose model server is upstream, or
// nobody if that is nil.
func startForward(t *testing.T, upstream http.Handler, out io.Writer) (site string) {
	t.Helper()
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	if upstream == nil {
		server.Close()
	}
	base, err := url.Parse(server.URL + "/v1")
	require.NoError(t, err)
	proxy := httptest.NewServer(forwarder{base: base, key: secretKey, say: log.New(out, "", 0)}.handler())
	t.Cleanup(proxy.Close)
	return proxy.URL
}
