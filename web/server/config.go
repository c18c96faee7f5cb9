package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"runstream/internal/assistant"
	"runstream/runner/runnertest/modelserver"
)

// config is what the environment says.
type config struct {
	page string
	addr string
	host string // of addr; empty where it names all addresses of the machine
	key  string
	base *url.URL
	pace float64
}

func readConfig(getenv func(string) string) (config, error) {
	c := config{page: "index.html", addr: "127.0.0.1:8080", key: strings.TrimSpace(getenv("OPENAI_API_KEY")), pace: 1}
	if page := getenv("PAGE"); page != "" {
		c.page = page
	}
	if addr := getenv("ADDR"); addr != "" {
		c.addr = addr
	}
	var err error
	if c.host, _, err = net.SplitHostPort(c.addr); err != nil {
		return c, fmt.Errorf("ADDR=%q is no address. Write host:port, as in ADDR=127.0.0.1:8080", c.addr)
	}
	if strings.ContainsFunc(c.key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return c, errors.New("OPENAI_API_KEY holds a space or a character that no key has. Copy the key again")
	}
	base := getenv("OPENAI_BASE_URL")
	if base == "" {
		base = "https://api.openai.com/v1"
	}
	c.base, err = url.Parse(base)
	if err != nil || (c.base.Scheme != "https" && c.base.Scheme != "http") || c.base.Host == "" {
		return c, errors.New("OPENAI_BASE_URL is no http or https address. Write one like https://api.openai.com/v1")
	}
	if pace := getenv("PACE"); pace != "" {
		if c.pace, err = strconv.ParseFloat(pace, 64); err != nil || !(c.pace >= 0 && c.pace <= 100) {
			return c, fmt.Errorf("PACE=%q is no number from 0 (no waiting) to 100. The usual pace is 1", pace)
		}
	}
	return c, nil
}

// greeting says who answers.
func (c config) greeting() string {
	if c.key != "" {
		return "Answers come from " + c.base.Host + ", with the key in OPENAI_API_KEY."
	}
	return "A scripted assistant answers. For a real model, set OPENAI_API_KEY (and OPENAI_BASE_URL for another server than OpenAI's)."
}

// model answers the page's model requests.
func (c config) model(say *log.Logger) http.Handler {
	if c.key != "" {
		return forwarder{base: c.base, key: c.key, say: say}.handler()
	}
	return &modelserver.Handler{
		Script: assistant.Answer,
		Name:   assistant.Name,
		Pace: func(eventType string) time.Duration {
			return time.Duration(float64(assistant.Pace(eventType)) * c.pace)
		},
	}
}
