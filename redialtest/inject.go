package redialtest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Injection is a failure to provoke: what, and to whom. Fault and Room are
// needed; the rest narrows it. docs/injection.md tells all about it.
type Injection struct {
	// An id of the catalogue, a vendor's code or name, or a mechanism:
	// "room.locked", "4005", "cut".
	Fault string `json:"fault,omitempty"`
	At    string `json:"at,omitempty"`   // the mechanism, where a fault has several
	Code  int    `json:"code,omitempty"` // the number to tell, for At "error" and "init"

	Room string `json:"room,omitempty"` // id or name
	Peer string `json:"peer,omitempty"` // id or name of somebody who is there
	User string `json:"user,omitempty"` // the app's own id, also of somebody who is yet to come
	Role string `json:"role,omitempty"`

	For         time.Duration `json:"-"`                     // how long; default depends on the mechanism
	After       time.Duration `json:"-"`                     // when to begin, from now
	Count       int           `json:"count,omitempty"`       // how many effects; 0 is any number
	Probability float64       `json:"probability,omitempty"` // of each effect; 0 is always, or the mechanism's own share

	Method    string        `json:"method,omitempty"`    // of "call", "hang" and "slow"
	Delay     time.Duration `json:"-"`                   // of "slow" and "delay"
	RateKbps  int           `json:"rate_kbps,omitempty"` // of "bandwidth"
	Direction string        `json:"direction,omitempty"` // "in" or "out", seen from the server
	Side      string        `json:"side,omitempty"`      // "publish" or "subscribe"
	Packets   string        `json:"packets,omitempty"`   // "stun", "dtls", "rtp", "rtcp" or "media"
}

// MarshalJSON writes what the REST API takes: durations are words.
func (i Injection) MarshalJSON() ([]byte, error) {
	type plain Injection
	words := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return d.String()
	}
	return json.Marshal(struct {
		plain
		For   string `json:"for,omitempty"`
		After string `json:"after,omitempty"`
		Delay string `json:"delay,omitempty"`
	}{plain(i), words(i.For), words(i.After), words(i.Delay)})
}

// Injected is an injection at work. It ends by itself, with the test, or when it
// is cleared.
type Injected struct {
	ID    string    `json:"id"`
	Fault string    `json:"fault"` // the id in the catalogue, "" for a mechanism
	At    string    `json:"at"`    // the mechanism
	Ends  time.Time `json:"ends"`

	server *Server
}

// Inject provokes a failure. What is left of it ends with the test.
func (s *Server) Inject(t testing.TB, i Injection) *Injected {
	t.Helper()
	made := &Injected{server: s}
	s.must(t, "injecting "+i.Fault, http.MethodPost, "/api/v1/injections", i, made)
	t.Cleanup(func() {
		if s.proc != nil && !s.proc.running() {
			return // injections end with the server
		}
		// The context of the test has ended by now.
		if err := made.clear(context.Background()); err != nil {
			t.Errorf("redialtest: ending the injection of %s: %v", i.Fault, err)
		}
	})
	return made
}

// Clear ends the injection now: the untouched path is back when it returns.
func (i *Injected) Clear(t testing.TB) {
	t.Helper()
	if err := i.clear(t.Context()); err != nil {
		t.Fatalf("redialtest: ending the injection of %s: %v", i.Fault, err)
	}
}

func (i *Injected) clear(ctx context.Context) error {
	err := i.server.Call(ctx, http.MethodDelete, "/api/v1/injections/"+url.PathEscape(i.ID), nil, nil)
	if errors.Is(err, fault.InjectionNotFound) {
		return nil // it has ended by itself
	}
	return err
}

// ClearInjections ends all injections of a room, or with room "" all there are.
func (s *Server) ClearInjections(t testing.TB, room string) {
	t.Helper()
	path := "/api/v1/injections"
	if room != "" {
		path += "?room=" + url.QueryEscape(room)
	}
	s.must(t, "ending injections", http.MethodDelete, path, nil, nil)
}
