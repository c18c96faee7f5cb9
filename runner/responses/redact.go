package responses

import (
	"runstream/internal/codec"
	"runstream/runner"
)

// Secretive is a stream of [Transport.Post] that knows what its request must not
// have repeated. Redact replaces it in a text: some servers repeat a request's key.
type Secretive interface{ Redact(text string) string }

// Redact keeps the request's secrets out of an error that repeats what the server
// said; nil stays nil.
func (e *Exchange) Redact(err error) error {
	if failed, ok := err.(*runner.APIError); ok {
		failed.Message, failed.Code = e.redact(failed.Message), e.redact(failed.Code)
	} else if failed, ok := err.(*runner.ModelBehaviorError); ok {
		failed.Message = e.redact(failed.Message)
	}
	return err
}

func (e *Exchange) redact(text string) string {
	if secretive, ok := e.stream.(Secretive); ok {
		return secretive.Redact(text)
	}
	return text
}

// withoutSecrets redacts the texts of a JSON value, however they are written. What
// has none stays as it is.
func withoutSecrets(data []byte, redact func(string) string) []byte {
	value, err := codec.ReadExact(data)
	found := false
	var clean func(name string, value any) any
	clean = func(name string, value any) any {
		switch value := value.(type) {
		case string:
			if name == "type" {
				return value
			}
			text := redact(value)
			found = found || text != value
			return text
		case []any:
			for i := range value {
				value[i] = clean(name, value[i])
			}
		case map[string]any:
			for key := range value {
				value[key] = clean(key, value[key])
			}
		}
		return value
	}
	if value = clean("", value); err != nil || !found {
		return data
	}
	if data, err = codec.Write(value); err != nil {
		return nil // it was read a moment ago, and can be written
	}
	return data
}
