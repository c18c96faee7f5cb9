package jsbridge

import (
	"strings"

	"runstream/runner"
)

// endpoint is an address below a server's base URL, whose query it keeps.
type endpoint string

func newEndpoint(baseURL, path string) endpoint {
	base, query, hasQuery := strings.Cut(baseURL, "?")
	address := strings.TrimRight(base, "/") + path
	if hasQuery {
		address += "?" + query
	}
	return endpoint(address)
}

// String gives the address as it may be shown: what follows the path, and a
// name and password, can be secret.
func (e endpoint) String() string {
	address, _, _ := strings.Cut(string(e), "?")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	host, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:] + "/" + path
}

// hasCredentials says whether a name or a password stands before the host.
func (e endpoint) hasCredentials() bool {
	_, rest, _ := strings.Cut(string(e), "://")
	end := strings.IndexAny(rest, "/?")
	return end >= 0 && strings.Contains(rest[:end], "@")
}

// unreachable is the error of a request that got no answer. Browsers do not say
// why.
func (e endpoint) unreachable(offline bool, cause error) error {
	hint := "Check that it runs, that baseURL is its address, and that it lets this page's origin in (CORS)."
	if offline {
		hint = "This device is offline."
	}
	return &runner.APIError{Message: "the model server at " + e.String() + " could not be reached: " + cause.Error() + ". " + hint, Err: cause}
}

// redirects is the error of an answer that leads elsewhere.
func (e endpoint) redirects() error {
	return &runner.UserError{Message: "the model server at " + e.String() + " redirects, and a conversation is only sent where it was configured to go; set baseURL to the final address"}
}

// checkStream refuses a successful answer that is no event stream.
func (e endpoint) checkStream(contentType string) error {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch strings.TrimSpace(kind) {
	case "text/html":
		return &runner.ModelBehaviorError{Message: e.String() + " answered with a web page, not with a model's events; check baseURL"}
	case "application/json":
		return &runner.ModelBehaviorError{Message: e.String() + " answered with one JSON document, not with an event stream; the server must support streaming"}
	}
	return nil
}

// describeStatus completes the error of an answer with an error status.
func (e endpoint) describeStatus(err *runner.APIError, contentType string) error {
	if strings.HasPrefix(contentType, "text/html") {
		err.Message = "a web page at " + e.String() + "; check baseURL"
	}
	return err
}

// secrets are what a request was sent with and no error may repeat, the longest
// first: one may hold another.
type secrets []secret

type secret struct{ name, text string }

// leastSecret is how long a word of a header's value is at least that is taken for
// a secret: what is shorter stands in many texts.
const leastSecret = 12

func newSecrets(headers map[string]string, token string) secrets {
	var s secrets
	for name, value := range headers {
		for _, text := range append(strings.Split(value, " "), value) { // servers repeat a key without its "Bearer"
			if text = strings.TrimRight(text, ",;"); len(text) >= leastSecret {
				s = s.with("the header "+name, text)
			}
		}
	}
	if token != "" {
		s = s.with("the token", token)
	}
	return s
}

// with is no slices.SortFunc, which would make the engine 24 kB larger.
func (s secrets) with(name, text string) secrets {
	s = append(s, secret{name, text})
	for i := len(s) - 1; i > 0 && len(s[i].text) > len(s[i-1].text); i-- {
		s[i], s[i-1] = s[i-1], s[i]
	}
	return s
}

func (s secrets) redact(text string) string {
	for _, each := range s {
		text = strings.ReplaceAll(text, each.text, "("+each.name+")")
	}
	return text
}
