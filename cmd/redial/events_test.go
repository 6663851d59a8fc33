// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/testlog"
)

// past is a server with events in it, which ends each stream after two.
type past struct {
	mu     sync.Mutex
	events []event.Event // the nth has place n+1
	asked  []string      // queries and Last-Event-IDs
	cut    chan struct{} // one for each stream that has ended
}

func (p *past) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer right" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"code":401,"message":"The token has expired","fault":{"id":"token.expired"}}`)
		return
	}
	if r.URL.Path == "/api/v1/events/stream" {
		p.asked = append(p.asked, "stream "+r.Header.Get("Last-Event-ID"))
		from := 1
		fmt.Sscan(r.Header.Get("Last-Event-ID"), &from)
		fmt.Fprintf(w, ": hello\nid: %d\n\n", from)
		for n := from; n < len(p.events) && n < from+2; n++ {
			fmt.Fprintf(w, "id: %d\nevent: x\ndata: %s\n\n", n+1, eventjson.Append(nil, &p.events[n]))
		}
		select {
		case p.cut <- struct{}{}:
		default:
		}
		return
	}
	p.asked = append(p.asked, r.URL.RawQuery)
	list := []json.RawMessage{eventjson.Append(nil, &p.events[1]), eventjson.Append(nil, &p.events[0])} // newest first
	if r.URL.Query().Get("order") != "desc" {
		list[0], list[1] = list[1], list[0]
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"limit": 2, "total": 2, "next": "", "events": list})
}

func happened(n int) event.Event {
	return event.Event{
		ID: fmt.Sprintf("id-%d", n), Type: event.PublishFailed, Time: time.Date(2026, 1, 31, 12, 0, n, 0, time.UTC), Source: event.FromClient,
		Fault: "ice.failed", Subject: event.Subject{RoomName: "lobby", UserName: "Ann\x1b[2J", Role: "host"},
		Failure: event.Failure{Code: 4005, Name: "ICEFailure", Message: "ICE failed", Terminal: n == 1},
	}
}

func events(t *testing.T, p *past, terminal bool, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	srv := httptest.NewServer(p)
	defer srv.Close()
	var out, errOut bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, isTerminal: terminal, getenv: func(name string) string {
		return map[string]string{"REDIAL_SERVER": srv.URL, "REDIAL_TOKEN": "right"}[name]
	}}
	code = run(t.Context(), e, append([]string{"events"}, args...))
	return code, out.String(), errOut.String()
}

func TestEventsTable(t *testing.T) {
	p := &past{events: []event.Event{happened(0), happened(1)}}
	code, stdout, stderr := events(t, p, false, "-room", "0123456789abcdef01234567", "-type", "publish.failed", "-type", "track.add.success", "-errors", "-code", "4005")
	const want = `TIME (UTC)               EVENT           CODE  NAME        FAULT       ROOM   WHO             SOURCE
2026-01-31 12:00:00.000  publish.failed  4005  ICEFailure  ice.failed  lobby  Ann·[2J (host)  client
                         ICE failed
2026-01-31 12:00:01.000  publish.failed  4005  ICEFailure  ice.failed  lobby  Ann·[2J (host)  client
                         ICE failed
`
	if code != exitOK || stdout != want {
		t.Errorf("exit %d, stderr %q\n got %s\nwant %s", code, stderr, stdout, want)
	}
	if want := "error=true&error_code=4005&limit=20&order=desc&room_id=0123456789abcdef01234567&type=client.publish.failed&type=track.add.success"; p.asked[0] != want {
		t.Errorf("asked %s\n want %s", p.asked[0], want)
	}
	if _, stdout, _ := events(t, p, true); !strings.Contains(stdout, "\x1b[31m2026-01-31 12:00:01") || !strings.Contains(stdout, "\x1b[33m2026-01-31 12:00:00") {
		t.Errorf("on a terminal: %q", stdout)
	}
	if _, stdout, _ := events(t, p, true, "-json", "-n", "0"); strings.Count(stdout, "\n") != 2 || !strings.HasPrefix(stdout, `{"version":"2.0","id":"id-0"`) {
		t.Errorf("-json -n 0: %s", stdout)
	}
	if got := p.asked[len(p.asked)-1]; !strings.Contains(got, "halves=true") {
		t.Errorf("-json asked %s, without what each side told", got)
	}
	if events(t, p, true, "-dialect", "opentok"); !strings.Contains(p.asked[len(p.asked)-1], "dialect=opentok") {
		t.Errorf("-dialect asked %s", p.asked[len(p.asked)-1])
	}
}

func TestEventsFollowsOverACut(t *testing.T) {
	p := &past{cut: make(chan struct{}, 10)}
	for n := range 6 {
		p.events = append(p.events, happened(n))
	}
	srv := httptest.NewServer(p)
	defer srv.Close()
	var out, errOut testlog.Buffer
	e := &env{stdout: &out, stderr: &errOut, getenv: func(string) string { return "" }}
	done := make(chan int)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		done <- run(ctx, e, []string{"events", "-follow", "-json", "-server", srv.URL, "-token", "right"})
	}()
	for range 3 { // the streams, cut off after two events each
		select {
		case <-p.cut:
		case <-time.After(patience):
			t.Fatal("no stream was opened")
		}
	}
	deadline := time.Now().Add(patience)
	for strings.Count(out.String(), "\n") < 6 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if code := <-done; code != exitOK {
		t.Errorf("exit %d: %s", code, errOut.String())
	}
	for n := range 6 {
		if got := strings.Count(out.String(), fmt.Sprintf(`"id":"id-%d"`, n)); got != 1 {
			t.Errorf("event %d is shown %d times: %s", n, got, out.String())
		}
	}
	if !strings.Contains(errOut.String(), "connection is lost") {
		t.Errorf("stderr: %s", errOut.String())
	}
}

func TestEventsRefusals(t *testing.T) {
	p := &past{events: []event.Event{happened(0), happened(1)}}
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"-token wrong", exitFailure, "redial explain token.expired"},
		{"-follow -token wrong", exitFailure, "The token has expired"},
		{"-server ftp://x", exitUsage, "is not an address"},
		{"-n -1", exitUsage, "negative"},
		{"-since yesterday", exitUsage, "is not a time"},
		{"-server http://127.0.0.1:1", exitFailure, "does not answer"},
		{"-rooom x", exitUsage, "did you mean -room?"},
	} {
		code, _, stderr := events(t, p, false, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d, %s", c.args, code, stderr)
		}
	}
	e := &env{stdout: &testlog.Buffer{}, stderr: &testlog.Buffer{}, getenv: func(string) string { return "" }}
	if code := run(t.Context(), e, []string{"events"}); code != exitUsage {
		t.Errorf("without a token: exit %d", code)
	}
}
