// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package pages serves the pages that live inside the binary: today the demo
// page at "/".
//
// The pages are built from web/ into dist, which is committed, so that building
// the binary needs no Node. Every page talks to the server through the same
// public endpoints an app uses; nothing here knows rooms, tokens or events.
package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed all:dist
var dist embed.FS

// policy is the Content-Security-Policy (W3C CSP Level 3) of every page. It
// allows what the call needs and nothing else: scripts and styles from here, a
// worker the client SDK makes for its timers, and sockets to any host, because
// /init may send a client to another node. Plain requests stay on this origin,
// so a report that slipped past the redirect in web/demo/src/report-redirect.ts
// would be refused by the browser instead of leaving with a token in it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; " +
	"img-src 'self' data:; media-src 'self' blob:; worker-src blob:; connect-src 'self' ws: wss:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// contentTypes names the type of every kind of file the build emits. It is a
// table of our own because mime.TypeByExtension depends on the machine.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".jpg":   "image/jpeg",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// compressible tells which types are worth gzip; fonts are compressed already.
var compressible = map[string]bool{".css": true, ".html": true, ".js": true, ".json": true, ".svg": true, ".txt": true}

// asset is one file, ready to be sent.
type asset struct {
	open        func() io.ReadSeeker
	gzipped     func() []byte // compressed once, when first asked for; nil when not worth it
	contentType string
	etag        string // strong (RFC 9110, section 8.8.3), without quotes
	immutable   bool   // the name carries a hash of the content
	shared      bool   // pages of other origins load it
}

// shared are the files that pages of other origins name in a script tag of theirs.
var shared = map[string]bool{"witness.js": true, "opentok/opentok.js": true}

// Handler serves the embedded pages. It answers GET and HEAD for the files the
// build made; directories are never listed. Everything else goes to refuse, with
// status 404, or 405 and the header Allow.
func Handler(refuse func(w http.ResponseWriter, r *http.Request, status int)) http.Handler {
	return Site(dist, policy, refuse)
}

// Site serves the files that a build made below dist, under a Content-Security-Policy
// (W3C CSP Level 3): as [Handler] does.
func Site(built embed.FS, policy string, refuse func(w http.ResponseWriter, r *http.Request, status int)) http.Handler {
	files, err := fs.Sub(built, "dist")
	if err != nil { // only a malformed path fails, and it is a constant
		panic(err)
	}
	assets, err := load(files)
	if err != nil { // the files are part of the binary: they cannot be unreadable at run time
		panic(err)
	}
	return answer(func() map[string]*asset { return assets }, policy, refuse)
}

// readingPolicy is that of pages that are only read: what they are made of comes from
// here, and they have no business with anybody else.
const readingPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Static serves files that are made when one is first asked for, by their path below
// prefix, which ends in a slash. An index.html is served at its directory as well. They
// are pages to be read: they may ask for nothing but each other. Everything else goes to
// refuse, as from [Handler].
func Static(prefix string, make func() map[string][]byte, refuse func(w http.ResponseWriter, r *http.Request, status int)) http.Handler {
	return answer(sync.OnceValue(func() map[string]*asset {
		assets := map[string]*asset{}
		for name, body := range make() {
			a := newAsset(name, func() io.ReadSeeker { return bytes.NewReader(body) })
			assets[prefix+name] = a
			if dir, isIndex := strings.CutSuffix(name, "index.html"); isIndex {
				assets[prefix+dir] = a
			}
		}
		return assets
	}), readingPolicy, refuse)
}

// answer serves assets under a policy.
func answer(assets func() map[string]*asset, policy string, refuse func(w http.ResponseWriter, r *http.Request, status int)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), speaker-selection=(self), screen-wake-lock=(self)")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		a := assets()[r.URL.Path]
		switch {
		case a == nil:
			header.Set("Cache-Control", "no-store")
			refuse(w, r, http.StatusNotFound)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			header.Set("Allow", "GET, HEAD")
			refuse(w, r, http.StatusMethodNotAllowed)
		default:
			a.serve(w, r)
		}
	})
}

// load maps every file to the path it is served at; an index.html is served at its
// directory. They stay in the binary: none is copied.
func load(files fs.FS) (map[string]*asset, error) {
	assets := map[string]*asset{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		a := newAsset(name, func() io.ReadSeeker {
			f, err := files.Open(name)
			if err != nil { // it is part of the binary, and was there a moment ago
				panic(err)
			}
			return f.(io.ReadSeeker) // see [embed.FS.Open]
		})
		a.immutable, a.shared = strings.HasPrefix(name, "assets/"), shared[name]
		assets["/"+strings.TrimSuffix(name, "index.html")] = a
		return nil
	})
	return assets, err
}

// newAsset makes an asset of a file in memory, which can be read without failing.
func newAsset(name string, open func() io.ReadSeeker) *asset {
	ext := path.Ext(name)
	sum := sha256.New()
	_, _ = io.Copy(sum, open())
	a := &asset{open: open, contentType: contentTypes[ext], etag: base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:12])}
	if compressible[ext] {
		a.gzipped = sync.OnceValue(func() []byte { return compress(open()) })
	}
	return a
}

// serve sends the asset, compressed if the client takes gzip. http.ServeContent
// answers conditional and range requests (RFC 9110, sections 13 and 14).
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	switch {
	case a.immutable:
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	case a.shared: // pages wait for it
		header.Set("Cache-Control", "public, max-age=3600, stale-while-revalidate=86400")
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		header.Set("Access-Control-Allow-Origin", "*") // for those that ask with crossorigin
	default:
		header.Set("Cache-Control", "no-cache")
	}
	body, etag := a.open(), a.etag
	if a.gzipped != nil {
		header.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			header.Set("Content-Encoding", "gzip")
			body, etag = bytes.NewReader(a.gzipped()), etag+"-gz"
		}
	}
	header.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", time.Time{}, body)
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110, section 12.5.3) as far
// as it matters here: gzip is named and not refused by a weight of zero.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q := strings.TrimSpace(weight)
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

// compress gzips what is in memory, which neither reading nor writing fails for.
func compress(r io.Reader) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = io.Copy(z, r)
	_ = z.Close()
	return out.Bytes()
}
