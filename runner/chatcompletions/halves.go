package chatcompletions

import (
	"bytes"

	"runstream/internal/codec"
)

// deltaText is a text that a delta adds.
type deltaText struct {
	text string
	json []byte // as it came, nil where there is none
}

// ReadJSON implements [codec.Reader].
func (d *deltaText) ReadJSON(value []byte) error {
	*d = deltaText{}
	if codec.IsNull(value) {
		return nil
	}
	if err := codec.Read(value, &d.text); err != nil {
		return err
	}
	d.json = value
	return nil
}

// roughDelta reads a text where servers write other things, too.
func roughDelta(raw []byte) deltaText {
	var d deltaText
	_ = codec.Read(raw, &d) // else it is none
	return d
}

// half is the first half of a character, as the escape that it came as. The other
// half comes with the next delta: servers that cut their texts by UTF-16 units, as
// JavaScript's slice does, cut through emoji.
type half string

// join gives the text of a delta, the half from before it included. A half at
// its end is kept for the next.
func (h *half) join(d deltaText) string {
	if d.json == nil || *h == "" && !endsInHalf(d.json) {
		return d.text
	}
	whole := bytes.Join([][]byte{{'"'}, []byte(*h), d.json[1:]}, nil)
	*h = ""
	if endsInHalf(whole) {
		end := len(whole) - len(`\ud83d"`)
		*h = half(whole[end : len(whole)-1])
		whole = append(whole[:end], '"')
	}
	return text(whole)
}

// rest gives what stands for a half that no other followed.
func (h *half) rest() string {
	if *h == "" {
		return ""
	}
	*h = ""
	return "\ufffd"
}

// endsInHalf says whether the last character of a JSON text is the escape of a
// first half: \ud800 to \udbff.
func endsInHalf(text []byte) bool {
	start := len(text) - len(`\ud83d"`)
	if start < 1 || text[start] != '\\' || text[start+1] != 'u' || text[start+2]|0x20 != 'd' || !bytes.ContainsRune([]byte("89abAB"), rune(text[start+3])) {
		return false
	}
	backslashes := len(text[:start]) - len(bytes.TrimRight(text[:start], `\`))
	return backslashes%2 == 0
}
