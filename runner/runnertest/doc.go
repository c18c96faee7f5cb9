// Package runnertest tests agents without a model: a script says what the model
// answers, and it streams as a Responses API server would.
//
//	model := runnertest.NewScriptedModel(
//		runnertest.Reply(runnertest.ToolCall("get_weather", "call_1", `{"city":"Oslo"}`)),
//		runnertest.Reply(runnertest.Message("It rains in Oslo.")),
//	)
//
// The package modelserver beneath it serves the same script over HTTP, for tests
// of pages and of programs in other languages.
package runnertest
