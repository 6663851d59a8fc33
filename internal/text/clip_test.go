// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClipCutsNoCharacter(t *testing.T) {
	for _, s := range []string{"", "short", strings.Repeat("x", 20), strings.Repeat("é", 20), "a" + strings.Repeat("🙂", 9), "عربي"} {
		for n := range len(s) + 2 {
			got := Clip(s, n)
			whole, clipped := strings.CutSuffix(got, "…")
			if !utf8.ValidString(got) || len(whole) > n || !strings.HasPrefix(s, whole) || clipped != (len(s) > n) || clipped && n-len(whole) >= utf8.UTFMax {
				t.Errorf("%q in %d bytes is %q", s, n, got)
			}
		}
	}
	if got := Clip("\x80\x80\x80\x80", 2); len(got) > 5 { // no text at all
		t.Errorf("%q", got)
	}
}
