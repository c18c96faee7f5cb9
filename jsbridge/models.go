package jsbridge

import (
	"context"
	"encoding/json"
	"iter"
	"strconv"
	"strings"

	"runstream/internal/codec"
	"runstream/runner"
	"runstream/runner/chatcompletions"
	"runstream/runner/responses"
)

// models makes a run's models.
type models struct {
	run       *run
	transport responses.Transport // nil where no model server is configured
	chat      bool                // the server speaks Chat Completions
	official  bool                // it is OpenAI's own
}

func (r *run) models(provider *providerSpec) (*models, error) {
	m := &models{run: r}
	if provider == nil {
		return m, nil
	}
	if newEndpoint(provider.BaseURL, "/").hasCredentials() {
		return nil, &runner.UserError{Message: "baseURL has a name or a password in it, with which browsers send no request; pass them with headers"}
	}
	switch provider.API {
	case "", "responses":
	case "chat_completions":
		m.chat, m.official = true, strings.HasPrefix(provider.BaseURL, "https://api.openai.com/")
	default:
		return nil, &runner.UserError{Message: "the engine does not speak the API " + strconv.Quote(provider.API) +
			"; set api to \"responses\" or \"chat_completions\""}
	}
	retries := responses.DefaultRetries
	if provider.MaxRetries != nil {
		retries = *provider.MaxRetries
	}
	if retries < 0 {
		return nil, &runner.UserError{Message: "maxRetries is " + strconv.Itoa(retries) + "; pass a whole number from 0"}
	}
	var token tokenFunc
	if fn := provider.Token; fn != nil {
		token = func(ctx context.Context) (string, error) { return r.askText(ctx, "getToken", *fn) }
	}
	m.transport = responses.Retrying(r.engine.transport(*provider, token), retries)
	return m, nil
}

// model makes the model that a spec describes; nil for none.
func (m *models) model(spec modelSpec) (runner.Model, error) {
	switch {
	case spec.Registered != "":
		return registered(m.run.engine.own.models, "model", spec.Registered)
	case spec.Open != nil && spec.Next != nil && spec.Close != nil:
		return &pageModel{m.run, spec}, nil
	case m.transport == nil:
		return nil, nil
	}
	return m.atServer(spec.name), nil
}

// atServer is a model of the configured server, which there must be.
func (m *models) atServer(name string) runner.Model {
	if m.chat {
		return &chatcompletions.Model{Name: name, Transport: m.transport, Official: m.official}
	}
	return &responses.Model{Name: name, Transport: m.transport}
}

// pageModel is a model that the page brings.
type pageModel struct {
	run  *run
	spec modelSpec
}

// Stream implements [runner.Model].
func (m *pageModel) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	return func(yield func(runner.RawEvent, error) bool) {
		body, err := responses.Encode("", request)
		if err != nil {
			yield(runner.RawEvent{}, err)
			return
		}
		var answer int
		if err := m.run.ask(ctx, "the model", *m.spec.Open, &answer, json.RawMessage(body)); err != nil {
			yield(runner.RawEvent{}, err)
			return
		}
		done := false
		defer func() {
			if !done {
				m.run.notify(*m.spec.Close, answer)
			}
		}()
		for !done {
			var events []json.RawMessage
			if err := m.run.ask(ctx, "the model", *m.spec.Next, codec.Fields{"events", &events, "done", &done}, answer); err != nil {
				yield(runner.RawEvent{}, err)
				return
			}
			for _, event := range events {
				if event[0] != '{' {
					yield(runner.RawEvent{}, &runner.ModelBehaviorError{Message: "the model yielded what is no event of the Responses API"})
					return
				}
				eventType, _ := codec.TextField(event, "type")
				if !yield(runner.RawEvent{Type: string(eventType), Data: event}, nil) {
					return
				}
			}
		}
	}
}
