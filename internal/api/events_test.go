// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/token"
)

// eventful is the API with its events, over a real store.
type eventful struct {
	*fixture
	recorder *event.Recorder
	store    *sqlite.Store
	room     string // a room of acme's
}

func serveEvents(t testing.TB, cfg event.RecorderConfig) *eventful {
	t.Helper()
	e := &eventful{}
	var err error
	if e.store, err = sqlite.Open(t.Context(), t.TempDir(), nil, sqlite.Words(report.Vocabulary())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.store.Close() })
	var events *api.Events
	e.fixture = serve(t, func(c *api.Config) {
		cfg.Retentions = c.Registry.Retentions
		e.recorder = event.NewRecorder(e.store, cfg)
		t.Cleanup(func() { _ = e.recorder.Close(context.Background()) })
		events = api.NewEvents(api.EventsConfig{Recorder: e.recorder, Registry: c.Registry, Rooms: c.Rooms, Retention: cfg.Retention})
		c.Routes = events.Routes()
	})
	t.Cleanup(events.Close) // before the server, which waits for its streams
	e.room = e.newRoom("lobby")
	return e
}

// ann is a caller with the token of a user in the room.
func (e *eventful) ann(change ...func(*token.Claims)) *fixture {
	e.t.Helper()
	c := token.Claims{Type: token.App, RoomID: e.room, Role: "host", UserID: "ann"}
	for _, f := range change {
		f(&c)
	}
	return e.as(mint(e.t, acme, c))
}

// told is a report of the SDK over HTTP, the nth of its kind.
func (e *eventful) told(n int) object {
	at := 1795295249805 + n
	return object{
		"event": "disconnected", "event_id": fmt.Sprint(at), "timestamp": at, "device_id": "device",
		"cluster": object{"websocket_url": "ws://127.0.0.1:8090/ws"},
		"peer":    object{"peer_id": "peer-of-ann", "room_id": e.room, "user_name": "Ann", "session_id": "s1", "role": "host"},
		"payload": object{
			"error_code": 1003, "error_name": "WebSocketConnectionLost", "error_message": "Network connection lost",
			"error_description": "lost 203.0.113.9:443", "action": "RECONNECT_SIGNAL", "is_terminal": false, "transport_state": "Joined",
		},
	}
}

const userAgent = "os:web_Linux,sdk:web,sdk_version:0.15.2,domain:LOCAL"

func (e *eventful) total(query string) int {
	e.t.Helper()
	return int(e.get("/v2/analytics/events" + query).ok().at("total").(float64))
}

// inside has ann's peer take part in session s1.
func (e *eventful) inside() {
	e.t.Helper()
	err := e.registry.StartSession(e.t.Context(), registry.Session{ID: "s1", RoomID: e.room, StartedAt: time.Now()})
	if err == nil {
		err = e.registry.SavePeer(e.t.Context(), registry.SessionPeer{
			ID: "peer-of-ann", SessionID: "s1", RoomID: e.room, UserID: "ann", UserProof: token.ProofToken, Resume: "a digest", Role: "host", JoinedAt: time.Now(),
		})
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

func TestAReportCanBeReadBack(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	e.inside()
	r := e.ann().do("POST", "/v2/client/report", e.told(0), "user_agent_v2", userAgent, "Origin", "https://app.example")
	r.ok().has(object{"stored": 1})
	if r.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the page may not read the reply: %v", r.header)
	}
	page := e.get("/v2/analytics/events?room_id=" + e.room).ok().has(object{
		"limit": 1, "total": 1, "next": "",
		"events.0.version": "2.0", "events.0.type": "client.disconnected",
		"events.0.data.user_id": "ann", "events.0.data.user_name": "Ann", "events.0.data.peer_id": "peer-of-ann",
		"events.0.data.account_id": "acme", "events.0.data.room_id": e.room, "events.0.data.room_name": "lobby",
		"events.0.data.session_id": "s1", "events.0.data.role": "host", "events.0.data.error_code": 1003,
		"events.0.data.error_description": "lost redacted-ip.invalid:443", "events.0.data.transport_state": "Joined",
		"events.0.data.agent.sdk_version": "0.15.2", "events.0.data.domain": "LOCAL",
		"events.0.redial.source": "client", "events.0.redial.op": "reconnect", "events.0.redial.injected": false,
		"events.0.redial.client_timestamp": "2026-11-21T21:07:29.805Z",
	})
	if page.str("events.0.data.template_id") == "" {
		t.Error("the template is missing")
	}
	id := page.str("events.0.id")
	e.get("/api/v1/events/" + id).ok().has(object{"id": id, "type": "client.disconnected", "data.user_id": "ann"})
	e.get("/api/v1/events/"+strings.Repeat("0", 36)).refused(404, "event.not_found")
	e.get("/api/v1/events/x").refused(404, "event.not_found")
}

func TestAReportSentAgainCountsOnce(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	for range 3 {
		e.ann().post("/v2/client/report", e.told(0)).ok()
	}
	e.ann().post("/v2/client/report", []any{e.told(0), e.told(1), object{"event": "join.success"}}).ok().has(object{"stored": 2})
	if n := e.total(""); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	// The same occurrence over the socket, which knows the peer by itself.
	p := e.told(0)["payload"].(object)
	info := object{"timestamp": 1795295249805, "domain": "LOCAL"}
	for k, v := range p {
		info[k] = v
	}
	raw, err := json.Marshal(object{"name": "disconnected", "timestamp": 1795295259999, "info": info})
	if err != nil {
		t.Fatal(err)
	}
	ev, keep, err := report.Socket(raw, event.Subject{AccountID: "acme", UserID: "ann", PeerID: "peer-of-ann", RoomID: e.room})
	if err != nil || !keep {
		t.Fatal(keep, err)
	}
	if err := e.recorder.Append(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if n := e.total(""); n != 2 {
		t.Errorf("%d events after the socket's report, want 2", n)
	}
}

// TestRefusedAndReportedIsOneEvent: the server refuses a visitor and records
// it, then the SDK reports the refusal.
func TestRefusedAndReportedIsOneEvent(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	s := event.Subject{AccountID: "acme", UserID: "ann", PeerID: "peer-of-ann", RoomID: e.room, Role: "host"}
	for range 2 { // the SDK tries twice and reports twice
		seen := report.Seen(event.ConnectFailed, fault.From(fault.Draining.New(), fault.OpInit), s)
		if err := e.recorder.Append(t.Context(), seen); err != nil {
			t.Fatal(err)
		}
	}
	code := e.get("/v2/analytics/events").ok().at("events.0.data.error_code")
	for n, terminal := range []bool{false, true} {
		told := e.told(n)
		told["event"] = "connect.failed"
		told["payload"] = object{"error_code": code, "error_name": "ServerErrors", "error_message": "shutting down", "error_description": "", "action": "INIT", "is_terminal": terminal}
		e.ann().post("/v2/client/report", told).ok()
	}
	e.get("/v2/analytics/events").ok().has(object{
		"total": 2, "events.0.redial.source": "both", "events.1.redial.source": "both", "events.0.redial.fault": fault.Draining.ID,
		"events.0.data.error_message": "shutting down", "events.0.data.is_terminal": false, "events.1.data.is_terminal": true,
	})
}

func TestWhoMayReport(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	path := "/v2/client/report"
	ago := func(d time.Duration) func(*token.Claims) {
		return func(c *token.Claims) {
			c.IssuedAt = time.Now().Add(-d - time.Hour)
			c.NotBefore, c.ExpiresAt = c.IssuedAt, time.Now().Add(-d)
		}
	}
	e.ann(ago(20*24*time.Hour)).post(path, e.told(1)).ok()
	e.ann(ago(31*24*time.Hour)).post(path, e.told(2)).refused(401, "token.expired")
	e.as("").post(path, e.told(2)).refused(401, "token.missing")
	e.as("x.y.z").post(path, e.told(2)).refused(401, "token.malformed")
	e.post(path, e.told(2)).refused(401, "token.kind") // a management token
	forged := token.Key{Access: acme.Access, Secret: strings.Repeat("f", 32)}
	e.as(mint(t, forged, token.Claims{Type: token.App, RoomID: e.room, Role: "host", UserID: "ann"})).post(path, e.told(2)).refused(401, "token.signature")
	e.ann(func(c *token.Claims) { c.RoomID = "another" }).post(path, e.told(2)).refused(400, "token.room_mismatch", "peer.room_id")

	// A room that is not there: nobody gets in, and that is worth a report.
	told := e.told(3)
	told["peer"] = object{"peer_id": "p"}
	e.ann(func(c *token.Claims) { c.RoomID = "nowhere" }).post(path, told).ok()
	if n := e.total("?room_id=nowhere"); n != 1 {
		t.Errorf("%d events of the room that is not there", n)
	}

	// Another user's peer, while it is in the room.
	e.join(e.room, "ada", "host")
	told = e.told(4)
	told["peer"] = object{"peer_id": "ada"}
	e.ann().post(path, told).refused(400, "request.field_invalid", "peer.peer_id")
	e.ann(func(c *token.Claims) { c.UserID = "user of ada" }).post(path, told).ok()
	if n := e.total(""); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

func TestPreflight(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	for _, path := range []string{"/v2/client/report", "/v2/client/feedback"} {
		r := e.as("").do("OPTIONS", path, nil, "Origin", "https://app.example", "Access-Control-Request-Method", "POST",
			"Access-Control-Request-Headers", "authorization,content-type,x-api-key,user_agent_v2")
		allowed := strings.ToLower(r.header.Get("Access-Control-Allow-Headers"))
		for _, name := range []string{"authorization", "content-type", "x-api-key", "user_agent_v2"} {
			if !strings.Contains(allowed, name) {
				t.Errorf("%s: %s is not allowed: %q", path, name, allowed)
			}
		}
		if r.status/100 != 2 || r.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(r.header.Get("Access-Control-Allow-Methods"), "POST") {
			t.Errorf("%s: %d %v", path, r.status, r.header)
		}
	}
}

func TestBadReports(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	path := "/v2/client/report"
	e.ann().post(path, strings.Repeat("x", 10<<20)).refused(413, "request.too_large")
	e.ann().post(path, "").refused(400, "request.body_invalid")
	e.ann().post(path, object{"event": "disconnected"}).refused(400, "request.field_missing", "payload")
	e.ann().post(path, []any{e.told(0), object{"event": 7}}).refused(400, "request.field_invalid", "event")
	if n := e.total(""); n != 0 {
		t.Errorf("%d events of refused bodies", n)
	}
	good, err := json.Marshal(e.told(0))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	ann, stored, refused := e.ann(), map[string]bool{}, 0
	for range 1000 {
		body := append([]byte(nil), good...)
		for range 1 + rng.IntN(3) {
			if i := rng.IntN(len(body)); rng.IntN(2) == 0 {
				body[i] = byte(rng.IntN(256))
			} else {
				body = append(body[:i], body[min(len(body), i+1+rng.IntN(20)):]...)
			}
		}
		r := ann.post(path, string(body))
		switch {
		case r.status == http.StatusOK && fmt.Sprint(r.at("stored")) == "1":
			stored[string(body)] = true
		case r.status == http.StatusOK:
		case r.status >= 400 && r.status < 500 && r.at("fault.id") != nil:
			refused++
		default:
			t.Errorf("%d %s for %q", r.status, r.raw, body)
		}
	}
	if refused < 300 {
		t.Errorf("only %d of 1000 were refused", refused)
	}
	if n := e.total(""); n > len(stored) {
		t.Errorf("%d events of %d accepted reports", n, len(stored))
	}
	for _, ev := range e.get("/v2/analytics/events?limit=100").ok().at("events").([]any) {
		data := ev.(object)["data"].(object)
		if data["user_id"] != "ann" || data["room_id"] != e.room || data["error_code"] == nil {
			t.Errorf("half an event: %v", data)
		}
	}
}

// TestPagingAsDocumented is a client written from the public documentation:
// ask, then ask again with start until next is empty.
func TestPagingAsDocumented(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	e.inside()
	for n := range 25 {
		e.ann().post("/v2/client/report", e.told(n)).ok()
	}
	for _, filters := range []url.Values{
		{"room_id": {e.room}, "type": {"client.disconnected"}},
		{"room_id": {e.room}, "type": {"client.disconnected", "track.add.success"}, "error": {"true"}, "limit": {"7"}},
		{"room_id": {e.room}, "session_id": {"s1"}, "peer_id": {"peer-of-ann"}, "user_id": {"ann"}, "limit": {"100"}},
	} {
		seen := map[string]bool{}
		next := ""
		for {
			filters.Set("start", next)
			page := e.get("/v2/analytics/events?" + filters.Encode()).ok().has(object{"total": 25})
			events := page.at("events").([]any)
			if page.at("limit") != float64(len(events)) {
				t.Errorf("limit %v on a page of %d", page.at("limit"), len(events))
			}
			for _, ev := range events {
				seen[ev.(object)["id"].(string)] = true
			}
			if next = page.str("next"); next == "" {
				break
			}
			e.ann().post("/v2/client/report", object{"event": "publish.failed", "payload": object{}}).ok() // must not appear
		}
		if len(seen) != 25 {
			t.Errorf("%v: %d events", filters, len(seen))
		}
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	for query, field := range map[string]string{
		"?rooom_id=x": "rooom_id", "?limit=1000": "limit", "?type=x": "type", "?start=x": "start", "?error=x": "error",
		"?room_id=%zz": "query", "?room_id=a;b=c": "query", "?since=now": "since",
	} {
		e.get("/v2/analytics/events"+query).refused(400, "request.field_invalid", field)
	}
	e.as("").get("/v2/analytics/events").refused(401, "token.missing")
	e.ann().get("/v2/analytics/events").refused(401, "token.kind")
}

func TestAnAccountReadsItsOwnEvents(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	e.ann().post("/v2/client/report", e.told(0)).ok()
	page := e.get("/v2/analytics/events").ok().has(object{"total": 1})
	id := page.str("events.0.id")
	other := e.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	other.get("/v2/analytics/events?room_id=" + e.room).ok().has(object{"total": 0, "events": "[]", "next": ""})
	other.get("/api/v1/events/"+id).refused(404, "event.not_found")
	other.do("DELETE", "/api/v1/users/ann/events", nil).ok().has(object{"removed": 0})
	e.get("/api/v1/events/" + id).ok()
	e.do("DELETE", "/api/v1/users/ann/events", nil).ok().has(object{"removed": 1})
	e.get("/api/v1/events/"+id).refused(404, "event.not_found")
}

func TestFeedbackIsRefusedInSoManyWords(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	e.ann().post("/v2/client/feedback", object{"payload": object{"rating": 5}}).refused(400, "feature.unsupported")
	e.as("").post("/v2/client/feedback", object{}).refused(401, "token.missing")
}

// TestTheStoreFails: 200 is for what is on disk, and the rest says when to
// come back.
func TestTheStoreFails(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	if err := e.store.Close(); err != nil {
		t.Fatal(err)
	}
	r := e.ann().do("POST", "/v2/client/report", e.told(0), "Origin", "https://app.example")
	r.refused(503, "server.store")
	if r.header.Get("Retry-After") == "" || r.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", r.header)
	}
	e.get("/v2/analytics/events").refused(503, "server.store")
	if err := e.recorder.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.ann().post("/v2/client/report", e.told(0)).refused(503, "server.draining")
}

func TestTheQueueIsFull(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{Queue: 1})
	r := e.ann().post("/v2/client/report", []any{e.told(0), e.told(1)})
	r.refused(429, "server.queue_full")
	if r.header.Get("Retry-After") == "" {
		t.Errorf("%v", r.header)
	}
}

func TestExport(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	var all []any
	for n := range 230 {
		all = append(all, e.told(n))
	}
	for len(all) > 0 {
		n := min(100, len(all))
		e.ann().post("/v2/client/report", all[:n]).ok()
		all = all[n:]
	}
	res := e.open("/v2/analytics/events?room_id="+e.room, "Accept", "application/x-ndjson, */*")
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	ids := map[string]bool{}
	for lines.Scan() {
		var ev event.Event
		if err := eventjson.Decode(lines.Bytes(), &ev); err != nil {
			t.Fatal(err)
		}
		ids[ev.ID] = true
	}
	if len(ids) != 230 || lines.Err() != nil || res.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%d events, %v, %v", len(ids), lines.Err(), res.Header)
	}
	e.do("GET", "/v2/analytics/events?limit=0", nil, "Accept", "application/x-ndjson").refused(400, "request.field_invalid", "limit")
}

// open calls and leaves the reply to be read.
func (f *fixture) open(path string, headers ...string) *http.Response {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.url+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	return res
}

func TestStreamResumesWithoutAGap(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	e.ann().post("/v2/client/report", e.told(0)).ok() // before the stream: not part of it
	last := ""
	next := 1
	for round := range 4 { // cut off and resumed
		headers := []string{}
		if last != "" {
			headers = []string{"Last-Event-ID", last}
			e.ann().post("/v2/client/report", e.told(next)).ok() // while nobody listens
		}
		res := e.open("/api/v1/events/stream?room_id="+e.room, headers...)
		lines := bufio.NewScanner(res.Body)
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), ":") {
			t.Fatalf("the stream begins with %q", lines.Text())
		}
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), "id: ") || last != "" && lines.Text() != "id: "+last {
			t.Fatalf("the stream's reader stands at %q", lines.Text())
		}
		if round == 0 {
			e.ann().post("/v2/client/report", e.told(next)).ok()
		}
		e.ann().post("/v2/client/report", e.told(next+1)).ok()
		for got := 0; got < 2 && lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				last = id
			}
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var ev event.Event
			if err := eventjson.Decode([]byte(data), &ev); err != nil {
				t.Fatal(err)
			}
			if want := time.UnixMilli(int64(1795295249805 + next)); !ev.ClientTime.Equal(want) {
				t.Fatalf("round %d: got the event of %v, want %v", round, ev.ClientTime, want)
			}
			got++
			next++
		}
		res.Body.Close()
	}
	if next != 9 {
		t.Errorf("%d events came", next-1)
	}
	e.do("GET", "/api/v1/events/stream", nil, "Last-Event-ID", "x").refused(400, "request.field_invalid", "Last-Event-ID")
	e.get("/api/v1/events/stream?order=desc").refused(400, "request.field_invalid")
}

// TestStreamOutlivesTheTimeouts: those of a request are not those of a stream.
func TestStreamOutlivesTheTimeouts(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	srv := httptest.NewUnstartedServer(e.handler)
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = 100*time.Millisecond, 200*time.Millisecond
	srv.Start()
	t.Cleanup(srv.Close)
	other := *e.fixture
	other.url = srv.URL
	res := other.open("/api/v1/events/stream")
	t.Cleanup(func() { _ = res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	lines.Scan()
	for n := range 4 {
		time.Sleep(100 * time.Millisecond)
		e.ann().post("/v2/client/report", e.told(n)).ok()
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
		}
		if !strings.HasPrefix(lines.Text(), "data: ") {
			t.Fatalf("the stream ended after %d events: %v", n, lines.Err())
		}
	}
}

// Beyond a quota every door refuses with the same fault, which names the limit
// and when to try again; what fitted is kept, and a management token that brings
// events in bulk is not held by the quotas of room tokens.
func TestQuotasAtTheDoors(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{Quotas: event.Quotas{Token: event.Quota{Events: 5}}})
	ann := e.ann()
	for n := range 3 {
		ann.post("/v2/client/report", e.told(n)).ok()
	}
	items := []any{e.told(3), e.told(4), e.told(5)}
	r := ann.post("/api/v1/events", items).ok().has(object{"stored": 2, "refused": 1, "items.2.outcome": "refused",
		"items.2.fault.id": "server.event_quota", "items.2.fault.limit": "events.quotas.token_events"})
	if r.at("items.2.id") != nil {
		t.Errorf("a refused item has an id: %s", r.raw)
	}
	for _, door := range []struct {
		path string
		body any
	}{{"/v2/client/report", e.told(6)}, {"/api/v1/events", []any{e.told(6)}}} {
		r := ann.post(door.path, door.body)
		r.refused(429, "server.event_quota")
		r.has(object{"fault.details.limit": "events.quotas.token_events"})
		if wait := r.header.Get("Retry-After"); wait != "12" {
			t.Errorf("%s: Retry-After %q", door.path, wait)
		}
	}
	e.ann(func(c *token.Claims) { c.UserID = "bob" }).post("/v2/client/report", object{"event": "disconnected", "event_id": "1", "timestamp": 1795295249805,
		"peer": object{"room_id": e.room}, "payload": object{"error_code": 1003, "action": "JOIN"}}).ok()
	var bulk []any
	for n := range 50 {
		bulk = append(bulk, e.told(100+n))
	}
	e.post("/api/v1/events", bulk).ok().has(object{"stored": 50})
	if n := e.total("?type=client.disconnected"); n != 56 {
		t.Errorf("%d are kept", n)
	}
}
