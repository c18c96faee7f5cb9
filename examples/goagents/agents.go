//go:build js

package main

import (
	"context"
	"strings"

	"runstream/jsbridge"
	"runstream/runner"
	"runstream/runner/functiontool"
)

// city is what the model fills in: functiontool reads the schema off it.
type city struct {
	City string `json:"city" jsonschema:"the city's name"`
}

type report struct {
	City        string  `json:"city"`
	Sky         string  `json:"sky"`
	Temperature float64 `json:"temperature_c"`
}

// newTriage makes the agent that conversations begin with. It hands questions
// about the weather on, and whatever the page adds to it.
func newTriage() (*runner.Agent, error) {
	weather, err := functiontool.New("get_weather", "Measures the weather of a city, now.", measure)
	if err != nil {
		return nil, err
	}
	// The model is one of the server that the page configures.
	model := jsbridge.ServerModel("gpt-5")
	forecaster := &runner.Agent{
		Name:               "Forecaster",
		HandoffDescription: "Knows the weather of every city.",
		Instructions:       "You tell the weather. Be brief, in plain text.",
		Model:              model,
		Tools:              []runner.Tool{weather},
	}
	return &runner.Agent{
		Name:         "Triage",
		Instructions: "You welcome the user. Hand questions to the specialist; answer the rest yourself, briefly, in plain text.",
		Model:        model,
		Handoffs:     []runner.HandoffTarget{forecaster},
	}, nil
}

// measure pretends: a city's weather follows from its name.
func measure(_ context.Context, in city) (report, error) {
	skies := []string{"bright sun", "light rain", "low clouds", "fog"}
	n := len(strings.TrimSpace(in.City))
	return report{City: in.City, Sky: skies[n%len(skies)], Temperature: float64(5 + 2*n)}, nil
}
