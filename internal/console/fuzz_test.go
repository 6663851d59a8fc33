// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"testing"

	"github.com/redial-rtc/redial/internal/token"
)

// FuzzCall: whatever a page asks for, it is a call of the list, or refused in words.
func FuzzCall(f *testing.F) {
	for _, body := range []string{
		`{"method":"GET","path":"/v2/rooms"}`, `{"method":"POST","path":"/api/v1/search","body":{"text":"mia"}}`,
		`{"method":"GET","path":"/v2/rooms/%2e%2e/x?a=b#c"}`, `{"method":"GET","path":"//x"}`, `{`, `{"method":"GET","path":"http://x/"}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		b := newBench(t, 100)
		res := b.post("call", body, b.logIn(token.RightsOf(token.RightSupport)))
		switch {
		case res.StatusCode == 200 && len(b.called) != 1, res.StatusCode != 200 && len(b.called) != 0, res.StatusCode >= 500:
			t.Errorf("%q: %d, called %q", body, res.StatusCode, b.called)
		case res.StatusCode != 200 && faultOf(t, res) == "":
			t.Errorf("%q: %d without a fault", body, res.StatusCode)
		}
	})
}
