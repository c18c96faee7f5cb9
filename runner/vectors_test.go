package runner

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readJSON reads a file that the Python SDK or this package wrote.
func readJSON[T any](t *testing.T, path string) T {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var v T
	require.NoError(t, json.Unmarshal(data, &v))
	return v
}

// The hashes that bind decisions to calls are those of the Python SDK.
func TestInvocationsHaveTheSDKsFingerprints(t *testing.T) {
	type vector struct {
		Label     string          `json:"label"`
		Raw       json.RawMessage `json:"raw_item"`
		Role      string          `json:"invocation_role"`
		Name      string          `json:"tool_name"`
		LookupKey []string        `json:"tool_lookup_key"`
		Result    *struct {
			Type        string `json:"type"`
			CallID      string `json:"call_id"`
			Scope       string `json:"approval_scope"`
			Fingerprint string `json:"fingerprint"`
		} `json:"result"`
	}
	vectors := readJSON[[]vector](t, "testdata/vectors/invocation_fingerprints.json")
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		t.Run(v.Label, func(t *testing.T) {
			identity := callIdentity{raw: v.Raw, name: v.Name, handoff: v.Role == "handoff", key: keyOf(v.LookupKey)}
			callID, record, ok := identity.invocation()
			require.Equal(t, v.Result != nil, ok)
			if v.Result != nil {
				assert.Equal(t, v.Result.CallID, callID)
				assert.Equal(t, invocation{Type: v.Result.Type, Scope: v.Result.Scope, Fingerprint: v.Result.Fingerprint}, record)
			}
		})
	}
}

func keyOf(lookup []string) toolKey {
	switch len(lookup) {
	case 2:
		return toolKey{kind: lookup[0], name: lookup[1]}
	case 3:
		return toolKey{kind: lookup[0], namespace: lookup[1], name: lookup[2]}
	}
	return toolKey{}
}

// Of the SDK's keys, this package writes the exact one. Aliases are the SDK's
// own business, and the vectors that ask for one are left out.
func TestDecisionsHaveTheSDKsKeys(t *testing.T) {
	type vector struct {
		Args struct {
			Name      string   `json:"tool_name"`
			Namespace string   `json:"tool_namespace"`
			LookupKey []string `json:"tool_lookup_key"`
			Bare      bool     `json:"allow_bare_name_alias"`
			Legacy    bool     `json:"include_legacy_deferred_key"`
			Prefer    bool     `json:"prefer_legacy_same_name_namespace"`
		} `json:"args"`
		Keys []string `json:"keys"`
	}
	checked := 0
	for _, v := range readJSON[[]vector](t, "testdata/vectors/approval_keys.json") {
		if v.Args.Bare || v.Args.Legacy || v.Args.Prefer || v.Args.Name == "" {
			continue
		}
		key := keyOf(v.Args.LookupKey)
		if key.kind == "" {
			key = callKey(v.Args.Name, v.Args.Namespace)
		}
		assert.Equal(t, v.Keys, []string{key.approvalKey()})
		checked++
	}
	assert.Positive(t, checked)
}

func TestInputItemsHaveTheSDKsDigests(t *testing.T) {
	type vector struct {
		Item   json.RawMessage `json:"item"`
		Digest string          `json:"digest"`
	}
	vectors := readJSON[[]vector](t, "testdata/vectors/input_item_digests.json")
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		assert.Equal(t, v.Digest, inputDigest(v.Item), "%s", v.Item)
	}
}
