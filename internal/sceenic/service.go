// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sceenic

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/netip"
	"regexp"
	"time"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// Config is what a Service needs. Durations left at 0 take the defaults named here.
type Config struct {
	Key, Secret string // what backends send
	Account     string // whose rooms the sessions are
	RoomKey     token.Key
	Registry    *registry.Registry
	Rate        limit.Rate    // calls of one address
	Life        time.Duration // of a token; 24 h
	Leeway      time.Duration // how far clocks may disagree

	ClientAddr func(*http.Request) netip.Addr
	SocketURL  func(*http.Request) (string, error)       // where clients connect
	ICEServers func(r *http.Request) []kurento.ICEServer // never none
	Limited    func(setting string)                      // counts what a limit has held back
	Now        func() time.Time                          // nil: time.Now
}

// Service is the token service.
type Service struct {
	cfg  Config
	rate *limit.Callers
}

// New returns the service.
func New(cfg Config) *Service {
	cfg.Life = cmp.Or(cfg.Life, 24*time.Hour)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Service{cfg: cfg, rate: limit.New(cfg.Rate)}
}

// named is what a backend may call a session.
var named = regexp.MustCompile(`^[A-Za-z0-9_~-]{1,64}$`)

// ServeHTTP answers GET /stream/token/v2/: {"token": ...}.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	raw, err := s.serve(r)
	if err != nil {
		refuse(w, err)
		return
	}
	write(w, http.StatusOK, map[string]string{"token": raw})
}

func (s *Service) serve(r *http.Request) (string, error) {
	if wait := s.rate.Take(limit.Key(s.cfg.ClientAddr(r))); wait > 0 {
		s.cfg.Limited("limits.api_per_second")
		return "", fault.RateLimited.New("limit", "limits.api_per_second", "retry_after_seconds", int(wait/time.Second)+1)
	}
	if r.Method != http.MethodGet {
		return "", fault.MethodNotAllowed.New("method", r.Method, "allowed", http.MethodGet)
	}
	// Both are compared whole, so that neither the time nor the answer tells which is wrong.
	key, secret := token.Same(r.Header.Get("auth-api-key"), s.cfg.Key), token.Same(r.Header.Get("auth-api-secret"), s.cfg.Secret)
	if !key || !secret {
		return "", fault.TokenRefused.New("want", "the headers auth-api-key and auth-api-secret with the key and secret of the server")
	}
	name := r.URL.Query().Get("session")
	if r.URL.Query().Has("session") && !named.MatchString(name) {
		return "", fault.FieldInvalid.New("field", "session", "want", "1 to 64 letters, digits and -_~")
	}
	return s.Token(r, name)
}

// Token is the token of the session of this name, whose room is made if there is
// none; without a name it is that of a new session. The request says by which
// address clients will come.
func (s *Service) Token(r *http.Request, session string) (string, error) {
	url, err := s.cfg.SocketURL(r)
	if err != nil {
		return "", err
	}
	room, _, err := s.cfg.Registry.CreateRoom(r.Context(), registry.Room{Name: cmp.Or(session, "ses_"+rand.Text()), CustomerID: s.cfg.Account, Enabled: true})
	if err != nil {
		return "", err
	}
	// The same for everybody who asks in one half of its life, so that nothing need be kept.
	made := s.cfg.Now().Truncate(s.cfg.Life / 2)
	c := claims{Room: room.ID, Made: made.Unix(), ExpiresAt: made.Add(s.cfg.Life).Unix(), URL: url}
	for _, one := range s.cfg.ICEServers(r) {
		c.ICEServers = append(c.ICEServers, server{addresses{one.URL}, one.Username, one.Credential})
	}
	return mint(s.cfg.Secret, c)
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse words a fault as the wire does.
func refuse(w http.ResponseWriter, err error) {
	f := fault.From(err, fault.OpToken)
	word := dialect.Sceenic.Speak(f)
	w.Header().Set("X-Redial-Fault", f.Kind.ID)
	if f.Kind == fault.MethodNotAllowed {
		w.Header().Set("Allow", http.MethodGet)
	}
	write(w, f.Kind.Status, map[string]any{"code": word.Code, "name": word.Name, "message": f.Safe(), "fault": f.Kind.ID})
}

// tokenLife is how long the room token of somebody who joins is good. It never
// leaves the process.
const tokenLife = time.Hour

// IDPrefix begins the ids of peers that came by these tokens.
const IDPrefix = "par_"

// Redeem implements kurento.SharedTokens.
func (s *Service) Redeem(ctx context.Context, raw string) (kurento.Grant, error) {
	now := s.cfg.Now()
	c, err := read(s.cfg.Secret, raw, now, s.cfg.Leeway)
	if err != nil {
		return kurento.Grant{}, err
	}
	role, err := s.role(ctx, c.Room)
	if err != nil {
		return kurento.Grant{}, err
	}
	id := IDPrefix + rand.Text()
	room, err := token.Mint(s.cfg.RoomKey, token.Claims{
		Type: token.App, RoomID: c.Room, Role: role, IssuedAt: now, ExpiresAt: now.Add(tokenLife),
	})
	if err != nil {
		return kurento.Grant{}, err
	}
	return kurento.Grant{RoomToken: room, Connection: id, Session: c.Room, CreatedAt: now, Undo: func() {}}, nil
}

// role finds the role with which everybody joins a room: guest, or the first that may
// send and removes nobody. Fails with fault.TokenRoomUnknown and fault.TokenRole.
func (s *Service) role(ctx context.Context, id string) (string, error) {
	room, err := s.cfg.Registry.Room(ctx, id)
	if err != nil || room.CustomerID != s.cfg.Account {
		return "", fault.TokenRoomUnknown.Wrap(err, "room_id", id)
	}
	t, err := s.cfg.Registry.Template(ctx, room.TemplateID)
	if err != nil {
		return "", err
	}
	role := kurento.RoleFor(t, kurento.Publisher)
	if role == "" {
		return "", fault.TokenRole.New("want", "a role that may publish and not remove others", "template", t.Name)
	}
	return role, nil
}
