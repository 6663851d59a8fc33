// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

// TestAdviceIsInEveryLanguage: what each party is told about each cause is there in
// each language of the catalogue, and nothing is translated that no rule says.
func TestAdviceIsInEveryLanguage(t *testing.T) {
	for _, lang := range fault.Languages() {
		if lang == "en" {
			continue
		}
		said := map[string]bool{}
		for _, r := range Rules() {
			for _, a := range advice(r) {
				said[a.Text] = true
				if text := a.In(lang, r.Cause); text == a.Text || strings.TrimSpace(text) == "" {
					t.Errorf("%s: what %s can do about %s is not in advice/%s.json: %q", lang, a.Who, r.Cause, lang, a.Text)
				}
				if a.In("en", r.Cause) != a.Text {
					t.Errorf("%s: the English of %q is %q", r.Cause, a.Text, a.In("en", r.Cause))
				}
			}
		}
		for text := range advices[lang] {
			if !said[text] {
				t.Errorf("%s: no rule says %q", lang, text)
			}
		}
	}
}
