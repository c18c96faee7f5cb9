package runner

import (
	"encoding/json"

	"runstream/internal/codec"
)

// wireModelResponse is a model's answer as states write it.
type wireModelResponse struct {
	Usage      stateUsage
	Output     []json.RawMessage
	ResponseID *string
	RequestID  *string
}

func (w *wireModelResponse) fields() codec.Fields {
	return codec.Fields{
		"usage", w.Usage.fields(),
		"output", &w.Output,
		"response_id", &w.ResponseID,
		"request_id", &w.RequestID,
	}
}

func (s *State) writtenResponses() []json.RawMessage {
	responses := make([]json.RawMessage, len(s.responses))
	for i, response := range s.responses {
		responses[i] = s.graph.written.others.once(response, func() json.RawMessage {
			written := toWireModelResponse(response)
			return mustMarshal(written.fields())
		})
	}
	return responses
}

// usage writes what the run has used, the account of each request last.
func (w *documentWriter) usage(s *State) {
	total := s.usage.get()
	used := toWireUsage(total)
	requests := make([]json.RawMessage, len(used.PerRequest))
	for i, request := range total.PerRequest {
		requests[i] = s.graph.written.others.once(request, func() json.RawMessage { return mustMarshal(used.PerRequest[i].fields()) })
	}
	w.key("usage")
	w.open('{')
	for fields := used.totals(); len(fields) > 0; fields = fields[2:] {
		w.field(fields[0].(string), fields[1])
	}
	w.list("request_usage_entries", requests)
	w.close('}')
}

func toWireModelResponse(r *ModelResponse) wireModelResponse {
	return wireModelResponse{toWireUsage(r.Usage), nonNil(r.Output), textOrNull(r.ResponseID), textOrNull(r.RequestID)}
}

// stateUsage is usage as states write it: details are a list of one object.
type stateUsage struct {
	Requests      int
	InputTokens   int
	InputDetails  inputDetails
	OutputTokens  int
	OutputDetails outputDetails
	TotalTokens   int
	PerRequest    []stateRequestUsage
}

func (s *stateUsage) fields() codec.Fields {
	return append(s.totals(), "request_usage_entries", codec.List(&s.PerRequest, (*stateRequestUsage).fields))
}

func (s *stateUsage) totals() codec.Fields {
	return codec.Fields{
		"requests", &s.Requests,
		"input_tokens", &s.InputTokens,
		"input_tokens_details", oneOf{s.InputDetails.fields()},
		"output_tokens", &s.OutputTokens,
		"output_tokens_details", oneOf{s.OutputDetails.fields()},
		"total_tokens", &s.TotalTokens,
	}
}

type stateRequestUsage struct {
	InputTokens   int
	OutputTokens  int
	TotalTokens   int
	InputDetails  inputDetails
	OutputDetails outputDetails
}

func (s *stateRequestUsage) fields() codec.Fields {
	return codec.Fields{
		"input_tokens", &s.InputTokens,
		"output_tokens", &s.OutputTokens,
		"total_tokens", &s.TotalTokens,
		"input_tokens_details", s.InputDetails.fields(),
		"output_tokens_details", s.OutputDetails.fields(),
	}
}

type inputDetails struct {
	Cached            int
	CacheWrite        int
	CacheWriteDetails json.RawMessage
}

func (i *inputDetails) fields() codec.Fields {
	return codec.Fields{
		"cached_tokens", &i.Cached,
		"cache_write_tokens", &i.CacheWrite,
		"cache_write_tokens_details", &i.CacheWriteDetails,
	}
}

type outputDetails struct {
	Reasoning int
}

func (o *outputDetails) fields() codec.Fields {
	return codec.Fields{
		"reasoning_tokens", &o.Reasoning,
	}
}

// oneOf is written as a list of one and read from that or from the bare value.
type oneOf struct{ fields codec.Fields }

// WriteJSON implements [codec.Writable].
func (o oneOf) WriteJSON(w *codec.Writer) { w.Value([]any{o.fields}) }

// ReadJSON implements [codec.Reader].
func (o oneOf) ReadJSON(value []byte) error {
	if value[0] != '[' {
		return o.fields.ReadJSON(value)
	}
	var list []json.RawMessage
	if err := codec.Read(value, &list); err != nil || len(list) == 0 {
		return err
	}
	return o.fields.ReadJSON(list[0])
}

func toWireUsage(u Usage) stateUsage {
	written := stateUsage{
		Requests: u.Requests, InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, TotalTokens: u.TotalTokens,
		InputDetails:  inputDetails{Cached: u.CachedTokens, CacheWrite: u.CacheWriteTokens},
		OutputDetails: outputDetails{u.ReasoningTokens},
		PerRequest:    []stateRequestUsage{},
	}
	for _, r := range u.PerRequest {
		written.PerRequest = append(written.PerRequest, stateRequestUsage{
			r.InputTokens, r.OutputTokens, r.TotalTokens,
			inputDetails{Cached: r.CachedTokens, CacheWrite: r.CacheWriteTokens}, outputDetails{r.ReasoningTokens},
		})
	}
	return written
}

func (u stateUsage) usage() Usage {
	read := Usage{
		Requests: u.Requests, InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, TotalTokens: u.TotalTokens,
		CachedTokens: u.InputDetails.Cached, CacheWriteTokens: u.InputDetails.CacheWrite,
		ReasoningTokens: u.OutputDetails.Reasoning,
	}
	for _, r := range u.PerRequest {
		read.PerRequest = append(read.PerRequest, RequestUsage{
			r.InputTokens, r.OutputTokens, r.TotalTokens, r.InputDetails.Cached, r.InputDetails.CacheWrite, r.OutputDetails.Reasoning,
		})
	}
	return read
}
