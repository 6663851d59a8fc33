// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/encoding/protowire"
)

// liveKit is a LiveKit server, spoken to by its signalling protocol: messages of
// livekit_rtc.proto on a WebSocket at /rtc, a connection to publish that the client
// offers, and one to subscribe that the server offers. Of the messages it has the few
// fields that are needed here, by their numbers.
type liveKit struct {
	api         *webrtc.API
	url         string
	key, secret string
}

// Requests and responses, by their number in SignalRequest and SignalResponse.
const (
	askOffer, askAnswer, askTrickle, askAddTrack, askLeave, askPing = 1, 2, 3, 4, 8, 16

	toldJoin, toldAnswer, toldOffer, toldTrickle, toldPublished, toldLeave = 1, 2, 3, 4, 6, 8
)

// message is a protobuf message being written.
type message []byte

func (m message) text(field protowire.Number, s string) message {
	return protowire.AppendString(protowire.AppendTag(m, field, protowire.BytesType), s)
}

func (m message) number(field protowire.Number, n uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), n)
}

func (m message) inner(field protowire.Number, in message) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), in)
}

// fields reads a message: the last value of each field, texts and messages as bytes.
func fields(b []byte) (texts map[protowire.Number][]byte, numbers map[protowire.Number]uint64, err error) {
	texts, numbers = map[protowire.Number][]byte{}, map[protowire.Number]uint64{}
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, nil, protowire.ParseError(n)
		}
		b = b[n:]
		switch kind {
		case protowire.BytesType:
			texts[field], n = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			numbers[field], n = protowire.ConsumeVarint(b)
		default:
			n = protowire.ConsumeFieldValue(field, kind, b)
		}
		if n < 0 {
			return nil, nil, protowire.ParseError(n)
		}
		b = b[n:]
	}
	return texts, numbers, nil
}

func (l *liveKit) join(ctx context.Context, who member) (leave func(), err error) {
	now := time.Now()
	bearer, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": l.key, "sub": who.name, "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(),
		"video": map[string]any{"room": "bench", "roomJoin": true, "canPublish": who.got == nil, "canSubscribe": who.got != nil},
	}).SignedString([]byte(l.secret))
	if err != nil {
		return nil, err
	}
	subscribe := "1"
	if who.got == nil {
		subscribe = "0"
	}
	q := url.Values{"access_token": {bearer}, "protocol": {"15"}, "sdk": {"go"}, "version": {"2.16.0"}, "auto_subscribe": {subscribe}, "os": {"linux"}}
	socket, _, err := websocket.Dial(ctx, l.url+"/rtc?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	socket.SetReadLimit(-1)
	inside, cancel := context.WithCancel(context.Background())
	p := &liveKitPeer{api: l.api, who: who, socket: socket, cancel: cancel, ready: make(chan error, 1)}
	go p.listen(inside)
	go p.ping(inside)
	select {
	case err = <-p.ready:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		p.leave()
		return nil, err
	}
	return p.leave, nil
}

type liveKitPeer struct {
	api    *webrtc.API
	who    member
	socket *websocket.Conn
	cancel context.CancelFunc
	ready  chan error // holds one

	published int

	mu      sync.Mutex // of what follows
	pcs     [2]*webrtc.PeerConnection
	waiting [2]waiting
}

func (p *liveKitPeer) send(ctx context.Context, what protowire.Number, in message) error {
	return p.socket.Write(ctx, websocket.MessageBinary, message(nil).inner(what, in))
}

func (p *liveKitPeer) ping(ctx context.Context) {
	for tick := time.Tick(5 * time.Second); ; {
		select {
		case <-ctx.Done():
			return
		case now := <-tick:
			_ = p.send(ctx, askPing, message(nil).number(1, uint64(now.UnixMilli())))
		}
	}
}

func (p *liveKitPeer) settle(err error) {
	select {
	case p.ready <- err:
	default:
	}
}

func (p *liveKitPeer) listen(ctx context.Context) {
	for {
		_, b, err := p.socket.Read(ctx)
		if err == nil {
			err = p.hear(ctx, b)
		}
		if err != nil {
			p.settle(err)
			return
		}
	}
}

func (p *liveKitPeer) hear(ctx context.Context, b []byte) error {
	told, _, err := fields(b)
	if err != nil {
		return err
	}
	for what, in := range told {
		var texts map[protowire.Number][]byte
		var numbers map[protowire.Number]uint64
		if what == toldOffer || what == toldAnswer || what == toldTrickle {
			if texts, numbers, err = fields(in); err != nil {
				return err
			}
		}
		switch what {
		case toldJoin:
			if err := p.connect(ctx); err != nil {
				return err
			}
			if len(p.who.sources) == 0 {
				p.settle(nil)
			}
		case toldOffer:
			text, err := answer(p.pc(subscribing), &p.waiting[subscribing], string(texts[2]))
			if err != nil {
				return err
			}
			if err := p.send(ctx, askAnswer, message(nil).text(1, "answer").text(2, text).number(3, numbers[3])); err != nil {
				return err
			}
		case toldPublished:
			if p.published++; p.published < len(p.who.sources) {
				continue
			}
			text, err := offer(p.pc(publishing), p.who.sources)
			if err != nil {
				return err
			}
			if err := p.send(ctx, askOffer, message(nil).text(1, "offer").text(2, text)); err != nil {
				return err
			}
		case toldAnswer:
			if err := p.waiting[publishing].described(p.pc(publishing), webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(texts[2])}); err != nil {
				return err
			}
			p.settle(nil)
		case toldTrickle:
			var c webrtc.ICECandidateInit
			if err := json.Unmarshal(texts[1], &c); err != nil {
				return fmt.Errorf("a candidate: %w", err)
			}
			if target := numbers[2]; target == publishing || target == subscribing {
				p.waiting[target].add(p.pc(int(target)), c)
			}
		case toldLeave:
			return errors.New("the server says that it is over")
		}
	}
	return nil
}

func (p *liveKitPeer) pc(target int) *webrtc.PeerConnection {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pcs[target]
}

// connect makes the one connection that is needed, and announces what is to be published.
func (p *liveKitPeer) connect(ctx context.Context) error {
	target := subscribing
	if p.who.got == nil {
		target = publishing
	}
	pc, err := p.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.pcs[target] = pc
	p.mu.Unlock()
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c == nil {
			return
		}
		if text, err := json.Marshal(c.ToJSON()); err == nil {
			_ = p.send(ctx, askTrickle, message(nil).text(1, string(text)).number(2, uint64(target)))
		}
	})
	if p.who.got != nil {
		pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.who.got.count(t) })
		return nil
	}
	if err := publish(ctx, pc, p.who.sources); err != nil {
		return err
	}
	for _, s := range p.who.sources {
		const microphone, camera, high = 2, 1, 2
		track := message(nil).text(1, s.track.ID()).text(2, s.track.ID()).number(13, 1).text(15, s.track.StreamID())
		if s.video {
			layer := message(nil).number(1, high).number(2, 1280).number(3, 720).number(4, 1_500_000)
			track = track.number(3, 1).number(4, 1280).number(5, 720).number(8, camera).inner(9, layer)
		} else {
			track = track.number(3, 0).number(8, microphone)
		}
		if err := p.send(ctx, askAddTrack, track); err != nil {
			return err
		}
	}
	return nil
}

func (p *liveKitPeer) leave() {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	_ = p.send(ctx, askLeave, message(nil).number(2, 1)) // CLIENT_INITIATED
	_ = p.socket.Close(websocket.StatusNormalClosure, "")
	p.cancel()
	for target := range p.pcs {
		if pc := p.pc(target); pc != nil {
			_ = pc.Close()
		}
	}
}
