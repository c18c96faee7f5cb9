package openaimodel

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"runstream/runner"
	"runstream/runner/chatcompletions"
)

// Chat gives a model of the Chat Completions API, which local and compatible
// servers speak too:
//
//	client := openai.NewClient(option.WithBaseURL("http://localhost:11434/v1/"), option.WithAPIKey("none"))
//	agent := &runner.Agent{Name: "Joker", Model: openaimodel.Chat(client, "llama3.2")}
//
// Where the client's base URL is OpenAI's own, answers are stored unless the
// settings say otherwise, and usage is asked for. It is safe for concurrent
// use.
func Chat(client openai.Client, model string) runner.Model {
	return &chatcompletions.Model{Name: model, Transport: transport{client}, Official: isOfficial(client)}
}

// isOfficial says whether the client talks to OpenAI's own server. A client
// shows its base URL only to a request, so one is made that goes nowhere: it
// is stopped before any middleware of the client sees it.
func isOfficial(client openai.Client) bool {
	official := false
	stop := func(r *http.Request, _ option.MiddlewareNext) (*http.Response, error) {
		official = r.URL.Scheme == "https" && r.URL.Hostname() == "api.openai.com"
		return nil, errors.New("not sent")
	}
	first := []option.RequestOption{option.WithMiddleware(stop)}
	client.Options = slices.Concat(first, client.Options)
	_ = client.Get(context.Background(), "models", nil, nil, option.WithMaxRetries(0)) // always that error
	return official
}
