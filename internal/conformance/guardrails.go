package conformance

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"runstream/runner"
)

// trips says whether a guardrail's text is in a value: in a string itself, in
// anything else's JSON.
func (g GuardrailSpec) trips(ctx context.Context, value any) (runner.GuardrailOutput, error) {
	if g.DelayMS > 0 {
		select {
		case <-time.After(time.Duration(g.DelayMS) * time.Millisecond):
		case <-ctx.Done():
			return runner.GuardrailOutput{}, context.Cause(ctx)
		}
	}
	text, isText := value.(string)
	if !isText {
		encoded, err := json.Marshal(value)
		if err != nil {
			return runner.GuardrailOutput{}, err
		}
		text = string(encoded)
	}
	return runner.GuardrailOutput{Tripped: strings.Contains(text, g.TripsOn), Info: g.Name}, nil
}

func inputGuardrails(specs []GuardrailSpec) []runner.InputGuardrail {
	var guardrails []runner.InputGuardrail
	for _, spec := range specs {
		guardrails = append(guardrails, runner.InputGuardrail{
			Name: spec.Name, Blocking: spec.Parallel != nil && !*spec.Parallel,
			Run: func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent, input []json.RawMessage) (runner.GuardrailOutput, error) {
				return spec.trips(ctx, input)
			},
		})
	}
	return guardrails
}

func outputGuardrails(specs []GuardrailSpec) []runner.OutputGuardrail {
	var guardrails []runner.OutputGuardrail
	for _, spec := range specs {
		guardrails = append(guardrails, runner.OutputGuardrail{
			Name: spec.Name,
			Run: func(ctx context.Context, _ *runner.RunContext, _ *runner.Agent, output any) (runner.GuardrailOutput, error) {
				return spec.trips(ctx, output)
			},
		})
	}
	return guardrails
}

// toolGuardrails makes the guardrail of a tool: of its arguments, or of its
// output.
func toolGuardrails(spec *GuardrailSpec) []runner.ToolGuardrail {
	if spec == nil {
		return nil
	}
	return []runner.ToolGuardrail{{
		Name: spec.Name,
		Run: func(_ context.Context, call *runner.ToolCall, output any) (runner.ToolGuardrailOutput, error) {
			text := call.Arguments
			if output != nil {
				var ok bool
				if text, ok = output.(string); !ok {
					encoded, err := json.Marshal(output)
					if err != nil {
						return runner.ToolGuardrailOutput{}, err
					}
					text = string(encoded)
				}
			}
			switch {
			case !strings.Contains(text, spec.TripsOn):
				return runner.AllowTool(), nil
			case spec.Behavior == "raise":
				return runner.RaiseTool(), nil
			}
			return runner.RejectTool(spec.Message), nil
		},
	}}
}
