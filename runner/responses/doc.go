// Package responses speaks the Responses API: it encodes requests, reads the
// event stream, and tries again what may be tried again. How bytes travel is a
// [Transport]'s business, so that servers and browsers share all of it.
package responses
