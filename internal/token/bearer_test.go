// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"net/http"
	"testing"
)

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer a.b.c": "a.b.c", "bearer a.b.c": "a.b.c", "BEARER a.b.c": "a.b.c", "  bEaReR   a.b.c  ": "a.b.c",
		"": "", "Bearer": "", "Bearer ": "", "Basic a.b.c": "", "a.b.c": "", "Bearera.b.c": "",
	} {
		if got := Bearer(http.Header{"Authorization": {header}}); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}
