// Package runner runs LLM agents: it streams a model's answer, runs the tools
// it calls, hands the conversation to other agents, stops where a call needs
// approval, and goes on from there, in this process or in another one.
//
// Its words, its event order and its state document are those of the OpenAI
// Agents SDK for Python; a paused run can be resumed by either.
//
//	agent := &runner.Agent{Name: "Joker", Instructions: "Be funny.", Model: model}
//	result := runner.RunStreamed(ctx, agent, runner.Text("Tell me a joke."))
//	for event, err := range result.Events() {
//		…
//	}
//
// A run that stops for an approval is resumed by giving its [State] to
// [RunStreamed]; a [Session] carries a conversation from run to run.
//
// The package is pure Go and touches neither network nor JavaScript: a [Model]
// brings the events. The package openaimodel has the models for servers,
// functiontool makes tools of typed functions, filesession keeps conversations
// in files, and runnertest scripts a model for tests. docs/go.md is the guide.
package runner
