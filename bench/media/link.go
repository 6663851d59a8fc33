// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"
)

// The two connections of a participant, as candidates name them.
const (
	publishing = iota
	subscribing
)

// link is what joins one participant to a server of either kind: a socket, and up to two
// connections for media.
type link struct {
	api    *webrtc.API
	who    member
	socket *websocket.Conn
	ready  chan error // how the join has ended; holds one

	mu      sync.Mutex // of what follows
	pcs     [2]*webrtc.PeerConnection
	waiting [2]waiting
}

// participant is what a kind of server is told, and how it is heard.
type participant struct {
	listen  func(ctx context.Context) error // takes one message
	goodbye func(ctx context.Context) error
	every   time.Duration // between two pings
	ping    func(ctx context.Context, now time.Time) error
}

func dial(ctx context.Context, api *webrtc.API, url string, who member) (*link, error) {
	socket, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	socket.SetReadLimit(-1)
	return &link{api: api, who: who, socket: socket, ready: make(chan error, 1)}, nil
}

// enter has a participant listen and ping until it leaves, and returns when its join has
// settled.
func (l *link) enter(ctx context.Context, p participant) (leave func(), err error) {
	inside, cancel := context.WithCancel(context.Background())
	go func() {
		for {
			if err := p.listen(inside); err != nil {
				l.settle(err)
				return
			}
		}
	}()
	go func() {
		for tick := time.Tick(p.every); ; {
			select {
			case <-inside.Done():
				return
			case now := <-tick:
				_ = p.ping(inside, now)
			}
		}
	}()
	leave = func() {
		ending, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		_ = p.goodbye(ending)
		_ = l.socket.Close(websocket.StatusNormalClosure, "")
		cancel()
		for target := range l.pcs {
			if pc := l.pc(target); pc != nil {
				_ = pc.Close()
			}
		}
	}
	select {
	case err = <-l.ready:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// settle tells how the join has ended, once.
func (l *link) settle(err error) {
	select {
	case l.ready <- err:
	default:
	}
}

func (l *link) pc(target int) *webrtc.PeerConnection {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pcs[target]
}

// open makes a connection whose candidates are told. What arrives on the subscribing one
// is counted.
func (l *link) open(target int, tell func(webrtc.ICECandidateInit) error) (*webrtc.PeerConnection, error) {
	pc, err := l.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.pcs[target] = pc
	l.mu.Unlock()
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			_ = tell(c.ToJSON())
		}
	})
	if target == subscribing && l.who.got != nil {
		pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { l.who.got.take(pc, t) })
	}
	return pc, nil
}

// candidate takes one of the server's for a connection; one for none is passed over.
func (l *link) candidate(target int, c webrtc.ICECandidateInit) {
	if target == publishing || target == subscribing {
		l.waiting[target].add(l.pc(target), c)
	}
}

// answered takes the server's answer to what is published.
func (l *link) answered(sdp string) error {
	return l.waiting[publishing].described(l.pc(publishing), webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
}

// answer answers the server's offer of what is subscribed to.
func (l *link) answer(offer string) (string, error) {
	pc := l.pc(subscribing)
	if err := l.waiting[subscribing].described(pc, webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	a, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	return a.SDP, pc.SetLocalDescription(a)
}
