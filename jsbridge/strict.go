package jsbridge

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"runstream/internal/codec"
	"runstream/internal/wire"
	"runstream/runner"
)

// argumentsSchema gives the schema of a call's arguments as the model is shown
// it: in its strict form, unless strict is false. Arguments are an object. owner
// names the schema in errors.
func argumentsSchema(owner string, schema json.RawMessage, strict *bool) (json.RawMessage, error) {
	if given(schema) == nil {
		return nil, nil
	}
	shown, err := shownSchema(owner, schema, strict)
	if err != nil {
		return nil, err
	}
	object, ok := readOrdered(shown)
	if ok && !isFalse(strict) && object.get("anyOf") != nil {
		return nil, &runner.UserError{Message: owner + " cannot be strict: they are one of several. Put them into a property, or pass strict: false"}
	}
	if !ok || !object.is("type", `"object"`) && (object.get("type") != nil || !isFalse(strict)) {
		return nil, &runner.UserError{Message: owner + ` must be the schema of an object, for the arguments of a call are one; write { type: "object", properties: { … } }`}
	}
	return shown, nil
}

// shownSchema gives a schema in the form that the API's strict mode takes, unless
// strict is false, as ensure_strict_json_schema of the Agents SDK for Python does:
// every object is closed and requires all of its properties, and what strict mode
// has no word for is said in others. What cannot be said is an error. Properties
// keep their order, in which models write them.
func shownSchema(owner string, schema json.RawMessage, strict *bool) (json.RawMessage, error) {
	if isFalse(strict) {
		return schema, nil
	}
	if string(schema) == "{}" {
		return json.RawMessage(wire.NoArguments), nil
	}
	s := strictener{owner: owner, left: mostNodes, room: mostInPlace, targets: map[string]*orderedObject{}}
	s.root, _ = readOrdered(schema)
	shown, err := s.part(schema, 0)
	if object, ok := readOrdered(shown); err == nil && ok && object.is("type", `["object"]`) {
		object.set("type", json.RawMessage(`"object"`))
		shown = object.text()
	}
	return shown, err
}

// wrappedSchema gives the schema of an object whose property "response" has the
// given one: APIs take none but objects for an answer. References within it, but to
// its $defs, lead there.
func wrappedSchema(schema json.RawMessage) json.RawMessage {
	const inside = `"$ref":"#/properties/response`
	moved := strings.ReplaceAll(string(schema), `"$ref":"#/`, inside+"/")
	moved = strings.ReplaceAll(moved, inside+"/$defs", `"$ref":"#/$defs`)
	moved = strings.ReplaceAll(moved, `"$ref":"#"`, inside+`"`)
	response, ok := readOrdered(json.RawMessage(moved))
	if !ok {
		return schema
	}
	defs := response.get("$defs")
	response.drop("$defs")
	text := `{"type":"object","properties":{"response":` + string(response.text()) + `}`
	if defs != nil {
		text += `,"$defs":` + string(defs)
	}
	return json.RawMessage(text + "}")
}

// The SDK's bounds, for a schema may lead to itself, and how many bytes are put in
// the place of references: where they lead to each other these grow fast.
const mostNodes, mostSchemaDepth, mostInPlace = 100_000, 100, 64 << 10

type strictener struct {
	owner   string
	root    *orderedObject
	left    int                       // so many nodes may still come
	room    int                       // so many bytes may still be put in the place of references
	refs    []string                  // what is being put there
	targets map[string]*orderedObject // of references
}

// part gives a part of the schema in its strict form.
func (s *strictener) part(raw json.RawMessage, depth int) (json.RawMessage, error) {
	node, ok := readOrdered(raw)
	if !ok {
		return raw, nil // true and false are schemas, too
	}
	if s.left--; s.left < 0 || depth > mostSchemaDepth {
		return nil, s.refuse("it is too large, or leads to itself")
	}
	if node.is("default", "null") {
		node.drop("default")
	}
	if node.get("$ref") != nil && len(node.names) > 1 {
		return s.resolved(node, depth)
	}
	if all, ok := readElements(node.get("allOf")); ok && len(all) == 1 {
		return s.merged(node, all[0], depth)
	}
	if err := s.close(node); err != nil {
		return nil, err
	}
	for _, keyword := range [...]string{"$defs", "definitions", "properties"} {
		if parts, ok := readOrdered(node.get(keyword)); ok {
			for _, name := range parts.names {
				strict, err := s.part(parts.get(name), depth+1)
				if err != nil {
					return nil, err
				}
				parts.set(name, strict)
			}
			node.set(keyword, parts.text())
		}
	}
	for _, keyword := range [...]string{"items", "prefixItems", "anyOf", "oneOf", "allOf"} {
		strict, err := s.parts(node.get(keyword), depth+1)
		if err != nil {
			return nil, err
		}
		if strict != nil {
			node.set(keyword, strict)
		}
	}
	if one, ok := readElements(node.get("oneOf")); ok { // strict mode knows anyOf alone
		others, _ := readElements(node.get("anyOf"))
		node.drop("oneOf")
		node.set("anyOf", listText(append(append([]json.RawMessage{}, others...), one...)))
	}
	return node.text(), nil
}

// parts is part for one or a list of them; nil for nothing.
func (s *strictener) parts(raw json.RawMessage, depth int) (json.RawMessage, error) {
	list, ok := readElements(raw)
	if !ok {
		if raw == nil {
			return nil, nil
		}
		return s.part(raw, depth)
	}
	for i := range list {
		var err error
		if list[i], err = s.part(list[i], depth); err != nil {
			return nil, err
		}
	}
	return listText(list), nil
}

// close closes a node that is the schema of an object.
func (s *strictener) close(node *orderedObject) error {
	properties, hasProperties := readOrdered(node.get("properties"))
	if node.get("type") == nil && hasProperties {
		node.set("type", json.RawMessage(`"object"`))
	}
	kinds, isList := readElements(node.get("type"))
	if !isList {
		kinds = []json.RawMessage{node.get("type")}
	}
	isObject := slices.ContainsFunc(kinds, func(kind json.RawMessage) bool { return string(kind) == `"object"` })
	switch more := node.get("additionalProperties"); {
	case more != nil && string(more) != "false" && (isObject || node.get("type") == nil):
		return s.refuse("an object of it takes properties that it does not name, as a record and a loose object do")
	case more == nil && isObject:
		node.set("additionalProperties", json.RawMessage("false"))
	}
	if hasProperties {
		node.set("required", listText(properties.names))
	}
	return nil
}

// descriptive are the keywords that may stand beside a reference: they do not say
// which values there are.
var descriptive = [...]string{
	"$anchor", "$comment", "$defs", "$id", "$schema", "contentEncoding", "contentMediaType", "contentSchema", "default",
	"definitions", "deprecated", "description", "examples", "readOnly", "title", "writeOnly",
}

func isDescriptive(keyword string) bool { return slices.Contains(descriptive[:], keyword) }

// resolved puts in the place of a reference what it leads to: strict mode has
// nothing beside a reference. One that leads to where it stands stays, alone, and
// so do all once there is no room.
func (s *strictener) resolved(node *orderedObject, depth int) (json.RawMessage, error) {
	raw := node.get("$ref")
	var ref string
	if err := codec.Read(raw, &ref); err != nil {
		return nil, s.refuse("a $ref of it is no text")
	}
	node.drop("$ref")
	if i := slices.IndexFunc(node.names, func(name string) bool { return !isDescriptive(name) }); i >= 0 {
		return nil, s.refuse("it has " + node.names[i] + " beside a $ref")
	}
	alone := json.RawMessage(`{"$ref":` + string(raw) + `}`)
	if ref == "#" || slices.Contains(s.refs, ref) {
		return alone, nil
	}
	target, err := s.target(ref)
	if err != nil {
		return nil, err
	}
	node.add(target)
	text := node.text()
	if s.room -= len(text); s.room < 0 && depth > 0 {
		return alone, nil
	}
	s.refs = append(s.refs, ref)
	strict, err := s.part(text, depth+1)
	s.refs = s.refs[:len(s.refs)-1]
	return strict, err
}

// target is what a reference of the form #/$defs/Name leads to (RFC 6901, section 6).
func (s *strictener) target(ref string) (*orderedObject, error) {
	if known := s.targets[ref]; known != nil {
		return known, nil
	}
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, s.refuse("its reference " + ref + " does not begin with #/")
	}
	at := s.root
	for name := range strings.SplitSeq(percentDecoded(path), "/") {
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
		if ok {
			at, ok = readOrdered(at.get(name))
		}
	}
	if !ok {
		return nil, s.refuse("its reference " + ref + " leads nowhere")
	}
	s.targets[ref] = at
	return at, nil
}

// percentDecoded is url.PathUnescape, whose package would make the engine larger.
func percentDecoded(text string) string {
	var decoded []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				decoded = append(decoded, byte(c))
				i += 2
				continue
			}
		}
		decoded = append(decoded, text[i])
	}
	return string(decoded)
}

// merged makes one of a node and the only entry of its allOf.
func (s *strictener) merged(node *orderedObject, entry json.RawMessage, depth int) (json.RawMessage, error) {
	node.drop("allOf")
	other, ok := readOrdered(entry)
	if ok && other.get("$ref") != nil {
		resolved, err := s.resolved(other, depth+1)
		if err != nil {
			return nil, err
		}
		other, ok = readOrdered(resolved)
	}
	if !ok {
		return nil, s.refuse("the entry of an allOf is no schema")
	}
	for _, name := range slices.Clone(node.names) {
		switch own, theirs := node.get(name), other.get(name); {
		case theirs == nil, isDescriptive(name), string(own) == string(theirs):
		case name == "properties" && string(own) == "{}", name == "required" && string(own) == "[]":
			node.drop(name)
		default:
			return nil, s.refuse("it has " + name + " beside and within an allOf")
		}
	}
	if node.is("additionalProperties", "false") && node.get("properties") == nil && other.get("properties") != nil {
		return nil, s.refuse("it is closed beside an allOf that has the properties")
	}
	node.add(other)
	return s.part(node.text(), depth+1)
}

func (s *strictener) refuse(why string) error {
	return &runner.UserError{Message: s.owner + " cannot be strict: " + why + ". Change the schema, or pass strict: false"}
}
