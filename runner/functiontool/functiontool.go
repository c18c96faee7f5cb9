// Package functiontool makes tools from Go functions: the JSON Schema of the
// arguments is inferred from the function's type.
//
//	type place struct {
//		City string `json:"city" jsonschema:"where to look"`
//	}
//	tool, err := functiontool.New("weather", "Tells the weather.",
//		func(ctx context.Context, in place) (string, error) { … })
package functiontool

import (
	"context"
	"encoding/json"
	"fmt"

	"runstream/runner"
)

// New makes a tool of a function. In is a struct whose json tags name the
// arguments and whose jsonschema tags describe them, or a map of strings to
// anything. All of a struct's arguments are required unless tagged omitempty
// or omitzero. Arguments are checked against the schema before run is called.
// Out goes to the model as [runner.FunctionTool.Invoke] says. In a browser it
// reaches hooks, guardrails and [runner.ToolResult] as [json.RawMessage], unless
// it is a text.
//
// The schema is strict where strictness can be had: every argument is
// required, here and in nested structs, and there is no map and no interface.
//
// Types that decode themselves from text, such as time.Time, are texts to the
// model; those that decode themselves from JSON, such as json.RawMessage, may
// be anything. A type that JSON has no form for is a [*runner.UserError].
//
// The other fields of the tool, such as NeedsApproval, are the caller's to set
// before the tool is first used.
func New[In, Out any](name, description string, run func(ctx context.Context, in In) (Out, error)) (*runner.FunctionTool, error) {
	if run == nil {
		return nil, &runner.UserError{Message: "tool " + name + " has nothing to run; pass a function"}
	}
	schema, err := schemaOf[In]()
	if err != nil {
		return nil, &runner.UserError{Message: fmt.Sprintf("tool %s: no JSON Schema can be made of its arguments: %v", name, err), Err: err}
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		return nil, &runner.UserError{Message: fmt.Sprintf("tool %s: its JSON Schema is wrong: %v", name, err), Err: err}
	}
	parameters, err := json.Marshal(schema)
	if err != nil {
		return nil, &runner.UserError{Message: fmt.Sprintf("tool %s: its JSON Schema cannot be written: %v", name, err), Err: err}
	}
	strict := isStrict(schema)
	if strict && len(schema.Properties) == 0 {
		parameters = nil // no arguments, as the runner writes it
	}
	return &runner.FunctionTool{
		Name: name, Description: description, Parameters: parameters, NotStrict: !strict,
		Invoke: func(ctx context.Context, call *runner.ToolCall) (any, error) {
			var given any
			var in In
			err := call.Decode(&given)
			if err == nil {
				err = resolved.Validate(given)
			}
			if err == nil {
				err = decode(call, &in)
			}
			if err != nil {
				return nil, &runner.ModelBehaviorError{Message: fmt.Sprintf("the arguments of tool %s do not fit its schema: %v", name, err), Err: err}
			}
			out, err := run(ctx, in)
			if err != nil {
				return nil, err
			}
			return output(out)
		},
	}, nil
}
