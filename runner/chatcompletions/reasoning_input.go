package chatcompletions

import (
	"encoding/json"
	"strings"

	"runstream/internal/codec"
	"runstream/internal/wire"
)

// reasoning is what a reasoning item gives back to the model that thought it.
// It goes with the assistant's next message.
type reasoning struct {
	field   string // of servers with a field "reasoning"
	content string // of servers with a field "reasoning_content"
}

// moveTo hands the reasoning over to a message.
func (r *reasoning) moveTo(m *message) {
	if r.field != "" {
		m.Reasoning = r.field
	}
	if r.content != "" {
		m.ReasoningContent = r.content
	}
	*r = reasoning{}
}

// readReasoning reads a reasoning item. Only a model with a field "reasoning"
// gets what it wrote there, and only DeepSeek what it, or nobody known, wrote
// as reasoning_content.
func (c *conversation) readReasoning(it item) reasoning {
	data := it.providerData()
	origin := text(data["model"])
	var found reasoning
	if text(data[reasoningField]) == "reasoning" && origin == c.model.Name {
		found.field = joinTexts(it["content"], "reasoning_text")
	}
	delete(data, "thinking_blocks")
	if isDeepSeek(c.model.Name) && (isDeepSeek(origin) || len(data) == 0) {
		found.content = joinTexts(it["summary"], "")
	}
	return found
}

// joinTexts joins the texts of parts, of one type where it is given.
func joinTexts(raw json.RawMessage, kind string) string {
	var parts []answerPart
	_ = codec.Read(raw, codec.List(&parts, (*answerPart).fields)) // what cannot be read is not given back
	var texts []string
	for _, p := range parts {
		if p.Text != "" && (kind == "" || p.Type == kind) {
			texts = append(texts, p.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// providerData reads what the item's server was told to be.
func (it item) providerData() map[string]json.RawMessage {
	var data map[string]json.RawMessage
	_ = codec.Read(it[wire.ProviderData], &data) // it is optional
	return data
}

func isDeepSeek(model string) bool { return strings.Contains(strings.ToLower(model), "deepseek") }

func (m *Model) isGemini() bool { return strings.Contains(strings.ToLower(m.Name), "gemini") }
