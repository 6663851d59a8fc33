// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, target string, edit func(*http.Request)) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if edit != nil {
		edit(r)
	}
	w := httptest.NewRecorder()
	Handler(func(w http.ResponseWriter, _ *http.Request, status int) { w.WriteHeader(status) }).ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Everything the page names is there, with its type, and may be kept for ever.
func TestPageAndItsAssets(t *testing.T) {
	res := get(t, "/", nil)
	page := body(t, res)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("/ = %d %q", res.StatusCode, res.Header.Get("Content-Type"))
	}
	if got := res.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("/ may be cached as %q; a new release would not be seen", got)
	}
	want := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2"}
	named := map[string]bool{}
	names := regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1)
	for _, m := range names {
		res := get(t, m[1], nil)
		ext := path.Ext(m[1])
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != want[ext] {
			t.Errorf("%s = %d %q", m[1], res.StatusCode, res.Header.Get("Content-Type"))
		}
		if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", m[1], got)
		}
		named[ext] = true
	}
	if len(named) != len(want) {
		t.Errorf("the page names %v, not all of %v", named, want)
	}
	if strings.Contains(page, "style=") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(page) {
		t.Error("the page holds inline style or script, which its policy forbids")
	}
}

// The script that pages of others load may be loaded by them, is kept for an hour,
// and is as small as it has to be.
func TestScriptForOtherPages(t *testing.T) {
	res := get(t, "/witness.js", func(r *http.Request) {
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Accept-Encoding", "gzip")
	})
	for name, want := range map[string]string{
		"Content-Type": "text/javascript; charset=utf-8", "Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*",
		"Cache-Control": "public, max-age=3600, stale-while-revalidate=86400", "Content-Encoding": "gzip",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if n := len(body(t, res)); res.StatusCode != http.StatusOK || n < 500 || n > 3<<10 {
		t.Errorf("/witness.js = %d, %d bytes", res.StatusCode, n)
	}
	if got := get(t, "/", nil).Header.Get("Cross-Origin-Resource-Policy"); got != "same-origin" {
		t.Errorf("the page itself is for others as well: %q", got)
	}
}

func TestEveryEmbeddedFileHasAType(t *testing.T) {
	err := fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && contentTypes[path.Ext(name)] == "" {
			t.Errorf("%s: no content type for %q", name, path.Ext(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for _, target := range []string{"/assets/", "/assets", "/index.html", "/dist/index.html", "/../pages.go", "/assets/../index.html", "/nope", "/.."} {
		if res := get(t, "http://h/", func(r *http.Request) { r.URL.Path = target }); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s = %d", target, res.StatusCode)
		}
	}
	res := get(t, "/", func(r *http.Request) { r.Method = http.MethodPost })
	if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST / = %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	for _, target := range []string{"/", "/nope", "/licences.txt"} {
		header := get(t, target, nil).Header
		csp := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self' ws: wss:;", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy %q lacks %q", target, csp, want)
			}
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", target, header)
		}
	}
}

func TestGzip(t *testing.T) {
	plain := get(t, "/", nil)
	want := body(t, plain)
	f := func(accept string, compressed bool) {
		t.Helper()
		res := get(t, "/", func(r *http.Request) { r.Header.Set("Accept-Encoding", accept) })
		if got := res.Header.Get("Content-Encoding") == "gzip"; got != compressed {
			t.Errorf("Accept-Encoding %q: compressed %v", accept, got)
		}
		if res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: no Vary", accept)
		}
		raw := body(t, res)
		if compressed {
			z, err := gzip.NewReader(bytes.NewReader([]byte(raw)))
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			raw = string(b)
			if res.Header.Get("ETag") == plain.Header.Get("ETag") {
				t.Error("two representations share an ETag")
			}
		}
		if raw != want {
			t.Errorf("Accept-Encoding %q: another body", accept)
		}
	}
	f("", false)
	f("br", false)
	f("gzip;q=0, br", false)
	f("gzip", true)
	f("br;q=1.0, GZIP;q=0.5", true)
}

func TestConditionalRequest(t *testing.T) {
	etag := get(t, "/", nil).Header.Get("ETag")
	if !regexp.MustCompile(`^"[^"]+"$`).MatchString(etag) {
		t.Fatalf("ETag %q is not strong", etag)
	}
	res := get(t, "/", func(r *http.Request) { r.Header.Set("If-None-Match", etag) })
	if res.StatusCode != http.StatusNotModified {
		t.Errorf("If-None-Match = %d", res.StatusCode)
	}
}
