// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/redial-rtc/redial/fault"
)

// How long one ICE restart may take before the next is tried.
const restartPatience = 6 * time.Second

// losePath reports a connection lost, unless it belongs to a pair that was
// replaced.
func (s *session) losePath(m *media, p path, why *fault.Error) {
	s.mu.Lock()
	mine := m == s.media && s.entered && s.state != StateEnded
	s.mu.Unlock()
	if !mine || s.rec.isLost(p) {
		return
	}
	event, action := "publish.failed", "PUBLISH"
	try := s.restartPublish
	if p == subscribePath {
		event, action = "subscribe.failed", "SUBSCRIBE"
		try = s.awaitSubscribe
	}
	s.rep.failed(event, action, ending(why, why.Op, false), false)
	s.rec.lose(p, why, try)
}

// restartPublish restarts ICE of the publishing connection (RFC 8445, 2.4).
func (s *session) restartPublish(ctx context.Context) error {
	l, err := s.ready(ctx, fault.OpPublish)
	if err != nil {
		return err
	}
	if err := s.lockNegotiation(ctx); err != nil {
		return err
	}
	m := s.currentMedia()
	if m == nil {
		s.unlockNegotiation()
		return fault.ClientNotConnected.New()
	}
	if opt, needed := anotherOffer(m.pub); needed {
		err = s.negotiate(ctx, l, m, opt)
	}
	s.unlockNegotiation()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, restartPatience)
	defer cancel()
	return m.connected(ctx, publishPath)
}

// anotherOffer tells whether a lost publishing connection needs an offer, and of what
// kind. One that is on its way up needs none: new credentials would only begin anew, and
// the server, which takes them for a lost path, would restart its own connection too.
func anotherOffer(pc *webrtc.PeerConnection) (opt *webrtc.OfferOptions, needed bool) {
	switch pc.ConnectionState() {
	case webrtc.PeerConnectionStateConnected, webrtc.PeerConnectionStateConnecting:
		return nil, false
	case webrtc.PeerConnectionStateNew: // until some time after the answer
		return nil, pc.CurrentRemoteDescription() == nil
	}
	return &webrtc.OfferOptions{ICERestart: true}, true
}

// awaitSubscribe waits for the server to restart ICE of its connection.
func (s *session) awaitSubscribe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restartPatience)
	defer cancel()
	m := s.currentMedia()
	if m == nil {
		return fault.ClientNotConnected.New()
	}
	return m.connected(ctx, subscribePath)
}

// attemptTimeout bounds one attempt to resume, so that a dead path is not
// waited for when it has become a good one.
const (
	attemptTimeout = 12 * time.Second
	dialTimeout    = 2500 * time.Millisecond
)

// resume connects as the same peer and brings the server up to date.
func (s *session) resume(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	l, err := s.connect(ctx, s.httpQuick)
	if err != nil {
		return err
	}
	err = s.resumeOn(ctx, l)
	if err != nil {
		s.discard(l)
		return err
	}
	ended, err := s.adopt(l)
	if ended || err != nil {
		return err
	}
	s.settle()
	_ = l.notify("track-update", map[string]any{"tracks": s.wireTracks()})
	return nil
}

// adopt makes a socket that continues the session its own, and tells whether the
// session has ended meanwhile.
func (s *session) adopt(l *link) (ended bool, err error) {
	s.mu.Lock()
	old := s.link
	ended = s.state == StateEnded
	s.link, s.coming = l, nil
	select {
	case <-s.linkUp:
	default:
		close(s.linkUp)
	}
	dead := l.ctx.Err() != nil
	s.mu.Unlock()
	if old != nil {
		old.drop()
	}
	if ended {
		l.drop()
		return true, nil
	}
	if dead { // already, and nobody was told since it was not ours yet
		return false, asFault(l.gone(), fault.OpReconnect)
	}
	return false, nil
}

// listPatience is how long a server that knows the peer may take to show it the
// room before it is asked.
const listPatience = 2 * time.Second

func (s *session) resumeOn(ctx context.Context, l *link) error {
	err := s.awaitFor(ctx, l, s.listed, "peer-list", listPatience)
	listed := err == nil
	// To a server that has forgotten the peer it is somebody new, who has yet to
	// join. An offer makes it say so.
	if err != nil && !errors.Is(err, fault.SignalSilent) {
		return err
	}
	if err := s.lockNegotiation(ctx); err != nil {
		return err
	}
	defer s.unlockNegotiation()
	m := s.currentMedia()
	if m == nil {
		return fault.ClientNotConnected.New()
	}
	var opt *webrtc.OfferOptions
	switch m.pub.ConnectionState() {
	case webrtc.PeerConnectionStateDisconnected, webrtc.PeerConnectionStateFailed:
		opt = &webrtc.OfferOptions{ICERestart: true}
	}
	err = s.negotiate(ctx, l, m, opt)
	if !errors.Is(err, fault.NodeMoved) {
		s.mu.Lock()
		why := s.refusal
		s.mu.Unlock()
		switch {
		case err != nil && why != nil:
			return why
		case err != nil || listed:
			return err
		}
		return s.await(ctx, l, s.listed, "peer-list")
	}
	select {
	case node := <-s.moved:
		return s.migrate(ctx, l, m, node)
	case <-l.ctx.Done():
		return l.gone()
	case <-ctx.Done():
		return fault.SignalSilent.New("waiting_for", "node-info")
	}
}

// heardNode hears that the media is at another node, or at the same one after
// it was restarted.
func (s *session) heardNode(l *link, node string) {
	s.mu.Lock()
	same, m := node == "" || s.media == nil || node == s.node, s.media
	resuming := l == s.coming
	s.mu.Unlock()
	switch {
	case same:
	case resuming:
		drain(s.moved)
		s.moved <- node
	default:
		s.spawn(func() {
			ctx, cancel := context.WithTimeout(s.ctx, attemptTimeout)
			defer cancel()
			err := s.lockNegotiation(ctx)
			if err == nil {
				err = s.migrate(ctx, l, m, node)
				s.unlockNegotiation()
			}
			if err != nil && l.ctx.Err() == nil {
				l.fail(asFault(err, fault.OpReconnect)) // begin anew with another socket
			}
		})
	}
}

// returnWindow is how long peers that were here before the server was restarted
// may take to come back before they count as gone.
const returnWindow = 10 * time.Second

// migrate builds both connections anew for another node and publishes and
// subscribes to what was before. The negotiation is locked.
func (s *session) migrate(ctx context.Context, l *link, old *media, node string) error {
	m, err := newMedia(s, node)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.state == StateEnded || s.media != old {
		s.mu.Unlock()
		m.close()
		return fault.ClientNotConnected.New()
	}
	s.media, s.node = m, node
	s.roster.lenientUntil = time.Now().Add(returnWindow)
	s.mu.Unlock()
	s.spawn(old.close)
	s.spawn(func() { s.settleAfter(returnWindow) })
	moved := asFault(fault.NodeMoved.New("node", node), fault.OpReconnect)
	s.rec.lose(publishPath, moved, s.restartPublish)
	s.rec.lose(subscribePath, moved, s.awaitSubscribe)
	for _, p := range s.publications() {
		if err := p.add(m); err != nil {
			return err
		}
	}
	return s.negotiate(ctx, l, m, nil)
}

// settleAfter lets go of those who did not come back.
func (s *session) settleAfter(after time.Duration) {
	if !sleep(s.ctx, after) {
		return
	}
	s.settle()
}
