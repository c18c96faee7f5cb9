package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOtherSitesAreRefused(t *testing.T) {
	site := startSite(t, env{"PACE": "0"})
	for name, tc := range map[string]struct {
		header http.Header
		status int
	}{
		"the page":                   {http.Header{"Origin": {site}, "Sec-Fetch-Site": {"same-origin"}}, 200},
		"the page in an old browser": {http.Header{"Origin": {site}}, 200},
		"a program":                  {nil, 200},
		"another site":               {http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}, 403},
		"another site, old browser":  {http.Header{"Origin": {"https://evil.example"}}, 403},
		"another port":               {http.Header{"Origin": {"http://127.0.0.1:1"}, "Sec-Fetch-Site": {"same-site"}}, 403},
		"a sandboxed frame":          {http.Header{"Origin": {"null"}}, 403},
		"a rebound name":             {http.Header{"Host": {"evil.example:8080"}, "Origin": {"http://evil.example:8080"}, "Sec-Fetch-Site": {"same-origin"}}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			response := do(t, "POST", site+"/v1/responses", `{"stream":true,"input":"Hello"}`, tc.header)
			assert.Equal(t, tc.status, response.StatusCode)
			if tc.status == http.StatusForbidden {
				assert.Contains(t, read(t, response), "Open the address that it printed")
				assert.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
			}
		})
	}
	t.Run("a link from another site may open the page", func(t *testing.T) {
		response := do(t, "GET", site+"/", "", http.Header{"Sec-Fetch-Site": {"cross-site"}})
		assert.Equal(t, http.StatusOK, response.StatusCode)
	})
}

func TestKnownHosts(t *testing.T) {
	for name, tc := range map[string]struct {
		host, listen string
		known        bool
	}{
		"loopback":                           {"127.0.0.1:8080", "127.0.0.1", true},
		"another loopback address":           {"127.0.0.2", "127.0.0.1", true},
		"IPv6 loopback":                      {"[::1]:8080", "127.0.0.1", true},
		"localhost":                          {"LocalHost:8080", "127.0.0.1", true},
		"the name it listens on":             {"demo.lan:80", "demo.lan", true},
		"another name":                       {"evil.example", "127.0.0.1", false},
		"a name that looks like loopback":    {"127.0.0.1.evil.example", "127.0.0.1", false},
		"an address, listening on one":       {"192.0.2.1:8080", "127.0.0.1", false},
		"an address, listening on all":       {"192.0.2.1:8080", "0.0.0.0", true},
		"an address, listening without name": {"192.0.2.1:8080", "", true},
		"another name, listening on all":     {"evil.example", "0.0.0.0", false},
		"another name, listening, IPv6":      {"evil.example", "::", false},
		"no name":                            {"", "", false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.known, knownHost(tc.host, tc.listen)) })
	}
}

func TestEveryAnswerIsProtected(t *testing.T) {
	site := startSite(t, env{"PACE": "0"})
	for _, path := range []string{"/", "/web/dist/worker.js", "/web/dist/missing.js", "/go.mod"} {
		header := do(t, "GET", site+path, "", nil).Header
		assert.Equal(t, "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "+
			"style-src 'self'; img-src 'self' data:", header.Get("Content-Security-Policy"), path)
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "no-referrer", header.Get("Referrer-Policy"), path)
		assert.Equal(t, "same-origin", header.Get("Cross-Origin-Resource-Policy"), path)
		assert.Equal(t, "same-origin", header.Get("Cross-Origin-Opener-Policy"), path)
	}
}

func TestAPreflightOfAnotherSiteGetsNoPermission(t *testing.T) {
	site := startSite(t, env{})
	response := do(t, http.MethodOptions, site+"/v1/responses", "", http.Header{"Origin": {"https://evil.example"},
		"Access-Control-Request-Method": {"POST"}, "Sec-Fetch-Site": {"cross-site"}})
	assert.GreaterOrEqual(t, response.StatusCode, 400)
	assert.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
}
