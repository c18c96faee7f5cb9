package responses

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"runstream/internal/codec"
	"runstream/runner"
)

// StatusError makes the error of an answer with an error status from what the
// server says in body. header gives a header's value, empty for none.
func StatusError(status int, body []byte, header func(name string) string) *runner.APIError {
	message, code, _ := serverError(body)
	return &runner.APIError{Status: status, Message: message, Code: code, RetryAfter: retryAfter(header)}
}

// serverError reads the error of an answer or event: an object, or a text as
// some servers send. It says whether there is one.
func serverError(body []byte) (message, code string, ok bool) {
	const silent = "it gave no reason"
	var failure, messageRaw json.RawMessage
	if codec.Read(body, codec.Fields{"error", &failure}) != nil || codec.IsNull(failure) {
		return silent, "", false
	}
	if codec.Read(failure, &message) != nil {
		_ = codec.Read(failure, codec.Fields{"message", &messageRaw, "code", (*codec.RoughText)(&code)}) // fields of other types stay empty
		_ = codec.Read(messageRaw, &message)
	}
	if message == "" {
		message = silent
	}
	return message, code, true
}

// retryAfter reads how long the server asks to wait.
func retryAfter(header func(string) string) time.Duration {
	if ms, err := strconv.ParseFloat(header("retry-after-ms"), 64); err == nil && ms > 0 {
		return time.Duration(min(ms, 1e9) * float64(time.Millisecond))
	}
	value := header("retry-after")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1e6) * float64(time.Second))
	}
	if at, ok := httpDate(value); ok {
		return max(0, time.Until(at))
	}
	return 0
}

// httpDate reads the one form of dates that HTTP has. time.Parse would make the
// engine 62 kB larger (13 kB compressed).
func httpDate(text string) (at time.Time, ok bool) {
	const form = "Wed, 21 Oct 2015 07:28:00 GMT"
	if len(text) != len(form) || text[3:5] != ", " || text[len(text)-4:] != " GMT" || text[19] != ':' || text[22] != ':' {
		return at, false
	}
	month := strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", text[8:11])
	var parts [5]int
	for i, digits := range []string{text[5:7], text[12:16], text[17:19], text[20:22], text[23:25]} {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 {
			return at, false
		}
		parts[i] = n
	}
	if month < 0 || month%3 != 0 {
		return at, false
	}
	day, year, hour, minute, second := parts[0], parts[1], parts[2], parts[3], parts[4]
	return time.Date(year, time.Month(month/3+1), day, hour, minute, second, 0, time.UTC), true
}
