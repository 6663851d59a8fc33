// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/coder/websocket"
	"github.com/redial-rtc/redial/fault"
)

// connectFirst comes as far as an open socket whose server has said who we are.
func (s *session) connectFirst(ctx context.Context) error {
	l, err := s.openFirst(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.link, s.coming = l, nil
	close(s.linkUp)
	s.mu.Unlock()
	return nil
}

func (s *session) openFirst(ctx context.Context) (*link, error) {
	if s.ov != nil {
		return s.ov.open(ctx, s.http, false)
	}
	if s.token == "" {
		raw, err := s.http.exchange(ctx, s.cfg)
		if err != nil {
			return nil, err
		}
		c, err := readToken(raw)
		if err != nil {
			return nil, err
		}
		s.token, s.claims = raw, c
	}
	return s.connect(ctx, s.http)
}

// connect asks where to connect, opens a socket and waits for the policy. The
// socket is then in coming.
func (s *session) connect(ctx context.Context, d *httpClient) (*link, error) {
	in, err := d.init(ctx, s.token, s.id)
	if err != nil {
		return nil, err
	}
	s.rep.answered()
	s.ice = iceServers(s.cfg, in)
	ws, err := d.open(ctx, in.Endpoint, s.token, s.id)
	if err != nil {
		return nil, err
	}
	l := s.newLink(ws)
	s.mu.Lock()
	s.coming, s.refusal = l, nil
	s.mu.Unlock()
	drain(s.greeted)
	drain(s.listed)
	drain(s.moved)
	l.start()
	if err := s.await(ctx, l, s.greeted, "on-policy-change"); err != nil {
		s.discard(l)
		return nil, err
	}
	return l, nil
}

func (s *session) newLink(ws *websocket.Conn) *link {
	var l *link
	l = newLink(ws, func(method string, params json.RawMessage) { s.heard(l, method, params) },
		func(why *fault.Error) { s.linkLost(l, why) })
	return l
}

// discard ends a socket that did not become the session's.
func (s *session) discard(l *link) {
	s.mu.Lock()
	if s.coming == l {
		s.coming = nil
	}
	s.mu.Unlock()
	l.drop()
}

func drain[T any](ch chan T) {
	select {
	case <-ch:
	default:
	}
}

// await waits for a sign on a socket that has to come within a step.
func (s *session) await(ctx context.Context, l *link, sign <-chan struct{}, what string) error {
	return s.awaitFor(ctx, l, sign, what, s.cfg.StepTimeout)
}

func (s *session) awaitFor(ctx context.Context, l *link, sign <-chan struct{}, what string, patience time.Duration) error {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-sign:
		return nil
	case <-l.ctx.Done():
		s.mu.Lock()
		why := s.refusal
		s.mu.Unlock()
		if why != nil {
			return why
		}
		return asFault(l.gone(), fault.OpConnect)
	case <-wait.C:
		return asFault(fault.SignalSilent.New("waiting_for", what), fault.OpConnect)
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return asFault(fault.SignalSilent.New("waiting_for", what), fault.OpConnect)
		}
		return asFault(ctx.Err(), fault.OpConnect)
	}
}

// enter joins over the socket that is open.
func (s *session) enter(ctx context.Context) error {
	s.mu.Lock()
	l, again := s.link, s.entered
	s.mu.Unlock()
	if l == nil || again {
		return asFault(fault.ClientAlreadyJoined.New(), fault.OpJoin)
	}
	if s.ov != nil {
		if err := s.ov.enter(ctx, l); err != nil {
			return asFault(err, fault.OpJoin)
		}
		return nil
	}
	m, err := newMedia(s, "")
	if err != nil {
		return asFault(err, fault.OpJoin)
	}
	offer, err := localOffer(m.pub, nil)
	if err != nil {
		m.close()
		return asFault(err, fault.OpJoin)
	}
	s.mu.Lock()
	s.media, s.roster.preview = m, nil
	s.mu.Unlock()
	var got wireDescription
	step, cancel := context.WithTimeout(ctx, s.cfg.StepTimeout)
	defer cancel()
	err = l.call(step, fault.OpJoin, "join", map[string]any{
		"name": s.cfg.Name, "data": s.cfg.Metadata, "disableVidAutoSub": true, "onDemandTracks": true, "offer": wireSDP{"offer", offer},
	}, &got)
	if err == nil {
		s.mu.Lock()
		s.node = got.Node
		m.node.Store(got.Node)
		s.mu.Unlock()
		err = m.answered(got.SDP)
	}
	if err == nil {
		err = s.await(ctx, l, s.listed, "peer-list")
	}
	if err != nil {
		s.mu.Lock()
		if why := s.refusal; why != nil {
			err = why
		}
		s.media, s.roster.preview = nil, map[string]wirePeer{}
		s.mu.Unlock()
		m.close()
		return asFault(err, fault.OpJoin)
	}
	s.mu.Lock()
	s.entered, s.joinedAt = true, time.Now()
	s.roster.self = Peer{ID: s.id, Name: s.cfg.Name, Metadata: s.cfg.Metadata, Role: s.roster.role.Name, UserID: s.claims.UserID, JoinedAt: s.joinedAt}
	lost := l.ctx.Err() != nil
	s.mu.Unlock()
	if lost { // while nobody was looking
		why := asFault(l.gone(), fault.OpReconnect)
		s.linkLost(l, why)
	}
	s.spawn(s.rep.reachable)
	return nil
}

// linkLost hears that a socket has ended by itself.
func (s *session) linkLost(l *link, why *fault.Error) {
	s.mu.Lock()
	mine := l == s.link && s.entered && s.state != StateEnded
	if l == s.link {
		select {
		case <-s.linkUp:
			s.linkUp = make(chan struct{})
		default:
		}
	}
	s.closing = append(s.closing, l)
	final := s.refusal
	s.mu.Unlock()
	if !mine {
		return
	}
	if final != nil {
		return // refusedBySocket ends the session
	}
	s.rep.failed("disconnected", "RECONNECT_SIGNAL", ending(why, fault.OpReconnect, false), false)
	try := s.resume
	if s.ov != nil {
		try = s.ov.resumed
	}
	s.rec.lose(signalPath, why, try)
}

// refusedBySocket hears on-error, which ends a session for good.
func (s *session) refusedBySocket(l *link, e refusal) {
	s.mu.Lock()
	inside := s.entered && l == s.link
	op := fault.OpConnect
	if s.entered {
		op = fault.OpReconnect
	}
	f := e.fault(op)
	s.refusal = f
	s.mu.Unlock()
	if inside {
		s.giveUp(f)
		return
	}
	// Whoever waits on this socket learns why.
	s.spawn(func() { l.fail(f) })
}

// heardRemoved hears that somebody sent us away, or ended the session.
func (s *session) heardRemoved(raw json.RawMessage) {
	var w struct {
		By     string `json:"requested_by"`
		Reason string `json:"reason"`
		Ended  bool   `json:"room_end"`
	}
	_ = json.Unmarshal(raw, &w)
	k := fault.PeerRemoved
	if w.Ended {
		k = fault.RoomEnded
	}
	var details []any
	if w.Reason != "" {
		details = append(details, "reason", w.Reason)
	}
	if w.By != "" {
		details = append(details, "by", w.By)
	}
	s.giveUp(asFault(k.New(details...), fault.OpLeave))
}
