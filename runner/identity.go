package runner

import "runstream/internal/codec"

// toolKey identifies a function tool within an agent: by its bare name, by
// namespace and name, or as a deferred tool that the model loads by itself.
type toolKey struct {
	kind      string // "bare", "namespaced", "deferred_top_level"; "" for no function tool
	namespace string
	name      string
}

func bareKey(name string) toolKey { return toolKey{kind: "bare", name: name} }

// callKey gives the key that a model's function call asks for. A deferred tool
// arrives with its own name as namespace.
func callKey(name, namespace string) toolKey {
	switch namespace {
	case "":
		return bareKey(name)
	case name:
		return toolKey{kind: "deferred_top_level", name: name}
	}
	return toolKey{kind: "namespaced", namespace: namespace, name: name}
}

// approvalKey is the key of the tool's decisions in a state.
func (k toolKey) approvalKey() string {
	switch k.kind {
	case "namespaced":
		return k.namespace + "." + k.name
	case "deferred_top_level":
		return "deferred_top_level:" + k.name
	}
	return k.name
}

// list is the key as it goes into an approval scope.
func (k toolKey) list() []any {
	if k.kind == "namespaced" {
		return []any{k.kind, k.namespace, k.name}
	}
	return []any{k.kind, k.name}
}

// lookupKey is the key as states write it.
type lookupKey struct {
	Kind      string
	Namespace string
	Name      string
}

func (l *lookupKey) fields() codec.Fields {
	return codec.Fields{
		"kind", &l.Kind,
		"namespace,omitempty", &l.Namespace,
		"name", &l.Name,
	}
}

func (k toolKey) lookup() *lookupKey {
	if k.kind == "" {
		return nil
	}
	return &lookupKey{k.kind, k.namespace, k.name}
}

func (l *lookupKey) key() toolKey {
	if l == nil || l.Name == "" {
		return toolKey{}
	}
	return toolKey{l.Kind, l.Namespace, l.Name}
}
