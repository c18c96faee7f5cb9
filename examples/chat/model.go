package main

import (
	"net"
	"net/http"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"runstream/internal/assistant"
	"runstream/runner"
	"runstream/runner/openaimodel"
	"runstream/runner/runnertest/modelserver"
)

// openModel gives the model that answers, and a sentence that says which.
func openModel(s settings) (model runner.Model, greeting string, closeModel func(), err error) {
	if s.scripted() {
		return openScript()
	}
	options := []option.RequestOption{option.WithAPIKey(s.key)}
	if s.key == "" {
		options = []option.RequestOption{option.WithAPIKey("none")} // local servers ask for none
	}
	if s.baseURL != "" {
		options = append(options, option.WithBaseURL(s.baseURL))
	}
	client := openai.NewClient(options...)
	model = openaimodel.Responses(client, s.model)
	if s.chat {
		model = openaimodel.Chat(client, s.model)
	}
	return model, "The model " + s.model + " answers.", func() {}, nil
}

// openScript serves the scripted assistant on this machine, so that it is asked
// in the way a real model is.
func openScript() (model runner.Model, greeting string, closeModel func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	handler := &modelserver.Handler{Script: assistant.Answer, Name: assistant.Name, Pace: assistant.Pace}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // always the error that it was closed
	}()
	closeModel = func() {
		_ = server.Close()
		<-served
	}
	client := openai.NewClient(option.WithBaseURL("http://"+listener.Addr().String()), option.WithAPIKey("none"))
	greeting = "A script answers, because OPENAI_API_KEY is not set. " +
		"Ask for the weather in Oslo and Lima, have it delete the logs, or have it tell you a story."
	return openaimodel.Responses(client, "script"), greeting, closeModel, nil
}
