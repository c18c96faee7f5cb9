package runner

import (
	"encoding/json"

	"runstream/internal/codec"
)

// wireGuardrail is a guardrail's verdict as states have it: an agent's or a
// tool's.
type wireGuardrail struct {
	kind, name  string
	agentOutput json.RawMessage
	agent       json.RawMessage
	tripped     bool
	info        json.RawMessage
	behavior    string
	message     *string // of a rejection
}

func (g *wireGuardrail) fields() codec.Fields {
	return codec.Fields{
		"guardrail", codec.Fields{"type", &g.kind, "name", &g.name},
		"agentOutput,omitempty", &g.agentOutput,
		"agent,omitempty", &g.agent,
		"output", codec.Fields{"tripwireTriggered", &g.tripped, "outputInfo", &g.info},
	}
}

func (g *wireGuardrail) toolFields() codec.Fields {
	said := codec.Fields{"type", &g.behavior, "message,omitempty", &g.message}
	return codec.Fields{
		"guardrail", codec.Fields{"type", &g.kind, "name", &g.name},
		"output", codec.Fields{"outputInfo", &g.info, "behavior", said},
	}
}

func writeGuardrails(graph *agentGraph, kind string, results []GuardrailResult) []any {
	written := []any{}
	for _, result := range results {
		entry := wireGuardrail{kind: kind, name: result.Guardrail, tripped: result.Output.Tripped, info: shallow(outputJSON(result.Output.Info))}
		if result.Agent != nil {
			entry.agent, entry.agentOutput = mustMarshal(graph.ref(result.Agent)), shallow(outputJSON(result.AgentOutput))
		}
		written = append(written, entry.fields())
	}
	return written
}

func writeToolGuardrails(kind string, results []ToolGuardrailResult) []any {
	written := []any{}
	for _, result := range results {
		entry := wireGuardrail{kind: kind, name: result.Guardrail, info: shallow(outputJSON(result.Output.Info)), behavior: result.Output.Behavior()}
		if entry.behavior == "reject_content" {
			entry.message = &result.Output.message
		}
		written = append(written, entry.toolFields())
	}
	return written
}

// guardrails reads the verdicts of guardrails.
func (r *documentReader) guardrails(field string) []GuardrailResult {
	var entries []wireGuardrail
	r.optional(field, codec.List(&entries, (*wireGuardrail).fields))
	var results []GuardrailResult
	for _, entry := range entries {
		result := GuardrailResult{Guardrail: entry.name, Output: GuardrailOutput{Tripped: entry.tripped, Info: anyJSON(entry.info)}}
		if entry.agent != nil {
			result.Agent, result.AgentOutput = r.agent(field, entry.agent), anyJSON(entry.agentOutput)
		}
		results = append(results, result)
	}
	return results
}

// toolGuardrails reads the verdicts of tool guardrails.
func (r *documentReader) toolGuardrails(field string) []ToolGuardrailResult {
	var entries []wireGuardrail
	r.optional(field, codec.List(&entries, (*wireGuardrail).toolFields))
	var results []ToolGuardrailResult
	for _, entry := range entries {
		results = append(results, ToolGuardrailResult{entry.name, ToolGuardrailOutput{
			behavior: entry.behavior, message: textOf(entry.message), Info: anyJSON(entry.info),
		}})
	}
	return results
}

// anyJSON keeps JSON as it came, nothing as nil.
func anyJSON(raw json.RawMessage) any {
	if codec.IsNull(raw) {
		return nil
	}
	return raw
}
