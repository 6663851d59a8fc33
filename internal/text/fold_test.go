// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package text

import "testing"

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "Mia": "mia", "MÍA": "mia", "Mi\u0301a": "mia", "Zoë Müller": "zoe muller", "ÅSA": "asa", "Ｍｉａ": "mia",
		"مِيا": "ميا", "李": "李", "\xff": "\uFFFD",
	} {
		if got := Fold(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if Fold("Мія") != Fold("МІЯ") {
		t.Error("capital letters of other scripts are others")
	}
}
