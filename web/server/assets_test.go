package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyThePageAndItsFilesAreServed(t *testing.T) {
	folder := builtRepository(t)
	require.NoError(t, os.Symlink("../../go.mod", filepath.Join(folder, "web/dist/link.js")))
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(folder, "web/dist/out.js")))
	site := startSiteIn(t, folder, env{})
	for path, contentType := range map[string]string{
		"/":                        "text/html; charset=utf-8",
		"/web/dist/demo.js":        "text/javascript; charset=utf-8",
		"/web/dist/demo.js.map":    "application/json",
		"/web/dist/demo.css":       "text/css; charset=utf-8",
		"/web/dist/runstream.wasm": "application/wasm",
	} {
		t.Run(path, func(t *testing.T) {
			response := do(t, "GET", site+path, "", nil)
			assert.Equal(t, http.StatusOK, response.StatusCode)
			assert.Equal(t, contentType, response.Header.Get("Content-Type"))
		})
	}
	for _, path := range []string{
		"/index.html", "/go.mod", "/web/dist/", "/web/dist/server", "/web/dist/test/a.js", "/web/dist/missing.js", "/web/dist/out.js",
		"/web/dist/..%2f..%2fgo.mod", "/web/dist/%2e%2e/%2e%2e/go.mod", "/web/dist/..%5c..%5cgo.mod", "/web/dist/%2e%2e%2findex.html", "/v1/models",
	} {
		t.Run(path, func(t *testing.T) {
			response := do(t, "GET", site+path, "", nil)
			assert.GreaterOrEqual(t, response.StatusCode, 300)
			assert.NotContains(t, read(t, response), "secret")
		})
	}
}

func TestAnUnchangedFileIsNotSentAgain(t *testing.T) {
	folder := builtRepository(t)
	site := startSiteIn(t, folder, env{})
	for name, accepted := range map[string]string{"plain": "", "gzip": "br, gzip;q=0.9"} {
		t.Run(name, func(t *testing.T) {
			first := do(t, "GET", site+"/web/dist/demo.css", "", http.Header{"Accept-Encoding": {accepted}})
			assert.Equal(t, "no-cache", first.Header.Get("Cache-Control"))
			known := http.Header{"Accept-Encoding": {accepted}, "If-None-Match": {first.Header.Get("ETag")}}

			again := do(t, "GET", site+"/web/dist/demo.css", "", known)
			assert.Equal(t, http.StatusNotModified, again.StatusCode)

			require.NoError(t, os.WriteFile(filepath.Join(folder, "web/dist/demo.css"), []byte("body{color:"+name+"}"), 0o600))
			changed := do(t, "GET", site+"/web/dist/demo.css", "", known)
			assert.Equal(t, http.StatusOK, changed.StatusCode)
		})
	}
}

func TestFilesAreCompressedForThoseWhoAccept(t *testing.T) {
	site := startSite(t, env{})
	plain := read(t, do(t, "GET", site+"/web/dist/demo.js", "", nil))

	response := do(t, "GET", site+"/web/dist/demo.js", "", http.Header{"Accept-Encoding": {"gzip, br"}})
	assert.Equal(t, "gzip", response.Header.Get("Content-Encoding"))
	assert.Equal(t, "Accept-Encoding", response.Header.Get("Vary"))
	unpacked, err := gzip.NewReader(response.Body)
	require.NoError(t, err)
	text, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	assert.Equal(t, plain, string(text))

	response = do(t, "GET", site+"/web/dist/demo.js", "", http.Header{"Accept-Encoding": {"gzip;q=0, br"}})
	assert.Empty(t, response.Header.Get("Content-Encoding"))
}
