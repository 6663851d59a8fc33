// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

// record opens the events of a directory; the test closes them, or its end does.
func record(t *testing.T, dir string) *event.Recorder {
	t.Helper()
	store, err := sqlite.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := event.NewRecorder(store, event.RecorderConfig{Account: "acme"})
	t.Cleanup(func() {
		if err := errors.Join(r.Close(context.Background()), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// refused is a failure of a numbered peer.
func refused(n int) event.Event {
	return event.Event{
		Type: event.JoinFailed, Source: event.FromServer, Action: "JOIN", Fault: fault.RoomFull.ID, Op: fault.OpJoin,
		Subject: event.Subject{UserID: "ada", UserName: "Ada", PeerID: fmt.Sprintf("peer-%d", n), RoomID: "room-1", SessionID: "session-1"},
		Failure: event.Failure{Code: 4001, Name: "RoomFull", Message: "The room is full", Terminal: true},
	}
}

func put(t *testing.T, r *event.Recorder, events ...event.Event) {
	t.Helper()
	if err := r.Append(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

// got is one request that a receiver got.
type got struct {
	header http.Header
	body   []byte
	at     time.Time
}

func (g got) peer(t *testing.T) string {
	t.Helper()
	var b struct {
		Data struct {
			Peer string `json:"peer_id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(g.body, &b); err != nil {
		t.Fatal(err)
	}
	return b.Data.Peer
}

// receiver is an HTTP server that notes what it gets and answers as it is told.
type receiver struct {
	requests chan got

	mu     sync.Mutex
	answer func(http.ResponseWriter, *http.Request)
}

func newReceiver() *receiver { return &receiver{requests: make(chan got, 2000)} }

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	r.requests <- got{q.Header.Clone(), body, time.Now()}
	r.mu.Lock()
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, q)
	}
}

func (r *receiver) status(code int) {
	r.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

func (r *receiver) does(answer func(http.ResponseWriter, *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// patience is how long what must come may take on a busy machine.
const patience = 2 * time.Minute

// next waits for a request.
func (r *receiver) next(t *testing.T) got {
	t.Helper()
	select {
	case g := <-r.requests:
		return g
	case <-time.After(patience):
		t.Fatal("no request came")
		return got{}
	}
}

// serve starts a receiver on this machine.
func serve(t *testing.T) (*receiver, string) {
	t.Helper()
	r := newReceiver()
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	return r, s.URL + "/hook?secret=1"
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// run starts sinks; the test closes them, or its end does.
func run(t *testing.T, cfg Config) *Sinks {
	t.Helper()
	if cfg.AllowNetworks == nil {
		cfg.AllowNetworks = loopback
	}
	return runOver(t, cfg, guardedDialer(cfg.AllowNetworks))
}

func runOver(t *testing.T, cfg Config, dial dialFunc) *Sinks {
	t.Helper()
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := start(t.Context(), cfg, dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) }) // the second time when the test did
	return s
}

func closeSinks(t *testing.T, s *Sinks) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for something that others bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// delivered waits until the log has so many deliveries of an outcome.
func delivered(t *testing.T, s *Sinks, o Outcome, n int) []Delivery {
	t.Helper()
	var page LogPage
	eventually(t, fmt.Sprint(n, " deliveries ", o), func() bool {
		var err error
		if page, err = s.Deliveries(t.Context(), LogQuery{Outcome: o, Limit: 1000}); err != nil {
			t.Fatal(err)
		}
		return len(page.Deliveries) >= n
	})
	return page.Deliveries
}

// verified checks a signature as the documentation says.
func verified(secret string, g got) bool {
	parts := strings.Split(g.header.Get("Redial-Signature"), ",")
	stamp, ok := strings.CutPrefix(parts[0], "t=")
	if !ok {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(stamp + "." + string(g.body)))
	return slices.Contains(parts[1:], "v1="+hex.EncodeToString(mac.Sum(nil)))
}

func TestWhatAHookGets(t *testing.T) {
	dir := t.TempDir()
	events := record(t, dir)
	put(t, events, refused(0)) // before the hook was known
	r, url := serve(t)
	const old, fresh = "an old secret of at least 32 bytes", "a new secret of at least 32 bytes!"
	s := run(t, Config{Dir: dir, Events: events, Account: "acme", Hooks: []Hook{{
		Name: "app", URL: url, Secrets: []string{old, fresh}, Headers: map[string]string{"Authorization": "Bearer x"},
		Types: []event.Type{event.JoinFailed},
	}}})
	other := refused(1)
	other.Type = event.PublishFailed
	put(t, events, other, refused(2))

	g := r.next(t)
	var b map[string]any
	if err := json.Unmarshal(g.body, &b); err != nil {
		t.Fatal(err)
	}
	if b["version"] != "2.0" || b["account_id"] != "acme" || b["type"] != "client.join.failed" || b["timestamp"] == nil || b["redial"] == nil {
		t.Errorf("body %s", g.body)
	}
	if g.peer(t) != "peer-2" {
		t.Errorf("got %s, want the only event of the wanted type since the hook is known", g.peer(t))
	}
	for name, want := range map[string]any{
		"Content-Type": "application/json", "Authorization": "Bearer x", "Redial-Event-Id": b["id"],
		"Redial-Event-Type": b["type"], "Redial-Attempt": "1", "Redial-Replay-Id": "",
	} {
		if g.header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, g.header.Get(name), want)
		}
	}
	if !verified(old, g) || !verified(fresh, g) || verified("another secret", g) {
		t.Errorf("signature %q", g.header.Get("Redial-Signature"))
	}
	d := delivered(t, s, Delivered, 1)
	if d[0].Status != 200 || d[0].EventID != b["id"] || d[0].Hook != "app" || d[0].Error != "" {
		t.Errorf("log %+v", d)
	}
}

func TestAHookReachesOnlyWhatItMay(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true,
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "::": false, "224.0.0.1": false, "255.255.255.255": false,
		"fe80::1": false, "fc00::1": false, "fd00:ec2::254": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false,
	} {
		if mayReach(netip.MustParseAddr(address), nil) != want {
			t.Errorf("%s: want %t", address, want)
		}
	}
	if !mayReach(netip.MustParseAddr("10.1.2.3"), []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}) {
		t.Error("an allowed network is refused")
	}

	dir := t.TempDir()
	events := record(t, dir)
	r, url := serve(t)
	byName := strings.Replace(url, "127.0.0.1", "localhost", 1)
	s := run(t, Config{Dir: dir, Events: events, AllowNetworks: []netip.Prefix{}, Hooks: []Hook{{Name: "inside", URL: byName}}})
	put(t, events, refused(1))
	d := delivered(t, s, Failed, 1)
	if !strings.Contains(d[0].Error, "not public") || strings.Contains(d[0].Error, "secret") {
		t.Errorf("error %q", d[0].Error)
	}
	if len(r.requests) > 0 {
		t.Error("the request was made")
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	dir := t.TempDir()
	events := record(t, dir)
	target, elsewhere := serve(t)
	r, url := serve(t)
	r.does(func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, elsewhere, http.StatusTemporaryRedirect)
	})
	s := run(t, Config{Dir: dir, Events: events, Hooks: []Hook{{Name: "app", URL: url}}})
	put(t, events, refused(1))
	if d := delivered(t, s, Failed, 1); d[0].Status != http.StatusTemporaryRedirect {
		t.Errorf("log %+v", d)
	}
	if len(target.requests) > 0 {
		t.Error("the redirect was followed")
	}
}

// A process ends while its hook is down, and events go on being stored: the
// next one sends them all, in order.
func TestRestartLosesNothing(t *testing.T) {
	const n = 250 // more than two pages
	dir := t.TempDir()
	events := record(t, dir)
	r, url := serve(t)
	cfg := Config{Dir: dir, Events: events, Hooks: []Hook{{Name: "app", URL: url}}}
	s := run(t, cfg)
	put(t, events, refused(0))
	r.next(t)
	delivered(t, s, Delivered, 1)
	r.status(http.StatusServiceUnavailable)
	put(t, events, refused(1))
	delivered(t, s, Failed, 1)
	closeSinks(t, s)
	for i := 2; i < n; i++ {
		put(t, events, refused(i))
	}
	for len(r.requests) > 0 {
		<-r.requests
	}
	r.status(http.StatusNoContent)
	s = run(t, cfg)
	for i := 1; i < n; i++ {
		if p := r.next(t).peer(t); p != fmt.Sprintf("peer-%d", i) {
			t.Fatalf("got %s, want peer-%d", p, i)
		}
	}
	eventually(t, "nothing is left", func() bool {
		hooks, err := s.Hooks(t.Context())
		return err == nil && hooks[0].Behind == 0
	})
	closeSinks(t, s)
	s = run(t, cfg)
	put(t, events, refused(n))
	if p := r.next(t).peer(t); p != fmt.Sprintf("peer-%d", n) {
		t.Errorf("got %s again", p)
	}
	closeSinks(t, s)
}

// A hook that never answers holds up neither who stores events nor the other
// hooks.
func TestASlowHookHoldsUpNobody(t *testing.T) {
	const n = 300
	dir := t.TempDir()
	events := record(t, dir)
	slow, slowURL := serve(t)
	release := make(chan struct{})
	slow.does(func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	quick, quickURL := serve(t)
	s := run(t, Config{Dir: dir, Events: events, Timeout: time.Hour, Hooks: []Hook{{Name: "slow", URL: slowURL}, {Name: "quick", URL: quickURL}}})
	put(t, events, refused(0))
	slow.next(t)                                              // it hangs now
	ctx, cancel := context.WithTimeout(t.Context(), patience) // the hook would hold it up for good
	defer cancel()
	for i := 1; i < n; i++ {
		if err := events.Append(ctx, refused(i)); err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		quick.next(t)
	}
	if len(slow.requests) > 0 {
		t.Error("a hook with one slot got a second request")
	}
	hooks, err := s.Hooks(t.Context())
	if err != nil || hooks[0].Behind != n {
		t.Errorf("%+v, %v", hooks, err)
	}
	closeSinks(t, s) // does not wait for the slow one either
}

func TestConcurrencyIsBounded(t *testing.T) {
	const slots, n = 4, 40
	dir := t.TempDir()
	events := record(t, dir)
	r, url := serve(t)
	var mu sync.Mutex
	now, most := 0, 0
	full := make(chan struct{})
	r.does(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		now++
		if most = max(most, now); now == slots {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		mu.Unlock()
		<-full // the first ones wait until all slots are taken
		mu.Lock()
		now--
		mu.Unlock()
	})
	s := run(t, Config{Dir: dir, Events: events, Concurrency: slots, Hooks: []Hook{{Name: "app", URL: url}}})
	all := make([]event.Event, n)
	for i := range all {
		all[i] = refused(i)
	}
	put(t, events, all...)
	delivered(t, s, Delivered, n)
	mu.Lock()
	defer mu.Unlock()
	if most != slots {
		t.Errorf("%d requests at once, want %d", most, slots)
	}
}

func TestReplay(t *testing.T) {
	dir := t.TempDir()
	events := record(t, dir)
	r, url := serve(t)
	cfg := Config{Dir: dir, Events: events, Account: "acme", Hooks: []Hook{{Name: "app", URL: url}}}
	s := run(t, cfg)
	put(t, events, refused(0), refused(1), refused(2))
	var ids []string
	for range 3 {
		ids = append(ids, r.next(t).header.Get(HeaderEventID))
	}
	delivered(t, s, Delivered, 3)

	orders, err := s.Replay(t.Context(), ReplayOrder{EventID: ids[1]})
	if err != nil || len(orders) != 1 || orders[0].Hook != "app" {
		t.Fatalf("%+v, %v", orders, err)
	}
	g := r.next(t)
	if g.header.Get(HeaderEventID) != ids[1] || g.header.Get(HeaderReplay) != fmt.Sprint(orders[0].ID) {
		t.Errorf("sent again: %v", g.header)
	}
	delivered(t, s, Delivered, 4)

	// An order outlives the process that took it.
	r.status(http.StatusBadGateway)
	if _, err := s.Replay(t.Context(), ReplayOrder{Hook: "app", Since: time.Now().Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	delivered(t, s, Failed, 1)
	closeSinks(t, s)
	for len(r.requests) > 0 {
		<-r.requests
	}
	r.status(http.StatusOK)
	s = run(t, cfg)
	for i := range 3 {
		if g := r.next(t); g.header.Get(HeaderEventID) != ids[i] || g.header.Get(HeaderReplay) == "" {
			t.Errorf("sent again: %v, want %s", g.header, ids[i])
		}
	}
	eventually(t, "the order is done", func() bool {
		hooks, err := s.Hooks(t.Context())
		return err == nil && hooks[0].Replays == 0
	})

	now := time.Now()
	for _, o := range []ReplayOrder{
		{}, {Hook: "nobody", Since: now}, {Since: now, Until: now.Add(-1)}, {EventID: ids[0], Since: now}, {EventID: "6c75de35-b778-4fb0-88ae-114c28dc285f"},
	} {
		if _, err := s.Replay(t.Context(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if _, err := s.Replay(t.Context(), ReplayOrder{EventID: "6c75de35-b778-4fb0-88ae-114c28dc285f"}); !errors.Is(err, fault.EventNotFound) {
		t.Error(err)
	}
}

func TestTheLogHasPagesAndAnEnd(t *testing.T) {
	j, err := openDeliveries(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.close() }()
	began := time.Now()
	for i := range 25 {
		d := Delivery{Hook: "app", EventID: fmt.Sprint(i % 5), Type: "t", Attempt: 1, At: began.Add(time.Duration(i) * time.Hour), Outcome: Delivered}
		if err := j.note(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	var seen []int64
	q := LogQuery{Limit: 10}
	for {
		page, err := j.log(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.Deliveries {
			seen = append(seen, d.ID)
		}
		if q.Start = page.Next; q.Start == 0 {
			break
		}
	}
	if len(seen) != 25 || !slices.IsSortedFunc(seen, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("pages %v", seen)
	}
	if err := j.trim(t.Context(), began.Add(20*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for want, q := range map[int]LogQuery{5: {}, 1: {EventID: "3"}, 0: {Hook: "other"}, 2: {Since: began.Add(21 * time.Hour), Until: began.Add(23 * time.Hour)}} {
		page, err := j.log(t.Context(), q)
		if err != nil || len(page.Deliveries) != want {
			t.Errorf("%+v gives %d, %v; want %d", q, len(page.Deliveries), err, want)
		}
	}
}

func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	events := record(t, dir)
	r, url := serve(t)
	reg := prometheus.NewRegistry()
	s := run(t, Config{Dir: dir, Events: events, Metrics: reg, Hooks: []Hook{{Name: "app", URL: url}}})
	put(t, events, refused(1))
	r.next(t)
	delivered(t, s, Delivered, 1)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "redial_webhook_attempts_total" && f.GetMetric()[0].GetCounter().GetValue() == 1 {
			return
		}
	}
	t.Errorf("the attempt was not counted: %v", families)
}

func TestNothingToDo(t *testing.T) {
	dir := t.TempDir()
	s := run(t, Config{Dir: dir, Events: record(t, dir)})
	if hooks, err := s.Hooks(t.Context()); err != nil || len(hooks) != 0 {
		t.Error(hooks, err)
	}
	if page, err := s.Deliveries(t.Context(), LogQuery{}); err != nil || len(page.Deliveries) != 0 {
		t.Error(page, err)
	}
	if err := s.Resume("app", ""); !errors.Is(err, fault.FieldInvalid) {
		t.Error(err)
	}
	closeSinks(t, s)
}
