// Package wire names what the adapters of servers and the run loop must spell
// alike.
package wire

const (
	// FakeID is the id that adapters of other APIs give items without one, as in
	// the Agents SDK for Python.
	FakeID = "__fake_id__"
	// ProviderData is the field of items that is for the server that wrote it
	// alone.
	ProviderData = "provider_data"
	// NoArguments is the schema of a tool that takes none.
	NoArguments = `{"type":"object","properties":{},"required":[],"additionalProperties":false}`
)
