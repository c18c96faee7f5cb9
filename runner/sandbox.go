package runner

import (
	"encoding/json"
	"strings"

	"runstream/internal/codec"
)

// redactedMark says in a sandbox's session that its mounts lost their secrets.
const redactedMark = "__openai_agents_redacted_mount_authority"

// sandbox reads the sandbox of a document, which this package carries for
// others: without the secrets of its mounts, which have no place in a document
// that travels.
func (r *documentReader) sandbox(s *State) {
	const field = "sandbox"
	raw, ok := r.fields[field]
	if !ok {
		return
	}
	var envelope map[string]json.RawMessage
	if codec.Read(raw, &envelope) != nil || envelope == nil {
		r.fail(field, "RunState sandbox resume state has an invalid envelope")
		return
	}
	if session, ok := envelope["session_state"]; ok {
		envelope["session_state"] = r.sandboxSession(session)
	}
	if byAgent := envelope["sessions_by_agent"]; !codec.IsNull(byAgent) {
		sessions, _, ok := editObjects(byAgent, func(session map[string]json.RawMessage) bool {
			state, ok := session["session_state"]
			if ok {
				session["session_state"] = r.sandboxSession(state)
			}
			return ok
		})
		if !ok {
			r.fail(field, "RunState sandbox resume state has an invalid envelope")
			return
		}
		envelope["sessions_by_agent"] = sessions
	}
	s.carried.Sandbox = mustMarshal(envelope)
}

func (r *documentReader) sandboxSession(raw json.RawMessage) json.RawMessage {
	var session map[string]json.RawMessage
	if codec.Read(raw, &session) != nil || session == nil {
		r.fail("sandbox", "RunState sandbox resume state has an invalid envelope")
		return nil
	}
	var manifest map[string]json.RawMessage
	if codec.IsNull(session["manifest"]) {
		return raw
	}
	if codec.Read(session["manifest"], &manifest) != nil {
		r.fail("sandbox", "RunState sandbox resume state contains an invalid manifest")
		return nil
	}
	entries, redacted := r.mounts(manifest["entries"])
	if !redacted {
		return raw
	}
	manifest["entries"] = entries
	session["manifest"] = mustMarshal(manifest)
	session[redactedMark] = json.RawMessage("true")
	return mustMarshal(session)
}

// mounts takes the secrets out of a manifest's entries, at any depth.
func (r *documentReader) mounts(raw json.RawMessage) (cleaned json.RawMessage, redacted bool) {
	if codec.IsNull(raw) {
		return raw, false
	}
	cleaned, redacted, ok := editObjects(raw, func(entry map[string]json.RawMessage) bool {
		kind, _ := rawText(entry["type"])
		changed := strings.HasSuffix(kind, "_mount") && redactMount(entry)
		children, inside := r.mounts(entry["children"])
		if inside {
			entry["children"] = children
		}
		return changed || inside
	})
	if !ok {
		r.fail("sandbox", "RunState sandbox resume state contains an invalid manifest")
	}
	return cleaned, redacted
}

// editObjects edits the objects of an object by name; ok is false where one of
// them is none. Those that edit leaves alone are kept as they are.
func editObjects(raw json.RawMessage, edit func(map[string]json.RawMessage) (changed bool)) (edited json.RawMessage, changed, ok bool) {
	var entries map[string]json.RawMessage
	if codec.Read(raw, &entries) != nil {
		return nil, false, false
	}
	for name, value := range entries {
		var entry map[string]json.RawMessage
		if codec.Read(value, &entry) != nil || entry == nil {
			return nil, false, false
		}
		if edit(entry) {
			entries[name], changed = mustMarshal(entry), true
		}
	}
	if !changed {
		return raw, false, true
	}
	return mustMarshal(entries), true, true
}

// redactMount blanks every field of a mount that may hold a secret: those that
// say so by their name, URLs with a user or password, and what is passed to a
// driver as it is.
func redactMount(entry map[string]json.RawMessage) (redacted bool) {
	for name, value := range entry {
		if codec.IsNull(value) || !isSecretName(name) && !hasUserInfo(value) {
			continue
		}
		entry[name], redacted = json.RawMessage("null"), true
	}
	var strategy map[string]json.RawMessage
	if codec.Read(entry["mount_strategy"], &strategy) != nil {
		return redacted
	}
	for name, value := range strategy {
		switch {
		case name == "driver_options" && string(value) != "{}":
			strategy[name], redacted = json.RawMessage("{}"), true
		case isSecretName(name) && !codec.IsNull(value):
			strategy[name], redacted = json.RawMessage("null"), true
		}
	}
	entry["mount_strategy"] = mustMarshal(strategy)
	return redacted
}

func isSecretName(name string) bool {
	for _, word := range []string{"secret", "token", "password", "credential", "access_key", "account_key", "sas", "connection_string", "private_key", "service_account", "config_file", "passphrase", "extra_args"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// hasUserInfo says whether a text is a URL with a user or password in it.
func hasUserInfo(raw json.RawMessage) bool {
	text, _ := rawText(raw)
	_, rest, isURL := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	return isURL && strings.Contains(host, "@")
}
