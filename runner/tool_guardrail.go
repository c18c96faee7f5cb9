package runner

import (
	"cmp"
	"context"
)

// ToolGuardrail looks at a function tool's call or output.
type ToolGuardrail struct {
	Name string
	// Run decides on a call. Output is nil for an input guardrail.
	Run func(ctx context.Context, call *ToolCall, output any) (ToolGuardrailOutput, error)
}

// ToolGuardrailOutput is a tool guardrail's verdict: [AllowTool], [RejectTool]
// or [RaiseTool].
type ToolGuardrailOutput struct {
	behavior string
	message  string
	// Info is kept in the result, as JSON.
	Info any
}

// AllowTool lets the call, or its output, pass.
func AllowTool() ToolGuardrailOutput { return ToolGuardrailOutput{behavior: "allow"} }

// RejectTool tells the model message in place of the output.
func RejectTool(message string) ToolGuardrailOutput {
	return ToolGuardrailOutput{behavior: "reject_content", message: message}
}

// RaiseTool ends the run.
func RaiseTool() ToolGuardrailOutput { return ToolGuardrailOutput{behavior: "raise_exception"} }

// Behavior gives "allow", which is the zero value's too, "reject_content" or
// "raise_exception".
func (o ToolGuardrailOutput) Behavior() string { return cmp.Or(o.behavior, "allow") }

// ToolGuardrailResult is what a tool guardrail said.
type ToolGuardrailResult struct {
	Guardrail string
	Output    ToolGuardrailOutput
}

// ToolInputGuardrailTripwireTriggered says that a guardrail ended the run
// before a tool ran.
type ToolInputGuardrailTripwireTriggered struct{ Result ToolGuardrailResult }

func (e *ToolInputGuardrailTripwireTriggered) Error() string {
	return "Tool input guardrail ToolInputGuardrail triggered tripwire"
}

// Name implements [Error].
func (e *ToolInputGuardrailTripwireTriggered) Name() string {
	return "ToolInputGuardrailTripwireTriggered"
}

// ToolOutputGuardrailTripwireTriggered says that a guardrail ended the run
// after a tool ran.
type ToolOutputGuardrailTripwireTriggered struct{ Result ToolGuardrailResult }

func (e *ToolOutputGuardrailTripwireTriggered) Error() string {
	return "Tool output guardrail ToolOutputGuardrail triggered tripwire"
}

// Name implements [Error].
func (e *ToolOutputGuardrailTripwireTriggered) Name() string {
	return "ToolOutputGuardrailTripwireTriggered"
}

// toolGuards runs guardrails in order until one rejects.
func toolGuards(ctx context.Context, guardrails []ToolGuardrail, call *ToolCall, output any) (results []ToolGuardrailResult, rejection *string, raised *ToolGuardrailResult, err error) {
	for _, guardrail := range guardrails {
		if guardrail.Run == nil {
			return results, nil, nil, nothingToRun("tool guardrail "+guardrail.Name, "Run")
		}
		verdict, err := guardrail.Run(ctx, call, output)
		if err != nil {
			return results, nil, nil, err
		}
		result := ToolGuardrailResult{guardrail.Name, verdict}
		results = append(results, result)
		switch verdict.behavior {
		case "reject_content":
			return results, &verdict.message, nil, nil
		case "raise_exception":
			return results, nil, &result, nil
		}
	}
	return results, nil, nil, nil
}

// guardInput lets a function's input guardrails look at a call; one that ends
// the run is its error.
func guardInput(ctx context.Context, tool *FunctionTool, call *ToolCall) (results []ToolGuardrailResult, rejection *string, err error) {
	results, rejection, raised, err := toolGuards(ctx, tool.InputGuardrails, call, nil)
	if raised != nil {
		err = &ToolInputGuardrailTripwireTriggered{*raised}
	}
	return results, rejection, err
}
