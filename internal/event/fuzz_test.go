// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"strings"
	"testing"
)

// FuzzAgent: an agent text is bounded and never lost.
func FuzzAgent(f *testing.F) {
	f.Add("os:web_Linux,sdk:web,sdk_version:0.15.2,device_model:Chromium,is_prebuilt:false,domain:LOCAL")
	f.Add(strings.Repeat("é", 2000) + ",sdk:x")
	f.Fuzz(func(t *testing.T, text string) {
		a := ParseAgent(text)
		if len(a.String) > agentLimit.Bytes || len(text) <= agentLimit.Chars && a.String != text && strings.ToValidUTF8(text, "") == text {
			t.Errorf("%q became %q", text, a.String)
		}
	})
}
