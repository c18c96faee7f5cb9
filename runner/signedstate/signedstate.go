// Package signedstate protects states that pass through hands that may not
// approve. A state document says which calls were approved, so whoever can
// write one can approve; a signed one shows whether it was changed.
//
//	sealed, err := signedstate.Seal(result.State(), signer)
//	…
//	state, err := signedstate.Open(sealed, signer, agent)
//
// A signature says who wrote the document, not that it is the latest one: keep
// a record of what was resumed where that matters.
package signedstate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"

	"runstream/runner"
)

// Signer signs documents and checks signatures. Its methods may be called at
// once.
type Signer interface {
	// Sign gives the signature of data.
	Sign(data []byte) ([]byte, error)
	// Verify fails unless signature is data's.
	Verify(data, signature []byte) error
}

// MinKeySize is how long a key of [HMAC] must be at least, in bytes.
const MinKeySize = 32

// HMAC signs with HMAC-SHA-256. Whoever can check such a signature can make
// one. The key is copied.
func HMAC(key []byte) (Signer, error) {
	if len(key) < MinKeySize {
		return nil, &runner.UserError{Message: "the key for signed states is shorter than 32 bytes; make one with crypto/rand"}
	}
	return hmacSigner(string(key)), nil
}

type hmacSigner string

func (k hmacSigner) Sign(data []byte) ([]byte, error) {
	mac := hmac.New(sha256.New, []byte(k))
	mac.Write(data)
	return mac.Sum(nil), nil
}

func (k hmacSigner) Verify(data, signature []byte) error {
	want, err := k.Sign(data)
	if err != nil {
		return err
	}
	if !hmac.Equal(want, signature) {
		return errForged
	}
	return nil
}

var errForged = &runner.StateError{Field: "signature", Message: "the state's signature does not fit: it was changed, or signed with another key"}

// envelope holds the document as text, so that it is checked byte for byte.
type envelope struct {
	Version   int    `json:"runstream_signed_state"`
	Document  string `json:"document"`
	Signature string `json:"signature"`
}

const version = 1

// Seal writes a state with its signature.
func Seal(state *runner.State, signer Signer) ([]byte, error) {
	document, err := state.MarshalJSON()
	if err != nil {
		return nil, err
	}
	signature, err := signer.Sign(document)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{version, string(document), base64.StdEncoding.EncodeToString(signature)})
}

// Open reads what [Seal] wrote, as [runner.ParseState] does. Nothing of the
// document is read before its signature was checked; a wrong one is a
// [*runner.StateError].
func Open(sealed []byte, signer Signer, start *runner.Agent) (*runner.State, error) {
	var e envelope
	if json.Unmarshal(sealed, &e) != nil || e.Version != version {
		return nil, &runner.StateError{Message: "this is no signed state of version 1; it may be a plain one"}
	}
	signature, err := base64.StdEncoding.DecodeString(e.Signature)
	if err != nil {
		return nil, errForged
	}
	if err := signer.Verify([]byte(e.Document), signature); err != nil {
		if refused, ok := errors.AsType[*runner.StateError](err); ok {
			return nil, refused
		}
		return nil, errors.Join(errForged, err)
	}
	return runner.ParseState([]byte(e.Document), start)
}
