package main

import (
	"context"

	"runstream/runner"
	"runstream/runner/functiontool"
)

type place struct {
	City string `json:"city"`
}

type filePath struct {
	Path string `json:"path"`
}

// newTriage makes the agent that every message begins with.
func newTriage(model runner.Model, files *workspace) (*runner.Agent, error) {
	getWeather, err := functiontool.New("get_weather", "Measures the weather of a city, now.",
		func(_ context.Context, in place) (weather, error) { return measure(in.City) })
	if err != nil {
		return nil, err
	}
	listFiles, err := functiontool.New("list_files", "Lists the files of the workspace.",
		func(context.Context, struct{}) ([]string, error) { return files.list(), nil })
	if err != nil {
		return nil, err
	}
	deleteFile, err := functiontool.New("delete_file", "Deletes one file of the workspace, for good.",
		func(_ context.Context, in filePath) (deletion, error) { return files.delete(in.Path) })
	if err != nil {
		return nil, err
	}
	deleteFile.NeedsApproval = runner.Always

	forecaster := &runner.Agent{
		Name:               "Forecaster",
		HandoffDescription: "Knows the weather of every city.",
		Instructions:       "You tell the weather. Ask the tool for every city that is named, all at once. Be brief, in plain text.",
		Model:              model,
		Tools:              []runner.Tool{getWeather},
	}
	janitor := &runner.Agent{
		Name:               "Janitor",
		HandoffDescription: "Looks after the files of the workspace: lists and deletes files.",
		Instructions: "You look after the files of the workspace. Before you delete, look which files there are. " +
			"The user is asked for every single deletion: do not ask yourself, and accept a no. Be brief, in plain text.",
		Model: model,
		Tools: []runner.Tool{listFiles, deleteFile},
	}
	return &runner.Agent{
		Name: "Triage",
		Instructions: "You welcome the user. Hand questions about the weather and everything about files to the specialist; " +
			"answer the rest yourself, briefly, in plain text.",
		Model:    model,
		Handoffs: []runner.HandoffTarget{forecaster, janitor},
	}, nil
}
