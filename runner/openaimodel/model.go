// Package openaimodel brings OpenAI's models, and those of compatible servers,
// to servers: it sits on the openai-go client that the application configures.
//
//	client := openai.NewClient()
//	agent := &runner.Agent{Name: "Joker", Model: openaimodel.Responses(client, "gpt-5")}
//
// Retries, time limits, middleware, Azure and the like are the client's.
package openaimodel

import (
	"github.com/openai/openai-go/v3"
	wire "github.com/openai/openai-go/v3/responses"

	"runstream/runner"
	"runstream/runner/responses"
)

// Responses gives a model of the Responses API. It is safe for concurrent use.
func Responses(client openai.Client, model string) runner.Model {
	return &responses.Model{Name: model, Transport: transport{client}}
}

// Decode reads a raw event as openai-go's typed union. It takes many times as
// long as all that the run does with an event: decode those that you use.
func Decode(event runner.RawEvent) (wire.ResponseStreamEventUnion, error) {
	var union wire.ResponseStreamEventUnion
	if err := union.UnmarshalJSON(event.Data); err != nil {
		return union, &runner.ModelBehaviorError{Message: "an event of type " + event.Type + " cannot be decoded: " + err.Error(), Err: err}
	}
	return union, nil
}
