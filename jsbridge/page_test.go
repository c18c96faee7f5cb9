package jsbridge

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/responses"
	"runstream/runner/runnertest"
)

// testPage is a page without JavaScript: it keeps what the engine posts and
// answers its calls.
type testPage struct {
	t      *testing.T
	engine *engine
	stop   func() // ends the engine
	// functions answer calls, by number. One that returns false leaves the
	// call without a reply.
	functions map[int]func(args []json.RawMessage) (reply any, answers bool)

	mu       sync.Mutex
	messages []fromEngine
	posted   *sync.Cond
}

// newTestPage makes a page and its engine. The model answers with the turns.
func newTestPage(t *testing.T, turns ...runnertest.Turn) (*testPage, *testServer) {
	p := &testPage{t: t, functions: map[int]func([]json.RawMessage) (any, bool){}}
	p.functions[turnFunction] = func([]json.RawMessage) (any, bool) { return nil, true }
	p.posted = sync.NewCond(&p.mu)
	server := &testServer{turns: turns}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	own, err := newRegistry(nil)
	require.NoError(t, err)
	p.engine = &engine{ctx: ctx, own: own, post: p.post, transport: server.transport}
	t.Cleanup(func() { stop(); p.engine.wait() })
	return p, server
}

func (p *testPage) post(m fromEngine) {
	p.mu.Lock()
	if events, ok := m.(eventsMessage); ok {
		events.Batch = bytes.Clone(events.Batch)
		m = events
	}
	p.messages = append(p.messages, m)
	p.mu.Unlock()
	p.posted.Broadcast()
	call, ok := m.(callMessage)
	if !ok {
		return
	}
	var args []json.RawMessage
	require.NoError(p.t, json.Unmarshal([]byte(call.Args), &args))
	answer := p.functions[call.Fn]
	require.NotNil(p.t, answer, "there is no function %d", call.Fn)
	go func() {
		value, answers := answer(args)
		if !answers {
			return
		}
		if thrown, ok := value.(*errorData); ok {
			p.engine.handle(replyMessage{Call: call.Call, Error: thrown})
			return
		}
		text, _ := json.Marshal(value)
		p.engine.handle(replyMessage{Call: call.Call, Value: string(text)})
	}()
}

// run starts a run; spec is JSON.
func (p *testPage) run(number int, spec string) {
	p.engine.handle(runMessage{Run: number, Spec: spec})
}

// seen waits until a message fits and gives it.
func seen[M fromEngine](p *testPage, fits func(M) bool) M {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for _, message := range p.messages {
			if m, ok := message.(M); ok && fits(m) {
				return m
			}
		}
		p.posted.Wait()
	}
}

func (p *testPage) end(run int) endRunMessage {
	return seen(p, func(m endRunMessage) bool { return m.Run == run })
}

func (p *testPage) snapshot(run int) testSnapshot {
	p.t.Helper()
	end := p.end(run)
	require.Nil(p.t, end.Error)
	now := readSnapshot(p.t, end.Snapshot)
	var texts []string
	for _, message := range p.log() {
		if m, ok := message.(snapshotMessage); ok && m.Run == run {
			texts = append(texts, readSnapshot(p.t, m.Snapshot).texts...)
		}
	}
	now.texts = append(texts, now.texts...)
	return now
}

func (p *testPage) log() []fromEngine {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]fromEngine(nil), p.messages...)
}

// events gives all events of a run so far.
func (p *testPage) events(run int) []testEvent {
	var all []testEvent
	for _, message := range p.log() {
		if m, ok := message.(eventsMessage); ok && m.Run == run {
			all = append(all, readBatch(p.t, m.Batch)...)
		}
	}
	return all
}

func readBatch(t *testing.T, batch []byte) []testEvent {
	t.Helper()
	var all []json.RawMessage
	var others []int
	var series [][]json.RawMessage
	require.NoError(t, json.Unmarshal(batch, &all))
	require.NoError(t, json.Unmarshal(all[len(all)-2], &others))
	require.NoError(t, json.Unmarshal(all[len(all)-1], &series))
	all = all[:len(all)-2]
	for _, one := range series {
		expandSeries(t, all, one)
	}
	var events []testEvent
	for i, text := range all {
		event := testEvent{Type: "raw_response_event", Data: text}
		if slices.Contains(others, i) {
			event = testEvent{}
			require.NoError(t, json.Unmarshal(text, &event))
		}
		events = append(events, event)
	}
	return events
}

// expandSeries makes events of the values that a series has of them.
func expandSeries(t *testing.T, batch, series []json.RawMessage) {
	t.Helper()
	var start, end int
	require.NoError(t, json.Unmarshal(series[0], &start))
	require.NoError(t, json.Unmarshal(series[1], &end))
	for i := start; i < end; i++ {
		var event map[string]json.RawMessage
		var values []json.RawMessage
		require.NoError(t, json.Unmarshal(series[2], &event))
		require.NoError(t, json.Unmarshal(batch[i], &values))
		require.Len(t, values, len(series)-3)
		for n, quoted := range series[3:] {
			var name string
			require.NoError(t, json.Unmarshal(quoted, &name))
			require.Contains(t, event, name)
			event[name] = values[n]
		}
		batch[i], _ = json.Marshal(event)
	}
}

type testEvent struct {
	Type       string          `json:"type"`
	Identities []string        `json:"identities"`
	Data       json.RawMessage `json:"data"`
	Name       string          `json:"name"`
	Item       json.RawMessage `json:"item"`
	NewAgent   json.RawMessage `json:"new_agent"`
}

// kinds names events by what tells them apart; raw ones are left out.
func kinds(events []testEvent) []string {
	var kinds []string
	for _, event := range events {
		switch event.Type {
		case "raw_response_event":
		case "run_item_stream_event":
			kinds = append(kinds, event.Name)
		default:
			kinds = append(kinds, event.Type)
		}
	}
	return kinds
}

// testSnapshot is a snapshot as the page reads it.
type testSnapshot struct {
	State         testState            `json:"state"`
	texts         []string             // new ones, or all of the run
	Interruptions []runner.WaitingCall `json:"interruptions"`
	CurrentTurn   int                  `json:"currentTurn"`
	MaxTurns      *int                 `json:"maxTurns"`
	LastAgent     json.RawMessage      `json:"lastAgent"`
	LastResponse  *string              `json:"lastResponseId"`
	FinalOutput   any                  `json:"finalOutput"`
	InputList     []int                `json:"inputList"`
	Usage         testUsage            `json:"usage"`
}

type testUsage struct {
	Requests     int `json:"requests"`
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

func readSnapshot(t *testing.T, text []byte) testSnapshot {
	t.Helper()
	records := strings.Split(string(text), "\x1e")
	s := testSnapshot{texts: records[1:]}
	require.NoError(t, json.Unmarshal([]byte(records[0]), &s))
	return s
}

// document joins the state's pieces, as the page does.
func (s testSnapshot) document() string {
	var text bytes.Buffer
	slots := s.State.Slots
	for _, piece := range s.State.Pieces {
		switch piece := piece.(type) {
		case string:
			text.WriteString(piece)
		case nil:
			text.Write(slots[0][1 : len(slots[0])-1])
			slots = slots[1:]
		case []any:
			for i, number := range piece {
				text.WriteString(strings.Repeat(",", min(i, 1)) + s.texts[int(number.(float64))])
			}
		}
	}
	return text.String()
}

type testState struct {
	Pieces []any             `json:"pieces"`
	Slots  []json.RawMessage `json:"slots"`
}

// testServer is a model server that speaks its script.
type testServer struct {
	mu       sync.Mutex
	turns    []runnertest.Turn
	bodies   []string
	tokens   []string
	provider providerSpec
	post     func() error // before a turn is taken
}

func (s *testServer) transport(provider providerSpec, token tokenFunc) responses.Transport {
	s.provider = provider
	return &testTransport{s, token}
}

type testTransport struct {
	server *testServer
	token  tokenFunc
}

func (t *testTransport) Post(ctx context.Context, _ string, body []byte) (io.ReadCloser, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s := t.server
	if t.token != nil {
		token, err := t.token(ctx)
		if err != nil {
			return nil, err
		}
		s.tokens = append(s.tokens, token)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, string(body))
	if s.post != nil {
		if err := s.post(); err != nil {
			return nil, err
		}
	}
	if len(s.turns) == 0 {
		return nil, &runner.APIError{Status: 400, Message: "the script is over"}
	}
	turn := s.turns[0]
	s.turns = s.turns[1:]
	var text bytes.Buffer
	for _, event := range turn.Events(runnertest.Response{ID: "resp_" + string(rune('0'+len(s.bodies)))}) {
		text.WriteString("data: " + string(event.Data) + "\n\n")
	}
	return &testStream{ctx: ctx, text: &text, hang: turn.Hang}, nil
}

func (s *testServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.bodies...)
}

type testStream struct {
	ctx  context.Context
	text *bytes.Buffer
	hang bool
}

func (s *testStream) Read(p []byte) (int, error) {
	if s.text.Len() == 0 && s.hang {
		<-s.ctx.Done()
		return 0, context.Cause(s.ctx)
	}
	return s.text.Read(p)
}

func (s *testStream) Close() error { return nil }

const (
	testProvider = `"provider":{"baseURL":"https://models.example/v1"}`
	plainAgent   = `{"agents":[{"name":"Joker"}],"input":{"text":"Hi"},` + testProvider + `}`
)
