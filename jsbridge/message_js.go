package jsbridge

import (
	"strconv"
	"syscall/js"
)

// readMessage copies a message of the page. It is nil for a message of a kind
// that this version does not know, and for what is none.
func readMessage(v js.Value) toEngine {
	switch textOf(v, "type") {
	case "run":
		return runMessage{Run: numberOf(v, "run"), Spec: textOf(v, "spec"), SessionID: textOf(v, "sessionId")}
	case "cancel":
		return cancelMessage{Run: numberOf(v, "run"), Mode: textOf(v, "mode"), Calls: numbersOf(v, "calls")}
	case "reply":
		return replyMessage{Call: numberOf(v, "call"), Value: textOf(v, "value"), Error: errorField(v, "error", maxCauses)}
	case "release":
		return releaseMessage{Run: numberOf(v, "run")}
	}
	return nil
}

// errorField copies an error that crosses; nil where there is none.
func errorField(v js.Value, key string, causes int) *errorData {
	e := field(v, key)
	if e.Type() != js.TypeObject {
		return nil
	}
	data := &errorData{Name: textOf(e, "name"), Message: textOf(e, "message"), Code: textOf(e, "code"), Status: numberOf(e, "status"), Thrown: numberOf(e, "thrown")}
	if causes > 0 {
		data.Cause = errorField(e, "cause", causes-1)
	}
	return data
}

// field reads a property; undefined of what has none.
func field(v js.Value, key string) js.Value {
	if v.Type() != js.TypeObject {
		return js.Undefined()
	}
	return v.Get(key)
}

// textOf reads a string, empty where it is none.
func textOf(v js.Value, key string) string {
	if text := field(v, key); text.Type() == js.TypeString {
		return text.String()
	}
	return ""
}

// numberOf reads a whole number, 0 where it is none.
func numberOf(v js.Value, key string) int {
	if number := field(v, key); number.Type() == js.TypeNumber {
		return number.Int()
	}
	return 0
}

// numbersOf reads a list of whole numbers, nil where it is none.
func numbersOf(v js.Value, key string) []int {
	list := field(v, key)
	if list.Type() != js.TypeObject {
		return nil
	}
	numbers := make([]int, max(numberOf(list, "length"), 0))
	for i := range numbers {
		numbers[i] = numberOf(list, strconv.Itoa(i))
	}
	return numbers
}
