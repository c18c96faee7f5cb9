package runner

import "context"

// SpanKind says what a span of a trace is about.
type SpanKind string

// The kinds of spans.
const (
	SpanRun       SpanKind = "run"
	SpanAgent     SpanKind = "agent"
	SpanModel     SpanKind = "model"
	SpanTool      SpanKind = "tool"
	SpanHandoff   SpanKind = "handoff"
	SpanGuardrail SpanKind = "guardrail"
)

// Tracer is told of the spans of runs ([WithTracer]). It gets names and no
// contents: neither messages nor arguments nor outputs. It may be called
// concurrently.
type Tracer interface {
	// StartSpan begins a span within ctx's. The context it returns is that of
	// the span's own children; end is called once, with the error that ended
	// the span or nil.
	StartSpan(ctx context.Context, kind SpanKind, name string) (child context.Context, end func(err error))
}

// span begins a span; without a tracer it does nothing.
func (l *runLoop) span(ctx context.Context, kind SpanKind, name string) (context.Context, func(error)) {
	if l.cfg.tracer == nil {
		return ctx, func(error) {}
	}
	return l.cfg.tracer.StartSpan(ctx, kind, name)
}

// inSpan does something that may panic, in a span that may too: either panic is
// its error.
func (l *runLoop) inSpan(ctx context.Context, kind SpanKind, name string, do func(ctx context.Context) error) (err error) {
	defer recovered(&err)
	ctx, end := l.span(ctx, kind, name)
	err = safely(func() error { return do(ctx) })
	end(err)
	return err
}
