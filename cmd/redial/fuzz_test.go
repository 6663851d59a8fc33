// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzAnswers: whatever a server answers a verb, the program says so and ends
// with a code, and steers nobody's terminal.
func FuzzAnswers(f *testing.F) {
	verbs := [][]string{
		{"events"}, {"events", "-json"}, {"events", "-follow"}, {"events", "summary"}, {"inject", "-list"}, {"inject", "room.full", "-room", "x"},
		{"inject", "-clear", "-room", "x"}, {"scenario", "run", "FILE", "-room", "x"}, {"bench", "-duration", "1ms", "-publishers", "1", "-subscribers", "0"},
		{"join", "-code", "abc-defg-hij", "-reports", f.TempDir(), "-duration", "1ms"},
		{"events", "-room", "x", "-name", "y"}, {"inject", "room.full", "-room", "abc-defg-hij"}, {"inject", "-end", "x"},
		{completeVerb, "events", "-room", ""}, {completeVerb, "inject", "-end", ""}, {completeVerb, "events", "-room", "abc-defg-hij", "-session", ""},
		{"search", "mia yesterday 14:05"}, {"search", "-room", "x", "-json"}, {"why"}, {"why", "-user", "x", "-json"}, {"why", "-room", "x", "-peer", "y"}, {"why", "-event", "x"}, {"why", "-event", "x", "-export", "-"},
		{"health"},
	}
	for i := range verbs {
		f.Add(uint8(i), 200, []byte(`{"events":[{"id":"x","type":"client.join.failed","timestamp":"2026-01-01T00:00:00Z","data":{"error_code":7,"user_name":"\u001b[2J"},"redial":{"fault":"room.full"}}],"total":1,"next":"","injections":[{"id":"i","fault":"f","at":"room","begins":"2026-01-01T00:00:00Z","ends":"2026-01-01T00:00:00Z"}],"removed":1,"id":"x","data":[{"id":"x\u001b[2J","name":"x\u001b[2J"}]}`))
		f.Add(uint8(i), 200, []byte(`{"data":[],"token":"a.eyJyb29tX2lkIjoieCJ9.b"}`))
		f.Add(uint8(i), 200, []byte(`{"groups":[{"key":"k","events":1,"users":1,"share":0.5}],"series":[],"total":{"events":3},"since":"x"}`))
		f.Add(uint8(i), 200, []byte(`{"diagnoses":[{"failure":{"id":"x","user_name":"\u001b[2J","type":"client.join.failed"},"verdict":{"says":"\u001b[2J","leads":"x","because":[{"fact":"f","value":{"a":[1]}}],"do":[{"who":"\u001b"}]}}],"total":1,"next":"","failure":{"id":"y"},"verdict":{"rivals":[{}],"missing":[{}]},"case":{"a":"\u001b"}}`))
		f.Add(uint8(i), 200, []byte(`{"checks":{"a\u001b[2J":"\u001b[2J"}}`))
		f.Add(uint8(i), 403, []byte(`{"message":"\u001b[31mno","fault":{"id":"permission.denied"}}`))
		f.Add(uint8(i), 500, []byte("<html>"))
	}
	file := filepath.Join(f.TempDir(), "x.yaml")
	if err := os.WriteFile(file, []byte("name: x\nneeds: one peer\nabout: y\nsteps:\n  - at 0s: cut socket\n"), 0o600); err != nil {
		f.Fatal(err)
	}
	var status int
	var body []byte
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	f.Cleanup(answers.Close)
	f.Fuzz(func(t *testing.T, which uint8, st int, b []byte) {
		if st < 200 || st > 599 || st >= 300 && st < 400 || bytes.Contains(b, []byte(`"next"`)) && !bytes.Contains(b, []byte(`"next":""`)) {
			return // a page may lead to itself for ever, which Ctrl-C ends
		}
		status, body = st, b
		args := append([]string(nil), verbs[int(which)%len(verbs)]...)
		for i := range args {
			if args[i] == "FILE" {
				args[i] = file
			}
		}
		if args[0] == "bench" || args[0] == "join" || args[0] == "health" {
			args = append(args, answers.URL)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		var out, complaint bytes.Buffer
		e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &complaint, getenv: func(name string) string {
			return map[string]string{"REDIAL_TOKEN": "x", "REDIAL_SERVER": answers.URL, "REDIAL_KEYS": "a:0123456789abcdefghijklmnopqrstuvwxyz"}[name]
		}}
		code := run(ctx, e, args)
		if code != exitOK && complaint.Len() == 0 {
			t.Errorf("%q, %d %q: exit %d without a word", args, st, b, code)
		}
		// A line of progress is drawn again from its beginning.
		if said := strings.ReplaceAll(out.String()+complaint.String(), "\r\x1b[K", ""); strings.ContainsRune(said, 0x1b) && args[len(args)-1] != "-json" {
			t.Errorf("%q, %d %q steers the terminal: %q", args, st, b, said)
		}
	})
}

// FuzzLink: a link is taken apart or refused as a wrong use.
func FuzzLink(f *testing.F) {
	f.Add("http://127.0.0.1:8080/#code=abc-defg-hij&name=A%20B")
	f.Add("https://[::1/#%zz")
	f.Fuzz(func(t *testing.T, link string) {
		if w, err := parseLink(link); err == nil && !strings.Contains(w.endpoint, "//") {
			t.Errorf("%q became %+v", link, w)
		}
	})
}
