// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// What follows, up to the test, is a client written from the documentation
// alone: it knows the address, an access key and the names in the replies.

// documentedClient asks for events.
type documentedClient struct{ url, accessKey, secret string }

// documentedEvent is what it reads of an event.
type documentedEvent struct {
	Version   string    `json:"version"`
	ID        string    `json:"id"`
	Timestamp time.Time `json:"timestamp"`
	Type      string    `json:"type"`
	Data      struct {
		UserID     string `json:"user_id"`
		PeerID     string `json:"peer_id"`
		AccountID  string `json:"account_id"`
		RoomID     string `json:"room_id"`
		SessionID  string `json:"session_id"`
		ErrorCode  int    `json:"error_code"`
		IsTerminal bool   `json:"is_terminal"`
		Agent      struct {
			SDK string `json:"sdk"`
			OS  string `json:"os"`
		} `json:"agent"`
	} `json:"data"`
	Redial struct {
		Fault    string    `json:"fault"`
		Happened time.Time `json:"happened"`
	} `json:"redial"`
}

func (e *documentedEvent) failed() bool { return strings.HasPrefix(e.Type, "client.") }

type documentedPage struct {
	Limit   int               `json:"limit"`
	Total   int               `json:"total"`
	Next    string            `json:"next"`
	Events  []documentedEvent `json:"events"`
	Code    int               `json:"code"`
	Message string            `json:"message"`
	Fault   struct {
		Details map[string]any `json:"details"`
	} `json:"fault"`
}

// token is a management token, signed as the vendor's documentation has it.
func (c *documentedClient) token() string {
	now := time.Now().Unix()
	part := func(v any) string {
		raw, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." + part(map[string]any{
		"access_key": c.accessKey, "type": "management", "version": 2, "jti": fmt.Sprint(time.Now().UnixNano()), "iat": now, "nbf": now, "exp": now + 3600,
	})
	h := hmac.New(sha256.New, []byte(c.secret))
	h.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (c *documentedClient) call(t *testing.T, method, path, accept string, body []byte) (int, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, c.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token())
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, raw
}

func (c *documentedClient) page(t *testing.T, query url.Values) (int, documentedPage) {
	t.Helper()
	status, raw := c.call(t, "GET", "/v2/analytics/events?"+query.Encode(), "", nil)
	var p documentedPage
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return status, p
}

// all is the loop of the documentation: ask again with start until next is empty.
func (c *documentedClient) all(t *testing.T, query url.Values, between func()) (events []documentedEvent, total int) {
	t.Helper()
	q := maps.Clone(query)
	for first := true; ; first = false {
		status, p := c.page(t, q)
		if status != http.StatusOK {
			t.Fatalf("%v: %d %s", q, status, p.Message)
		}
		if p.Limit != len(p.Events) || !first && p.Total != total {
			t.Errorf("%v: limit %d for %d events, total %d after %d", q, p.Limit, len(p.Events), p.Total, total)
		}
		events, total = append(events, p.Events...), p.Total
		if p.Next == "" {
			return events, total
		}
		q.Set("start", p.Next)
		between()
	}
}

// TestAClientFromTheDocumentation runs it against the program: each parameter,
// alone and with others, gives what it says; and a cursor is refused with the
// reason when it is not for this.
func TestAClientFromTheDocumentation(t *testing.T) {
	dir := t.TempDir()
	c := &documentedClient{accessKey: "documented", secret: "0123456789abcdefghijklmnopqrstuvwxyz"}
	var stop func()
	c.url, stop = serveEventsIn(t, dir, c)

	// The same failures and tracks as ever, from before: the paging below adds more.
	types := []string{
		"client.connect.failed", "client.join.failed", "client.publish.failed", "client.subscribe.failed", "client.disconnected",
		"track.add.success", "track.update.success", "track.remove.success",
	}
	began := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	sent := 0
	send := func(n int) {
		t.Helper()
		var items []map[string]any
		for range n {
			i := sent
			sent++
			agent := map[string]any{"string": "sdk:" + []string{"web", "android"}[i%2] + ",os:" + []string{"web_Linux", "Android_14", "iOS_18"}[i%3]}
			data := map[string]any{
				"room_id": fmt.Sprint("room-", i%3), "session_id": fmt.Sprint("session-", i%4), "peer_id": fmt.Sprint("peer-", i%7), "user_id": fmt.Sprint("user-", i%5),
				"role": "host", "error_code": 4000 + i%3, "error_name": "N", "error_message": "M", "is_terminal": i%2 == 0, "agent": agent,
			}
			if i%8 > 4 {
				data = map[string]any{"room_id": data["room_id"], "user_id": data["user_id"], "track_id": fmt.Sprint("t", i), "stream_id": "s", "type": "audio", "source": "regular", "agent": agent}
			}
			redial := map[string]any{"source": "server", "fault": []string{"", "room.full", "ice.failed"}[i%3]}
			if i%10 == 9 { // told late
				redial["happened"] = began.Add(time.Duration(i)*time.Second - 10*time.Minute)
			}
			items = append(items, map[string]any{"type": types[i%8], "timestamp": began.Add(time.Duration(i) * time.Second), "data": data, "redial": redial})
		}
		raw, err := json.Marshal(items)
		if err != nil {
			t.Fatal(err)
		}
		status, reply := c.call(t, "POST", "/api/v1/events", "", raw)
		var r struct{ Stored int }
		if err := json.Unmarshal(reply, &r); err != nil || status != http.StatusOK || r.Stored != n {
			t.Fatalf("%d %s", status, reply)
		}
	}
	send(120)
	everything, total := c.all(t, url.Values{"limit": {"100"}}, func() {})
	if len(everything) != 120 || total != 120 {
		t.Fatalf("%d events, total %d", len(everything), total)
	}
	for i := range everything {
		if e := &everything[i]; e.Version != "2.0" || e.ID == "" || e.Data.AccountID == "" || !e.Timestamp.Equal(began.Add(time.Duration(i)*time.Second)) {
			t.Fatalf("event %d: %+v", i, e)
		}
	}

	at := func(n int) string { return began.Add(time.Duration(n) * time.Second).Format(time.RFC3339) }
	before := at(120) // what is added below is later
	for _, want := range []struct {
		query string
		keep  func(*documentedEvent) bool
	}{
		{"", func(e *documentedEvent) bool { return true }},
		{"room_id=room-1", func(e *documentedEvent) bool { return e.Data.RoomID == "room-1" }},
		{"room_id=nowhere", func(e *documentedEvent) bool { return false }},
		{"type=client.publish.failed", func(e *documentedEvent) bool { return e.Type == "client.publish.failed" }},
		{"type=client.publish.failed&type=track.add.success", func(e *documentedEvent) bool {
			return e.Type == "client.publish.failed" || e.Type == "track.add.success"
		}},
		{"type=beam.recording.success", func(e *documentedEvent) bool { return false }},
		{"session_id=session-3", func(e *documentedEvent) bool { return e.Data.SessionID == "session-3" }},
		{"peer_id=peer-6", func(e *documentedEvent) bool { return e.Data.PeerID == "peer-6" }},
		{"user_id=user-2", func(e *documentedEvent) bool { return e.Data.UserID == "user-2" }},
		{"beam_id=b", func(e *documentedEvent) bool { return false }},
		{"error=true", func(e *documentedEvent) bool { return e.failed() }},
		{"error=false", func(e *documentedEvent) bool { return true }},
		{"room_id=room-1&error=true&type=client.join.failed&type=track.add.success&user_id=user-1", func(e *documentedEvent) bool {
			return e.Data.RoomID == "room-1" && e.Type == "client.join.failed" && e.Data.UserID == "user-1"
		}},
		{"fault=room.full", func(e *documentedEvent) bool { return e.Redial.Fault == "room.full" }},
		{"fault=room.full&fault=ice.failed", func(e *documentedEvent) bool { return e.Redial.Fault != "" }},
		{"error_code=4001", func(e *documentedEvent) bool { return e.Data.ErrorCode == 4001 }},
		{"error_code=4001&error_code=4002&room_id=room-1", func(e *documentedEvent) bool {
			return e.Data.ErrorCode >= 4001 && e.Data.RoomID == "room-1"
		}},
		{"terminal=true", func(e *documentedEvent) bool { return e.Data.IsTerminal }},
		{"terminal=false&error=true", func(e *documentedEvent) bool { return e.failed() && !e.Data.IsTerminal }},
		{"sdk=android", func(e *documentedEvent) bool { return e.Data.Agent.SDK == "android" }},
		{"os=iOS_18", func(e *documentedEvent) bool { return e.Data.Agent.OS == "iOS_18" }},
		{"since=" + at(30), func(e *documentedEvent) bool { return e.Timestamp.Format(time.RFC3339) >= at(30) }},
		{"happened_since=" + at(-600) + "&happened_until=" + at(0), func(e *documentedEvent) bool { return !e.Redial.Happened.IsZero() }},
		{"happened_since=" + at(0), func(e *documentedEvent) bool { return e.Redial.Happened.IsZero() }},
		{"since=" + at(30) + "&until=" + at(60), func(e *documentedEvent) bool {
			return e.Timestamp.Format(time.RFC3339) >= at(30) && e.Timestamp.Format(time.RFC3339) < at(60)
		}},
	} {
		var ids []string
		for i := range everything {
			if want.keep(&everything[i]) {
				ids = append(ids, everything[i].ID)
			}
		}
		for _, how := range []string{"", "limit=7", "limit=100&order=asc", "limit=9&order=desc", "start="} {
			query, err := url.ParseQuery(strings.Trim(want.query+"&"+how, "&"))
			if err != nil {
				t.Fatal(err)
			}
			if !query.Has("until") {
				query.Set("until", before)
			}
			got, total := c.all(t, query, func() { send(1) })
			expected := slices.Clone(ids)
			if query.Get("order") == "desc" {
				slices.Reverse(expected)
			}
			if total != len(expected) || !slices.Equal(documentedIDs(got), expected) {
				t.Errorf("%v: %d events, total %d, want %d", query, len(got), total, len(expected))
			}
		}
	}

	// A snapshot: what comes while it is read is not in it, without a filter on time.
	known := sent
	got, total := c.all(t, url.Values{"limit": {"40"}}, func() { send(3) })
	if len(got) != known || total != known {
		t.Errorf("a snapshot of %d has %d events, total %d", known, len(got), total)
	}

	// The whole of it at once, one event on each line.
	status, raw := c.call(t, "GET", "/v2/analytics/events?room_id=room-2&until="+url.QueryEscape(before), "application/x-ndjson", nil)
	lines := bufio.NewScanner(bytes.NewReader(raw))
	n := 0
	for lines.Scan() {
		var e documentedEvent
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Data.RoomID != "room-2" {
			t.Errorf("line %q", lines.Text())
		}
		n++
	}
	if status != http.StatusOK || n != 40 {
		t.Errorf("%d: %d lines", status, n)
	}

	refused := func(query url.Values, field, says string) {
		t.Helper()
		status, p := c.page(t, query)
		if status != http.StatusBadRequest || p.Code != status || p.Fault.Details["field"] != field || !strings.Contains(p.Message, says) {
			t.Errorf("%v: %d %s, %v; want 400 about %s saying %q", query, status, p.Message, p.Fault.Details, field, says)
		}
	}
	for field, value := range map[string]string{
		"limit": "0", "type": "client.unheard.of", "error": "perhaps", "fault": "room.ful", "error_code": "x", "terminal": "7",
		"since": "yesterday", "until": "1", "order": "up", "room": "room-1", "room_id": "",
	} {
		refused(url.Values{field: {value}}, field, "")
	}
	refused(url.Values{"limit": {"101"}}, "limit", "1 to 100")
	refused(url.Values{"room_id": {"a", "b"}}, "room_id", "more than once")

	// Cursors.
	q := url.Values{"room_id": {"room-1"}, "error": {"true"}}
	_, first := c.page(t, q)
	next := func(start string, change ...string) url.Values {
		v := maps.Clone(q)
		v.Set("start", start)
		for i := 0; i < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	refused(next(first.Next, "room_id", "room-2"), "start", "other filters")
	refused(next(first.Next, "order", "desc"), "start", "other filters")
	refused(next(first.Next[:len(first.Next)-8]+strings.Repeat("A", 8)), "start", "not a cursor")
	refused(next("8188be60-c167-4bd0-b185-8b81a05b2c76:XwAcfeI:0~x7HTVrLsQRN0ugJh"), "start", "not a cursor") // the vendor's
	filters := event.Query{AccountID: first.Events[0].Data.AccountID, RoomID: "room-1", Errors: true}
	seal := func(dir string, age time.Duration) string {
		cursors, err := eventjson.OpenCursors(dir)
		if err != nil {
			t.Fatal(err)
		}
		return cursors.Seal(&filters, eventjson.Cursor{Max: 120, Pos: 1, Total: 5, At: time.Now().Add(-age)})
	}
	refused(next(seal(t.TempDir(), 0)), "start", "not a cursor") // another server's
	refused(next(seal(dir, 25*time.Hour)), "start", "expired")
	if status, p := c.page(t, next(seal(dir, 23*time.Hour))); status != http.StatusOK || p.Total != 5 {
		t.Errorf("a cursor that is 23 hours old: %d %s", status, p.Message)
	}
	_, second := c.page(t, next(first.Next))
	stop()
	c.url, stop = serveEventsIn(t, dir, c) // a restart in the middle of a loop
	status, again := c.page(t, next(first.Next, "limit", "3"))
	if status != http.StatusOK || len(again.Events) != 3 || again.Total != first.Total || again.Events[0].ID != second.Events[0].ID {
		t.Errorf("after a restart: %d %s", status, again.Message)
	}
	stop()
}

func documentedIDs(events []documentedEvent) (ids []string) {
	for i := range events {
		ids = append(ids, events[i].ID)
	}
	return ids
}

// serveEventsIn starts the program on a data directory.
func serveEventsIn(t *testing.T, dir string, c *documentedClient) (address string, stop func()) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "redial.yaml")
	text := fmt.Sprintf(`
http: {address: "127.0.0.1:0"}
media: {udp: "127.0.0.1:0", tcp: ""}
access: {keys: [{access: %s, secret: %s}]}
data: {dir: %q}
limits: {api_per_second: 100000, api_burst: 100000}
`, c.accessKey, c.secret, dir)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("redial")
	if err != nil {
		t.Fatal(err)
	}
	b, err := start(exec.Command(program, "serve", "-config", file), io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.cmd.Process.Kill() })
	facts, err := b.up(urlLogged)
	if err != nil {
		t.Fatal(err)
	}
	return facts["URL"], func() {
		t.Helper()
		if err := b.down(); err != nil {
			t.Fatal(err)
		}
	}
}
