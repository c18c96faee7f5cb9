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

// secrets are what a request was sent with and no error may repeat, by what they
// are called there.
type secrets map[string]string

// leastSecret is how long a header's value is at least that is taken for a secret:
// what is shorter stands in many texts.
const leastSecret = 8

func newSecrets(headers map[string]string, token string) secrets {
	s := secrets{}
	for name, value := range headers {
		if len(value) >= leastSecret {
			s["the header "+name] = value
		}
	}
	if token != "" {
		s["the token"] = token
	}
	return s
}

func (s secrets) redact(text string) string {
	for name, secret := range s {
		text = strings.ReplaceAll(text, secret, "("+name+")")
	}
	return text
}
