// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"testing"
)

// says is a receiver of one answer.
type says struct {
	status int
	after  string
	body   []byte
}

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s.status, Header: http.Header{"Retry-After": {s.after}}, Body: io.NopCloser(bytes.NewReader(s.body)), Request: r}, nil
}

// FuzzReceiver: whatever a receiver or a collector answers, the time it asks for
// is not negative, and what it left out is a number.
func FuzzReceiver(f *testing.F) {
	f.Add(200, "", []byte(`{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"m"}}`))
	f.Add(429, "Wed, 21 Oct 2099 07:28:00 GMT", []byte(`{"partialSuccess":{"rejectedLogRecords":1e3}}`))
	f.Add(503, "99999999999999999999", []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, after string, body []byte) {
		client := &http.Client{Transport: says{status, after, body}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		x := &exporter{url: "http://collector.invalid/v1/logs", client: client, log: slog.New(slog.DiscardHandler)}
		if _, a := x.send(t.Context(), []byte("{}")); a.err == nil && (status < 200 || status > 299) || a.retryAfter < 0 {
			t.Errorf("%d %q %q: %+v", status, after, body, a)
		}
		req, err := http.NewRequest(http.MethodPost, "http://hook.invalid/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := post(client, req); a.err == nil && (status < 200 || status > 299) || a.retryAfter < 0 {
			t.Errorf("%d %q: %+v", status, after, a)
		}
	})
}
