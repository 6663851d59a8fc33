// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"cmp"
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/recent"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/skew"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/trace"
)

// RoomRecord is a room as the registry knows it.
type RoomRecord struct {
	Spec    room.Spec
	Account string // the account the room belongs to
	Enabled bool
	Locked  bool
}

// Directory finds rooms, and peers that an earlier process held.
type Directory interface {
	// RoomRecord returns a room, fault.RoomNotFound when there is none.
	RoomRecord(ctx context.Context, roomID string) (RoomRecord, error)
	// Held returns a peer that was inside when an earlier process ended.
	Held(ctx context.Context, roomID string, id room.PeerID) (room.Peer, bool, error)
	// Former returns the peer of this id that took part in the room's running
	// session, inside or not.
	Former(ctx context.Context, roomID string, id room.PeerID) (room.Peer, bool, error)
}

// Recorder takes events without waiting; event.Recorder is one.
type Recorder interface {
	// Record stores what happened.
	Record(event.Event)
	// Report stores what a client reports, or fails with fault.EventQuota.
	Report(event.Reporter, event.Event) error
	// Joined counts a join that succeeded.
	Joined(event.Subject)
}

// Verifier checks tokens; token.Verifier is one. With fault.TokenExpired,
// fault.TokenNotYetValid and fault.TokenRevoked it returns the claims as well.
type Verifier interface {
	Verify(ctx context.Context, raw string, want token.Type) (token.Claims, error)
}

// Config is what a Service needs. A duration left at 0 takes the default named
// here.
type Config struct {
	Tokens    Verifier
	Directory Directory
	Hub       *room.Hub
	Media     *sfu.Engine
	Events    Recorder
	Log       *slog.Logger
	Metrics   prometheus.Registerer
	Inject    *inject.Plan // faults provoked on purpose; nil: none

	// Written returns when what a call has changed is on the disk, so that the
	// call may be acknowledged; nil: nothing is kept.
	Written func(context.Context) error
	// Full is why the node takes nobody new for now, nil when it does; peers that
	// are held come back all the same. nil: it always does.
	Full func() error
	// Rejoined ends the record of peers that an earlier process held, all but one
	// that has joined with the token of this digest; nil: there is none.
	Rejoined func(roomID string, joined room.PeerID, digest string)
	// Clocks are those of the clients; nil: they are not known.
	Clocks *skew.Clocks
	// Self is how the process fares; nil: nobody knows.
	Self func() *evidence.Self
	// Relayed is what this server's TURN listeners saw of a peer and of its host, as
	// limit.Key has it; nil: there are none.
	Relayed func(room, peer, host string) *evidence.Turn
	// Limited counts what a limit has held back, by its setting; nil: nobody does.
	Limited func(setting string)

	// Tests is the account of rooms in which the server tests itself: who is there says
	// nothing of how others fare. "": there are none.
	Tests string

	// Traces follows joins; nil: nobody does.
	Traces *trace.Traces

	Node   string        // name of this node; the start time is added
	Hold   time.Duration // how long a dropped peer is kept; 65 s
	Bounds Bounds        // of what the calls of one peer may cost

	MaxReceived int // tracks one peer receives on a connection; 512

	// Rebuild is how long after a failed handshake a client is told to build its
	// connections anew, doubled each time in a row; 3 s.
	Rebuild time.Duration

	// Unproven is how often one address leaves the refusal of a token that proves
	// nothing in the record; 60 a minute.
	Unproven limit.Rate
}

func (c Config) withDefaults() Config {
	c.Hold = cmp.Or(c.Hold, 65*time.Second)
	c.Node = cmp.Or(c.Node, "node")
	c.Rebuild = cmp.Or(c.Rebuild, 3*time.Second)
	c.Bounds = c.Bounds.withDefaults()
	if c.Full == nil {
		c.Full = func() error { return nil }
	}
	c.Unproven = c.Unproven.Or(limit.Rate{PerSecond: 1, Burst: 60})
	if c.Self == nil {
		c.Self = func() *evidence.Self { return nil }
	}
	if c.Limited == nil {
		c.Limited = func(string) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Service holds the participants of this process. Its map is the only state
// under a lock.
type Service struct {
	cfg  Config
	log  *slog.Logger
	met  *metrics
	node string // differs between any two processes: clients tell restarts by it

	lost *limit.Callers // how many requests are recorded that never became a socket

	issuers issuers // how old the tokens of each key are that are good

	credentials *credentials // of everybody's media connections

	mu       sync.Mutex
	departed *departures // by peer; of those that had troubles
	unproven *limit.Callers

	peers    map[key]*Participant
	users    map[userKey][]*Participant // the same, by user
	revoked  map[string]time.Time       // ids of tokens and when they were revoked, for admitTime
	draining bool
	closed   bool // nobody enters any more
	wg       sync.WaitGroup
}

// key names a peer in this process.
type key struct {
	room string
	peer room.PeerID
}

// New returns a service without participants; Close ends it.
func New(cfg Config) *Service {
	cfg = cfg.withDefaults()
	return &Service{
		cfg: cfg, log: cfg.Log, met: newMetrics(cfg.Metrics),
		node: cfg.Node + "-" + strconv.FormatInt(time.Now().UnixMilli(), 36),
		lost: limit.New(lostRate), credentials: newCredentials(),
		peers: map[key]*Participant{}, users: map[userKey][]*Participant{}, revoked: map[string]time.Time{}, departed: recent.New[key, departed](maxDeparted),
		unproven: limit.New(cfg.Unproven),
	}
}

// Node is the id under which clients know this process.
func (s *Service) Node() string { return s.node }

// Videos is how many videos are published in a room now.
func (s *Service) Videos(ctx context.Context, roomID string) (n int) {
	r := s.cfg.Hub.Active(roomID)
	if r == nil {
		return 0
	}
	snap, err := r.Snapshot(ctx)
	if err != nil {
		return 0
	}
	for _, p := range snap.Peers {
		for _, t := range p.Tracks {
			if t.Kind == room.Video {
				n++
			}
		}
	}
	return n
}

// Drain refuses newcomers from now on; those inside stay.
func (s *Service) Drain() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
}

// Close ends every participant without taking anybody out of a room, so that
// another process can go on with them, and waits until all is quiet or ctx
// ends. Their sockets are to be closed before.
func (s *Service) Close(ctx context.Context) error {
	s.Drain()
	s.mu.Lock()
	s.closed = true
	for _, p := range s.peers {
		p.abandon()
	}
	s.mu.Unlock()
	quiet := make(chan struct{})
	go func() { s.wg.Wait(); close(quiet) }()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Revoke disconnects peers that came in with the token of this id: whoever
// revokes a token wants its holder gone, and not merely kept from coming back. A
// peer sits with the one token that it joined with, so this reaches everybody the
// token let in; who is on the way in with it right now is refused by Enter.
func (s *Service) Revoke(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for was, at := range s.revoked {
		if time.Since(at) > admitTime {
			delete(s.revoked, was)
		}
	}
	s.revoked[id] = time.Now()
	for _, p := range s.peers {
		if p.claims.ID == id {
			p.Post(p.revoked)
		}
	}
}

// Participant finds a peer, nil when this process does not hold it.
func (s *Service) Participant(roomID string, id room.PeerID) *Participant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peers[key{roomID, id}]
}

// admitTime is longer than it takes from the check of a token to Enter: so long a
// revocation is looked for there once more.
const admitTime = time.Minute

// Enter makes the participant of a visitor that was admitted, and starts it.
// wire is asked for its wire, once. A peer that is here already, because two of
// its sockets raced, is returned as it is. Fails with fault.PeerAlreadyJoined
// when what raced was somebody else's socket, with fault.TokenRevoked when
// the token was revoked since it was checked, and with fault.Draining after Close.
func (s *Service) Enter(v Visitor, wire func(*Participant) Wire) (*Participant, error) {
	if v.Peer != nil {
		return v.Peer, nil
	}
	p := newParticipant(s, v)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		p.discard()
		return nil, fault.Draining.New()
	}
	was := s.peers[p.key]
	_, revoked := s.revoked[v.Claims.ID]
	if was != nil || revoked {
		s.mu.Unlock()
		p.discard()
		switch {
		case was == nil:
			return nil, fault.TokenRevoked.New("jti", v.Claims.ID)
		case !was.belongsTo(v.Claims):
			return nil, fault.PeerAlreadyJoined.New("peer", v.ID)
		}
		return was, nil
	}
	p.wire = wire(p)
	s.peers[p.key] = p
	s.seated(p)
	s.met.peers.Inc()
	s.wg.Add(1)
	s.mu.Unlock()
	go p.run()
	return p, nil
}

// forget drops a participant that has ended.
func (s *Service) forget(p *Participant) {
	s.vacate(p)
	s.credentials.ended(p)
	close(p.gone)
	s.wg.Done()
}

// vacate lets the peer come in anew.
func (s *Service) vacate(p *Participant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peers[p.key] == p {
		delete(s.peers, p.key)
		s.unseated(p)
		s.departs(p)
		s.met.peers.Dec()
		close(p.vacated)
	}
}

// Peers is how many peers this node holds, previews included.
func (s *Service) Peers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.peers)
}
