package runner

import "encoding/json"

// HostedTool is a tool that the model's server runs: web search, file search,
// code interpreter, image generation and the like. The run only records its
// calls.
type HostedTool struct {
	// Name is the tool's, such as "web_search".
	Name string
	// Config is the tool as the Responses API defines it, with its "type".
	Config json.RawMessage
	// Includes are values for the request's "include" that the tool needs.
	Includes []string
}

func (t *HostedTool) toolName() string { return t.Name }

// WebSearch gives the server's web search. An empty context size is "medium".
func WebSearch(contextSize string) *HostedTool {
	if contextSize == "" {
		contextSize = "medium"
	}
	return &HostedTool{Name: "web_search", Config: mustMarshal(map[string]any{
		"type": "web_search", "filters": nil, "user_location": nil, "search_context_size": contextSize,
	})}
}

// FileSearch gives the server's search in vector stores. Zero results is the
// server's default.
func FileSearch(maxResults int, vectorStoreIDs ...string) *HostedTool {
	config := map[string]any{"type": "file_search", "vector_store_ids": vectorStoreIDs}
	if maxResults > 0 {
		config["max_num_results"] = maxResults
	}
	return &HostedTool{Name: "file_search", Config: mustMarshal(config)}
}

// CodeInterpreter gives the server's Python sandbox.
func CodeInterpreter() *HostedTool {
	return &HostedTool{Name: "code_interpreter", Config: json.RawMessage(`{"type":"code_interpreter","container":{"type":"auto"}}`)}
}

// ImageGeneration gives the server's image generator.
func ImageGeneration() *HostedTool {
	return &HostedTool{Name: "image_generation", Config: json.RawMessage(`{"type":"image_generation"}`)}
}

// ToolSearch lets the model search for tools with DeferLoading.
func ToolSearch() *HostedTool {
	return &HostedTool{Name: "tool_search", Config: json.RawMessage(`{"type":"tool_search"}`)}
}

// ProgrammaticToolCalling lets the model call tools from programs that the
// server runs.
func ProgrammaticToolCalling() *HostedTool {
	return &HostedTool{Name: "programmatic_tool_calling", Config: json.RawMessage(`{"type":"programmatic_tool_calling"}`)}
}

// HostedMCPTool lets the server use a remote MCP server.
type HostedMCPTool struct {
	// ServerLabel names the MCP server in calls.
	ServerLabel string
	// Config is the tool as the Responses API defines it, of type "mcp".
	Config json.RawMessage
	// OnApproval answers by program the server's requests for approval. Where it is
	// nil the run stops for a decision.
	OnApproval Reviewer
}

func (t *HostedMCPTool) toolName() string { return "hosted_mcp" }

// ApprovalAnswer is what a program says of a call that needs approval.
type ApprovalAnswer struct {
	Approve bool
	// Reason is what the model is told of a rejection.
	Reason string
}
