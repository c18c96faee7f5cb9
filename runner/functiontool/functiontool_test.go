package functiontool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/functiontool"
	"runstream/runner/runnertest"
)

type place struct {
	City    string `json:"city" jsonschema:"where to look"`
	Country string `json:"country,omitempty"`
}

type trip struct {
	From  place    `json:"from"`
	Stops []place  `json:"stops"`
	Notes []string `json:"notes"`
}

type exact struct {
	Name  string   `json:"name"`
	Age   *int     `json:"age" jsonschema:"in years, null if unknown"`
	Tags  []string `json:"tags"`
	Owner struct {
		Email string `json:"email"`
	} `json:"owner"`
}

type embedding struct {
	place
	Days int `json:"days,omitzero"`
}

// toolOf makes a tool whose function does nothing.
func toolOf[In any](t *testing.T) *runner.FunctionTool {
	t.Helper()
	tool, err := functiontool.New("try", "Tries.", func(context.Context, In) (string, error) { return "", nil })
	require.NoError(t, err)
	return tool
}

func TestTheSchemaIsInferred(t *testing.T) {
	const placeSchema = `{"type":"object","properties":{"city":{"type":"string","description":"where to look"},"country":{"type":"string"}},"required":["city"],"additionalProperties":false}`
	for name, tc := range map[string]struct {
		tool   *runner.FunctionTool
		want   string
		strict bool
	}{
		"descriptions and optional arguments": {toolOf[place](t), placeSchema, false},
		"nested structs and lists": {toolOf[trip](t), `{"type":"object","properties":{"from":` + placeSchema + `,"stops":{"type":["null","array"],"items":` + placeSchema + `},
			"notes":{"type":["null","array"],"items":{"type":"string"}}},"required":["from","stops","notes"],"additionalProperties":false}`, false},
		"every argument required, at every depth": {toolOf[exact](t), `{"type":"object","properties":{"name":{"type":"string"},"age":{"type":["null","integer"],"description":"in years, null if unknown"},
			"tags":{"type":["null","array"],"items":{"type":"string"}},
			"owner":{"type":"object","properties":{"email":{"type":"string"}},"required":["email"],"additionalProperties":false}},
			"required":["name","age","tags","owner"],"additionalProperties":false}`, true},
		"embedded structs": {toolOf[embedding](t), `{"type":"object","properties":{"city":{"type":"string","description":"where to look"},"country":{"type":"string"},"days":{"type":"integer"}},
			"required":["city"],"additionalProperties":false}`, false},
		"a pointer is its struct": {toolOf[*struct{ N float64 }](t), `{"type":"object","properties":{"N":{"type":"number"}},"required":["N"],"additionalProperties":false}`, true},
		"a map":                   {toolOf[map[string]bool](t), `{"type":"object","properties":{},"additionalProperties":{"type":"boolean"}}`, false},
		"a map within": {toolOf[struct{ M map[string]bool }](t),
			`{"type":"object","properties":{"M":{"type":"object","properties":{},"additionalProperties":{"type":"boolean"}}},"required":["M"],"additionalProperties":false}`, false},
		"a list of maps": {toolOf[struct{ M [][]map[string]struct{} }](t),
			`{"type":"object","properties":{"M":{"type":["null","array"],"items":{"type":["null","array"],"items":{"type":"object","properties":{},"additionalProperties":{"type":"object","properties":{},"additionalProperties":false}}}}},
			"required":["M"],"additionalProperties":false}`, false},
		"anything":          {toolOf[struct{ A any }](t), `{"type":"object","properties":{"A":true},"required":["A"],"additionalProperties":false}`, false},
		"any JSON":          {toolOf[struct{ A json.RawMessage }](t), `{"type":"object","properties":{"A":true},"required":["A"],"additionalProperties":false}`, false},
		"a time":            {toolOf[struct{ A *time.Time }](t), `{"type":"object","properties":{"A":{"type":["null","string"],"format":"date-time"}},"required":["A"],"additionalProperties":false}`, true},
		"what reads a text": {toolOf[struct{ A []netip.Addr }](t), `{"type":"object","properties":{"A":{"type":["null","array"],"items":{"type":"string"}}},"required":["A"],"additionalProperties":false}`, true},
		"nothing within":    {toolOf[struct{ A struct{} }](t), `{"type":"object","properties":{"A":{"type":"object","properties":{},"additionalProperties":false}},"required":["A"],"additionalProperties":false}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			assert.JSONEq(t, tc.want, string(tc.tool.Parameters))
			assert.Equal(t, tc.strict, !tc.tool.NotStrict)
		})
	}
	t.Run("no arguments", func(t *testing.T) {
		tool := toolOf[struct{}](t)
		assert.Nil(t, tool.Parameters)
		assert.False(t, tool.NotStrict)
	})
	t.Run("in the order of the fields", func(t *testing.T) {
		assert.Regexp(t, `"city".*"country"`, string(toolOf[place](t).Parameters))
	})
}

func TestATypeWithoutASchema(t *testing.T) {
	for name, make := range map[string]func() (*runner.FunctionTool, error){
		"a function":      failing[struct{ F func() }],
		"a channel":       failing[struct{ C []chan int }],
		"a map of ints":   failing[struct{ M map[int]string }],
		"a complex":       failing[struct{ C complex128 }],
		"a type of cycle": failing[cycle],
		"an empty tag": failing[struct {
			S string `jsonschema:""`
		}],
		"an embedded type with a name": failing[struct {
			Named `json:"named"`
		}],
		"a number as a string": failing[struct {
			N int `json:"n,string"`
		}],
		"an interface":                           failing[struct{ S fmt.Stringer }],
		"a text":                                 failing[string],
		"a list":                                 failing[[]place],
		"anything":                               failing[any],
		"any JSON":                               failing[json.RawMessage],
		"a time":                                 failing[time.Time],
		"a pointer":                              failing[*int],
		"an embedded pointer that cannot be set": failing[struct{ *place }],
	} {
		t.Run(name, func(t *testing.T) {
			tool, err := make()
			assert.Nil(t, tool)
			var misused *runner.UserError
			require.ErrorAs(t, err, &misused)
			assert.ErrorContains(t, err, "tool try: no JSON Schema can be made of its arguments: ")
		})
	}
	_, err := failing[[]place]()
	assert.ErrorContains(t, err, "arguments are a JSON object, and []functiontool_test.place is none; use a struct")
}

func TestAToolNeedsAFunction(t *testing.T) {
	_, err := functiontool.New[place, string]("try", "Tries.", nil)
	var misused *runner.UserError
	require.ErrorAs(t, err, &misused)
}

// Named is embedded.
type Named struct{ Path string }

type cycle struct{ Next []*cycle }

func failing[In any]() (*runner.FunctionTool, error) {
	return functiontool.New("try", "Tries.", func(context.Context, In) (string, error) { return "", nil })
}

func TestTheFunctionGetsTheArguments(t *testing.T) {
	var got trip
	tool, err := functiontool.New("plan", "Plans.", func(_ context.Context, in trip) (map[string]int, error) {
		got = in
		return map[string]int{"km": 7}, nil
	})
	require.NoError(t, err)
	assert.Equal(t, "plan", tool.Name)
	assert.Equal(t, "Plans.", tool.Description)
	out, err := tool.Invoke(t.Context(), &runner.ToolCall{Name: "plan", Arguments: `{"from":{"city":"Oslo"},"stops":[{"city":"Bergen","country":"NO"}],"notes":null}`})
	require.NoError(t, err)
	assert.Equal(t, trip{From: place{City: "Oslo"}, Stops: []place{{"Bergen", "NO"}}}, got)
	assert.Equal(t, map[string]int{"km": 7}, out)
}

func TestTypesOfTheirOwnAreRead(t *testing.T) {
	type in struct {
		At   time.Time       `json:"at"`
		Host netip.Addr      `json:"host"`
		More json.RawMessage `json:"more"`
		Sum  *big.Int        `json:"sum"`
	}
	var got in
	tool, err := functiontool.New("note", "Notes.", func(_ context.Context, given in) (string, error) {
		got = given
		return "", nil
	})
	require.NoError(t, err)
	_, err = tool.Invoke(t.Context(), &runner.ToolCall{Arguments: `{"at":"2026-01-02T03:04:05Z","host":"10.0.0.1","more":{"x":[1.0]},"sum":12345678901234567890}`})
	require.NoError(t, err)
	sum, _ := new(big.Int).SetString("12345678901234567890", 10)
	assert.Equal(t, in{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), netip.MustParseAddr("10.0.0.1"), []byte(`{"x":[1.0]}`), sum}, got)
}

func TestWholeNumbersMayBeWrittenAsFractions(t *testing.T) {
	type in struct {
		Days  int         `json:"days"`
		Hours int         `json:"hours"`
		Sizes []float64   `json:"sizes"`
		Note  string      `json:"note"`
		Price json.Number `json:"price"`
	}
	var got in
	tool, err := functiontool.New("plan", "", func(_ context.Context, given in) (string, error) {
		got = given
		return "", nil
	})
	require.NoError(t, err)
	_, err = tool.Invoke(t.Context(), &runner.ToolCall{Arguments: `{"days":-3.00,"hours":1.2e2,"sizes":[1.0,2.50,10.0e1],"note":"1.0 \"2.0\\","price":1.25}`})
	require.NoError(t, err)
	assert.Equal(t, in{Days: -3, Hours: 120, Sizes: []float64{1, 2.5, 100}, Note: `1.0 "2.0\`, Price: "1.25"}, got)
}

func TestAnIntegerIsReadAsItIs(t *testing.T) {
	type in struct {
		N int64 `json:"n"`
	}
	for number, want := range map[string]int64{
		"9007199254740993e0": 9007199254740993, "1.5e1": 15, "100e-2": 1, "-0.0": 0, "-1.20e+2": -120, "0e5": 0,
	} {
		var got in
		tool, err := functiontool.New("t", "", func(_ context.Context, given in) (string, error) { got = given; return "", nil })
		require.NoError(t, err)
		_, err = tool.Invoke(t.Context(), &runner.ToolCall{Arguments: `{"n":` + number + `}`})
		require.NoError(t, err, number)
		assert.Equal(t, want, got.N, number)
	}
	for _, number := range []string{"9007199254740992.5e0", "1.00000000000000000001e0", "1e-400", "1e400", "1e99999999999999999999", "15e-1", "1e19"} {
		tool, err := functiontool.New("t", "", func(context.Context, in) (string, error) { return "", nil })
		require.NoError(t, err)
		_, err = tool.Invoke(t.Context(), &runner.ToolCall{Arguments: `{"n":` + number + `}`})
		assert.Error(t, err, number)
	}
}

func TestNoArgumentsAreAnEmptyObject(t *testing.T) {
	ran := 0
	tool, err := functiontool.New("now", "", func(context.Context, struct{}) (string, error) {
		ran++
		return "", nil
	})
	require.NoError(t, err)
	for _, arguments := range []string{"", "{}", " { } "} {
		_, err := tool.Invoke(t.Context(), &runner.ToolCall{Arguments: arguments})
		require.NoError(t, err)
	}
	assert.Equal(t, 3, ran)
}

func TestWrongArgumentsNeverRun(t *testing.T) {
	type in struct {
		City string `json:"city"`
		Days uint8  `json:"days,omitempty"`
		At   *struct {
			Hour int `json:"hour"`
		} `json:"at,omitempty"`
		Since time.Time `json:"since,omitzero"`
	}
	tool, err := functiontool.New("weather", "", func(context.Context, in) (string, error) {
		t.Error("it ran")
		return "", nil
	})
	require.NoError(t, err)
	for name, arguments := range map[string]string{
		"missing":             `{}`,
		"missing altogether":  ``,
		"of another type":     `{"city":7}`,
		"null":                `{"city":null}`,
		"unknown":             `{"city":"Oslo","planet":"Mars"}`,
		"in other letters":    `{"City":"Oslo"}`,
		"too large":           `{"city":"Oslo","days":256}`,
		"negative":            `{"city":"Oslo","days":-1}`,
		"broken":              `{"city":1.5}`,
		"a fraction":          `{"city":"Oslo","days":1.5}`,
		"nested and missing":  `{"city":"Oslo","at":{}}`,
		"nested and unknown":  `{"city":"Oslo","at":{"hour":1,"x":2}}`,
		"a text that is none": `{"city":"Oslo","since":"yesterday"}`,
		"no JSON":             `{"city":"Os`,
		"two objects":         `{"city":"Oslo"}{"city":"Oslo"}`,
		"a list":              `["Oslo"]`,
		"nothing":             `null`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tool.Invoke(t.Context(), &runner.ToolCall{Name: "weather", Arguments: arguments})
			var misbehaved *runner.ModelBehaviorError
			require.ErrorAs(t, err, &misbehaved)
			assert.ErrorContains(t, err, "the arguments of tool weather do not fit its schema: ")
		})
	}
}

func TestTheFunctionsErrorIsTheTools(t *testing.T) {
	down := errors.New("the service is down")
	tool, err := functiontool.New("weather", "", func(context.Context, struct{}) (string, error) { return "", down })
	require.NoError(t, err)
	_, err = tool.Invoke(t.Context(), &runner.ToolCall{})
	assert.Equal(t, down, err)
}

func TestInARun(t *testing.T) {
	tool, err := functiontool.New("weather", "Tells it.", func(ctx context.Context, in place) (string, error) {
		call, ok := runner.ToolCallFrom(ctx)
		assert.True(t, ok)
		return in.City + " by " + call.ID, nil
	})
	require.NoError(t, err)
	model := runnertest.NewScriptedModel(
		runnertest.Reply(runnertest.ToolCall("weather", "call_1", `{"city":"Oslo"}`), runnertest.ToolCall("weather", "call_2", `{"town":"Oslo"}`)),
		runnertest.Reply(runnertest.Message("Done.")),
	)
	result, err := runner.Run(t.Context(), &runner.Agent{Name: "Meteorologist", Model: model, Tools: []runner.Tool{tool}}, runner.Text("Weather?"))
	require.NoError(t, err)
	assert.Equal(t, "Done.", result.FinalOutput())
	outputs := model.Requests()[1].Input
	assert.Contains(t, string(outputs[len(outputs)-2]), "Oslo by call_1")
	assert.Contains(t, string(outputs[len(outputs)-1]), "An error occurred while running the tool.")
}
