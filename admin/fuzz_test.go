// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// says is a server of one answer.
type says struct {
	status int
	body   []byte
}

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: s.status, Status: http.StatusText(s.status), Body: io.NopCloser(bytes.NewReader(s.body)), Request: r,
		Header: http.Header{"Retry-After": {string(s.body[:min(len(s.body), 20)])}, "X-Request-Id": {string(s.body)}},
	}, nil
}

// FuzzAnswers: whatever a server answers, a call ends with what was asked for or
// with an error, and a stream with its end.
func FuzzAnswers(f *testing.F) {
	f.Add(200, []byte(`{"events":[{"id":"x","type":"client.join.failed","timestamp":"2026-01-01T00:00:00Z","data":{"error_code":7},"redial":{"fault":"room.full"}}],"total":1,"next":"a"}`))
	f.Add(200, []byte(`{"id":"i","fault":"cut","room":"r","for":"1m","after":"-1s","delay":"x","begins":"2026-01-01T00:00:00Z"}`))
	f.Add(200, []byte(`{"limit":1,"data":[{"id":"x"}],"last":"y"}`))
	f.Add(404, []byte(`{"code":404,"message":"m (room: x)","details":["room: x"],"fault":{"id":"room.not_found","details":{"room":"x","a":[1,{"b":1e999}]}},"request_id":"q"}`))
	f.Add(503, []byte("<html>"))
	f.Add(200, []byte("id: 7\ndata: {\"id\":\"x\"}\n\n: beat\ndata: [\n"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		c, err := New(Config{URL: "http://server.invalid", Token: "x", HTTP: &http.Client{Transport: says{status, body}}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		check := func(err error) {
			if err == nil && status >= 300 {
				t.Errorf("%d %q is no error", status, body)
			}
			if refused, ok := errors.AsType[*Error](err); ok && refused.Message == "" {
				t.Errorf("%d %q: a refusal that says nothing", status, body)
			}
		}
		var out any
		check(c.Do(ctx, http.MethodGet, "/v2/rooms", nil, &out))
		_, err = c.Events.List(ctx, EventFilter{})
		check(err)
		_, err = c.Injections.Create(ctx, Injection{})
		check(err)
		_ = json.Unmarshal(body, new(Injection)) // as an app that keeps its own
		n := 0
		for e, err := range c.Events.All(ctx, EventFilter{}) {
			_ = e.String()
			if n++; err != nil || n > 100 { // a page may lead to another for ever
				break
			}
		}
		stream, err := c.Events.Stream(ctx, EventFilter{}, "")
		if check(err); err != nil {
			return
		}
		defer stream.Close()
		for n := 0; ; n++ {
			e, err := stream.Next()
			if n > len(body) {
				t.Fatalf("%q does not end", body)
			}
			_ = e.String()
			if err != nil && !errors.Is(err, fault.ResponseMalformed) {
				break
			}
		}
		if last := stream.Last(); last != "" && !bytes.Contains(body, []byte("id: "+last)) {
			t.Errorf("%q ends at %q", body, last)
		}
	})
}
