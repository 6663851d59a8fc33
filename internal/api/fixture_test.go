// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

var (
	acme     = token.Key{Access: "acme-key", Secret: strings.Repeat("a", 32), Account: "acme"}
	umbrella = token.Key{Access: "umbrella-key", Secret: strings.Repeat("u", 32), Account: "umbrella"}
)

// fixture is the API over a real registry and a real hub.
type fixture struct {
	t        testing.TB
	handler  http.Handler
	url      string
	token    string // sent with every call
	registry *registry.Registry
	hub      *room.Hub
	metrics  *prometheus.Registry
	tokens   *token.Verifier
}

func serve(t testing.TB, change ...func(*api.Config)) *fixture {
	t.Helper()
	reg, err := registry.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	hub := room.NewHub(room.Options{})
	t.Cleanup(hub.Close)
	f := &fixture{
		t: t, registry: reg, hub: hub, metrics: prometheus.NewRegistry(),
		tokens: token.NewVerifier([]token.Key{acme, umbrella}, token.Options{Revoked: reg.Revoked, Leeway: 30 * time.Second}),
	}
	plenty := api.Rate{PerSecond: 1e6, Burst: 1e6}
	cfg := api.Config{
		Registry: reg, Rooms: hub, Tokens: f.tokens, Keys: []token.Key{acme, umbrella}, Metrics: f.metrics,
		Limits: api.Limits{Address: plenty, Token: plenty, Exchange: plenty},
	}
	for _, c := range change {
		c(&cfg)
	}
	f.registry = cfg.Registry
	f.handler = api.New(cfg)
	srv := httptest.NewServer(f.handler)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	f.token = mint(t, acme, token.Claims{Type: token.Management})
	return f
}

func mint(t testing.TB, k token.Key, c token.Claims) string {
	t.Helper()
	raw, err := token.Mint(k, c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// as returns the fixture calling with another token.
func (f *fixture) as(raw string) *fixture {
	other := *f
	other.token = raw
	return &other
}

// reply is what came back.
type reply struct {
	t      testing.TB
	call   string
	status int
	header http.Header
	raw    []byte
	json   any
}

// do calls; a string body is sent as it is, anything else as JSON.
func (f *fixture) do(method, path string, body any, headers ...string) reply {
	f.t.Helper()
	var rd io.Reader
	switch v := body.(type) {
	case nil:
	case string:
		rd = strings.NewReader(v)
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			f.t.Fatal(err)
		}
		rd = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, rd)
	if err != nil {
		f.t.Fatal(err)
	}
	if f.token != "" {
		req.Header.Set("Authorization", "Bearer "+f.token)
	}
	if rd != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	r := reply{t: f.t, call: method + " " + path, status: res.StatusCode, header: res.Header}
	if r.raw, err = io.ReadAll(res.Body); err != nil {
		f.t.Fatal(err)
	}
	if len(r.raw) > 0 && method != http.MethodHead {
		if err := json.Unmarshal(r.raw, &r.json); err != nil {
			f.t.Fatalf("%s: not JSON: %s", r.call, r.raw)
		}
	}
	return r
}

func (f *fixture) get(path string) reply            { f.t.Helper(); return f.do("GET", path, nil) }
func (f *fixture) post(path string, body any) reply { f.t.Helper(); return f.do("POST", path, body) }

type object = map[string]any

// ok wants status 200 and returns the reply.
func (r reply) ok() reply {
	r.t.Helper()
	if r.status != http.StatusOK {
		r.t.Fatalf("%s: %d %s", r.call, r.status, r.raw)
	}
	return r
}

// refused wants a status and a fault, and the field if one is named.
func (r reply) refused(status int, id string, field ...string) {
	r.t.Helper()
	got := fmt.Sprint(r.at("fault.id"))
	if r.status != status || got != id || r.at("code") != float64(status) {
		r.t.Errorf("%s: %d %s, want %d %s: %s", r.call, r.status, got, status, id, r.raw)
		return
	}
	if len(field) > 0 && r.at("fault.details.field") != field[0] {
		r.t.Errorf("%s: field %v, want %s: %s", r.call, r.at("fault.details.field"), field[0], r.raw)
	}
}

// at reads a value by a path such as "data.0.name"; nil when there is none.
func (r reply) at(path string) any {
	v := r.json
	for _, key := range strings.Split(path, ".") {
		switch c := v.(type) {
		case object:
			v = c[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(c) {
				return nil
			}
			v = c[i]
		default:
			return nil
		}
	}
	return v
}

func (r reply) str(path string) string {
	r.t.Helper()
	s, ok := r.at(path).(string)
	if !ok {
		r.t.Fatalf("%s: %s is not a string in %s", r.call, path, r.raw)
	}
	return s
}

// has wants values at paths.
func (r reply) has(want object) reply {
	r.t.Helper()
	for path, v := range want {
		if got := r.at(path); fmt.Sprint(got) != fmt.Sprint(v) {
			r.t.Errorf("%s: %s is %v, want %v, in %s", r.call, path, got, v, r.raw)
		}
	}
	return r
}

// names lists data.*.key.
func (r reply) names(key string) []string {
	all, _ := r.at("data").([]any)
	out := []string{}
	for i := range all {
		out = append(out, fmt.Sprint(r.at(fmt.Sprintf("data.%d.%s", i, key))))
	}
	return out
}

// newRoom creates a room over the API.
func (f *fixture) newRoom(name string) string {
	f.t.Helper()
	return f.post("/v2/rooms", object{"name": name}).ok().str("id")
}

// counters lists the counters as "name label=value ...".
func (f *fixture) counters() map[string]float64 {
	f.t.Helper()
	families, err := f.metrics.Gather()
	if err != nil {
		f.t.Fatal(err)
	}
	all := map[string]float64{}
	for _, fam := range families {
		for _, m := range fam.GetMetric() {
			if m.GetCounter() == nil {
				continue
			}
			key := fam.GetName()
			for _, l := range m.GetLabel() {
				key += fmt.Sprintf(" %s=%q", l.GetName(), l.GetValue())
			}
			all[key] = m.GetCounter().GetValue()
		}
	}
	return all
}

// seat is a member that remembers what it was told.
type seat chan room.Update

func (s seat) Notify(u room.Update, _ *room.Shared) { s <- u }

// next waits for news of one kind.
func next[U room.Update](t testing.TB, s seat) U {
	t.Helper()
	timeout := time.After(5 * time.Second)
	for {
		select {
		case u := <-s:
			if v, ok := u.(U); ok {
				return v
			}
		case <-timeout:
			var want U
			t.Fatalf("no %T came", want)
		}
	}
}

// join puts a peer into the room.
func (f *fixture) join(roomID, peerID, role string) seat {
	f.t.Helper()
	m, err := f.registry.Room(f.t.Context(), roomID)
	if err != nil {
		f.t.Fatal(err)
	}
	tmpl, err := f.registry.Template(f.t.Context(), m.TemplateID)
	if err != nil {
		f.t.Fatal(err)
	}
	s := make(seat, 1000)
	_, err = f.hub.Join(f.t.Context(), room.Spec{ID: m.ID, Name: m.Name, Template: tmpl}, s, room.Peer{
		ID: room.PeerID(peerID), Name: "name of " + peerID, UserID: "user of " + peerID, Role: role, Data: "{}",
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// roles of a new template in these tests.
func oneRole() object { return object{"anyone": object{}} }
