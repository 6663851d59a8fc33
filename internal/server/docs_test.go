// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"strings"
	"testing"
)

// TestTheDocumentationIsServed: the site is at /docs/, a page for each fault with it,
// compressed, under a policy that lets it load from here alone.
func TestTheDocumentationIsServed(t *testing.T) {
	s := startLocal(t, local(t))
	plain := &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, c := range []struct {
		path, kind string
		status     int
	}{
		{"/docs", "", 301},
		{"/docs/", "text/html; charset=utf-8", 200},
		{"/docs/index.html", "text/html; charset=utf-8", 200},
		{"/docs/firewall.html", "text/html; charset=utf-8", 200},
		{"/docs/faults/", "text/html; charset=utf-8", 200},
		{"/docs/faults/room.locked.html", "text/html; charset=utf-8", 200},
		{"/docs/search.json", "application/json", 200},
		{"/docs/search.js", "text/javascript; charset=utf-8", 200},
		{"/docs/call.jpg", "image/jpeg", 200},
		{"/docs/nothing.html", "", 404},
		{"/docs/../redial.yaml", "", 404},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		res, err := plain.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.path, res.StatusCode, c.status)
		}
		if c.status != 200 {
			continue
		}
		if got := res.Header.Get("Content-Type"); got != c.kind {
			t.Errorf("%s is %q", c.path, got)
		}
		if zipped := res.Header.Get("Content-Encoding") == "gzip"; zipped != (c.kind != "image/jpeg") {
			t.Errorf("%s: compressed is %v", c.path, zipped)
		}
		if policy := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self'; ") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %q", c.path, policy)
		}
	}
}
