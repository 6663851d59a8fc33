// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/recent"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// Config is what a Service needs.
type Config struct {
	Projects *Projects
	Account  string // whose rooms the sessions are
	RoomKey  token.Key
	Seal     [SealBytes]byte // with which ids of sessions are sealed
	Registry *registry.Registry
	Rate     limit.Rate     // calls of one address
	Leeway   time.Duration  // how far clocks may disagree
	Denied   []netip.Prefix // who is not served
	Issues   int            // reports of clients that one address may hand in within a minute; 10

	ClientAddr func(*http.Request) netip.Addr
	Origin     func(*http.Request) string                // where clients and backends find the server
	SocketURL  func(*http.Request) (string, error)       // where clients connect
	ICEServers func(r *http.Request) []kurento.ICEServer // never none
	Limited    func(setting string)                      // counts what a limit has held back
	// Refused is told of a client that was turned away, and from which room; nil
	// tells nobody.
	Refused func(r *http.Request, room string, f *fault.Error)
	// Injected is how somebody who may come in is to be answered on purpose: refused,
	// or with a body of a kind that makes no sense, when kind is not ""; nil
	// injects nothing.
	Injected func(room, role string) (refusal *fault.Error, kind, body string)
	// Gone tells whether nobody is to answer who asks about a room, on purpose, whoever
	// that is: browsers ask again without a token. Nil: everybody is answered.
	Gone func(room string) bool
	// ReportInjected fails where a report of a connection is not to be taken, on
	// purpose; nil takes all.
	ReportInjected func(room, connection string) error
	// Reported keeps what a client has reported, or fails; nil keeps nothing.
	Reported func(r *http.Request, i Issue) error
	// Callback has the backend of a project told of something, and does not wait; nil
	// tells nobody.
	Callback func(Callback)
	Now      func() time.Time // nil: time.Now
}

// Service is the sessions of projects: their ids, and who may come in.
type Service struct {
	cfg    Config
	rate   *limit.Callers
	issues *limit.Callers
	wire   []byte // signs the words with which clients join the wire

	mu      sync.Mutex
	classes *recent.Map[string, []string] // of streams, and of those that a connection begins with
}

// New returns the service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	perMinute := cmp.Or(cfg.Issues, 10)
	mac := hmac.New(sha256.New, cfg.Seal[:])
	mac.Write([]byte("wire"))
	return &Service{
		cfg: cfg, rate: limit.New(cfg.Rate), issues: limit.New(limit.Rate{PerSecond: float64(perMinute) / 60, Burst: perMinute}),
		wire: mac.Sum(nil), classes: recent.New[string, []string](mostClasses),
	}
}

// Project finds a project, or fails with fault.AccessKeyUnknown.
func (s *Service) Project(ctx context.Context, key string) (Project, error) {
	p, err := s.cfg.Projects.Find(ctx, key)
	if err == nil && p.Account != s.cfg.Account {
		err = fault.AccessKeyUnknown.New("access_key", key)
	}
	return p, err
}

// Backend verifies a call of a backend: that its token is one of the project, which
// it returns. Fails as [ReadBackend] does and with fault.TokenMissing.
func (s *Service) Backend(ctx context.Context, raw string) (Project, error) {
	if raw == "" {
		return Project{}, fault.TokenMissing.New("want", "X-OPENTOK-AUTH with a JWT of the project, or Authorization: Bearer with one of the application")
	}
	p, err := s.Project(ctx, KeyOf(raw))
	if err != nil {
		return Project{}, err
	}
	return p, ReadBackend(p, raw, s.cfg.Now(), s.cfg.Leeway)
}

// Create makes a session, in the room of this name, or in a new one for "", and
// returns its id. base is where clients find the server.
func (s *Service) Create(ctx context.Context, p Project, name, base string) (string, error) {
	r, _, err := s.cfg.Registry.CreateRoom(ctx, registry.Room{Name: cmp.Or(name, "ses_"+rand.Text()), CustomerID: p.Account, Enabled: true})
	if err != nil {
		return "", err
	}
	return s.newSessionID(sessionID{p.Key, r.ID}, base), nil
}

// Room is the room of a project's session. Fails with fault.RoomIDInvalid for what
// is no id of this server, and fault.RoomNotFound for one of another project or
// whose room is gone.
func (s *Service) Room(ctx context.Context, p Project, raw string) (registry.Room, error) {
	id, err := s.readSessionID(raw)
	if err != nil {
		return registry.Room{}, err
	}
	r, err := s.cfg.Registry.Room(ctx, id.room)
	if err == nil && (id.project != p.Key || r.CustomerID != p.Account) {
		err = fault.RoomNotFound.New("session_id", "of another project")
	}
	return r, err
}

// entry is what lets a client join the wire: what its token says, verified.
type entry struct {
	jwt.RegisteredClaims
	Project string   `json:"key"`
	Session string   `json:"ses"`
	Room    string   `json:"rid"`
	Role    string   `json:"role"`
	Data    string   `json:"data"`
	Classes []string `json:"cls,omitempty"`
}

// enter judges a client's token for a session. What it says stands beside
// fault.TokenExpired.
func (s *Service) enter(ctx context.Context, key, session, raw string) (entry, registry.Room, error) {
	var none registry.Room
	p, err := s.Project(ctx, key)
	if err != nil {
		return entry{}, none, err
	}
	id, err := s.readSessionID(session)
	if err != nil {
		return entry{}, none, err
	}
	t, err := ReadToken(p, raw, s.cfg.Now(), s.cfg.Leeway)
	e := entry{Project: key, Session: session, Room: id.room, Role: t.Role, Data: t.Data, Classes: t.Classes}
	untimely := err
	switch {
	case err != nil && !errors.Is(err, fault.TokenExpired) && !errors.Is(err, fault.TokenNotYetValid):
		return e, none, err
	case t.Session != session, id.project != key:
		return e, none, fault.TokenRoomMismatch.New("reason", "key, session and token are not of one another")
	}
	r, err := s.Room(ctx, p, session)
	return e, r, cmp.Or(err, untimely)
}

// sign makes the word with which a client joins.
func (s *Service) sign(e entry) (string, error) {
	e.ExpiresAt = jwt.NewNumericDate(s.cfg.Now().Add(life))
	return jwt.NewWithClaims(jwt.SigningMethodHS256, e).SignedString(s.wire)
}

// IDPrefix begins the ids of connections that came by these tokens.
const IDPrefix = kurento.StreamsPrefix

// tokenLife is how long the room token of somebody who joins is good. It never
// leaves the process.
const tokenLife = time.Hour

// Redeem implements kurento.SharedTokens.
func (s *Service) Redeem(ctx context.Context, raw string) (kurento.Grant, error) {
	var e entry
	now := s.cfg.Now()
	switch {
	case raw == "":
		return kurento.Grant{}, fault.TokenMissing.New("field", "token")
	case len(raw) > 2*maxToken:
		return kurento.Grant{}, fault.TokenMalformed.New("max_bytes", 2*maxToken, "bytes", len(raw))
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithTimeFunc(s.cfg.Now), jwt.WithExpirationRequired())
	_, err := parser.ParseWithClaims(raw, &e, func(*jwt.Token) (any, error) { return s.wire, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return kurento.Grant{}, fault.TokenExpired.Wrap(err, "want", "the token of a session info of the last two minutes")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return kurento.Grant{}, fault.TokenSignature.Wrap(err, "want", "the token of the session info")
	case err != nil:
		return kurento.Grant{}, fault.TokenMalformed.Wrap(err, "want", "the token of the session info")
	}
	p, err := s.Project(ctx, e.Project)
	if err != nil {
		return kurento.Grant{}, err
	}
	r, err := s.Room(ctx, p, e.Session)
	if err != nil {
		return kurento.Grant{}, err
	}
	role, _, err := s.role(ctx, r, e.Role)
	if err != nil {
		return kurento.Grant{}, err
	}
	id := IDPrefix + rand.Text()
	mine, err := token.Mint(s.cfg.RoomKey, token.Claims{Type: token.App, RoomID: r.ID, Role: role, IssuedAt: now, ExpiresAt: now.Add(tokenLife)})
	if err != nil {
		return kurento.Grant{}, err
	}
	if err := s.SetClasses(id, e.Classes); err != nil {
		return kurento.Grant{}, err
	}
	g := kurento.Grant{RoomToken: mine, Connection: id, Session: e.Session, Role: e.Role, Data: e.Data, CreatedAt: now, Undo: func() {}}
	if e.Role == PublisherOnly {
		g.Mode = room.SendsOnly
	}
	if p.Callback != "" && s.cfg.Callback != nil {
		g.Told = func(h kurento.Happening) { s.cfg.Callback(callbackOf(p.Key, e.Session, h)) }
	}
	return g, nil
}

// role finds the role of a room's template for one that a token names. Fails with
// fault.TokenRole.
func (s *Service) role(ctx context.Context, r registry.Room, name string) (string, policy.Role, error) {
	t, err := s.cfg.Registry.Template(ctx, r.TemplateID)
	if err != nil {
		return "", policy.Role{}, err
	}
	as := map[string]string{Moderator: kurento.Moderator, Publisher: kurento.Publisher, PublisherOnly: kurento.Publisher, Subscriber: kurento.Subscriber}[name]
	role := kurento.RoleFor(t, as)
	if role == "" {
		return "", policy.Role{}, fault.TokenRole.New("role", name, "want", "a role of the room's template that may do as much", "template", t.Name)
	}
	return role, t.Roles[role], nil
}

// Limits of classes, by which layouts find streams.
const (
	mostClasses = 20_000 // streams and connections whose classes are remembered
	maxClasses  = 50     // classes of one
	maxClass    = 128    // bytes of a class
)

// SetClasses gives a stream, or what a connection will publish, its classes. Fails
// with fault.FieldInvalid.
func (s *Service) SetClasses(id string, classes []string) error {
	if err := CheckClasses(classes); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.classes.Put(id, classes)
	return nil
}

// CheckClasses fails with fault.FieldInvalid for classes that no stream may have.
func CheckClasses(classes []string) error {
	if len(classes) > maxClasses {
		return fault.FieldInvalid.New("field", "layoutClassList", "max", maxClasses, "got", len(classes))
	}
	if slices.ContainsFunc(classes, func(c string) bool { return c == "" || len(c) > maxClass }) {
		return fault.FieldInvalid.New("field", "layoutClassList", "want", "classes of 1 to 128 bytes")
	}
	return nil
}

// Classes are those of a stream: what it was given, or what its connection began
// with; never nil.
func (s *Service) Classes(stream, connection string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range []string{stream, connection} {
		if classes, known := s.classes.Get(id); known && classes != nil {
			return classes
		}
	}
	return []string{}
}
