package signedstate_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"runstream/runner"
	"runstream/runner/runnertest"
	"runstream/runner/signedstate"
)

// paused runs an agent up to an approval.
func paused(t *testing.T) (*runner.Agent, *runner.State) {
	t.Helper()
	agent := &runner.Agent{
		Name:  "Janitor",
		Model: runnertest.NewScriptedModel(runnertest.Reply(runnertest.ToolCall("delete_file", "call_1", `{"path":"/a"}`))),
		Tools: []runner.Tool{&runner.FunctionTool{Name: "delete_file", NeedsApproval: runner.Always}},
	}
	result, err := runner.Run(t.Context(), agent, runner.Text("rm"))
	require.NoError(t, err)
	require.Len(t, result.Interruptions(), 1)
	return agent, result.State()
}

func signer(t *testing.T, seed byte) signedstate.Signer {
	t.Helper()
	s, err := signedstate.HMAC(bytes.Repeat([]byte{seed}, signedstate.MinKeySize))
	require.NoError(t, err)
	return s
}

func TestASealedStateOpensAsItWas(t *testing.T) {
	agent, state := paused(t)
	sealed, err := signedstate.Seal(state, signer(t, 1))
	require.NoError(t, err)
	opened, err := signedstate.Open(sealed, signer(t, 1), agent)
	require.NoError(t, err)
	require.Len(t, opened.Interruptions(), 1)
	assert.Equal(t, "call_1", opened.Interruptions()[0].CallID())
}

func TestEveryChangeIsNoticed(t *testing.T) {
	agent, state := paused(t)
	sealed, err := signedstate.Seal(state, signer(t, 1))
	require.NoError(t, err)
	for i := range sealed {
		forged := bytes.Clone(sealed)
		forged[i] ^= 1
		_, err := signedstate.Open(forged, signer(t, 1), agent)
		var refused *runner.StateError
		if err == nil { // white space between keys is no part of the document
			continue
		}
		assert.ErrorAs(t, err, &refused, "byte %d", i)
	}
	forged := bytes.Replace(sealed, []byte("/a"), []byte("/b"), 1)
	_, err = signedstate.Open(forged, signer(t, 1), agent)
	assert.ErrorContains(t, err, "signature")
	_, err = signedstate.Open(sealed, signer(t, 2), agent)
	assert.ErrorContains(t, err, "another key")
}

func TestAPlainStateIsNoSignedOne(t *testing.T) {
	agent, state := paused(t)
	document, err := state.MarshalJSON()
	require.NoError(t, err)
	_, err = signedstate.Open(document, signer(t, 1), agent)
	assert.ErrorContains(t, err, "no signed state")
}

type broken struct{ signedstate.Signer }

func (broken) Verify([]byte, []byte) error { return errNoKey }

var errNoKey = errors.New("the key server is down")

// Signers of one's own need not know the errors of states.
func TestARefusedSignatureIsAStateError(t *testing.T) {
	agent, state := paused(t)
	sealed, err := signedstate.Seal(state, signer(t, 1))
	require.NoError(t, err)
	_, err = signedstate.Open(sealed, broken{}, agent)
	assert.ErrorAs(t, err, new(*runner.StateError))
	assert.ErrorIs(t, err, errNoKey)
}

func TestAShortKeyIsRefused(t *testing.T) {
	_, err := signedstate.HMAC([]byte("secret"))
	assert.ErrorContains(t, err, "32 bytes")
}
