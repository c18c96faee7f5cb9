package main

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:"

// secure answers requests of the server's own page only. Other sites cannot
// post to it (Origin and Sec-Fetch-Site are checked), and a foreign name that
// resolves to this machine finds nothing (Host is checked).
func secure(next http.Handler, listenHost string) http.Handler {
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sayError(w, http.StatusForbidden, "foreign_origin", "This server answers only its own page. Open the address that it printed.")
	}))
	inside := sameOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("X-Frame-Options", "DENY")
		if !knownHost(r.Host, listenHost) {
			sayError(w, http.StatusForbidden, "foreign_host",
				"This server does not answer under this name. Open the address that it printed, or start it with ADDR=name:port.")
			return
		}
		inside.ServeHTTP(w, r)
	})
}

// knownHost accepts loopback names and the name that the server listens on.
// Where it listens on all addresses, any address will do: rebinding needs a
// name.
func knownHost(hostport, listenHost string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || (host != "" && host == strings.ToLower(listenHost)) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	listenIP, err := netip.ParseAddr(listenHost)
	return ip.IsLoopback() || listenHost == "" || (err == nil && listenIP.IsUnspecified())
}

// reportEnds writes a line for every model request, so that somebody who
// watches the terminal sees a stop arrive. It writes nothing of what was said.
func reportEnds(next http.Handler, say *log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		end := "broken off"
		defer func() {
			say.Printf("POST %s: %s after %.1f s", r.URL.Path, end, time.Since(start).Seconds())
		}()
		next.ServeHTTP(w, r) // panics where it breaks the connection off
		end = "answered"
		if r.Context().Err() != nil {
			end = "stopped"
		}
	})
}

// sayError writes an error as the Responses API does.
func sayError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"message": message, "type": "server_error", "code": code, "param": nil,
	}})
}
