// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package text judges what people write: how long it is as they see it, and
// whether it is text at all.
package text

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// Count is how many characters a text has as people see them: its extended
// grapheme clusters (UAX #29, section 3). An emoji of a family, or a letter with
// its vowel signs, is one.
func Count(s string) int {
	n := 0
	for it := graphemes.FromString(s); it.Next(); {
		n++
	}
	return n
}

// Limit is how long a text may be.
type Limit struct {
	Chars int // as people see them
	Bytes int // a bound behind it, as one character may take any number of bytes
}

// Of is a limit for so many characters, with a bound that ordinary text of any
// script, emoji included, stays below.
func Of(chars int) Limit { return Limit{chars, chars * bytesPerChar} }

// bytesPerChar leaves room for the longest emoji in common use: a family of four
// has 25 bytes.
const bytesPerChar = 32

// Over tells what a text has too much of, as details of a fault: how many
// characters are allowed and how many came. Text beyond the bound in bytes is not
// counted, since that costs more than it carries, and its bytes are told instead.
// It is nil when the text is within the limit.
func (l Limit) Over(s string) []any {
	switch {
	case len(s) <= l.Chars: // no character has less than one byte
		return nil
	case ascii(s):
		if n := len(s) - strings.Count(s, "\r\n"); n > l.Chars { // a line's end is one character
			return []any{"max_characters", l.Chars, "characters", n}
		}
		return nil
	case len(s) > l.Bytes:
		return []any{"max_characters", l.Chars, "max_bytes", l.Bytes, "bytes", len(s)}
	case utf8.RuneCountInString(s) <= l.Chars: // no character has less than one code point
		return nil
	}
	if n := Count(s); n > l.Chars {
		return []any{"max_characters", l.Chars, "characters", n}
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Clip shortens a text to a limit, between two characters, and makes valid UTF-8
// of it.
func (l Limit) Clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD") // which may be longer, so it comes first
	if len(s) > l.Chars {
		end, it := 0, graphemes.FromString(s)
		for n := 0; n < l.Chars && it.Next() && it.End() <= l.Bytes; n++ {
			end = it.End()
		}
		s = s[:end]
	}
	return s
}

// NotUTF8 finds the first byte of a JSON text that is not UTF-8, in which JSON is
// sent (RFC 8259, section 8.1), and names the member it stands in, such as
// "peers[2].name", as far as the text can be read. The offset is -1 when all is
// well.
func NotUTF8(raw []byte) (offset int, field string) {
	if utf8.Valid(raw) {
		return -1, ""
	}
	for offset < len(raw) {
		r, n := utf8.DecodeRune(raw[offset:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		offset += n
	}
	return offset, memberAt(raw, offset)
}

// level is an object or a list that is open where a JSON text is read.
type level struct {
	list bool
	key  string // of the last member begun
	n    int    // keys and values begun, of a list its elements
}

// memberAt names the member of a JSON text in which a byte stands, all before it
// being UTF-8.
func memberAt(raw []byte, offset int) string {
	d := json.NewDecoder(bytes.NewReader(raw[:offset]))
	var open []level
	for {
		t, err := d.Token()
		if err != nil { // the text that holds the byte has no end here
			break
		}
		if t == json.Delim('}') || t == json.Delim(']') {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 {
			top := &open[len(open)-1]
			if key, ok := t.(string); ok && !top.list && top.n%2 == 0 {
				top.key = key
			}
			top.n++
		}
		if t == json.Delim('{') || t == json.Delim('[') {
			open = append(open, level{list: t == json.Delim('[')})
		}
	}
	var at strings.Builder
	for i, l := range open {
		last := i == len(open)-1
		switch {
		case l.list && last:
			fmt.Fprintf(&at, "[%d]", l.n)
		case l.list:
			fmt.Fprintf(&at, "[%d]", l.n-1)
		case last && l.n%2 == 0: // it is the name of a member
		case at.Len() > 0:
			at.WriteString("." + l.key)
		default:
			at.WriteString(l.key)
		}
	}
	return at.String()
}
