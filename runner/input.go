package runner

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"runstream/internal/codec"
)

// Input is what a run starts from: [Text], [Items], or a [*State] to resume.
type Input interface{ input() }

// Text is a user's message.
type Text string

// Items are input items of the Responses API, each a JSON object. They are kept,
// and must not be changed.
type Items []json.RawMessage

func (Text) input()   {}
func (Items) input()  {}
func (*State) input() {}

// UserMessage makes the input item of a user's message.
func UserMessage(text string) json.RawMessage {
	return mustMarshal(codec.Fields{"content", text, "role", "user"})
}

// checkItems refuses what is no JSON object.
func checkItems(items []json.RawMessage) error {
	for i, item := range items {
		if !utf8.Valid(item) {
			return &UserError{Message: "input item " + strconv.Itoa(i) + " is not valid UTF-8, which no state could hold"}
		}
		if depth(item) > mostNested {
			return &UserError{Message: "input item " + strconv.Itoa(i) + " " + nestedTooDeep() + ", which no state could hold"}
		}
		if !isObject(item) {
			return &UserError{Message: "input item " + strconv.Itoa(i) + " is not a JSON object; write it as the Responses API's input items, such as {\"role\":\"user\",\"content\":\"…\"}"}
		}
	}
	return nil
}

// conversationInput is a run's original input: text or items, as it was given.
type conversationInput struct {
	text    string
	items   []json.RawMessage // of a text: none
	message []json.RawMessage // of a text: that as an item
	isItems bool
}

func textInput(text string) conversationInput {
	return conversationInput{text: text, message: []json.RawMessage{UserMessage(text)}}
}

// withoutOrphans drops calls that nothing answers, which a resumed run would send
// again.
func (in conversationInput) withoutOrphans() conversationInput {
	if in.isItems {
		in.items = pruned(in.items, anyItem, false)
	}
	return in
}

// asItems gives the input as a list of items.
func (in conversationInput) asItems() []json.RawMessage {
	if in.isItems {
		return in.items
	}
	return in.message
}
