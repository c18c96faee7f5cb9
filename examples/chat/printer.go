package main

import (
	"encoding/json"
	"fmt"
	"io"

	"runstream/runner"
)

// printer writes a run for a person to read.
type printer struct {
	out     io.Writer
	agent   string // who speaks
	midLine bool   // text without a line end was written
}

func (p *printer) event(event runner.Event) {
	switch event.Type {
	case runner.AgentUpdatedStreamEvent:
		p.agent = event.Agent.Name
	case runner.RawResponseEvent:
		if event.Raw.Type == "response.output_text.delta" || event.Raw.Type == "response.refusal.delta" {
			var delta struct{ Delta string }
			if json.Unmarshal(event.Raw.Data, &delta) == nil {
				p.speak(delta.Delta)
			}
		}
	case runner.RunItemStreamEvent:
		p.item(event.Name, event.Item)
	}
}

func (p *printer) item(name runner.ItemEventName, item *runner.RunItem) {
	switch name {
	case runner.MessageOutputCreated:
		p.endLine()
	case runner.ToolCalled:
		p.line(fmt.Sprintf("  → %s %s", data(item.ToolName), data(item.Arguments())))
	case runner.ToolOutput:
		p.line(fmt.Sprintf("  ← %s", data(shorten(string(item.Output)))))
	case runner.HandoffOccured:
		p.line(fmt.Sprintf("  %s hands over to %s", item.SourceAgent.Name, item.TargetAgent.Name))
	}
}

func (p *printer) speak(text string) {
	if !p.midLine {
		fmt.Fprintf(p.out, "%s: ", p.agent)
		p.midLine = true
	}
	fmt.Fprint(p.out, prose(text))
}

func (p *printer) endLine() {
	if p.midLine {
		fmt.Fprintln(p.out)
		p.midLine = false
	}
}

func (p *printer) line(text string) {
	p.endLine()
	fmt.Fprintln(p.out, text)
}

func (p *printer) prompt(text string) {
	p.endLine()
	fmt.Fprint(p.out, text)
}

func shorten(text string) string {
	const most = 200
	if characters := []rune(text); len(characters) > most {
		return string(characters[:most]) + "…"
	}
	return text
}
