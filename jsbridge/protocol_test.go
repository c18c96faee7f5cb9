//go:build !js

package jsbridge

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/internal/codec"
	"runstream/runner"
)

// The page's half of the contract is written in TypeScript. These tests hold
// the two alike.

func source(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../web/src/" + path)
	require.NoError(t, err)
	return string(text)
}

func TestTheProtocolHasATwinInTypeScript(t *testing.T) {
	text := source(t, "protocol.ts") + source(t, "specs.ts")
	for name, twin := range map[string]any{
		"FunctionRef": new(functionRef).fields(), "ErrorData": new(errorData).fields(), "RunSpec": new(runSpec).fields(),
		"ProviderSpec": new(providerSpec).fields(), "OptionsSpec": new(optionsSpec).fields(), "AgentSpec": new(agentSpec).fields(),
		"ErrorHandlersSpec": new(errorHandlersSpec).fields(), "SessionSpec": new(sessionSpec).fields(), "ModelFunctions": new(modelSpec).fields()[2:],
		"OutputSpec": new(outputSpec).fields(), "GuardrailSpec": new(guardrailSpec).fields(), "HooksSpec": new(hooksSpec).fields(),
		"ToolGuardrailSpec": new(toolGuardrailSpec).fields(), "GuardrailData": new(guardrailData).fields(),
		"ToolSpec": new(toolSpec).fields(), "CallInfo": new(callInfo).fields(), "HandoffSpec": new(handoffSpec).fields(),
		"Snapshot": new(snapshot).fields(), "StateData": new(stateData).fields(), "InterruptionData": runner.WaitingCall{},
		"DecisionTarget": runner.DecisionTarget{},
	} {
		declaration := regexp.MustCompile(`(?s)\n(?:export )?(?:interface ` + name + `|type ` + name + ` =) \{\n(.*?)\n\}`).FindStringSubmatch(text)
		require.NotNil(t, declaration, name)
		var fields []string
		for _, field := range regexp.MustCompile(`(?m)^  (?:readonly )?(\w+)\??:`).FindAllStringSubmatch(declaration[1], -1) {
			fields = append(fields, field[1])
		}
		assert.Equal(t, fields, jsonNames(twin), name)
	}
	assert.Contains(t, text, "export const TURN = 0;")
}

// jsonNames gives the names of fields, or of what a struct of package runner
// has written.
func jsonNames(v any) []string {
	fields, ok := v.(codec.Fields)
	if !ok {
		return taggedNames(v)
	}
	var names []string
	for i := 0; i < len(fields); i += 2 {
		name, _, _ := strings.Cut(fields[i].(string), ",")
		names = append(names, name)
	}
	return names
}

func taggedNames(v any) []string {
	var names []string
	for field := range reflect.TypeOf(v).Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// What is written of structs of package runner has the names of their tags.
func TestWhatCrossesIsWhatTheTagsSay(t *testing.T) {
	now := snapshot{
		Interruptions: []runner.WaitingCall{{Item: []byte(`{}`), Name: "n", CallID: "c", Arguments: "a", Target: runner.DecisionTarget{
			Slot: 1, Scope: "s", Records: []runner.DecisionRecord{{List: "l", Agent: []byte(`{}`), ToolKey: "k", Identity: []byte(`{}`)}, {List: "m"}},
		}}},
	}
	text, err := codec.Write(&now)
	require.NoError(t, err)
	var got map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &got))
	for name, v := range map[string]any{"interruptions": now.Interruptions} {
		want, err := json.Marshal(v)
		require.NoError(t, err)
		assert.JSONEq(t, string(want), string(got[name]))
	}
}

func TestMessagesHaveTwinsInTypeScript(t *testing.T) {
	protocol, host := source(t, "protocol.ts"), source(t, "host.ts")
	for _, message := range []fromEngine{
		readyMessage{"1"}, eventsMessage{1, []byte("[[]]")}, callMessage{1, 2, 3, "[]"}, snapshotMessage{1, []byte("{}")},
		endCallMessage{1}, endRunMessage{1, []byte("{}"), &errorData{Name: "A"}},
	} {
		function, values := message.crossing()
		var fields []string
		var held []any
		for field, value := range reflect.ValueOf(message).Fields() {
			fields = append(fields, strings.ToLower(field.Name))
			switch value := value.Interface().(type) {
			case *errorData:
				held = append(held, value.object())
			default:
				held = append(held, value)
			}
		}
		assert.Equal(t, held, values, function)
		made := regexp.MustCompile(`\b` + function + `: \(([^)]*)\) => post\(\{ type: "(\w+)"`).FindStringSubmatch(host)
		require.NotNil(t, made, "host.ts has no function %s", function)
		assert.Equal(t, strings.Join(fields, ", "), made[1], function)
		declared := regexp.MustCompile(`\| \{ readonly type: "` + made[2] + `"; readonly ` + strings.Join(fields, `\??: [^;}]*; readonly `) + `\??: [^;]* \}`)
		assert.Regexp(t, declared, protocol, function)
	}
}

func TestErrorsHaveTheCodesOfTheirClasses(t *testing.T) {
	classes := regexp.MustCompile(`override name = "(\w+)";\s+override code = "(\w+)";`).FindAllStringSubmatch(source(t, "errors.ts"), -1)
	require.NotEmpty(t, classes)
	for _, class := range classes {
		switch name, code := class[1], class[2]; name {
		case "EngineStartError", "EngineCrashedError", "EngineDisposedError", "SessionError":
			// The page's own.
		case "APIError":
			assert.Equal(t, code, codeOf("APIStatusError"))
		default:
			assert.Equal(t, code, codeOf(name), name)
		}
	}
}

func TestPageAndEngineHaveTheSameVersion(t *testing.T) {
	assert.Contains(t, source(t, "version.ts"), `version = "`+Version+`"`)
	assert.Contains(t, source(t, "../package.json"), `"version": "`+Version+`"`)
}
