package modelpolicy

// isUntrusted is false: a browser does not tell why a connection failed.
func isUntrusted(error) bool { return false }
