// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/share"
	"github.com/redial-rtc/redial/internal/token"
)

// open asks for a page as a browser does.
func (w *why) open(link string, headers ...string) (status int, header http.Header, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, strings.Replace(link, "https://video.example", w.url, 1), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(raw)
}

// TestASharedFailure: whoever has the link reads the page, without a token, and none
// of what is behind it.
func TestASharedFailure(t *testing.T) {
	w := serveWhy(t)
	id := w.failed()
	r := w.post("/api/v1/events/"+id+"/share", nil).ok()
	link := r.str("url")
	if end, err := time.Parse(time.RFC3339, r.str("expires_at")); err != nil || !strings.HasPrefix(link, "https://video.example/why/") || time.Until(end).Round(time.Hour) != 7*24*time.Hour {
		t.Errorf("a link: %s", r.raw)
	}
	status, header, page := w.open(link, "Accept-Language", "de-DE", "Origin", "https://elsewhere.example")
	if status != http.StatusOK || !strings.Contains(page, "Mia war nicht zu sehen oder zu hören") || strings.Contains(page, "Lang<") {
		t.Errorf("%d\n%s", status, page)
	}
	for _, secret := range []string{id, "mia-1", "u-17", w.room, "s1", "acme", "guest"} {
		if strings.Contains(page, secret) {
			t.Errorf("%q is on the page", secret)
		}
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": share.Policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow",
		"X-Content-Type-Options": "nosniff", "Content-Language": "de", "Access-Control-Allow-Origin": "",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}

	// Whoever wants the other language asks for it.
	for chosen, want := range map[string]string{"?lang=en": "en", "?lang=de": "de", "?lang=fr": "de", "?lang=%00": "de"} {
		if _, header, _ := w.open(link+chosen, "Accept-Language", "de-DE"); header.Get("Content-Language") != want {
			t.Errorf("%s is in %q, want %q", chosen, header.Get("Content-Language"), want)
		}
	}

	// What is no link, or leads nowhere any more, says so: in words, or with a fault.
	removed := w.failed()
	gone := w.post("/api/v1/events/"+removed+"/share", object{"days": 90}).ok().str("url")
	if n, err := w.store.Remove(t.Context(), event.Removal{UserID: "u-17"}); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	ended := "https://video.example/why/" + share.NewLinks([share.KeyBytes]byte{7}).Seal(uuid.MustParse(w.failed()), time.Now().Add(-time.Second))
	forged := "https://video.example/why/" + share.NewLinks([share.KeyBytes]byte{8}).Seal(uuid.MustParse(w.failed()), time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		link, says string
		status     int
	}{
		"removed": {gone, "This link has ended", http.StatusGone},
		"ended":   {ended, "This link has ended", http.StatusGone},
		"forged":  {forged, "There is nothing behind this link", http.StatusNotFound},
		"cut":     {link[:len(link)-3], "There is nothing behind this link", http.StatusNotFound},
	} {
		status, header, page := w.open(c.link)
		if status != c.status || !strings.Contains(page, c.says) || header.Get("Content-Security-Policy") != share.Policy {
			t.Errorf("%s: %d\n%s", name, status, page)
		}
		w.as("").get(strings.TrimPrefix(c.link, "https://video.example")).refused(c.status, "event.not_found", "link")
	}
}

// TestWhoMayShare: as who may read.
func TestWhoMayShare(t *testing.T) {
	w := serveWhy(t)
	path := "/api/v1/events/" + w.failed() + "/share"
	w.as("").post(path, nil).refused(http.StatusUnauthorized, "token.missing")
	w.as(mint(t, umbrella, token.Claims{Type: token.Management})).post(path, nil).refused(http.StatusNotFound, "event.not_found")
	for _, body := range []object{{"days": 0}, {"days": 91}, {"days": -1}, {"days": "seven"}, {"days": 1.5}} {
		w.post(path, body).refused(http.StatusBadRequest, "request.field_invalid", "days")
	}
}

// TestASharedLinkIsTakenBack: by its account alone; others to the same failure stay.
func TestASharedLinkIsTakenBack(t *testing.T) {
	w := serveWhy(t)
	id := w.failed()
	link := func(days int) string {
		t.Helper()
		u := w.post("/api/v1/events/"+id+"/share", object{"days": days}).ok().str("url")
		return u[strings.LastIndexByte(u, '/')+1:]
	}
	open := func(link string) int {
		t.Helper()
		res, err := http.Get(w.url + "/why/" + link)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	one, other := link(1), link(2)
	w.as(mint(t, umbrella, token.Claims{Type: token.Management})).do("DELETE", "/api/v1/shares/"+one, nil).refused(404, fault.EventNotFound.ID)
	w.do("DELETE", "/api/v1/shares/nothing", nil).refused(404, fault.EventNotFound.ID)
	if open(one) != 200 || open(other) != 200 {
		t.Fatal("the links are not good")
	}
	for range 2 {
		if r := w.do("DELETE", "/api/v1/shares/"+one, nil); r.status != 204 {
			t.Fatalf("%d %s", r.status, r.raw)
		}
	}
	if got := open(one); got != 410 {
		t.Errorf("one that was taken back: %d", got)
	}
	if got := open(other); got != 200 {
		t.Errorf("another one: %d", got)
	}
	w.get("/api/v1/audit").ok().has(object{"audit.0.action": "failure.unshare", "audit.0.target": "/api/v1/shares/"})
}
