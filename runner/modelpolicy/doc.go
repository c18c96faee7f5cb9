// Package modelpolicy puts time limits and retries around any model.
//
//	model = modelpolicy.Retry(modelpolicy.Timeout(model, time.Minute), modelpolicy.Policy{Retries: 3})
//
// The models of openaimodel retry by themselves, as their client is
// configured; these are for other models, and for failures after the server
// has answered.
package modelpolicy
