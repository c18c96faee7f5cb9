package runner

import (
	"context"
	"encoding/json"
	"strings"

	"runstream/internal/codec"
)

// ShellTool runs the commands of shell calls here, through Run. Without Run
// the server runs them in the environment that Environment describes.
type ShellTool struct {
	// Run runs the commands. An error is told to the model.
	Run func(ctx context.Context, call *ToolCall, action ShellAction) (ShellResult, error)
	// Environment is the API's object; {"type":"local"} if nil.
	Environment json.RawMessage
	// NeedsApproval says whether a call must wait for a decision; nil never.
	NeedsApproval func(ctx context.Context, call *ToolCall) (bool, error)
	// OnApproval decides by program a call that needs approval.
	OnApproval Reviewer
}

// ShellAction is what a shell call asks for. Zero limits are none.
type ShellAction struct {
	Commands        []string `json:"commands"`
	TimeoutMS       int      `json:"timeout_ms"`
	MaxOutputLength int      `json:"max_output_length"`
}

func (a *ShellAction) fields() codec.Fields {
	return codec.Fields{"commands", &a.Commands, "timeout_ms", &a.TimeoutMS, "max_output_length", &a.MaxOutputLength}
}

// ShellResult is what commands did: Text, or an entry per command.
type ShellResult struct {
	Text    string
	Outputs []ShellOutput
	// MaxOutputLength cuts the outputs, in characters; zero is the call's.
	MaxOutputLength int
}

// ShellOutput is what one command did.
type ShellOutput struct {
	Command  string
	Stdout   string
	Stderr   string
	ExitCode int
	TimedOut bool
}

func (t *ShellTool) toolName() string { return "shell" }

func (t *ShellTool) kind() callKind { return shellCalls }

func (t *ShellTool) reviewer() Reviewer { return t.OnApproval }

func (t *ShellTool) needsApproval(ctx context.Context, call *ToolCall) (bool, error) {
	if t.NeedsApproval == nil {
		return false, nil
	}
	return t.NeedsApproval(ctx, call)
}

// shellEntry is one command's output on the wire.
type shellEntry struct {
	Stdout  string
	Stderr  string
	Outcome shellOutcome
}

func (s *shellEntry) fields() codec.Fields {
	return codec.Fields{
		"stdout", &s.Stdout,
		"stderr", &s.Stderr,
		"outcome", s.Outcome.fields(),
	}
}

type shellOutcome struct {
	Type     string
	ExitCode *int
}

func (s *shellOutcome) fields() codec.Fields {
	return codec.Fields{
		"type", &s.Type,
		"exit_code,omitempty", &s.ExitCode,
	}
}

// shellRecord is the same as the SDK notes it beside the wire form.
type shellRecord struct {
	Command string
	Stdout  string
	Stderr  string
	Status  string
	Outcome any
}

func (s *shellRecord) fields() codec.Fields {
	return codec.Fields{
		"command,omitempty", &s.Command,
		"stdout", &s.Stdout,
		"stderr", &s.Stderr,
		"status", &s.Status,
		"outcome", &s.Outcome,
	}
}

type shellCallOutput struct {
	Type            string
	CallID          string
	Output          []shellEntry
	Status          string
	MaxOutputLength int
	ShellOutput     []shellRecord
}

func (s *shellCallOutput) fields() codec.Fields {
	return codec.Fields{
		"type", &s.Type,
		"call_id", &s.CallID,
		"output", codec.List(&s.Output, (*shellEntry).fields),
		"status,omitempty", &s.Status,
		"max_output_length,omitempty", &s.MaxOutputLength,
		"shell_output,omitempty", codec.List(&s.ShellOutput, (*shellRecord).fields),
	}
}

func exited(code int) shellOutcome { return shellOutcome{Type: "exit", ExitCode: &code} }

func (t *ShellTool) rejected(c *localCall, text string) outcome {
	output := shellCallOutput{Type: "shell_call_output", CallID: c.call.ID, Output: []shellEntry{{Stderr: text, Outcome: exited(1)}}}
	return outcome{value: text, raw: mustMarshal(output.fields())}
}

func (t *ShellTool) run(ctx context.Context, l *runLoop, c *localCall) (outcome, error) {
	if t.Run == nil {
		return outcome{}, nothingToRun("the shell", "Run")
	}
	action, err := shellAction(c.call.Raw)
	if err != nil {
		return outcome{}, err
	}
	if err := l.onToolStart(ctx, c.call, t); err != nil {
		return outcome{}, err
	}
	result, err := t.Run(ctx, c.call, action)
	if err != nil && ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	o := shellOutcomeOf(c, action, result, err)
	return o, l.onToolEnd(ctx, c.call, t, o.value)
}

func shellAction(raw json.RawMessage) (action ShellAction, err error) {
	if codec.Read(raw, codec.Fields{"action", action.fields()}) != nil || len(action.Commands) == 0 {
		return action, &ModelBehaviorError{Message: "the model's shell call has no readable commands"}
	}
	return action, nil
}

func shellOutcomeOf(c *localCall, action ShellAction, result ShellResult, err error) outcome {
	limit := lowest(action.MaxOutputLength, result.MaxOutputLength)
	output := shellCallOutput{Type: "shell_call_output", CallID: c.call.ID, Output: []shellEntry{}, Status: "completed", MaxOutputLength: limit}
	text := cut(result.Text, limit)
	switch {
	case err != nil:
		output.Status = "failed"
		text = cut(err.Error(), limit)
		output.add(shellRecord{Stdout: text, Status: "failed", Outcome: "failure"}, exited(1))
	case len(result.Outputs) > 0:
		text = output.addAll(result.Outputs, limit)
	case text != "":
		output.add(shellRecord{Stdout: text, Status: "completed", Outcome: "success"}, exited(0))
	}
	return outcome{value: text, raw: mustMarshal(output.fields())}
}

func (o *shellCallOutput) add(record shellRecord, done shellOutcome) {
	o.ShellOutput = append(o.ShellOutput, record)
	o.Output = append(o.Output, shellEntry{record.Stdout, record.Stderr, done})
}

// addAll adds an entry per command and gives the whole as text.
func (o *shellCallOutput) addAll(outputs []ShellOutput, limit int) string {
	var rendered []string
	left := limit
	for _, out := range outputs {
		if limit > 0 {
			out.Stdout = cutTo(out.Stdout, &left)
			out.Stderr = cutTo(out.Stderr, &left)
		}
		done := exited(out.ExitCode)
		status := "completed"
		if out.TimedOut {
			done, status = shellOutcome{Type: "timeout"}, "timeout"
		}
		o.add(shellRecord{Command: out.Command, Stdout: out.Stdout, Stderr: out.Stderr, Status: status, Outcome: done.fields()}, done)
		rendered = append(rendered, renderShell(out))
	}
	return cut(strings.Join(rendered, "\n\n"), limit)
}

func renderShell(out ShellOutput) string {
	var parts []string
	if out.Command != "" {
		parts = append(parts, "$ "+out.Command)
	}
	if stdout := strings.TrimRight(out.Stdout, "\n"); stdout != "" {
		parts = append(parts, stdout)
	}
	if stderr := strings.TrimRight(out.Stderr, "\n"); stderr != "" {
		parts = append(parts, "stderr:\n"+stderr)
	}
	return strings.Join(parts, "\n")
}

// lowest gives the lower of two limits; zero is none.
func lowest(a, b int) int {
	if a <= 0 || b > 0 && b < a {
		return max(b, 0)
	}
	return a
}

// cut shortens text to limit characters; zero is no limit.
func cut(text string, limit int) string {
	if limit <= 0 {
		return text
	}
	return cutTo(text, &limit)
}

// cutTo shortens text to what is left, and takes it off.
func cutTo(text string, left *int) string {
	runes := []rune(text)
	if len(runes) > *left {
		runes = runes[:*left]
	}
	*left -= len(runes)
	return string(runes)
}

// LocalShellTool runs the calls of the older local shell. An error ends the
// run.
type LocalShellTool struct {
	Run func(ctx context.Context, call *ToolCall) (string, error)
}

func (t *LocalShellTool) toolName() string { return "local_shell" }

func (t *LocalShellTool) kind() callKind { return localShellCalls }

func (t *LocalShellTool) reviewer() Reviewer { return nil }

func (t *LocalShellTool) needsApproval(context.Context, *ToolCall) (bool, error) { return false, nil }

func (t *LocalShellTool) rejected(c *localCall, text string) outcome {
	return outcome{value: text, raw: mustMarshal(codec.Fields{"type", "local_shell_call_output", "call_id", c.call.ID, "output", text})}
}

func (t *LocalShellTool) run(ctx context.Context, l *runLoop, c *localCall) (outcome, error) {
	if t.Run == nil {
		return outcome{}, nothingToRun("the local shell", "Run")
	}
	if err := l.onToolStart(ctx, c.call, t); err != nil {
		return outcome{}, err
	}
	text, err := t.Run(ctx, c.call)
	if err != nil && ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	if err != nil {
		return outcome{}, err
	}
	return t.rejected(c, text), l.onToolEnd(ctx, c.call, t, text)
}

// isLocal says whether the calls run here rather than on the server.
func (t *ShellTool) isLocal() bool {
	var kind string
	return t.Environment == nil || codec.Read(t.Environment, codec.Fields{"type", &kind}) == nil && kind == "local"
}
