package runner

import (
	"encoding/json"
	"slices"

	"runstream/internal/codec"
)

// heldWrite is what a session is to get of an interrupted turn whose end output
// guardrails have to see first. It is part of the state until then.
type heldWrite struct {
	sessionID  string
	items      []json.RawMessage
	turn       int // the current turn's items begin at start
	start      int
	responseID *string
}

// holdTurn puts what the session lacks aside.
func (l *runLoop) holdTurn() {
	s := l.s
	if l.cfg.session == nil && s.held == nil {
		return
	}
	held := &heldWrite{turn: s.turn}
	if s.held != nil {
		*held = *s.held
		held.startTurn(s.turn)
	} else {
		held.sessionID, held.responseID = sessionID(l.cfg.session), textOrNull(s.work.response.ResponseID)
	}
	held.items = slices.Concat(held.items, l.unsavedItems())
	l.savedItems = len(s.items)
	if s.held = held; len(held.items) == 0 {
		s.held = nil
	}
}

func (h *heldWrite) startTurn(turn int) {
	if h.turn != turn {
		h.turn, h.start = turn, len(h.items)
	}
}

// withoutTurn forgets the items of a turn.
func (h *heldWrite) withoutTurn(turn int) *heldWrite {
	if h == nil {
		return nil
	}
	kept := *h
	kept.startTurn(turn)
	if kept.items = slices.Clone(kept.items[:kept.start]); len(kept.items) == 0 {
		return nil
	}
	return &kept
}

// settled gives the held items that may be saved together with those of the
// turn: no call goes without its output, unless calls still wait.
func (h *heldWrite) settled(turn []json.RawMessage, waiting bool) []json.RawMessage {
	if waiting {
		return slices.Clone(h.items)
	}
	lost := orphanCalls(headsOf(slices.Concat(h.items, turn)), 0)
	var kept []json.RawMessage
	for i, item := range h.items {
		if !lost[i] {
			kept = append(kept, item)
		}
	}
	return kept
}

// belongsTo refuses another session than the one that the items were held
// back from.
func (h *heldWrite) belongsTo(session Session) error {
	if named, ok := session.(NamedSession); ok && h.sessionID != "" && named.SessionID() != h.sessionID {
		return &UserError{Message: "the state holds items for another session; resume it with the session that the run was started with"}
	}
	return nil
}

// wireHeldWrite is a held write as states have it.
type wireHeldWrite struct {
	SessionID  string
	Items      []json.RawMessage
	Before     json.RawMessage
	Persisted  int
	Held       bool
	ResponseID *string
	Store      *bool
	Reasoning  *string
	Current    heldPlace
}

func (w *wireHeldWrite) fields() codec.Fields {
	return codec.Fields{
		"session_id", &w.SessionID,
		"items", &w.Items,
		"before", &w.Before,
		"persisted_count", &w.Persisted,
		"held", &w.Held,
		"response_id", &w.ResponseID,
		"store", &w.Store,
		"reasoning_item_id_policy", &w.Reasoning,
		"current_response", w.Current.fields(),
	}
}

type heldPlace struct {
	Turn  int
	Start int
}

func (h *heldPlace) fields() codec.Fields {
	return codec.Fields{
		"turn", &h.Turn,
		"start", &h.Start,
	}
}

func (w *documentWriter) held(s *State) {
	h := s.held
	if s.carried.PendingSessionWrite != nil {
		w.raw("pending_session_write", s.carried.PendingSessionWrite)
		return
	}
	if h == nil || s.step == stepModel {
		return
	}
	wire := wireHeldWrite{
		SessionID: h.sessionID, Items: h.items, Persisted: s.persisted + len(h.items), Held: true, ResponseID: h.responseID,
		Reasoning: s.carried.ReasoningItemIDPolicy, Current: heldPlace{h.turn, h.start},
	}
	w.field("pending_session_write", wire.fields())
}

// held reads a pending write. Which fields it has depends on the version, and
// it has no others: what it says of a session is not guessed.
func (r *documentReader) held(s *State) {
	const field = "pending_session_write"
	raw := r.fields[field]
	if codec.IsNull(raw) {
		return
	}
	var wire wireHeldWrite
	var sessionID *string
	var persisted *int
	var before []string
	var outputs, acknowledged *bool
	var exchange, policy, current json.RawMessage
	fields := codec.Fields{"session_id", &sessionID, "items", &wire.Items, "before", &before, "persisted_count", &persisted}
	if r.minor >= 18 {
		fields = append(fields, "response_id", &wire.ResponseID, "store", &wire.Store, "has_local_tool_outputs", &outputs,
			"append_acknowledged", &acknowledged, "compaction_model_exchange", &exchange)
	}
	if r.minor >= 19 {
		fields = append(fields, "held", &wire.Held, "reasoning_item_id_policy", &policy, "current_response", &current)
	}
	valid := r.minor >= 17 && s.step != stepModel && raw[0] == '{' && fields.ReadOnly(raw) == nil &&
		sessionID != nil && len(wire.Items) > 0 && checkItems(wire.Items) == nil && persisted != nil && *persisted >= 0 &&
		(acknowledged == nil || !*acknowledged || before != nil)
	if wire.Held {
		place := codec.Fields{"turn", &wire.Current.Turn, "start", &wire.Current.Start}
		valid = valid && before == nil && isObject(current) && place.ReadOnly(current) == nil &&
			wire.Current.Turn >= 0 && wire.Current.Turn <= s.turn && wire.Current.Start >= 0 && wire.Current.Start <= len(wire.Items)
	} else {
		valid = valid && policy == nil && current == nil
	}
	if !valid {
		r.fail(field, "Run state pending Session write is invalid")
		return
	}
	if wire.Held {
		s.held = &heldWrite{*sessionID, wire.Items, wire.Current.Turn, wire.Current.Start, wire.ResponseID}
	}
}
