package jsbridge

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
)

// The wanted ones are what ensure_strict_json_schema of the Agents SDK for Python
// 0.24 makes of them, but for those in tuples and those that lead to themselves.
func TestStrictSchemas(t *testing.T) {
	for name, tc := range map[string]struct{ schema, want string }{
		"properties are required, in their order": {
			`{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"number"}},"required":["a"]}`,
			`{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"number"}},"required":["b","a"],"additionalProperties":false}`,
		},
		"no schema at all":       {`{}`, `{"type":"object","properties":{},"required":[],"additionalProperties":false}`},
		"an object without any":  {`{"type":"object"}`, `{"type":"object","additionalProperties":false}`},
		"an object by the looks": {`{"properties":{}}`, `{"properties":{},"type":"object","additionalProperties":false,"required":[]}`},
		"everywhere within": {
			`{"type":"object","properties":{"a":{"type":["object","null"]},"l":{"type":"array","items":{"type":"object"}},"u":{"anyOf":[{"type":"object"},{"type":"null"}]},"t":{"prefixItems":[{"type":"object"}]}},"$defs":{"D":{"type":"object"}},"definitions":{"D":{"type":"object"}}}`,
			`{"type":"object","properties":{"a":{"type":["object","null"],"additionalProperties":false},"l":{"type":"array","items":{"type":"object","additionalProperties":false}},"u":{"anyOf":[{"type":"object","additionalProperties":false},{"type":"null"}]},"t":{"prefixItems":[{"type":"object","additionalProperties":false}]}},"$defs":{"D":{"type":"object","additionalProperties":false}},"definitions":{"D":{"type":"object","additionalProperties":false}},"additionalProperties":false,"required":["a","l","u","t"]}`,
		},
		"one of some is any of them": {
			`{"type":"object","properties":{"a":{"oneOf":[{"type":"string"},{"type":"object"}],"anyOf":[true]}}}`,
			`{"type":"object","properties":{"a":{"anyOf":[true,{"type":"string"},{"type":"object","additionalProperties":false}]}},"required":["a"],"additionalProperties":false}`,
		},
		"a default of null goes": {
			`{"type":"object","properties":{"a":{"type":"string","default":null},"b":{"default":1}}}`,
			`{"type":"object","properties":{"a":{"type":"string"},"b":{"default":1}},"required":["a","b"],"additionalProperties":false}`,
		},
		"nothing stands beside a reference": {
			`{"type":"object","properties":{"a":{"$ref":"#/$defs/X~1%59","description":"own"},"b":{"$ref":"#/$defs/X~1%59"}},"$defs":{"X/Y":{"type":"object","description":"its"}}}`,
			`{"type":"object","properties":{"a":{"description":"own","type":"object","additionalProperties":false},"b":{"$ref":"#/$defs/X~1%59"}},"$defs":{"X/Y":{"type":"object","description":"its","additionalProperties":false}},"required":["a","b"],"additionalProperties":false}`,
		},
		"but what leads to itself does so": {
			`{"$ref":"#/$defs/N","$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N","description":"d"},"top":{"$ref":"#","title":"t"}}}}}`,
			`{"type":"object","properties":{"next":{"$ref":"#/$defs/N"},"top":{"$ref":"#"}},"required":["next","top"],"additionalProperties":false,
			  "$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"},"top":{"$ref":"#"}},"required":["next","top"],"additionalProperties":false}}}`,
		},
		"a default of null is nothing beside a reference": {
			`{"type":"object","properties":{"a":{"$ref":"#/$defs/X","default":null}},"$defs":{"X":{"type":"string"}}}`,
			`{"type":"object","properties":{"a":{"$ref":"#/$defs/X"}},"$defs":{"X":{"type":"string"}},"required":["a"],"additionalProperties":false}`,
		},
		"a list of one type at the root": {`{"type":["object"]}`, `{"type":"object","additionalProperties":false}`},
		"all of one is that one": {
			`{"type":"object","properties":{"a":{"allOf":[{"$ref":"#/$defs/X"}],"description":"own"}},"$defs":{"X":{"type":"string"}}}`,
			`{"type":"object","properties":{"a":{"description":"own","type":"string"}},"$defs":{"X":{"type":"string"}},"required":["a"],"additionalProperties":false}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			shown, err := shownSchema("it", json.RawMessage(tc.schema), nil)
			require.NoError(t, err)
			assert.JSONEq(t, tc.want, string(shown))
			again, err := shownSchema("it", shown, nil)
			require.NoError(t, err)
			assert.JSONEq(t, string(shown), string(again))
		})
	}
	shown, err := shownSchema("it", json.RawMessage(`{"properties":{"z":{},"a":{},"m":{}}}`), nil)
	require.NoError(t, err)
	assert.Regexp(t, `"z".*"a".*"m".*\["z","a","m"\]`, string(shown))
}

func TestSchemasThatCannotBeStrict(t *testing.T) {
	for schema, why := range map[string]string{
		`{"type":"object","additionalProperties":true}`:                                                   "does not name",
		`{"type":"object","properties":{"a":{"type":"object","additionalProperties":{}}}}`:                "does not name",
		`{"type":"object","properties":{"a":{"additionalProperties":{"type":"string"}}}}`:                 "does not name",
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/X","nullable":true}},"$defs":{"X":{}}}`:      "nullable beside a $ref",
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/X","title":"t"}}}`:                           "leads nowhere",
		`{"type":"object","properties":{"a":{"$ref":"other.json","title":"t"}}}`:                          "does not begin with #/",
		`{"type":"object","properties":{"a":{"allOf":[{"type":"string"}],"type":"number"}}}`:              "type beside and within",
		`{"properties":{"a":` + strings.Repeat(`{"items":`, 120) + `{}` + strings.Repeat(`}`, 120) + `}}`: "too large",
	} {
		_, err := shownSchema("the parameters of tool look", json.RawMessage(schema), nil)
		var user *runner.UserError
		require.ErrorAs(t, err, &user, schema)
		assert.Contains(t, user.Message, "the parameters of tool look cannot be strict: ")
		assert.Contains(t, user.Message, why)
		shown, err := shownSchema("it", json.RawMessage(schema), new(false))
		require.NoError(t, err)
		assert.Equal(t, schema, string(shown), "as it is, where it need not be strict")
	}
}

// Definitions that lead to each other, with something beside each reference.
func TestReferencesThatLeadToEachOtherStaySmall(t *testing.T) {
	var defs []string
	for i := range 8 {
		var properties []string
		for j := range 8 {
			properties = append(properties, fmt.Sprintf(`"p%d":{"$ref":"#/$defs/D%d","description":"d"}`, j, j))
		}
		defs = append(defs, fmt.Sprintf(`"D%d":{"type":"object","properties":{%s}}`, i, strings.Join(properties, ",")))
	}
	schema := `{"type":"object","properties":{"root":{"$ref":"#/$defs/D0"}},"$defs":{` + strings.Join(defs, ",") + `}}`
	shown, err := shownSchema("it", json.RawMessage(schema), nil)
	require.NoError(t, err)
	assert.Less(t, len(shown), 4*mostInPlace)
	assert.True(t, json.Valid(shown))
	assert.NotRegexp(t, `"\$ref":"[^"]*",|,"\$ref"`, string(shown), "nothing stands beside a reference")
}

func TestAWrappedSchemaLeadsToItself(t *testing.T) {
	wrapped := wrappedSchema(json.RawMessage(`{"anyOf":[{"$ref":"#/$defs/X"},{"type":"array","items":{"$ref":"#"}}],"$defs":{"X":{"type":"string"}}}`))
	assert.JSONEq(t, `{"type":"object","properties":{"response":{"anyOf":[{"$ref":"#/$defs/X"},{"type":"array","items":{"$ref":"#/properties/response"}}]}},"$defs":{"X":{"type":"string"}}}`, string(wrapped))
}

func TestReferencesOfAWrappedSchemaLeadIntoIt(t *testing.T) {
	anchored := wrappedSchema(json.RawMessage(`{"type":"array","items":{"$ref":"#node"},"$defs":{"N":{"$anchor":"node","type":"string"}}}`))
	assert.Contains(t, string(anchored), `{"$ref":"#node"}`)
	wrapped := wrappedSchema(json.RawMessage(`{"type":"array","items":{"$ref":"#/definitions/C"},"definitions":{"C":{"type":"string"}},"contains":{"$ref":"#/items"}}`))
	assert.JSONEq(t, `{"type":"object","properties":{"response":{"type":"array","items":{"$ref":"#/properties/response/definitions/C"},
		"definitions":{"C":{"type":"string"}},"contains":{"$ref":"#/properties/response/items"}}}}`, string(wrapped))
}

func TestArgumentsAreAnObject(t *testing.T) {
	_, err := argumentsSchema("it", json.RawMessage(`{"type":"object","anyOf":[{"type":"object"}]}`), nil)
	assert.ErrorContains(t, err, "one of several")
	for _, schema := range []string{`{"type":"string"}`, `"object"`, `5`, `true`, `[]`} {
		_, err := argumentsSchema("the parameters of tool look", json.RawMessage(schema), nil)
		assert.ErrorContains(t, err, "the parameters of tool look must be the schema of an object", schema)
	}
	for _, schema := range []string{`{"type":"string"}`, `"object"`} {
		_, err := argumentsSchema("it", json.RawMessage(schema), new(false))
		assert.Error(t, err, schema)
	}
	for _, schema := range []string{`{}`, `{"type":"object"}`, `{"anyOf":[{"type":"object"}]}`} {
		shown, err := argumentsSchema("it", json.RawMessage(schema), new(false))
		require.NoError(t, err)
		assert.Equal(t, schema, string(shown))
	}
}
