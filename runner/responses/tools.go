package responses

import (
	"encoding/json"
	"slices"
	"strings"

	"runstream/internal/codec"
	"runstream/internal/wire"
	"runstream/runner"
)

// namespace is written with the tools that it has by then.
type namespace struct {
	name, description string
	tools             []any
}

// WriteJSON implements [codec.Writable].
func (n *namespace) WriteJSON(w *codec.Writer) {
	w.Value(codec.Fields{"type", "namespace", "name", n.name, "description", n.description, "tools", n.tools})
}

// encodeTools writes tools, then handoffs. A namespace stands where its first
// tool does.
func encodeTools(model string, tools []runner.Tool, handoffs []*runner.Handoff) ([]any, error) {
	encoded := []any{}
	namespaces := map[string]*namespace{}
	for _, tool := range tools {
		f, ok := tool.(*runner.FunctionTool)
		switch {
		case !ok:
			encoded = append(encoded, encodeTool(model, tool))
		case f.Namespace == "":
			encoded = append(encoded, encodeFunction(f))
		case namespaces[f.Namespace] == nil:
			space := &namespace{f.Namespace, f.NamespaceDescription, []any{encodeFunction(f)}}
			namespaces[f.Namespace] = space
			encoded = append(encoded, space)
		default:
			space := namespaces[f.Namespace]
			if space.description != f.NamespaceDescription {
				return nil, &runner.UserError{Message: "the tools of namespace " + f.Namespace + " have different namespace descriptions; give them the same one"}
			}
			space.tools = append(space.tools, encodeFunction(f))
		}
	}
	for _, h := range handoffs {
		encoded = append(encoded, functionFields(h.Name(), h.Description(), h.Parameters(), !h.NotStrict, false, nil))
	}
	return encoded, nil
}

func encodeFunction(f *runner.FunctionTool) codec.Fields {
	parameters := f.Parameters
	if parameters == nil {
		parameters = json.RawMessage(wire.NoArguments)
	}
	return functionFields(f.Name, f.Description, parameters, !f.NotStrict, f.DeferLoading, f.AllowedCallers)
}

func functionFields(name, description string, parameters json.RawMessage, strict, deferLoading bool, callers []string) codec.Fields {
	return codec.Fields{
		"type", "function", "name", name, "description", description, "parameters", parameters, "strict", strict,
		"defer_loading,omitempty", deferLoading, "allowed_callers,omitempty", callers,
	}
}

// encodeTool writes a tool that is no function.
func encodeTool(model string, tool runner.Tool) any {
	switch tool := tool.(type) {
	case *runner.HostedTool:
		return tool.Config
	case *runner.HostedMCPTool:
		return tool.Config
	case *runner.CustomTool:
		return codec.Fields{"type", "custom", "name", tool.Name, "description,omitempty", tool.Description, "format,omitempty", tool.Format}
	case *runner.ShellTool:
		environment := tool.Environment
		if environment == nil {
			environment = json.RawMessage(`{"type":"local"}`)
		}
		return codec.Fields{"environment", environment, "type", "shell"}
	case *runner.ApplyPatchTool:
		return codec.Fields{"type", "apply_patch"}
	case *runner.LocalShellTool:
		return codec.Fields{"type", "local_shell"}
	case *runner.ComputerTool:
		if p := tool.Preview; p != nil && isPreview(model) {
			return codec.Fields{"display_height", p.Height, "display_width", p.Width, "environment", p.Environment, "type", "computer_use_preview"}
		}
		return codec.Fields{"type", "computer"}
	}
	return nil
}

const logprobs = "message.output_text.logprobs"

// includes adds what hosted tools and settings need to what is asked for.
func includes(r *runner.ModelRequest) []string {
	all := slices.Clone(r.Settings.Include)
	add := func(include string) {
		if !slices.Contains(all, include) {
			all = append(all, include)
		}
	}
	for _, tool := range r.Tools {
		if hosted, ok := tool.(*runner.HostedTool); ok {
			for _, include := range hosted.Includes {
				add(include)
			}
		}
	}
	if r.Settings.TopLogprobs != nil {
		add(logprobs)
	}
	return all
}

// isPreview says whether the model knows only the older computer tool.
func isPreview(model string) bool { return strings.HasPrefix(model, "computer-use-preview") }

// toolChoice is a word, a kind of tool, or a function of a name.
func toolChoice(choice, model string, tools []runner.Tool) any {
	switch choice {
	case "":
		return nil
	case "auto", "required", "none":
		return choice
	case "shell", "apply_patch", "computer", "computer_use", "computer_use_preview":
		if kind := builtinKind(choice, model, tools); kind != "" {
			return codec.Fields{"type", kind}
		}
	}
	switch choice {
	case "file_search", "web_search", "web_search_preview", "computer_use_preview", "image_generation", "code_interpreter", "mcp", "programmatic_tool_calling":
		return codec.Fields{"type", choice}
	}
	return codec.Fields{"name", choice, "type", "function"}
}

// builtinKind gives the kind of the tool that is chosen by the name of a
// built-in one, empty where there is none.
func builtinKind(choice, model string, tools []runner.Tool) string {
	for _, tool := range tools {
		switch tool.(type) {
		case *runner.ShellTool:
			if choice == "shell" {
				return choice
			}
		case *runner.ApplyPatchTool:
			if choice == "apply_patch" {
				return choice
			}
		case *runner.ComputerTool:
			if strings.HasPrefix(choice, "computer") {
				if isPreview(model) {
					return "computer_use_preview"
				}
				return "computer"
			}
		}
	}
	return ""
}

// checkDeferred refuses tools that the model could never find.
func checkDeferred(tools []runner.Tool) error {
	searches := slices.ContainsFunc(tools, func(tool runner.Tool) bool {
		hosted, ok := tool.(*runner.HostedTool)
		return ok && hosted.Name == "tool_search"
	})
	for _, tool := range tools {
		if f, ok := tool.(*runner.FunctionTool); ok && f.DeferLoading && !searches {
			return &runner.UserError{Message: "Deferred-loading Responses tools require ToolSearchTool() when using OpenAI Responses models."}
		}
	}
	return nil
}
