// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"
	"github.com/redial-rtc/redial/fault"
)

// session is what runs behind a [Room] and a [Preview]: the socket, the media
// connections, what is published and what watches over them. The server's view
// of the room is its roster.
type session struct {
	cfg       Config
	id        string
	token     string
	claims    claims
	http      *httpClient
	httpQuick *httpClient // for reconnecting: it tries often instead of waiting long
	api       *webrtc.API
	ice       []webrtc.ICEServer
	log       *slog.Logger
	cb        *callbacks
	rec       *recovery
	rep       *reporter
	wit       *witness
	ov        *openVidu // nil: the 100ms wire

	ctx  context.Context // ends when the session does
	end  context.CancelFunc
	shut sync.Once

	spawning sync.Mutex
	full     bool // nothing more is spawned
	wg       sync.WaitGroup

	torn chan struct{} // closed when nothing of the session is left
	done chan struct{} // closed when the session has ended
	turn chan struct{} // held while the publishing side is negotiated

	greeted chan struct{} // the policy has come
	listed  chan struct{} // the peer list has come
	moved   chan string   // the server's new node

	mu         sync.Mutex
	state      State
	err        *fault.Error
	link       *link
	linkUp     chan struct{} // closed while there is a socket
	coming     *link         // the socket that is about to replace link
	media      *media
	closing    []*link // sockets to be waited for
	refusal    *fault.Error
	node       string
	joinedAt   time.Time
	roster     roster
	pubs       []*Publication
	reconnects int
	outage     time.Duration
	entered    bool
}

func newSession(cfg Config) (*session, error) {
	var ov *openVidu
	switch cfg.Dialect {
	case "", DialectHMS:
	case DialectOpenVidu:
		origin, room, err := streamToken(cfg.Token)
		if err != nil {
			return nil, err
		}
		ov = &openVidu{token: cfg.Token, room: room, received: map[string]*incoming{}, muted: map[string]wireTrack{}}
		cfg.Endpoint, cfg.Token = cmp.Or(cfg.Endpoint, origin.String()), ""
	default:
		return nil, fault.ArgumentInvalid.New("field", "Dialect", "want", DialectHMS+" or "+DialectOpenVidu, "got", clip(cfg.Dialect, 32))
	}
	origin, err := cfg.origin()
	if err != nil {
		return nil, err
	}
	var c claims
	if ov == nil && (cfg.RoomCode == "" || cfg.Token != "") {
		if c, err = readToken(cfg.Token); err != nil {
			return nil, err
		}
	}
	if cfg.PeerID == "" {
		cfg.PeerID = uuid.NewString()
	}
	d := newHTTPClient(cfg, origin, cfg.StepTimeout)
	api, err := newAPI(d.loopback(), cfg.NetworkTypes, cfg.Log)
	if err != nil {
		return nil, fault.PeerConnectionCreate.Wrap(err)
	}
	s := &session{
		cfg: cfg, id: cfg.PeerID, token: cfg.Token, claims: c, http: d, httpQuick: newHTTPClient(cfg, origin, min(dialTimeout, cfg.StepTimeout)), api: api, log: cfg.Log.With("peer", cfg.PeerID),
		cb: newCallbacks(), torn: make(chan struct{}), done: make(chan struct{}), turn: make(chan struct{}, 1),
		greeted: make(chan struct{}, 1), listed: make(chan struct{}, 1), moved: make(chan string, 1),
		state: StateJoined, linkUp: make(chan struct{}),
	}
	s.roster = roster{
		s: s, peers: map[string]Peer{}, away: map[string]bool{}, awayTracks: map[string]bool{},
		preview: map[string]wirePeer{}, tracks: map[string]*RemoteTrack{},
	}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.rec = &recovery{window: cfg.ReconnectWindow, began: s.reconnecting, healed: s.reconnected, over: s.giveUp}
	s.rep, s.wit = newReporter(s), &witness{session: s}
	if ov != nil {
		s.ov, ov.s = ov, s
	}
	go s.cb.run()
	return s, nil
}

// giveUp ends the session with a terminal error.
func (s *session) giveUp(why *fault.Error) {
	f := ending(why, fault.OpReconnect, true)
	s.mu.Lock()
	if s.state == StateEnded {
		s.mu.Unlock()
		return
	}
	s.state, s.err = StateEnded, f
	s.mu.Unlock()
	if f.Kind != fault.PeerRemoved && f.Kind != fault.RoomEnded {
		s.rep.failed("disconnected", "RECONNECT_SIGNAL", f, true)
	}
	s.onError(f)
	post(s, s.cfg.Listener.OnEnd, f)
	s.cb.finish()
	go s.shutdown(f, false)
}

// spawn runs f as a goroutine of the session, unless it has ended.
func (s *session) spawn(f func()) {
	s.spawning.Lock()
	defer s.spawning.Unlock()
	if !s.full {
		s.wg.Go(f)
	}
}

// shutdown takes everything down, once; every caller waits for the end of it.
func (s *session) shutdown(why *fault.Error, goodbye bool) {
	s.shut.Do(func() {
		s.mu.Lock()
		s.state = StateEnded
		l, coming, m, entered := s.link, s.coming, s.media, s.entered
		s.media = nil
		pubs := slices.Clone(s.pubs)
		tracks := make([]*RemoteTrack, 0, len(s.roster.tracks))
		for _, t := range s.roster.tracks {
			tracks = append(tracks, t)
		}
		s.mu.Unlock()
		close(s.done)
		if why == nil {
			s.cb.close()
		}
		s.rep.flush()
		if l != nil && s.ov != nil && entered {
			l.leave("leaveRoom", struct{}{}, lastWords)
		} else if l != nil {
			// Who gives up over a socket that works leaves as well: the reports on
			// the socket get through, and nobody waits for a peer that is gone.
			switch {
			case goodbye && entered:
				l.leave("leave", map[string]string{"client_reason": "user request"}, lastWords)
			case why != nil && entered:
				l.leave("leave", map[string]string{"client_reason": why.Kind.ID}, lastWords)
			default:
				l.leave("", nil, briefly)
			}
		}
		s.end()
		if coming != nil {
			coming.drop()
		}
		s.rec.stop()
		for _, p := range pubs {
			p.halt()
		}
		for _, t := range tracks {
			t.end()
		}
		if m != nil {
			m.close()
		}
		if s.ov != nil {
			s.ov.close()
		}
		s.mu.Lock()
		closing := s.closing
		s.mu.Unlock()
		for _, old := range closing {
			old.drop()
		}
		s.spawning.Lock()
		s.full = true
		s.spawning.Unlock()
		s.wg.Wait()
		s.rep.close()
		s.http.http.CloseIdleConnections()
		close(s.torn)
	})
	<-s.torn
}

// reconnecting and reconnected are called by the recovery.
func (s *session) reconnecting(cause *fault.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == StateEnded {
		return
	}
	s.state = StateReconnecting
	s.reconnects++
	post(s, s.cfg.Listener.OnReconnecting, cause)
}

func (s *session) reconnected(took time.Duration) {
	s.mu.Lock()
	if s.state != StateReconnecting {
		s.mu.Unlock()
		return
	}
	s.state = StateJoined
	s.outage += took
	if f := s.cfg.Listener.OnReconnected; f != nil {
		s.cb.post(f)
	}
	s.mu.Unlock()
	s.spawn(s.rep.reachable)
}

// currentMedia is the present pair of connections, or nil.
func (s *session) currentMedia() *media {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.media
}

func (s *session) currentLink() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link
}

// tell sends a notification over the present socket, or over the one that is
// about to replace it. What is lost with the socket is told again after it is
// back.
func (s *session) tell(method string, params any) error {
	s.mu.Lock()
	l := s.link
	if l == nil || l.ctx.Err() != nil && s.coming != nil {
		l = s.coming
	}
	s.mu.Unlock()
	if l == nil {
		return fault.SignalLost.New()
	}
	return l.notify(method, params)
}

// bound gives a context the deadline it lacks, and ends it with the session.
func (s *session) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	var cancel context.CancelFunc
	if _, ok := ctx.Deadline(); ok {
		ctx, cancel = context.WithCancel(ctx)
	} else {
		ctx, cancel = context.WithTimeout(ctx, s.cfg.CallTimeout)
	}
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// ready waits until the socket is up and returns it.
func (s *session) ready(ctx context.Context, op fault.Op) (*link, error) {
	for {
		s.mu.Lock()
		l, up, state := s.link, s.linkUp, s.state
		s.mu.Unlock()
		switch {
		case state == StateEnded:
			return nil, asFault(fault.ClientNotConnected.New("state", string(state)), op)
		case l != nil && l.ctx.Err() == nil:
			return l, nil
		}
		select {
		case <-up:
		case <-s.ctx.Done():
		case <-ctx.Done():
			return nil, asFault(fault.SignalLost.Wrap(ctx.Err()), op)
		}
	}
}

// call makes a call of the wire. While the socket is lost it waits for its
// return as long as ctx allows.
func (s *session) call(ctx context.Context, op fault.Op, method string, params, result any) error {
	if s.ov != nil { // which makes its own
		return asFault(fault.FeatureUnsupported.New("feature", string(op), "dialect", DialectOpenVidu), op)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	l, err := s.ready(ctx, op)
	if err != nil {
		return err
	}
	return l.call(ctx, op, method, params, result)
}

func (s *session) onError(f *fault.Error) { post(s, s.cfg.Listener.OnError, f) }

// post queues a callback, if the app has one.
func post[T any](s *session, f func(T), v T) {
	if f != nil {
		s.cb.post(func() { f(v) })
	}
}

func (s *session) role() Role {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.roster.role
}

func (s *session) publications() []*Publication {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pubs)
}
