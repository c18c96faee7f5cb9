//go:build !js

package modelpolicy

import (
	"crypto/tls"
	"errors"
)

// isUntrusted says whether a server's certificate was refused, which package
// net/http gives as an error of the network.
func isUntrusted(err error) bool {
	var refused *tls.CertificateVerificationError
	return errors.As(err, &refused)
}
