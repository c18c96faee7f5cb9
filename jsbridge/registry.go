package jsbridge

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"runstream/runner"
)

// Option gives an engine parts of its own, written in Go: pages get them by
// name. See [Serve].
type Option func(*registry) error

// WithAgents gives agents, for engineAgent(name) of the page. What they reach by
// handoffs comes with them. A run has copies of them, to which the page may add
// tools and handoffs of its own.
func WithAgents(agents ...*runner.Agent) Option {
	return func(own *registry) error {
		for _, agent := range agents {
			if err := register(own.agents, "agent", agent.Name, agent); err != nil {
				return err
			}
		}
		return nil
	}
}

// WithTools gives tools that any agent of a page may have: engineTool(name).
func WithTools(tools ...*runner.FunctionTool) Option {
	return func(own *registry) error {
		for _, tool := range tools {
			if err := register(own.tools, "tool", tool.Name, tool); err != nil {
				return err
			}
		}
		return nil
	}
}

// WithModel gives a model that any agent of a page may have: engineModel(name).
func WithModel(name string, model runner.Model) Option {
	return func(own *registry) error { return register(own.models, "model", name, model) }
}

// registry is what a program gives its engine, by name.
type registry struct {
	agents map[string]*runner.Agent
	tools  map[string]*runner.FunctionTool
	models map[string]runner.Model
}

func newRegistry(options []Option) (*registry, error) {
	own := &registry{map[string]*runner.Agent{}, map[string]*runner.FunctionTool{}, map[string]runner.Model{}}
	for _, option := range options {
		if err := option(own); err != nil {
			return nil, err
		}
	}
	return own, nil
}

func register[T any](parts map[string]T, kind, name string, part T) error {
	if _, taken := parts[name]; taken || name == "" {
		return &runner.UserError{Message: "jsbridge: the " + kind + " " + strconv.Quote(name) + " needs a name that no other " + kind + " of the engine has"}
	}
	parts[name] = part
	return nil
}

func registered[T any](parts map[string]T, kind, name string) (part T, err error) {
	part, ok := parts[name]
	if ok {
		return part, nil
	}
	has := "this one has none: build an engine that does with package jsbridge, and pass it to init({ wasm })"
	if len(parts) > 0 {
		has = "this one has " + strings.Join(slices.Sorted(maps.Keys(parts)), ", ")
	}
	return part, &runner.UserError{Message: "the engine has no " + kind + " " + strconv.Quote(name) + "; " + has}
}

// ServerModel is a model, by its name, of the server that the page has
// configured: what a page's agents have where they name a model. It answers in
// runs of a page only.
func ServerModel(name string) runner.Model { return serverModel(name) }

type serverModel string

// modelsOfRun finds a run's [models] in its context.
type modelsOfRun struct{}

// Stream implements [runner.Model].
func (m serverModel) Stream(ctx context.Context, request *runner.ModelRequest) iter.Seq2[runner.RawEvent, error] {
	if models, ok := ctx.Value(modelsOfRun{}).(*models); ok && models.transport != nil {
		return models.atServer(string(m)).Stream(ctx, request)
	}
	return func(yield func(runner.RawEvent, error) bool) {
		yield(runner.RawEvent{}, &runner.UserError{Message: "no model server is configured for model " + string(m) + `; call configure({ baseURL }) in the page`})
	}
}
