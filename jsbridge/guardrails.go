package jsbridge

import (
	"context"
	"encoding/json"

	"runstream/internal/codec"
	"runstream/runner"
)

func (r *run) inputGuardrails(specs []guardrailSpec) []runner.InputGuardrail {
	guardrails := make([]runner.InputGuardrail, len(specs))
	for i, spec := range specs {
		guardrails[i] = runner.InputGuardrail{
			Name: spec.Name, Blocking: isFalse(spec.RunInParallel),
			Run: func(ctx context.Context, _ *runner.RunContext, agent *runner.Agent, input []json.RawMessage) (runner.GuardrailOutput, error) {
				return r.verdict(ctx, spec, agent, input)
			},
		}
	}
	return guardrails
}

func (r *run) outputGuardrails(specs []guardrailSpec) []runner.OutputGuardrail {
	guardrails := make([]runner.OutputGuardrail, len(specs))
	for i, spec := range specs {
		guardrails[i] = runner.OutputGuardrail{
			Name: spec.Name,
			Run: func(ctx context.Context, _ *runner.RunContext, agent *runner.Agent, output any) (runner.GuardrailOutput, error) {
				return r.verdict(ctx, spec, agent, jsonOf(output))
			},
		}
	}
	return guardrails
}

// verdict asks a guardrail of the page.
func (r *run) verdict(ctx context.Context, spec guardrailSpec, agent *runner.Agent, subject any) (runner.GuardrailOutput, error) {
	var tripped *bool
	var info json.RawMessage
	err := r.ask(ctx, "guardrail "+spec.Name, spec.Run, objectForm{
		fields:   codec.Fields{"tripwireTriggered", &tripped, "outputInfo", &info},
		complete: func() bool { return tripped != nil }, // anything but a clear verdict must not pass for a good one
		words:    "{ tripwireTriggered: true } or { tripwireTriggered: false }",
	}, r.infoOf(agent), subject)
	if err != nil {
		return runner.GuardrailOutput{}, err
	}
	return runner.GuardrailOutput{Tripped: *tripped, Info: info}, nil
}

func (r *run) toolGuardrails(specs []toolGuardrailSpec) []runner.ToolGuardrail {
	guardrails := make([]runner.ToolGuardrail, len(specs))
	for i, spec := range specs {
		guardrails[i] = runner.ToolGuardrail{
			Name: spec.Name,
			Run: func(ctx context.Context, call *runner.ToolCall, output any) (verdict runner.ToolGuardrailOutput, err error) {
				var behavior, message string
				var info json.RawMessage
				err = r.ask(ctx, "guardrail "+spec.Name, spec.Run,
					codec.Fields{"behavior", &behavior, "message", &message, "outputInfo", &info}, r.infoOfCall(call), jsonOf(output))
				switch behavior {
				case "allow":
					verdict = runner.AllowTool()
				case "reject_content":
					verdict = runner.RejectTool(message)
				case "raise_exception":
					verdict = runner.RaiseTool()
				default:
					if err == nil {
						err = &runner.UserError{Message: "guardrail " + spec.Name + ` must give a behavior: "allow", "reject_content" or "raise_exception"`}
					}
				}
				verdict.Info = info
				return verdict, err
			},
		}
	}
	return guardrails
}

func guardrailsData(results []runner.GuardrailResult) []guardrailData {
	list := make([]guardrailData, len(results))
	for i, result := range results {
		list[i] = guardrailData{Name: result.Guardrail, Tripped: result.Output.Tripped, Info: jsonOf(result.Output.Info)}
	}
	return list
}

func toolGuardrailsData(results []runner.ToolGuardrailResult) []guardrailData {
	list := make([]guardrailData, len(results))
	for i, result := range results {
		list[i] = guardrailData{Name: result.Guardrail, Behavior: result.Output.Behavior(), Info: jsonOf(result.Output.Info)}
	}
	return list
}
