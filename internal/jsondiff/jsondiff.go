// Package jsondiff names the first place where two JSON values differ.
package jsondiff

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// First gives the first difference between two decoded values, with its path;
// empty where there is none. A missing key equals null. Values that are not
// deeply equal count as equal where same says so; nil for nowhere.
func First(path string, want, got any, same func(want, got any) bool) string {
	if same != nil && same(want, got) {
		return ""
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: expected an object, got %s", path, short(got))
		}
		keys := maps.Clone(w)
		maps.Copy(keys, g)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if d := First(path+"."+key, w[key], g[key], same); d != "" {
				return d
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok {
			return fmt.Sprintf("%s: expected a list, got %s", path, short(got))
		}
		for i := range min(len(w), len(g)) {
			if d := First(fmt.Sprintf("%s[%d]", path, i), w[i], g[i], same); d != "" {
				return d
			}
		}
		if len(w) != len(g) {
			return fmt.Sprintf("%s: expected %d entries, got %d", path, len(w), len(g))
		}
		return ""
	}
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return fmt.Sprintf("%s: expected %s, got %s", path, short(want), short(got))
}

func short(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(text) > 160 {
		text = append(text[:160], "…"...)
	}
	return string(text)
}
