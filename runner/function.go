package runner

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"runstream/internal/codec"
)

func (t *FunctionTool) kind() callKind { return functionCalls }

func (t *FunctionTool) reviewer() Reviewer { return nil }

// needsApproval implements localTool. Arguments that cannot be read need
// approval, so that somebody sees them.
func (t *FunctionTool) needsApproval(ctx context.Context, call *ToolCall) (bool, error) {
	if t.NeedsApproval == nil {
		return false, nil
	}
	if err := call.check(); err != nil {
		return true, err
	}
	return t.NeedsApproval(ctx, call)
}

// check refuses arguments that cannot be read: they are never run.
func (c *ToolCall) check() error {
	if c.Arguments == "" || isObject([]byte(c.Arguments)) {
		return nil
	}
	return &ModelBehaviorError{Message: "Invalid JSON input for tool " + c.Name}
}

// Decode reads the arguments into v. No arguments are an empty object.
func (c *ToolCall) Decode(v any) error {
	arguments := c.Arguments
	if arguments == "" {
		arguments = "{}"
	}
	return json.Unmarshal([]byte(arguments), v)
}

func (t *FunctionTool) rejected(c *localCall, text string) outcome { return functionOutcome(c, text) }

// functionOutcome answers a function call with a tool's value.
func functionOutcome(c *localCall, value any) outcome {
	return outcome{raw: functionOutput(c.call.ID, modelOutput(value)), value: value}
}

// run implements localTool: hooks, the function, guardrails on its output.
func (t *FunctionTool) run(ctx context.Context, l *runLoop, c *localCall) (o outcome, err error) {
	var outputs []ToolGuardrailResult
	defer func() { o.outputs = outputs }()
	if c.paused == nil {
		if c.guarded != nil {
			return functionOutcome(c, *c.guarded), nil
		}
		if err := l.onToolStart(ctx, c.call, t); err != nil {
			return o, err
		}
	}
	if t.agentTool == nil {
		c.begun() // an agent lets the next call begin when it asks its model
	}
	value, paused, err := t.invoke(ctx, l, c)
	if err != nil || paused != nil {
		return outcome{paused: paused}, err
	}
	var rejection *string
	var raised *ToolGuardrailResult
	if outputs, rejection, raised, err = toolGuards(ctx, t.OutputGuardrails, c.call, value); err != nil {
		return o, err
	}
	switch {
	case raised != nil:
		return o, &ToolOutputGuardrailTripwireTriggered{*raised}
	case rejection != nil:
		value = *rejection
	}
	o = functionOutcome(c, value)
	if err := checkOutput(t.Name, value); err != nil {
		return o, err
	}
	if t.CustomData != nil {
		err := safely(func() (err error) {
			o.customData, err = t.CustomData(ctx, c.call, value)
			return err
		})
		if err == nil && o.customData != nil && !codec.Valid(o.customData) {
			err = &UserError{Message: "the custom data of tool " + t.Name + " is not JSON"}
		}
		if err != nil {
			o.customData = nil
			return o, err
		}
	}
	return o, l.onToolEnd(ctx, c.call, t, value)
}

// invoke calls the function under its timeout. A tool that ignores the end of
// its context is left behind.
func (t *FunctionTool) invoke(ctx context.Context, l *runLoop, c *localCall) (value any, paused *State, err error) {
	if t.Invoke == nil && t.agentTool == nil {
		return nil, nil, nothingToRun("tool "+t.Name, "Invoke")
	}
	if err := c.call.check(); err != nil {
		return t.failed(ctx, l, c.call, err)
	}
	callCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if t.Timeout > 0 {
		// Not context.WithTimeout, whose type costs the page's engine 14 kB.
		defer time.AfterFunc(t.Timeout, func() { cancel(errToolTimeout) }).Stop()
	}
	type returned struct {
		value  any
		paused *State
		err    error
	}
	done := make(chan returned, 1)
	go func() {
		r := returned{err: errExited}
		defer func() { done <- r }()
		defer recovered(&r.err)
		if t.agentTool != nil {
			r.value, r.paused, r.err = t.agentTool.run(callCtx, l, c)
		} else {
			r.value, r.err = t.Invoke(callCtx, c.call)
		}
	}()
	var r returned
	select {
	case r = <-done:
	case <-callCtx.Done():
		r.err = context.Cause(callCtx)
		if c.paused != nil { // it writes a state that is part of the outer one, and ends with its context
			if ended := <-done; r.err == errSiblingFailed {
				r = ended
			}
		} else if r.err == errSiblingFailed { // what is done at that moment counts
			select {
			case r = <-done:
			case <-time.After(siblingGrace):
			}
		}
	}
	switch {
	case r.err == nil:
		return r.value, r.paused, nil
	case ctx.Err() != nil && (context.Cause(ctx) != errSiblingFailed || errors.Is(r.err, errSiblingFailed) || errors.Is(r.err, context.Canceled)):
		return nil, nil, context.Cause(ctx)
	case context.Cause(callCtx) == errToolTimeout:
		late := &ToolTimeoutError{Tool: t.Name, Timeout: t.Timeout}
		switch {
		case t.FailOnTimeout:
			return nil, nil, late
		case t.OnTimeout != nil:
			text, err := t.OnTimeout(ctx, c.call, late)
			return text, nil, err
		}
		return late.Error(), nil, nil
	}
	return t.failed(ctx, l, c.call, r.err)
}

var errToolTimeout = errors.New("the tool's time is up")

func toolTimedOut(tool string, timeout time.Duration) string {
	return "Tool '" + tool + "' timed out after " + strconv.FormatFloat(timeout.Seconds(), 'g', 6, 64) + " seconds."
}

// failed turns a tool's error into what the model is told, or into the run's.
func (t *FunctionTool) failed(ctx context.Context, l *runLoop, call *ToolCall, err error) (any, *State, error) {
	if t.OnError == nil {
		told := toolFailed
		if errors.Is(err, errOutputLost) {
			told = outputLost
		}
		return l.errorText(ToolErrorInfo{Kind: "tool_exception", Tool: call.Name, CallID: call.ID, Default: told, Err: err}), nil, nil
	}
	text, failure := t.OnError(ctx, call, err)
	if failure == nil {
		return text, nil, nil
	}
	if _, named := errors.AsType[Error](failure); named {
		return nil, nil, failure
	}
	return nil, nil, &UserError{Message: "Error running tool " + t.Name + ": " + failure.Error(), Err: failure}
}

// modelOutput is a tool's value as it goes to the model: text, or the parts of
// structured content.
func modelOutput(value any) any {
	if parts := contentParts(value); parts != nil {
		return parts
	}
	return outputText(value)
}
