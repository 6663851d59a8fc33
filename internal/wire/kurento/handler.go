// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/socket"
)

// Grant is what a token of one use stands for.
type Grant struct {
	RoomToken  string      // the token with which the peer is let in
	Connection string      // the peer's id
	Session    string      // the session's id as its backend knows it
	Role       string      // SUBSCRIBER, PUBLISHER or MODERATOR, as the connection was made
	Data       string      // what the backend says about the peer
	CreatedAt  time.Time   // when the connection was made
	Mode       room.Mode   // how the peer takes part, where that is not for its client to say
	ICEServers []ICEServer // that this peer is told of instead of everybody's; none: everybody's
	Undo       func()      // makes the token good again, as nobody has joined with it

	// Told hears what becomes of the connection and its streams, of clients whose
	// connections have several; it must not wait. Nil: nobody does.
	Told func(Happening)
}

// Tokens knows the tokens of one use.
type Tokens interface {
	// Redeem takes a token of a session; only one caller ever gets it. It fails
	// with fault.TokenSpent and fault.RoomNotFound.
	Redeem(ctx context.Context, session, token string) (Grant, error)
}

// SharedTokens knows the tokens with which everybody joins a session.
type SharedTokens interface {
	// Redeem takes a token for somebody new. It fails with fault.TokenMalformed,
	// TokenPayload, TokenPayloadJSON, TokenSignature, TokenClaim, TokenExpired,
	// EndpointInvalid and ICEServerInvalid.
	Redeem(ctx context.Context, token string) (Grant, error)
}

// ICEServer is a STUN or TURN server as clients of this wire are told of it.
type ICEServer struct {
	URL        string `json:"url"`
	Username   string `json:"username,omitempty"`
	Credential string `json:"credential,omitempty"`
}

// Config is what a Handler needs. Sizes and rates left at 0 take the defaults
// named here.
type Config struct {
	Participants *participant.Service
	Sockets      *socket.Set
	Tokens       Tokens       // of clients of OpenVidu, or
	Shared       SharedTokens // of clients of Sceenic, or
	Streams      SharedTokens // of clients of OpenTok, or
	Guests       Guests       // of clients of Kurento Room
	Log          *slog.Logger

	ClientAddr func(*http.Request) netip.Addr // who is asking, behind whatever proxy
	// ICEServers are handed to clients. Where there is none, clients would ask
	// public STUN servers of strangers, so they are told of this server's media
	// port, MediaPort, instead.
	ICEServers []ICEServer
	MediaPort  int
	// Relays are TURN servers for one peer that came to a host, told beside those;
	// nil: none.
	Relays    func(host, room, peer string) []ICEServer
	Simulcast bool // clients are asked to publish in several layers

	MaxFrame  int     // bytes of a frame; 256 KiB
	MaxSDP    int     // bytes of a session description; 192 KiB
	FrameRate int     // frames a second from one socket, five times that at once; 200
	JoinRate  float64 // sockets a second from one address; 20
	JoinBurst int     // ... and at once; 60

	// JoinWait is how long a socket may be open that nobody joins by, whatever is
	// said on it meanwhile; 60 s. Clients join at once.
	JoinWait time.Duration
}

func (c Config) withDefaults() Config {
	c.MaxFrame = cmp.Or(c.MaxFrame, 256<<10)
	c.MaxSDP = cmp.Or(c.MaxSDP, 192<<10)
	c.FrameRate = cmp.Or(c.FrameRate, 200)
	c.JoinRate = cmp.Or(c.JoinRate, 20)
	c.JoinBurst = cmp.Or(c.JoinBurst, 60)
	c.JoinWait = cmp.Or(c.JoinWait, time.Minute)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// style is what differs between the clients of this wire.
type style interface {
	// door names the wire's settings.
	door() string
	// word says a fault in the words of these clients.
	word(*fault.Error) wireError
	// read takes the params of a join apart. It fails as jsonrpc.Params does.
	read(l *line, params json.RawMessage) (application, error)
	// op finds what a method does; false for one these clients do not have.
	op(method string) (operation, bool)
	// result is what the answer to a join says.
	result(s *session, snap room.Snapshot, others []connection) any
	// several tells whether a connection publishes several streams, which are told
	// and received each by itself.
	several() bool
	// describe says of the connections that a peer comes to what these clients want
	// to know of it.
	describe(s *session, p room.Peer, all []view)
	// sender finds whose stream is meant by what is no stream that the client knows.
	sender(s *session, name string) (room.PeerID, Stream, error)
	// again judges a client that asks for a stream while it is at it already.
	again(stage, *subscription) error
	// update tells what these clients alone hear of.
	update(s *session, u room.Update)
	// evicted adds what these clients want to know of why they are out.
	evicted(eviction, *fault.Error) eviction
	// tell words a notification; false for one that these clients do not know.
	tell(s *session, method string, params any) (any, bool)
	// broken tells of an exchange that failed while no call waited for it.
	broken(s *session, sub *subscription, f *fault.Error)
}

// application is a join as a client asks for it.
type application struct {
	who    participant.Profile
	secret string                                   // of an earlier join, to go on as that peer; "" for somebody new
	redeem func(ctx context.Context) (Grant, error) // what its token stands for
}

// Handler serves the wire: [Handler.ServeWS].
type Handler struct {
	cfg  Config
	log  *slog.Logger
	all  *participant.Service
	rate *limit.Callers

	style style

	mu       sync.Mutex
	sessions map[string]*session // by the secret with which a client continues it
}

// New returns a handler.
func New(cfg Config) *Handler {
	cfg = cfg.withDefaults()
	var clients style = openVidu{cfg.Tokens}
	if cfg.Shared != nil {
		clients = sceenic{cfg.Shared}
	}
	if cfg.Streams != nil {
		clients = openTok{cfg.Streams}
	}
	if cfg.Guests != nil {
		clients = kurentoRoom{cfg.Guests}
	}
	return &Handler{
		style: clients,
		cfg:   cfg, log: cfg.Log, all: cfg.Participants, sessions: map[string]*session{},
		rate: limit.New(limit.Rate{PerSecond: cfg.JoinRate, Burst: cfg.JoinBurst}),
	}
}

// remember lets a client come back to its session for as long as the
// participant is there.
func (h *Handler) remember(s *session) {
	h.mu.Lock()
	h.sessions[s.id] = s
	h.mu.Unlock()
	context.AfterFunc(s.p.Context(), func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.sessions, s.id)
	})
}

func (h *Handler) session(id string) *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions[id]
}

// address names whoever asks for the purpose of limits.
func (h *Handler) address(r *http.Request) string { return limit.Key(h.cfg.ClientAddr(r)) }

// door is the way a request came, for the record.
func (h *Handler) door(r *http.Request) *evidence.Door {
	return h.cfg.Sockets.Door(r, h.cfg.ClientAddr(r))
}

// Unpublish ends the stream of a peer that came by this wire, at the wish of a
// backend. Fails with fault.StreamNotPublished and fault.FeatureUnsupported.
func (h *Handler) Unpublish(ctx context.Context, roomID string, peer room.PeerID, streamID string) error {
	return h.unpublish(ctx, roomID, peer, streamID, "forceUnpublishByServer")
}

// unpublish has a session end its own stream, and waits until it has.
func (h *Handler) unpublish(ctx context.Context, roomID string, peer room.PeerID, streamID, why string) error {
	p := h.all.Participant(roomID, peer)
	if p == nil {
		return fault.StreamNotPublished.New("stream", clip(streamID, 200))
	}
	s, ours := p.Wire().(*session)
	if !ours {
		return fault.FeatureUnsupported.New("feature", "forced unpublishing of peers of another wire", "want", "a request to mute, or forceDisconnect")
	}
	done := make(chan error, 1)
	p.Post(func() { done <- s.unpublishedBy(ctx, streamID, why) })
	select {
	case err := <-done:
		return err
	case <-p.Context().Done():
		return fault.StreamNotPublished.New("stream", clip(streamID, 200))
	case <-ctx.Done():
		return fault.RequestCancelled.Wrap(ctx.Err())
	}
}
