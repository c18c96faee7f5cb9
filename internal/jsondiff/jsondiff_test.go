package jsondiff

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFirst(t *testing.T) {
	for _, row := range []struct{ want, got, difference string }{
		{`{"a":1,"b":null}`, `{"a":1}`, ""},
		{`{"a":[1,{"b":"x"}]}`, `{"a":[1,{"b":"x"}]}`, ""},
		{`{"a":[1,{"b":"x"}]}`, `{"a":[1,{"b":"y"}]}`, `it.a[1].b: expected "x", got "y"`},
		{`{"a":[1]}`, `{"a":[1,2]}`, "it.a: expected 1 entries, got 2"},
		{`{"a":[]}`, `{}`, "it.a: expected a list, got null"},
		{`{"a":{}}`, `{"a":1}`, "it.a: expected an object, got 1"},
		{`{}`, `{"a":1}`, "it.a: expected null, got 1"},
	} {
		assert.Equal(t, row.difference, First("it", decoded(t, row.want), decoded(t, row.got), nil), "%s and %s", row.want, row.got)
	}
	lengths := func(want, got any) bool {
		w, isText := want.(string)
		g, isToo := got.(string)
		return isText && isToo && len(w) == len(g)
	}
	assert.Empty(t, First("it", decoded(t, `["ab"]`), decoded(t, `["cd"]`), lengths))
	assert.NotEmpty(t, First("it", decoded(t, `["ab"]`), decoded(t, `["cde"]`), lengths))
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}
