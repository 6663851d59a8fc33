// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package openvidu

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/text"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// Config is what a Service needs.
type Config struct {
	Secret   string // the password of the user OPENVIDUAPP
	Account  string // whose rooms the sessions are
	Key      token.Key
	Registry *registry.Registry
	Rooms    *room.Hub
	Rate     limit.Rate // calls of one address
	Pending  int        // sessions, and connections that nobody has taken; 10,000

	ClientAddr func(*http.Request) netip.Addr
	Origin     func(*http.Request) url.URL // under which the backend reached us
	Limited    func(setting string)        // counts what a limit has held back
	Log        *slog.Logger
}

// Service is the sessions that backends have made, and their API. Its maps are
// under one lock.
type Service struct {
	cfg  Config
	rate *limit.Callers
	mux  *http.ServeMux

	// Wire has those who came by it. It is set before the first call.
	Wire interface {
		// Unpublish ends the stream of a peer.
		Unpublish(ctx context.Context, roomID string, peer room.PeerID, streamID string) error
		// About describes a peer, if it came by this wire.
		About(roomID string, peer room.PeerID) (kurento.About, bool)
	}

	mu       sync.Mutex
	sessions map[string]*session
	tokens   map[string]*seat // of seats that nobody has taken
}

// session is a room as a backend made it.
type session struct {
	id       string
	custom   string // the id that the backend chose; "" when it left that to us
	roomID   string
	template policy.Template
	properties
	createdAt time.Time
	takenAt   time.Time // when somebody last took a seat
	seats     map[string]*seat
	inside    int // how many seats were left when they were last tidied
}

// wanted is what a backend wants a connection to be.
type wanted struct {
	role    string // in the words of the wire
	data    string
	record  bool            // kept and told; nothing is recorded
	kurento json.RawMessage // options of a media server that is not here; kept and told
	ice     []kurento.ICEServer
}

// seat is a connection that a backend made. One that was taken is in the room,
// or was.
type seat struct {
	session   *session
	id, token string
	wanted
	createdAt time.Time
	url       string    // the token as the client is given it
	takenAt   time.Time // zero until somebody has
}

// New returns the service.
func New(cfg Config) *Service {
	cfg.Pending = cmp.Or(cfg.Pending, 10_000)
	s := &Service{cfg: cfg, rate: limit.New(cfg.Rate), sessions: map[string]*session{}, tokens: map[string]*seat{}}
	s.routes()
	return s
}

// named is what a backend may call a session.
var named = regexp.MustCompile(`^[A-Za-z0-9_~-]{1,64}$`)

// newID is a name that nobody guesses.
func newID(prefix string) string { return prefix + rand.Text() }

// create makes a session. Fails with fault.NameTaken for one that is there,
// fault.FieldInvalid for a bad id, and fault.Overloaded.
func (s *Service) create(ctx context.Context, custom string, props properties) (*session, error) {
	id := cmp.Or(custom, newID("ses_"))
	if !named.MatchString(id) {
		return nil, fault.FieldInvalid.New("field", "customSessionId", "want", "1 to 64 letters, digits and -_~")
	}
	if err := s.room(); err != nil {
		return nil, err
	}
	r, _, err := s.cfg.Registry.CreateRoom(ctx, registry.Room{Name: id, CustomerID: s.cfg.Account, Enabled: true})
	if err != nil {
		return nil, err
	}
	t, err := s.cfg.Registry.Template(ctx, r.TemplateID)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.sessions { // a room's name is the same whatever its case
		if other.roomID == r.ID {
			return nil, fault.NameTaken.New("field", "customSessionId", "name", id)
		}
	}
	n := &session{id: id, custom: custom, roomID: r.ID, template: t, properties: props, createdAt: time.Now(), seats: map[string]*seat{}}
	s.sessions[id] = n
	return n, nil
}

// room fails with fault.Overloaded while there is none for another session or
// connection.
func (s *Service) room() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sessions)+len(s.tokens) >= s.cfg.Pending {
		s.sweep()
	}
	if len(s.sessions)+len(s.tokens) >= s.cfg.Pending {
		s.cfg.Limited("openvidu.pending")
		return fault.Overloaded.New("limit", "openvidu.pending", "max", s.cfg.Pending, "retry_after_seconds", 60)
	}
	return nil
}

// settle is how long somebody may take from the token to the room.
const settle = 30 * time.Second

// over tells whether a session has ended: somebody was there, and nobody is.
func (s *Service) over(n *session) bool {
	if n.takenAt.IsZero() || time.Since(n.takenAt) < settle {
		return false
	}
	r := s.cfg.Rooms.Active(n.roomID)
	return r == nil || r.Size() == 0
}

// sweep forgets the sessions that are over; s.mu is held.
func (s *Service) sweep() {
	for _, n := range s.sessions {
		if s.over(n) {
			s.forget(n)
		}
	}
}

// forget drops a session and the tokens that are left; s.mu is held.
func (s *Service) forget(n *session) {
	delete(s.sessions, n.id)
	for _, c := range n.seats {
		delete(s.tokens, c.token)
	}
}

// find returns a session, or fault.SessionNotFound.
func (s *Service) find(id string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.sessions[id]
	if n != nil && s.over(n) {
		s.forget(n)
		n = nil
	}
	if n == nil {
		return nil, fault.SessionNotFound.New("session_id", id)
	}
	return n, nil
}

// list returns the sessions, the oldest first.
func (s *Service) list() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	all := make([]*session, 0, len(s.sessions))
	for _, n := range s.sessions {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *session) int { return a.createdAt.Compare(b.createdAt) })
	return all
}

// maxData is how many bytes a backend may say about a peer.
const maxData = 10_000

const (
	maxOptions = 2 << 10 // bytes of options for a media server
	maxICE     = 16      // ICE servers of a connection
	maxICEText = 512     // bytes of an ICE server's address, user name or credential
)

// checkICE fails with fault.FieldInvalid for what no browser would take as its
// ICE servers (RFC 7064, RFC 7065).
func checkICE(servers []kurento.ICEServer) error {
	if len(servers) > maxICE {
		return fault.FieldInvalid.New("field", "customIceServers", "max", maxICE, "got", len(servers))
	}
	for _, one := range servers {
		scheme, rest, _ := strings.Cut(one.URL, ":")
		switch {
		case !slices.Contains([]string{"stun", "stuns", "turn", "turns"}, scheme) || rest == "" || max(len(one.URL), len(one.Username), len(one.Credential)) > maxICEText:
			return fault.FieldInvalid.New("field", "customIceServers.url", "want", "stun:HOST:PORT or turn:HOST:PORT", "got", clip(one.URL))
		case strings.HasPrefix(scheme, "turn") && (one.Username == "" || one.Credential == ""):
			return fault.FieldInvalid.New("field", "customIceServers", "want", "username and credential of a TURN server", "got", clip(one.URL))
		}
	}
	return nil
}

// offer makes a connection for somebody to take. origin is where clients find
// us. Fails with fault.FieldInvalid and fault.Overloaded.
func (s *Service) offer(ctx context.Context, n *session, w wanted, origin url.URL) (*seat, error) {
	var err error
	if w.role, err = n.readRole(cmp.Or(w.role, kurento.Publisher)); err != nil {
		return nil, err
	}
	if err := checkData(w.data); err != nil {
		return nil, err
	}
	if len(w.kurento) > maxOptions {
		return nil, fault.FieldInvalid.New("field", "kurentoOptions", "max_bytes", maxOptions, "bytes", len(w.kurento))
	}
	if err := checkICE(w.ice); err != nil {
		return nil, err
	}
	if err := s.room(); err != nil {
		return nil, err
	}
	s.tidy(ctx, n)
	c := &seat{session: n, id: newID(kurento.IDPrefix), token: newID("tok_"), wanted: w, createdAt: time.Now()}
	scheme := "ws"
	if origin.Scheme == "https" {
		scheme = "wss"
	}
	c.url = scheme + "://" + origin.Host + "?sessionId=" + n.id + "&token=" + c.token
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[n.id] != n {
		return nil, fault.SessionNotFound.New("session_id", n.id)
	}
	n.seats[c.id], s.tokens[c.token] = c, c
	return c, nil
}

// tidy forgets the seats of those who have left, once they are many.
func (s *Service) tidy(ctx context.Context, n *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(n.seats) < 2*n.inside+100 {
		return
	}
	inside := map[string]bool{}
	if live := s.cfg.Rooms.Active(n.roomID); live != nil {
		snap, err := live.Snapshot(ctx)
		if err != nil {
			return
		}
		for _, p := range snap.Peers {
			inside[string(p.ID)] = true
		}
	}
	for id, c := range n.seats {
		if !c.takenAt.IsZero() && time.Since(c.takenAt) > settle && !inside[id] {
			delete(n.seats, id)
		}
	}
	n.inside = len(n.seats)
}

// tokenLife is how long the room token of somebody who joins is good. It never
// leaves the process.
const tokenLife = time.Hour

// Redeem implements kurento.Tokens.
func (s *Service) Redeem(_ context.Context, id, text string) (kurento.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.sessions[id]
	if n == nil {
		return kurento.Grant{}, fault.RoomNotFound.New("session", clip(id))
	}
	c := s.tokens[text]
	if c == nil || c.session != n {
		return kurento.Grant{}, fault.TokenSpent.New("session", n.id)
	}
	raw, err := token.Mint(s.cfg.Key, token.Claims{
		Type: token.App, RoomID: n.roomID, Role: kurento.RoleFor(n.template, c.role), UserID: c.id, ExpiresAt: time.Now().Add(tokenLife),
	})
	if err != nil {
		return kurento.Grant{}, err
	}
	delete(s.tokens, c.token)
	n.takenAt = time.Now()
	c.takenAt = n.takenAt
	return kurento.Grant{
		RoomToken: raw, Connection: c.id, Session: n.id, Role: c.role, Data: c.data, CreatedAt: c.createdAt, ICEServers: c.ice,
		Undo: func() { s.undo(c) },
	}, nil
}

// undo lets a seat be taken that was not after all.
func (s *Service) undo(c *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[c.session.id] == c.session && c.session.seats[c.id] == c {
		c.takenAt, s.tokens[c.token] = time.Time{}, c
	}
}

// close ends a session for everybody.
func (s *Service) close(ctx context.Context, n *session) error {
	s.mu.Lock()
	s.forget(n)
	s.mu.Unlock()
	if r := s.cfg.Rooms.Active(n.roomID); r != nil {
		return r.Moderation().End(ctx, "", "sessionClosedByServer", false)
	}
	return nil
}

// remove takes a connection back, or puts out who came by it. Fails with
// fault.PeerNotFound.
func (s *Service) remove(ctx context.Context, n *session, id string) error {
	s.mu.Lock()
	c := n.seats[id]
	if c != nil {
		delete(n.seats, id)
		delete(s.tokens, c.token)
	}
	s.mu.Unlock()
	if c != nil && c.takenAt.IsZero() {
		return nil
	}
	r := s.cfg.Rooms.Active(n.roomID)
	if r == nil {
		return fault.PeerNotFound.New("peer", clip(id))
	}
	return r.Moderation().Remove(ctx, "", room.PeerID(id), "forceDisconnectByServer")
}

func clip(s string) string { return text.Clip(s, 64) }
