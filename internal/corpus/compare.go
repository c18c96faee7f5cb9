package corpus

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"runstream/internal/jsondiff"
)

// Compare gives the first difference between what is expected of a state and
// what became of it; empty where there is none.
func Compare(expected json.RawMessage, got *Report) (string, error) {
	var want map[string]any
	if err := json.Unmarshal(expected, &want); err != nil {
		return "", err
	}
	encoded, err := json.Marshal(got)
	if err != nil {
		return "", err
	}
	var did map[string]any
	if err := json.Unmarshal(encoded, &did); err != nil {
		return "", err
	}
	if loaded, ok := want["loaded"].(map[string]any); ok {
		pending := []any{}
		waiting, _ := loaded["interruptions"].([]any)
		for _, call := range waiting {
			pending = append(pending, call.(map[string]any)["call_id"])
		}
		want["loaded"] = map[string]any{"pending": pending}
	} else {
		delete(did, "loaded")
	}
	if want["ok"] == false {
		return jsondiff.First("", map[string]any{"ok": false}, map[string]any{"ok": did["ok"]}, bothEmpty), nil
	}
	difference := jsondiff.First("", want, did, bothEmpty)
	if difference == "" {
		return "", nil
	}
	sortConcurrent(want)
	sortConcurrent(did)
	if jsondiff.First("", want, did, bothEmpty) == "" {
		return "", nil
	}
	return difference, nil
}

// sortConcurrent orders what has no order: tools of one turn run at the same
// time, agents used as tools among them.
func sortConcurrent(report map[string]any) {
	for _, field := range []string{"tool_log", "model_inputs"} {
		list, _ := report[field].([]any)
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(text(a), text(b)) })
	}
}

func text(v any) string {
	encoded, _ := json.Marshal(v) // it was read from JSON
	return string(encoded)
}

// bothEmpty says that null and an empty list are the same.
func bothEmpty(want, got any) bool { return isEmpty(want) && isEmpty(got) }

func isEmpty(v any) bool {
	list, ok := v.([]any)
	return v == nil || ok && len(list) == 0
}

// Exceptions are differences that are there on purpose, by state and kind of
// decision, with the reason.
type Exceptions map[string]map[string]string

// LoadExceptions reads them; a file that does not exist holds none.
func LoadExceptions(path string) (Exceptions, error) {
	var exceptions Exceptions
	err := readJSON(path, &exceptions)
	if os.IsNotExist(err) {
		return nil, nil
	}
	return exceptions, err
}

// Reason says why a difference is there on purpose; empty where none is.
func (e Exceptions) Reason(state, kind string) string { return e[state][kind] }

// Lost names the first field of a document that is missing or changed in the
// one that was written for it; the version may change, and fields may be added.
func Lost(before, after []byte) (string, error) {
	var b, a map[string]any
	if err := json.Unmarshal(before, &b); err != nil {
		return "", err
	}
	if err := json.Unmarshal(after, &a); err != nil {
		return "", err
	}
	delete(b, "$schemaVersion")
	return missing("", b, a), nil
}

func missing(path string, before, after any) string {
	switch b := before.(type) {
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok {
			return path
		}
		for _, key := range slices.Sorted(maps.Keys(b)) {
			if key == "$schemaVersion" || key == "tool_config" { // what a server's configuration holds is not written: it has keys
				continue
			}
			value, ok := a[key]
			if !ok {
				return path + "." + key
			}
			if m := missing(path+"."+key, b[key], value); m != "" {
				return m
			}
		}
		return ""
	case []any:
		a, ok := after.([]any)
		if !ok || len(a) != len(b) {
			return path
		}
		for i := range b {
			if m := missing(fmt.Sprintf("%s[%d]", path, i), b[i], a[i]); m != "" {
				return m
			}
		}
		return ""
	}
	if before != after {
		return path
	}
	return ""
}
