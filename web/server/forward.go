package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
)

const (
	maxRequest   = 32 << 20  // bytes; room for images
	maxErrorText = 256 << 10 // bytes
)

// forwarder sends model requests on to base with the key.
type forwarder struct {
	base *url.URL
	key  string
	say  *log.Logger
}

// handler streams the answers back as they come. Nothing else of the page's
// request goes on, and nothing of the key comes back. A client that leaves ends
// the upstream request at once.
func (f forwarder) handler() http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // a compressed stream arrives in blocks
	proxy := &httputil.ReverseProxy{
		Transport:      transport,
		FlushInterval:  -1,
		ErrorLog:       log.New(io.Discard, "", 0),
		Rewrite:        f.request,
		ModifyResponse: f.response,
		ErrorHandler:   f.explain,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		proxy.ServeHTTP(w, r)
	})
}

func (f forwarder) request(r *httputil.ProxyRequest) {
	r.Out.URL = f.base.JoinPath("responses")
	r.Out.Host = f.base.Host
	r.Out.Header = http.Header{
		"Authorization": {"Bearer " + f.key},
		"Content-Type":  {"application/json"},
		"Accept":        r.In.Header["Accept"],
	}
}

var (
	errKeyRefused = errors.New("the key was refused")
	errRedirect   = errors.New("the request was redirected")
)

func (f forwarder) response(response *http.Response) error {
	kept := http.Header{"Cache-Control": {"no-store"}}
	for _, name := range []string{"Content-Type", "Retry-After", "Retry-After-Ms", "X-Request-Id", "X-Should-Retry"} {
		if values, ok := response.Header[name]; ok {
			kept[name] = values
		}
	}
	response.Header = kept
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		return errKeyRefused
	case response.StatusCode >= 400:
		return f.hideKey(response)
	case response.StatusCode >= 300:
		return errRedirect
	}
	return nil
}

// hideKey replaces the key where an error repeats it.
func (f forwarder) hideKey(response *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(response.Body, maxErrorText))
	if err != nil {
		return err
	}
	_ = response.Body.Close() // all that is wanted was read
	text = bytes.ReplaceAll(text, []byte(f.key), []byte("[key]"))
	response.Body = io.NopCloser(bytes.NewReader(text))
	response.ContentLength = int64(len(text))
	return nil
}

// explain tells the page, and whoever watches the terminal, what to do.
func (f forwarder) explain(w http.ResponseWriter, r *http.Request, err error) {
	status, code, message := http.StatusBadGateway, "upstream_unreachable",
		fmt.Sprintf("The server could not reach %s (%v). Check OPENAI_BASE_URL and the network.", f.base.Host, err)
	var tooLong *http.MaxBytesError
	switch {
	case r.Context().Err() != nil:
		w.WriteHeader(http.StatusServiceUnavailable) // the page has gone, or the server stops
		return
	case errors.Is(err, errKeyRefused):
		status, code = http.StatusUnauthorized, "invalid_api_key"
		message = fmt.Sprintf("The server's key was refused by %s. Set OPENAI_API_KEY to a valid key and start the server again.", f.base.Host)
	case errors.Is(err, errRedirect):
		code = "upstream_redirects"
		message = fmt.Sprintf("%s redirects model requests. Set OPENAI_BASE_URL to where it redirects to.", f.base.Host)
	case errors.As(err, &tooLong):
		status, code = http.StatusRequestEntityTooLarge, "request_too_large"
		message = fmt.Sprintf("The request is longer than %d bytes.", tooLong.Limit)
	}
	f.say.Print(message)
	sayError(w, status, code, message)
}
