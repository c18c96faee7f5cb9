package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"time"
)

// assets are the page and what was built for it, in memory once they were asked
// for; a file that was built anew is read again.
type assets struct {
	root *os.Root
	html string // the page's file
	mu   sync.Mutex
	read map[string]*asset
}

type asset struct {
	modified    time.Time
	size        int64
	contentType string
	plain       variant
	gzipped     variant
}

type variant struct {
	bytes []byte
	etag  string
}

// The only kinds of files that are served.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".wasm": "application/wasm",
	".map":  "application/json",
}

func openAssets(folder, page string) (*assets, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("cannot open the folder %s: %w", folder, err)
	}
	if _, err := root.Stat(page); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("%s is not in this folder. Start the server in the repository's root, with `make run`", page)
	}
	for _, name := range []string{"demo.js", "demo.css", "worker.js", "runstream.wasm"} {
		if _, err := root.Stat(path.Join("web/dist", name)); err != nil {
			_ = root.Close()
			return nil, fmt.Errorf("web/dist/%s is not there: the demo is not built. Build and serve it with `make run`", name)
		}
	}
	return &assets{root: root, html: page, read: map[string]*asset{}}, nil
}

func (a *assets) close() {
	_ = a.root.Close() // it was only read
}

func (a *assets) page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, a.html) })
}

func (a *assets) built() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.serve(w, r, path.Join("web/dist", path.Base(r.PathValue("name"))))
	})
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request, name string) {
	found, err := a.load(name)
	if errors.Is(err, fs.ErrNotExist) {
		http.Error(w, "There is no "+path.Base(name)+" here. If it should have been built: make run", http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, "The file could not be read.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", found.contentType)
	header.Set("Cache-Control", "no-cache") // ask each time; the ETag saves the bytes
	header.Set("Vary", "Accept-Encoding")
	sent := found.plain
	if acceptsGzip(r) {
		sent = found.gzipped
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", sent.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sent.bytes))
}

func (a *assets) load(name string) (*asset, error) {
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		return nil, fs.ErrNotExist
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	file, err := a.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	known := a.read[name]
	if known != nil && known.modified.Equal(info.ModTime()) && known.size == info.Size() {
		return known, nil
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	fresh := &asset{modified: info.ModTime(), size: info.Size(), contentType: contentType}
	if fresh.plain, fresh.gzipped, err = variants(content); err != nil {
		return nil, err
	}
	a.read[name] = fresh
	return fresh, nil
}

func variants(content []byte) (plain, gzipped variant, err error) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err = writer.Write(content); err == nil {
		err = writer.Close()
	}
	hash := fmt.Sprintf("%x", sha256.Sum256(content))[:20]
	return variant{bytes: content, etag: `"` + hash + `"`}, variant{bytes: packed.Bytes(), etag: `"` + hash + `-gzip"`}, err
}

func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" && strings.ReplaceAll(quality, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
