package main

import (
	"fmt"
	"strings"
	"unicode"
)

// data is text that somebody decides on: every character that hides, or turns
// text around, is written out, as "<U+202E>".
func data(text string) string {
	return writeOut(text, func(r rune) bool {
		return !unicode.IsPrint(r) || r == '\u2800' || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
	})
}

// prose is text to read: what could disguise it or steer the terminal is
// written out, and what emoji and scripts are made with is left alone.
func prose(text string) string {
	return writeOut(text, func(r rune) bool {
		return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Bidi_Control)
	})
}

func writeOut(text string, hidden func(rune) bool) string {
	var out strings.Builder
	for _, r := range text {
		if hidden(r) {
			fmt.Fprintf(&out, "<U+%04X>", r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}
