package chatcompletions

import "runstream/internal/codec"

// tokenLogprob is how likely a token was, as chunks say it.
type tokenLogprob struct {
	Token       string
	Logprob     float64
	Bytes       []int
	TopLogprobs []tokenLogprob
}

func (t *tokenLogprob) fields() codec.Fields {
	return codec.Fields{
		"token", &t.Token,
		"logprob", &t.Logprob,
		"bytes", &t.Bytes,
		"top_logprobs", codec.List(&t.TopLogprobs, (*tokenLogprob).fields),
	}
}

// deltaLogprob is the same in a text delta.
type deltaLogprob struct {
	Token       string
	Logprob     float64
	TopLogprobs []deltaLogprob
}

func (d *deltaLogprob) fields() codec.Fields {
	return codec.Fields{
		"token", &d.Token,
		"logprob", &d.Logprob,
		"top_logprobs,omitempty", codec.List(&d.TopLogprobs, (*deltaLogprob).fields),
	}
}

// outputLogprob is the same in the whole text.
type outputLogprob struct {
	Token       string
	Logprob     float64
	Bytes       []int
	TopLogprobs []topLogprob
}

func (o *outputLogprob) fields() codec.Fields {
	return codec.Fields{
		"token", &o.Token,
		"logprob", &o.Logprob,
		"bytes", &o.Bytes,
		"top_logprobs", codec.List(&o.TopLogprobs, (*topLogprob).fields),
	}
}

type topLogprob struct {
	Token   string
	Logprob float64
	Bytes   []int
}

func (t *topLogprob) fields() codec.Fields {
	return codec.Fields{
		"token", &t.Token,
		"logprob", &t.Logprob,
		"bytes", &t.Bytes,
	}
}

func (t *tokenLogprob) forDelta() deltaLogprob {
	shown := deltaLogprob{Token: t.Token, Logprob: t.Logprob}
	for _, top := range t.TopLogprobs {
		shown.TopLogprobs = append(shown.TopLogprobs, deltaLogprob{Token: top.Token, Logprob: top.Logprob})
	}
	return shown
}

func (t *tokenLogprob) forOutput() outputLogprob {
	shown := outputLogprob{t.Token, t.Logprob, t.bytes(), []topLogprob{}}
	for _, top := range t.TopLogprobs {
		shown.TopLogprobs = append(shown.TopLogprobs, topLogprob{top.Token, top.Logprob, top.bytes()})
	}
	return shown
}

func (t *tokenLogprob) bytes() []int {
	if t.Bytes == nil {
		return []int{}
	}
	return t.Bytes
}
