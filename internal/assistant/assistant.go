// Package assistant is the scripted model of the demo: it reads what was typed
// and what the tools answered, and says what a helpful model might. The same
// request always gets the same answer.
//
// It knows no agent by name. What it does follows from the tools that a request
// offers: get_weather, list_files, delete_file, and handoffs (transfer_to_…)
// whose description speaks of the weather or of files.
package assistant

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"runstream/runner/runnertest"
	"runstream/runner/runnertest/modelserver"
)

// Answer is the assistant's script.
func Answer(request modelserver.Request) runnertest.Turn {
	c := readConversation(request)
	topic := topicOf(c.question)
	switch {
	case topic == weather && request.Offers("get_weather"):
		return c.forecast()
	case topic == deletion && request.Offers("delete_file"):
		return c.deleteFiles()
	case topic == listing && request.Offers("list_files"):
		return c.listFiles()
	case topic == story:
		return say(theStory)
	case topic == greeting:
		return say("Hello! " + whatToType)
	case topic == thanks:
		return say("You are welcome.")
	}
	if name, ok := specialist(request.Tools, topic); ok {
		return runnertest.Reply(
			runnertest.Reasoning(fmt.Sprintf("This is about %s, so a specialist should take over.", topic)),
			runnertest.ToolCall(name, c.callID(0), "{}"),
		)
	}
	return say("I am only a script, so I did not understand that. " + whatToType)
}

const whatToType = "You could ask for the weather in Oslo and Lima, ask which files there are, " +
	"have me delete the logs (I will ask you first), or have me tell you a story."

// Name gives a response an id that is made from the request: the same for the
// same request, another one as soon as the conversation has grown.
func Name(request modelserver.Request) runnertest.Response {
	return runnertest.Response{ID: "resp_" + digest(request), Model: request.Model, CreatedAt: time.Now().Unix()}
}

// Pace is how long the assistant waits before an event, so that a person can
// read along.
func Pace(eventType string) time.Duration {
	switch eventType {
	case "response.created":
		return 250 * time.Millisecond
	case "response.output_text.delta":
		return 35 * time.Millisecond
	case "response.reasoning_summary_text.delta", "response.function_call_arguments.delta":
		return 15 * time.Millisecond
	}
	return 0
}

func say(text string) runnertest.Turn {
	return runnertest.Reply(runnertest.Message(text))
}

func digest(request modelserver.Request) string {
	sum := sha256.Sum256(request.Body)
	return hex.EncodeToString(sum[:8])
}

// call is a tool call with arguments of the assistant's own making.
func (c *conversation) call(index int, name string, arguments any) runnertest.Output {
	text, err := json.Marshal(arguments)
	if err != nil {
		text = []byte("{}")
	}
	return runnertest.ToolCall(name, c.callID(index), string(text))
}

func (c *conversation) callID(index int) string {
	return fmt.Sprintf("call_%s_%d", digest(c.request), index)
}
