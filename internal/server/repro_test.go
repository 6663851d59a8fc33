// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/repro"
	"github.com/redial-rtc/redial/internal/token"
)

// shown is a server on which failures are reproduced, and its admin.
type shown struct {
	*testing.T
	s   *Server
	ctl *admin.Client
}

func startShown(t *testing.T, change ...func(*config.Config)) shown {
	t.Helper()
	cfg := local(t)
	cfg.Inject.Enabled = true
	cfg.Media.ICE = "lite" // or who asks first is left to chance, and with it who is a witness of the address
	for _, c := range change {
		c(&cfg)
	}
	s := startLocal(t, cfg)
	raw, err := s.InjectToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ctl, err := admin.New(admin.Config{URL: s.URL(), Token: raw})
	if err != nil {
		t.Fatal(err)
	}
	return shown{t, s, ctl}
}

// join has somebody try to join a room.
func (s shown) join(room registry.Room, c token.Claims) (*client.Room, error) {
	s.Helper()
	c.Type, c.RoomID = token.App, cmpOr(c.RoomID, room.ID)
	raw, err := s.s.mint(c)
	if err != nil {
		s.Fatal(err)
	}
	return client.Join(s.Context(), client.Config{Endpoint: s.s.URL(), Token: raw, Name: "Mia", JoinTimeout: 20 * time.Second, StepTimeout: 10 * time.Second})
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// room makes one of an account's rooms.
func (s shown) room(name string, change func(*registry.Room)) registry.Room {
	s.Helper()
	r := registry.Room{Name: name, CustomerID: s.s.cfg.Access.AccountID, Enabled: true}
	if change != nil {
		change(&r)
	}
	made, _, err := s.s.registry.CreateRoom(s.Context(), r)
	if err != nil {
		s.Fatal(err)
	}
	return made
}

// failure waits for the failure of a room.
func (s shown) failure(room string) string {
	s.Helper()
	for {
		page, err := s.ctl.Diagnoses.List(s.Context(), admin.DiagnosisFilter{RoomID: room})
		if err != nil {
			s.Fatal(err)
		}
		for _, d := range page.Diagnoses {
			if d.Failure.Source != "client" {
				return d.Failure.ID
			}
		}
		s.wait()
	}
}

func (s shown) wait() {
	s.Helper()
	select {
	case <-s.Context().Done():
		s.Fatal(s.Context().Err())
	case <-time.After(50 * time.Millisecond):
	}
}

// reproduced starts a reproduction and waits until it is over.
func (s shown) reproduced(event string) admin.Reproduction {
	s.Helper()
	if _, err := s.ctl.Diagnoses.Reproduce(s.Context(), event); err != nil {
		s.Fatal(err)
	}
	for {
		r, err := s.ctl.Diagnoses.Reproduction(s.Context(), event)
		if err != nil {
			s.Fatal(err)
		}
		if r.State != "running" {
			b, _ := json.MarshalIndent(r, "", " ")
			s.Log(string(b))
			return r
		}
		s.wait()
	}
}

// untouched wants nothing left of a test: no room, no session, and nothing in the account's
// own record.
func (s shown) untouched(failures int) {
	s.Helper()
	rooms, err := s.s.registry.ListRooms(s.Context(), registry.RoomQuery{CustomerID: repro.Account})
	if err != nil || len(rooms.Data) != 0 {
		s.Errorf("rooms left: %v, %v", rooms.Data, err)
	}
	sessions, err := s.s.registry.Sessions(s.Context(), registry.SessionQuery{CustomerID: repro.Account})
	if err != nil || len(sessions.Data) != 0 {
		s.Errorf("sessions left: %v, %v", sessions.Data, err)
	}
	if templates, err := s.s.registry.ListTemplates(s.Context(), registry.TemplateQuery{CustomerID: repro.Account}); err != nil || len(templates.Data) != 0 {
		s.Errorf("templates left: %v, %v", templates.Data, err)
	}
	for d, err := range s.ctl.Diagnoses.All(s.Context(), admin.DiagnosisFilter{}) {
		if err != nil || d.Failure.UserName != "" && d.Failure.UserName != "Mia" {
			s.Errorf("on record of the account: %+v, %v", d.Failure, err)
		}
		failures--
	}
	if failures > 0 {
		s.Errorf("%d failures of the account are gone", failures)
	}
}

// result is what became of one fact.
func result(r admin.Reproduction, from, fact string) string {
	i := slices.IndexFunc(r.Facts, func(f admin.ReproducedFact) bool { return f.From == from && f.Fact == fact })
	if i < 0 {
		return "absent"
	}
	return r.Facts[i].Result
}

// TestReproduceState: what is a state of the room or the token is tried in earnest, and the
// server says the same without her; and where the state is gone, the test participant gets
// in.
func TestReproduceState(t *testing.T) {
	t.Parallel()
	s := startShown(t)
	now := time.Now()
	for n, c := range []struct {
		kind   *fault.Kind
		room   func(*registry.Room)
		claims token.Claims
		taken  bool
	}{
		{kind: fault.RoomLocked, room: func(r *registry.Room) { r.Locked = true }},
		{kind: fault.RoomDisabled, room: func(r *registry.Room) { r.Enabled = false }},
		{kind: fault.RoomFull, room: func(r *registry.Room) { r.MaxPeers = 1 }, taken: true},
		{kind: fault.TokenExpired, claims: token.Claims{IssuedAt: now.Add(-5 * time.Hour), NotBefore: now.Add(-5 * time.Hour), ExpiresAt: now.Add(-3 * time.Hour)}},
		{kind: fault.TokenNotYetValid, claims: token.Claims{IssuedAt: now, NotBefore: now.Add(time.Hour), ExpiresAt: now.Add(2 * time.Hour)}},
		{kind: fault.TokenRole, claims: token.Claims{Role: "pilot"}},
	} {
		t.Run(c.kind.ID, func(t *testing.T) {
			s := shown{t, s.s, s.ctl}
			room := s.room(fmt.Sprintf("consult-%d", n), c.room)
			if c.claims.Role == "" {
				c.claims.Role = "host"
			}
			if c.taken {
				first, err := s.join(room, c.claims)
				if err != nil {
					t.Fatal(err)
				}
				defer first.Leave()
			}
			if r, err := s.join(room, c.claims); err == nil {
				r.Leave()
				t.Fatal("let in")
			}
			event := s.failure(room.ID)
			r := s.reproduced(event)
			if r.State != "done" || r.Way != "retraced" || r.Cause != c.kind.ID || r.GotIn {
				t.Errorf("%+v", r)
			}
			for _, f := range [][2]string{{"verdict", "cause"}, {"client", "code, in the words of 100ms SDKs for web and Android"}, {"server", "fault"}, {"server", "kind of failure"}} {
				if got := result(r, f[0], f[1]); got != "same" {
					t.Errorf("%s: %s is %s", f[0], f[1], got)
				}
			}
			if n == 0 {
				if err := s.s.registry.SetLocked(t.Context(), room.ID, false); err != nil {
					t.Fatal(err)
				}
				if r := s.reproduced(event); !r.GotIn || result(r, "server", "fault") != "only hers" {
					t.Errorf("unlocked since: %+v", r)
				}
			}
			s.untouched(n + 1)
		})
	}
}

// call has two people in a room who hear each other.
func (s shown) call(room registry.Room) (both [2]*client.Room) {
	s.Helper()
	for i := range both {
		r, err := s.join(room, token.Claims{Role: "host"})
		if err != nil {
			s.Fatal(err)
		}
		s.Cleanup(r.Leave)
		if _, err := r.Publish(s.Context(), client.Tone()); err != nil {
			s.Fatal(err)
		}
		both[i] = r
	}
	for _, r := range both {
		for hears := false; !hears; s.wait() {
			for _, track := range r.Stats().Tracks {
				hears = hears || track.Packets > 0
			}
		}
	}
	return both
}

// blocked has somebody fail for whom no media passes, and gives the failure.
func (s shown) blocked() (room registry.Room, event string) {
	s.Helper()
	room = s.room("consult", nil)
	s.call(s.room("elsewhere", nil)) // others get through
	rule, err := s.ctl.Injections.Create(s.Context(), admin.Injection{Cause: fault.MediaBlocked.ID, Room: room.ID})
	if err != nil {
		s.Fatal(err)
	}
	she, err := s.join(room, token.Claims{Role: "host"})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(she.Leave)
	go func() { _, _ = she.Publish(s.Context(), client.Tone()) }()
	event = s.failure(room.ID)
	if err := s.ctl.Injections.Remove(s.Context(), rule.ID); err != nil {
		s.Fatal(err)
	}
	return room, event
}

// TestReproduceProvoked: what can be injected is, on the test participant alone, and
// whoever is in the room of the failure has no part in it.
func TestReproduceProvoked(t *testing.T) {
	t.Parallel()
	s := startShown(t)
	room, event := s.blocked()
	both := s.call(room)
	r := s.reproduced(event)
	if r.State != "done" || r.Way != "provoked" || result(r, "verdict", "cause") != "same" || result(r, "server", "fault") != "same" || result(r, "server", "a check of the client arrived") != "same" {
		t.Errorf("%+v", r)
	}
	for _, one := range both {
		if one.State() != client.StateJoined || one.Err() != nil {
			t.Errorf("somebody in the room of the failure: %v, %v", one.State(), one.Err())
		}
	}
	if rules, err := s.ctl.Injections.List(t.Context()); err != nil || len(rules.Injections) != 0 {
		t.Errorf("%v, %v", rules.Injections, err)
	}
}

// TestReproduceHostile: however often it is asked for, one runs for each failure and a few
// on the server; one that is stopped, or whose failure is erased, leaves nothing.
func TestReproduceHostile(t *testing.T) {
	t.Parallel()
	s := startShown(t, func(c *config.Config) { c.Limits.APIPerSecond, c.Limits.APIBurst = 1e6, 1e6 })
	_, event := s.blocked()
	first, err := s.ctl.Diagnoses.Reproduce(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	// Many press at once: more than may in the time that all of it takes on a slow machine.
	const presses = 60
	var limited atomic.Int64
	var all sync.WaitGroup
	for range presses {
		all.Go(func() {
			again, err := s.ctl.Diagnoses.Reproduce(t.Context(), event)
			switch {
			case errors.Is(err, fault.RateLimited):
				limited.Add(1)
			case err != nil:
				t.Error(err)
			case again.ID != first.ID:
				t.Errorf("two at once: %v, %v", first, again)
			}
		})
	}
	all.Wait()
	if limited.Load() == 0 {
		t.Error("calls without a limit")
	}
	for err = fault.RateLimited.New(); errors.Is(err, fault.RateLimited); s.wait() {
		err = s.ctl.Diagnoses.StopReproduction(t.Context(), event)
	}
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.ctl.Diagnoses.Reproduction(t.Context(), event); err != nil || r.State != "stopped" || len(r.Facts) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	s.untouched(1)
}

// TestReproduceErased: of a failure that is erased meanwhile nothing is told, and the
// test is cleared away like any other.
func TestReproduceErased(t *testing.T) {
	t.Parallel()
	s := startShown(t)
	room := s.room("consult", func(r *registry.Room) { r.Locked = true })
	if _, err := s.join(room, token.Claims{Role: "host", UserID: "mia"}); err == nil {
		t.Fatal("let in")
	}
	event := s.failure(room.ID)
	if _, err := s.ctl.Diagnoses.Reproduce(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	if n, err := s.ctl.Events.EraseUser(t.Context(), admin.UserKey{ID: "mia"}); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	if r, err := s.ctl.Diagnoses.Reproduction(t.Context(), event); !errors.Is(err, fault.EventNotFound) {
		t.Errorf("%+v, %v", r, err)
	}
	for {
		rooms, err := s.s.registry.ListRooms(t.Context(), registry.RoomQuery{CustomerID: repro.Account})
		if err != nil {
			t.Fatal(err)
		}
		if len(rooms.Data) == 0 {
			break
		}
		s.wait()
	}
}

// TestReproduceAtTheEnd: a server that stops ends what it reproduces, and leaves no room of
// it behind.
func TestReproduceAtTheEnd(t *testing.T) {
	t.Parallel()
	s := startShown(t)
	_, event := s.blocked()
	if _, err := s.ctl.Diagnoses.Reproduce(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	if err := s.s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	left, err := registry.Open(t.Context(), s.s.cfg.Data.Dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = left.Close() }()
	if rooms, err := left.ListRooms(t.Context(), registry.RoomQuery{CustomerID: repro.Account}); err != nil || len(rooms.Data) != 0 {
		t.Errorf("%v, %v", rooms.Data, err)
	}
}

// TestReproduceFew: a server reproduces a few failures at once, and says so to whoever
// wants one more; when one has ended there is room again.
func TestReproduceFew(t *testing.T) {
	t.Parallel()
	s := startShown(t)
	room := s.room("consult", nil)
	s.call(s.room("elsewhere", nil)) // others get through
	rule, err := s.ctl.Injections.Create(t.Context(), admin.Injection{Cause: fault.MediaBlocked.ID, Room: room.ID})
	if err != nil {
		t.Fatal(err)
	}
	for range repro.MaxRunning + 1 {
		she, err := s.join(room, token.Claims{Role: "host"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(she.Leave)
		go func() { _, _ = she.Publish(t.Context(), client.Tone()) }()
	}
	var events []string
	for len(events) <= repro.MaxRunning {
		events = events[:0]
		for d, err := range s.ctl.Diagnoses.All(t.Context(), admin.DiagnosisFilter{RoomID: room.ID}) {
			if err != nil {
				t.Fatal(err)
			}
			if d.Failure.Source != "client" {
				events = append(events, d.Failure.ID)
			}
		}
		s.wait()
	}
	if err := s.ctl.Injections.Remove(t.Context(), rule.ID); err != nil {
		t.Fatal(err)
	}
	for _, event := range events[:repro.MaxRunning] {
		if _, err := s.ctl.Diagnoses.Reproduce(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	last := events[repro.MaxRunning]
	if _, err := s.ctl.Diagnoses.Reproduce(t.Context(), last); !errors.Is(err, fault.QueueFull) || !strings.Contains(err.Error(), "reproductions") {
		t.Errorf("one more: %v", err)
	}
	if r, err := s.ctl.Diagnoses.Reproduction(t.Context(), last); err != nil || r.State != "" || r.About == "" {
		t.Errorf("%+v, %v", r, err)
	}
	if err := s.ctl.Diagnoses.StopReproduction(t.Context(), events[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ctl.Diagnoses.Reproduce(t.Context(), last); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	for _, event := range append(events[1:repro.MaxRunning], last) {
		if err := s.ctl.Diagnoses.StopReproduction(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	s.untouched(len(events))
}

// TestReproduceBesideTLS: the test participant gets in on a server that speaks only TLS,
// with a certificate that nobody on this machine believes.
func TestReproduceBesideTLS(t *testing.T) {
	t.Parallel()
	pair := writeCertificate(t, t.TempDir(), "video.example.org")
	s := startShown(t, func(c *config.Config) { c.HTTP.TLSCert, c.HTTP.TLSKey = pair.TLSCert, pair.TLSKey })
	if !strings.HasPrefix(s.s.URL(), "https:") {
		t.Fatal(s.s.URL())
	}
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	raw, err := s.s.InjectToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if s.ctl, err = admin.New(admin.Config{URL: s.s.URL(), Token: raw, HTTP: trusting}); err != nil {
		t.Fatal(err)
	}
	room := s.room("consult", func(r *registry.Room) { r.Enabled = false })
	claims, err := s.s.mint(token.Claims{Type: token.App, RoomID: room.ID, Role: "host"})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.s.URL()+"/init?peer_id=mia", nil)
	if err != nil {
		t.Fatal(err)
	}
	asked.Header.Set("Authorization", "Bearer "+claims)
	res, err := trusting.Do(asked)
	if err != nil || res.StatusCode == http.StatusOK {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
	if r := s.reproduced(s.failure(room.ID)); r.State != "done" || result(r, "server", "fault") != "same" {
		t.Errorf("%+v", r)
	}
}
