// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzAnswers: a server that answers rubbish, in JSON and in its stream, fails
// the call and nothing else.
func FuzzAnswers(f *testing.F) {
	f.Add(200, []byte(`{"events":[{"id":"x","type":"t","timestamp":"2026-01-01T00:00:00Z","data":{"error_code":7},"redial":{}}],"next":""}`))
	f.Add(404, []byte(`{"message":"m","fault":{"id":"room.not_found","details":{"room":"x","a":[1]}}}`))
	f.Add(200, []byte("id: 1\ndata: {\"id\":\"x\"}\n\ndata: [\n"))
	var status int
	var body []byte
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	f.Cleanup(answers.Close)
	f.Fuzz(func(t *testing.T, st int, b []byte) {
		if st < 200 || st > 599 || st >= 300 && st < 400 {
			return
		}
		status, body = st, b
		s := Connect(Remote{URL: answers.URL, ManagementToken: "x"})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var out map[string]any
		if err := s.Call(ctx, http.MethodGet, "/v2/rooms", nil, &out); err == nil && st >= 300 {
			t.Errorf("%d %q is no error", st, b)
		}
		// A page may lead to itself for ever.
		brief, stop := context.WithTimeout(ctx, 50*time.Millisecond)
		defer stop()
		_, _ = s.events(brief, Filter{})
		_, _ = s.await(brief, Filter{Match: func(Event) bool { return false }})
	})
}

// FuzzLines: what a program says is cut into the same lines however it arrives.
func FuzzLines(f *testing.F) {
	f.Add("a\nb\n\nc", uint8(2))
	f.Fuzz(func(t *testing.T, text string, at uint8) {
		var got []string
		l := &lines{each: func(b []byte) { got = append(got, string(b)) }}
		cut := min(int(at), len(text))
		for _, part := range []string{text[:cut], text[cut:]} {
			if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		l.end()
		var log tail
		_, _ = log.Write(bytes.Repeat([]byte(text), 3))
		if want := strings.TrimSuffix(text, "\n"); strings.Join(got, "\n") != want || len(log.String()) > tailSize {
			t.Errorf("%q became %q", text, got)
		}
	})
}
