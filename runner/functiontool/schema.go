package functiontool

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// schemaOf infers the schema of a tool's arguments.
func schemaOf[In any]() (*jsonschema.Schema, error) {
	own := map[reflect.Type]*jsonschema.Schema{}
	addOwn(own, reflect.TypeFor[In](), map[reflect.Type]bool{})
	schema, err := jsonschema.For[In](&jsonschema.ForOptions{TypeSchemas: own})
	if err != nil {
		return nil, err
	}
	if slices.Contains(schema.Types, "object") { // a pointer; but arguments are never null
		schema.Type, schema.Types = "object", nil
	}
	if schema.Type != "object" {
		return nil, fmt.Errorf("arguments are a JSON object, and %v is none; use a struct", reflect.TypeFor[In]())
	}
	listProperties(schema)
	return schema, nil
}

// addOwn finds the types within t that decode themselves: their fields say
// nothing about their JSON.
func addOwn(own map[reflect.Type]*jsonschema.Schema, t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	pointer := reflect.PointerTo(t)
	switch {
	case t == reflect.TypeFor[time.Time]():
		own[t] = &jsonschema.Schema{Type: "string", Format: "date-time"}
		return
	case t.Kind() != reflect.Pointer && pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		own[t] = &jsonschema.Schema{}
		return
	case t.Kind() != reflect.Pointer && pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		own[t] = &jsonschema.Schema{Type: "string"}
		return
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		addOwn(own, t.Elem(), seen)
	case reflect.Struct:
		for field := range t.Fields() {
			addOwn(own, field.Type, seen)
		}
	}
}

// listProperties gives every object its list of properties: model servers ask
// for one, be it empty.
func listProperties(s *jsonschema.Schema) {
	if s.Properties == nil && (s.Type == "object" || slices.Contains(s.Types, "object")) {
		s.Properties = map[string]*jsonschema.Schema{}
	}
	for _, property := range s.Properties {
		listProperties(property)
	}
	for _, part := range []*jsonschema.Schema{s.Items, s.AdditionalProperties} {
		if part != nil {
			listProperties(part)
		}
	}
}

// isStrict says whether a schema keeps the rules of the API's strict mode:
// every value has a type, and every object has these keys, all of them and no
// others.
func isStrict(s *jsonschema.Schema) bool {
	if s.Type == "" && s.Types == nil || s.Items != nil && !isStrict(s.Items) {
		return false
	}
	if s.Properties == nil {
		return true
	}
	closed := s.AdditionalProperties != nil && s.AdditionalProperties.Not != nil // the schema that fits nothing
	for name, property := range s.Properties {
		if !slices.Contains(s.Required, name) || !isStrict(property) {
			return false
		}
	}
	return closed
}
