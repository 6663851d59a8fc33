// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package docsite

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	attributes = regexp.MustCompile(`\b(?:href|src)="([^"]*)"`)
	ids        = regexp.MustCompile(`\bid="([^"]*)"`)
)

// TestEveryLinkLeadsSomewhere follows every link of every page: to pages and places of
// the site, and to files of this repository. Nothing is fetched from elsewhere.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	files, err := All()
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]map[string]bool{}
	for name, body := range files {
		if path.Ext(name) == ".html" {
			places[name] = map[string]bool{"": true}
			for _, m := range ids.FindAllSubmatch(body, -1) {
				places[name][string(m[1])] = true
			}
		}
	}
	links := 0
	for name, body := range files {
		if path.Ext(name) != ".html" {
			continue
		}
		for _, m := range attributes.FindAllSubmatch(body, -1) {
			links++
			raw := strings.ReplaceAll(string(m[1]), "&amp;", "&")
			if file, ours := strings.CutPrefix(raw, Source); ours {
				file, _, _ = strings.Cut(file, "#")
				if !strings.HasPrefix(file, "docs/faults/") { // a page for each fault is made, not kept
					if _, err := os.Stat(filepath.Join("../..", filepath.FromSlash(file))); err != nil {
						t.Errorf("%s links to %s, which is not in this repository", name, file)
					}
				}
				continue
			}
			u, err := url.Parse(raw)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if u.Scheme != "" {
				if strings.HasPrefix(string(m[0]), "src") {
					t.Errorf("%s loads %s from elsewhere", name, raw)
				}
				continue
			}
			to := name
			if u.Path != "" {
				to = path.Join(path.Dir(name), u.Path)
			}
			if _, ok := files[to]; !ok {
				t.Errorf("%s links to %s, which is no file of the site", name, raw)
			} else if places[to] != nil && !places[to][u.Fragment] {
				t.Errorf("%s links to %s, where no such heading is", name, raw)
			}
		}
	}
	if links < 1000 {
		t.Errorf("only %d links were followed", links)
	}
}

// TestAPage: what becomes of one, with GitHub's names for headings and no HTML of its
// own let through.
func TestAPage(t *testing.T) {
	files, err := Build(map[string][]byte{
		"README.md":      []byte("# Home\n\n## Begin\n\n- [One](one.md)\n"),
		"one.md":         []byte("# One page\n\nSee [two](faults/a.md#what-it-is), [source](../internal/x.go) and [home](README.md).\n\n## A `b_c`, (d)\n\ntext <script>alert(1)</script>\n\n## A `b_c`, (d)\n\n| a | b |\n|---|---|\n| 1 | [x](javascript:alert(1)) |\n"),
		"faults/a.md":    []byte("# A fault\n\n## What it is\n\n[back](../one.md)\n"),
		"unlisted.md":    []byte("# Unlisted\n"),
		"pictures/x.jpg": []byte("jpg"),
	})
	if err != nil {
		t.Fatal(err)
	}
	one, a := string(files["one.html"]), string(files["faults/a.html"])
	for _, want := range []string{
		`href="faults/a.html#what-it-is"`, `href="` + Source + `internal/x.go"`, `href="index.html"`,
		`id="a-b_c-d"`, `id="a-b_c-d-1"`, `<table>`, `<a href="one.html" aria-current="page">One</a>`, `>Unlisted</a>`,
	} {
		if !strings.Contains(one, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(one, "<script>alert") || strings.Contains(one, "javascript:") {
		t.Error("a page's own script is let through")
	}
	if !strings.Contains(a, `href="../one.html"`) || !strings.Contains(a, `href="../site.css"`) {
		t.Errorf("a page of a directory does not find the others: %s", a)
	}
	if index := string(files["search.json"]); !strings.Contains(index, `{"u":"faults/a.html#what-it-is","p":"A fault","h":"What it is","t":"back"}`) {
		t.Errorf("the index is %s", index)
	}
}

// TestWriteTouchesNothingElse: a directory that holds something else is refused, and a
// site is written over itself.
func TestWriteTouchesNothingElse(t *testing.T) {
	dir := t.TempDir()
	site := filepath.Join(dir, "site")
	for range 2 {
		if n, err := Write(site); err != nil || n < 100 {
			t.Fatalf("%d files, %v", n, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "mine.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(dir); err == nil {
		t.Error("it wrote beside the files of somebody else")
	}
}

func BenchmarkAll(b *testing.B) {
	for b.Loop() {
		if _, err := All(); err != nil {
			b.Fatal(err)
		}
	}
}
