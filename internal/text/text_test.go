// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package text

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

const family = "👨‍👩‍👧‍👦" // one character, seven code points, 25 bytes

func TestCountIsWhatPeopleSee(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "abc": 3, "سلام": 4, "مُحَمَّد": 4, "नमस्ते": 3, "e\u0301": 1, family: 1, "🇩🇪🇫🇷": 2, "한국어": 3, "👍🏽!": 2, "a\r\nb": 3,
	} {
		if got := Count(s); got != want {
			t.Errorf("%q has %d characters, want %d", s, got, want)
		}
	}
}

func TestOver(t *testing.T) {
	l := Of(10)
	for _, c := range []struct{ s, want string }{
		{"", "[]"}, {strings.Repeat("x", 10), "[]"}, {strings.Repeat("م", 10), "[]"}, {strings.Repeat(family, 10), "[]"},
		{strings.Repeat("x", 11), "[max_characters 10 characters 11]"},
		{strings.Repeat("م", 11), "[max_characters 10 characters 11]"},
		{strings.Repeat(family, 11), "[max_characters 10 characters 11]"},
		{strings.Repeat("x", 5000), "[max_characters 10 characters 5000]"},
		{"a" + strings.Repeat("\u0301", 1000), "[max_characters 10 max_bytes 320 bytes 2001]"}, // one character of any size
	} {
		if got := fmt.Sprint(l.Over(c.s)); got != c.want {
			t.Errorf("%.40q: %s, want %s", c.s, got, c.want)
		}
	}
}

func TestClipCutsBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		l       Limit
		s, want string
	}{
		{Of(3), "abc", "abc"}, {Of(3), "abcd", "abc"}, {Of(2), family + family + family, family + family},
		{Limit{3, 30}, family + family, family}, {Of(1), "e\u0301x", "e\u0301"}, {Of(5), "a\xffb", "a\uFFFDb"},
		{Limit{1, 4}, "a\u0301\u0301\u0301", ""},
	} {
		if got := c.l.Clip(c.s); got != c.want {
			t.Errorf("%q to %v: %q, want %q", c.s, c.l, got, c.want)
		}
	}
}

func TestNotUTF8NamesTheMember(t *testing.T) {
	for raw, want := range map[string]string{
		`{"name":"Jos` + "\xe9" + `"}`:                         `12 name`,
		`{"a":{"b":[1,{"c":"x","d":"` + "\xff" + `"}]},"e":1}`: `27 a.b[1].d`,
		`[{"x":"ok"},{"x":"` + "\xe9" + `"}]`:                  `18 [1].x`,
		`["a","` + "\xe9" + `"]`:                               `6 [1]`,
		`{"a":1,"` + "\xe9" + `":2}`:                           `8 `,
		"\xff":                                                 `0 `,
		`{"a":[[],["` + "\xe9":                                 `11 a[1][0]`,
		`{"a":"é","b":"` + "\xe9" + `"}`:                       `15 b`,
		`{"a":"é"}`:                                            `-1 `,
		`not json ` + "\xe9":                                   `9 `,
	} {
		offset, field := NotUTF8([]byte(raw))
		if got := fmt.Sprintf("%d %s", offset, field); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

func FuzzLimits(f *testing.F) {
	f.Add(family+"e\u0301\xff", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		l := Of(1 + n&15)
		cut := l.Clip(s)
		if !utf8.ValidString(cut) || len(cut) > l.Bytes {
			t.Errorf("%q clipped to %q", s, cut)
		}
		if l.Over(s) == nil && Count(s) > l.Chars {
			t.Errorf("%q is let through", s)
		}
		_, _ = NotUTF8([]byte(s))
	})
}

// BenchmarkOver is what a name of a usual length and the longest refused frame
// cost.
func BenchmarkOver(b *testing.B) {
	for name, s := range map[string]string{
		"name": "Ada Lovelace", "arabic": strings.Repeat("م", 200), "frame": strings.Repeat("م", 128<<10), "ascii": strings.Repeat("x", 256<<10),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			l := Of(256)
			for b.Loop() {
				l.Over(s)
			}
		})
	}
}
