package main

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunServesUntilItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, builtRepository(t), env{"ADDR": "127.0.0.1:0"}.get, in) }()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	url := regexp.MustCompile(`http://\S+/`).FindString(lines.Text())
	go func() { _, _ = io.Copy(io.Discard, out) }()

	response := do(t, "GET", url, "", nil)
	assert.Equal(t, http.StatusOK, response.StatusCode)

	// A stream that is under way must not hold the stop up.
	response = do(t, "POST", url+"v1/responses", `{"stream":true,"input":"Tell me a story."}`, nil)
	story := bufio.NewReader(response.Body)
	_, err := story.ReadString('\n')
	require.NoError(t, err)
	stop()
	assert.NoError(t, <-ended)
	_, err = new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/"))
	assert.Error(t, err, "nobody listens any more")
}

func TestWhatKeepsTheServerFromStarting(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	built, unbuilt := builtRepository(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(unbuilt, "index.html"), nil, 0o600))

	for name, tc := range map[string]struct {
		folder string
		env    env
		says   string
	}{
		"a port that is taken":        {built, env{"ADDR": taken.Addr().String()}, "already listens on " + taken.Addr().String()},
		"an address without a port":   {built, env{"ADDR": "localhost"}, "ADDR=127.0.0.1:8080"},
		"an address of nobody":        {built, env{"ADDR": "host.invalid:0"}, "an address of this machine"},
		"a demo that is not built":    {unbuilt, env{"ADDR": "127.0.0.1:0"}, "make run"},
		"another folder":              {t.TempDir(), env{"ADDR": "127.0.0.1:0"}, "root"},
		"a base URL that is none":     {built, env{"OPENAI_BASE_URL": "localhost:11434"}, "OPENAI_BASE_URL"},
		"a key with a line break":     {built, env{"OPENAI_API_KEY": "sk-a\nb"}, "Copy the key again"},
		"a pace that is not a number": {built, env{"PACE": "slow"}, "PACE"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), tc.folder, tc.env.get, io.Discard)
			require.ErrorContains(t, err, tc.says)
			assert.NotContains(t, err.Error(), "sk-a")
		})
	}
}

func TestTheScriptedAssistantAnswers(t *testing.T) {
	site := startSite(t, env{"PACE": "0"})
	response := do(t, "POST", site+"/v1/responses", `{"stream":true,"input":"Hello"}`, nil)
	assert.Equal(t, "text/event-stream; charset=utf-8", response.Header.Get("Content-Type"))
	assert.Contains(t, read(t, response), "event: response.completed\n")
}

func TestAStopIsReportedAtOnce(t *testing.T) {
	out, in := io.Pipe()
	config, err := readConfig(env{"PACE": "100"}.get)
	require.NoError(t, err)
	site := httptest.NewServer(reportEnds(config.model(nil), log.New(in, "", 0)))
	defer site.Close()

	response := do(t, "POST", site.URL+"/v1/responses", `{"stream":true,"input":"Tell me a story."}`, nil)
	require.NoError(t, response.Body.Close())

	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	assert.Contains(t, lines.Text(), "stopped")
}

type env map[string]string

func (e env) get(name string) string { return e[name] }

// builtRepository is a folder with all that the server looks for, and a secret.
func builtRepository(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"index.html":              "<!doctype html>",
		"go.mod":                  "module secret",
		"web/dist/demo.js":        strings.Repeat("// the demo\n", 100),
		"web/dist/demo.js.map":    "{}",
		"web/dist/demo.css":       "body{}",
		"web/dist/worker.js":      "// the worker",
		"web/dist/runstream.wasm": "\x00asm",
		"web/dist/server":         "secret",
		"web/dist/test/a.js":      "// secret",
	} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return folder
}

func startSite(t *testing.T, env env) (url string) {
	t.Helper()
	return startSiteIn(t, builtRepository(t), env)
}

func startSiteIn(t *testing.T, folder string, env env) (url string) {
	t.Helper()
	config, err := readConfig(env.get)
	require.NoError(t, err)
	assets, err := openAssets(folder, "index.html")
	require.NoError(t, err)
	t.Cleanup(assets.close)
	server := httptest.NewServer(newSite(assets, config, log.New(io.Discard, "", 0)))
	t.Cleanup(server.Close)
	return server.URL
}

func do(t *testing.T, method, url, body string, header http.Header) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, values := range header {
		request.Header[name] = values
	}
	request.Host = header.Get("Host")
	response, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func read(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}
