// Package modelserver is a scripted model behind HTTP: an [http.Handler] that
// speaks the streaming part of the Responses API.
//
//	script := modelserver.InOrder(
//		runnertest.Reply(runnertest.ToolCall("get_weather", "call_1", `{"city":"Oslo"}`)),
//		runnertest.Reply(runnertest.Message("It rains in Oslo.")),
//	)
//	server := httptest.NewServer(&modelserver.Handler{Script: script})
//
// The client's base URL is then server.URL.
package modelserver
