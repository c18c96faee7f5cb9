package functiontool

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// schemaOf infers the schema of a tool's arguments.
func schemaOf[In any]() (*jsonschema.Schema, error) {
	own := map[reflect.Type]*jsonschema.Schema{}
	if err := addOwn(own, reflect.TypeFor[In](), map[reflect.Type]bool{}); err != nil {
		return nil, err
	}
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
// nothing about their JSON. It refuses fields that a schema would misname.
func addOwn(own map[reflect.Type]*jsonschema.Schema, t reflect.Type, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	pointer := reflect.PointerTo(t)
	switch {
	case t == reflect.TypeFor[json.Number]():
		own[t] = &jsonschema.Schema{Type: "number"}
		return nil
	case t == reflect.TypeFor[time.Time]():
		own[t] = &jsonschema.Schema{Type: "string", Format: "date-time"}
		return nil
	case t.Kind() != reflect.Pointer && pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		own[t] = &jsonschema.Schema{}
		return nil
	case t.Kind() != reflect.Pointer && pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		own[t] = &jsonschema.Schema{Type: "string"}
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return addOwn(own, t.Elem(), seen)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Errorf("nothing can be decoded into the interface %v; use a type that can", t)
		}
	case reflect.Struct:
		for field := range t.Fields() {
			if err := checkField(t, field); err != nil {
				return err
			}
			if err := addOwn(own, field.Type, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkField(t reflect.Type, field reflect.StructField) error {
	name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case name == "-" && options == "" || !field.IsExported() && !field.Anonymous:
	case field.Anonymous && !field.IsExported() && field.Type.Kind() == reflect.Pointer:
		return fmt.Errorf("%v embeds %s, a pointer to a type that is not exported, which nothing can be decoded into; embed the struct itself, or export its type", t, field.Name)
	case field.Anonymous && name != "":
		return fmt.Errorf("%v embeds %s under the name %q, which its schema would lack; make it a field with a name", t, field.Name, name)
	case slices.Contains(strings.Split(options, ","), "string"):
		return fmt.Errorf("field %s of %v is written as a string by its tag, which its schema would not say; leave the tag's \"string\" out, or use a string", field.Name, t)
	}
	return nil
}

// listProperties gives every object its list of properties: model servers ask
// for one, be it empty.
func listProperties(s *jsonschema.Schema) {
	if len(s.Types) == 1 && s.Types[0] == "null" {
		s.Types = nil // a pointer to what may be anything
	}
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
