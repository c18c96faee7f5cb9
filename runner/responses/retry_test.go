package responses_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/responses"
)

func TestWhatIsTriedAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		failure error
		again   bool
	}{
		"no connection":         {&runner.APIError{Message: "connection refused"}, true},
		"408 request timeout":   {&runner.APIError{Status: 408}, true},
		"409 conflict":          {&runner.APIError{Status: 409}, true},
		"429 too many requests": {&runner.APIError{Status: 429}, true},
		"500":                   {&runner.APIError{Status: 500}, true},
		"503":                   {&runner.APIError{Status: 503}, true},
		"529":                   {&runner.APIError{Status: 529}, true},
		"400 bad request":       {&runner.APIError{Status: 400}, false},
		"401 unauthorized":      {&runner.APIError{Status: 401}, false},
		"403 forbidden":         {&runner.APIError{Status: 403}, false},
		"404 not found":         {&runner.APIError{Status: 404}, false},
		"422":                   {&runner.APIError{Status: 422}, false},
		"a page in its place":   {&runner.ModelBehaviorError{Message: "text/html"}, false},
		"an error of no name":   {errors.New("no token"), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &flakyServer{failures: []error{tc.failure}}
				stream, err := responses.Retrying(server, 1).Post(t.Context(), "/responses", []byte("body"))
				if !tc.again {
					assert.ErrorIs(t, err, tc.failure)
					assert.Len(t, server.at, 1)
					return
				}
				require.NoError(t, err)
				defer stream.Close()
				assert.Equal(t, []string{"/responses body", "/responses body"}, server.asked)
			})
		})
	}
}

func TestHowOftenIsLimited(t *testing.T) {
	for name, tc := range map[string]struct{ retries, asked int }{
		"by default twice more": {responses.DefaultRetries, 3},
		"never":                 {0, 1},
		"never, said strangely": {-1, 1},
		"often":                 {7, 8},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &flakyServer{}
				for range 20 {
					server.failures = append(server.failures, &runner.APIError{Status: 500, Message: "down"})
				}
				_, err := responses.Retrying(server, tc.retries).Post(t.Context(), "/responses", nil)
				assert.EqualError(t, err, "the model server answered 500: down")
				assert.Len(t, server.at, tc.asked)
			})
		})
	}
}

func TestTheWaitDoublesUpToEightSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &flakyServer{}
		longest := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second, 8 * time.Second}
		for range longest {
			server.failures = append(server.failures, &runner.APIError{Status: 500})
		}
		_, err := responses.Retrying(server, len(longest)).Post(t.Context(), "/responses", nil)
		require.NoError(t, err)
		for i, longest := range longest {
			waited := server.at[i+1].Sub(server.at[i])
			assert.LessOrEqual(t, waited, longest, "wait %d", i)
			assert.GreaterOrEqual(t, waited, longest*3/4, "wait %d", i)
		}
	})
}

func TestTheServerSaysHowLong(t *testing.T) {
	for name, tc := range map[string]struct {
		header     map[string]string
		wait, upTo time.Duration
	}{
		"in milliseconds":         {map[string]string{"retry-after-ms": "1500"}, 1500 * time.Millisecond, 0},
		"in parts of them":        {map[string]string{"retry-after-ms": "0.5"}, 500 * time.Microsecond, 0},
		"in seconds":              {map[string]string{"retry-after": "7"}, 7 * time.Second, 0},
		"in parts of seconds":     {map[string]string{"retry-after": "0.25"}, 250 * time.Millisecond, 0},
		"milliseconds go first":   {map[string]string{"retry-after-ms": "20", "retry-after": "7"}, 20 * time.Millisecond, 0},
		"as a date":               {map[string]string{"retry-after": "Sat, 01 Jan 2000 00:00:09 GMT"}, 9 * time.Second, 0},
		"a minute is granted":     {map[string]string{"retry-after": "60"}, time.Minute, 0},
		"more is not":             {map[string]string{"retry-after": "61"}, 375 * time.Millisecond, 500 * time.Millisecond},
		"nor is eternity":         {map[string]string{"retry-after-ms": "Inf"}, 375 * time.Millisecond, 500 * time.Millisecond},
		"a date in the past":      {map[string]string{"retry-after": "Fri, 31 Dec 1999 23:00:00 GMT"}, 375 * time.Millisecond, 500 * time.Millisecond},
		"nothing":                 {map[string]string{"retry-after": "0", "retry-after-ms": "-5"}, 375 * time.Millisecond, 500 * time.Millisecond},
		"something else entirely": {map[string]string{"retry-after": "soon", "retry-after-ms": "NaN"}, 375 * time.Millisecond, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // its clock starts with the year 2000
				failure := responses.StatusError(429, nil, func(name string) string { return tc.header[name] })
				server := &flakyServer{failures: []error{failure}}
				_, err := responses.Retrying(server, 1).Post(t.Context(), "/responses", nil)
				require.NoError(t, err)
				waited := server.at[1].Sub(server.at[0])
				assert.GreaterOrEqual(t, waited, tc.wait)
				assert.LessOrEqual(t, waited, max(tc.wait, tc.upTo))
			})
		})
	}
}

func TestTheContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &flakyServer{failures: []error{&runner.APIError{Status: 429, RetryAfter: 30 * time.Second}}}
		stopped := errors.New("stopped by the reader")
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(10*time.Second, func() { stop(stopped) })
		started := time.Now()
		_, err := responses.Retrying(server, 5).Post(ctx, "/responses", nil)
		assert.ErrorIs(t, err, stopped)
		assert.Equal(t, 10*time.Second, time.Since(started))
		assert.Len(t, server.at, 1)
	})
}

func TestNothingIsTriedAgainAfterTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := errors.New("stopped by the reader")
		ctx, stop := context.WithCancelCause(t.Context())
		server := &flakyServer{failures: []error{&runner.APIError{Message: "the connection was closed"}}, meanwhile: func() { stop(stopped) }}
		_, err := responses.Retrying(server, 5).Post(ctx, "/responses", nil)
		assert.ErrorIs(t, err, stopped)
		assert.Len(t, server.at, 1)
	})
}

func TestAStreamThatBeganIsNotAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("connection reset")
		server := &flakyServer{answer: "data: {\"type\":\"response.created\"}\n\n", broken: broken}
		model := &responses.Model{Name: "gpt-5", Transport: responses.Retrying(server, 5)}
		events, err := collect(t.Context(), model, &runner.ModelRequest{})
		assert.Len(t, events, 1)
		assert.ErrorIs(t, err, broken)
		assert.Len(t, server.at, 1)
	})
}

// flakyServer fails as often as it has failures, then it answers.
type flakyServer struct {
	failures  []error
	meanwhile func() // called before every failure
	answer    string
	broken    error // what the answer ends with
	at        []time.Time
	asked     []string
}

func (s *flakyServer) Post(_ context.Context, path string, body []byte) (io.ReadCloser, error) {
	s.at, s.asked = append(s.at, time.Now()), append(s.asked, path+" "+string(body))
	if len(s.failures) > 0 {
		failure := s.failures[0]
		s.failures = s.failures[1:]
		if s.meanwhile != nil {
			s.meanwhile()
		}
		return nil, failure
	}
	return newBody(s.answer, s.broken), nil
}
