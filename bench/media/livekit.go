// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
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

func (l *liveKit) with(api *webrtc.API) signalling {
	c := *l
	c.api = api
	return &c
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
	on, err := dial(ctx, l.api, l.url+"/rtc?"+q.Encode(), who)
	if err != nil {
		return nil, err
	}
	p := &liveKitPeer{link: on}
	return on.enter(ctx, participant{
		listen: p.listen, goodbye: p.goodbye,
		every: 5 * time.Second, ping: p.ping,
	})
}

type liveKitPeer struct {
	*link

	published int
}

func (p *liveKitPeer) send(ctx context.Context, what protowire.Number, in message) error {
	return p.socket.Write(ctx, websocket.MessageBinary, message(nil).inner(what, in))
}

func (p *liveKitPeer) ping(ctx context.Context, now time.Time) error {
	return p.send(ctx, askPing, message(nil).number(1, uint64(now.UnixMilli())))
}

func (p *liveKitPeer) goodbye(ctx context.Context) error {
	return p.send(ctx, askLeave, message(nil).number(2, 1)) // CLIENT_INITIATED
}

// listen takes one message.
func (p *liveKitPeer) listen(ctx context.Context) error {
	_, b, err := p.socket.Read(ctx)
	if err != nil {
		return err
	}
	return p.hear(ctx, b)
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
			text, err := p.answer(string(texts[2]))
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
			if err := p.answered(string(texts[2])); err != nil {
				return err
			}
			p.settle(nil)
		case toldTrickle:
			var c webrtc.ICECandidateInit
			if err := json.Unmarshal(texts[1], &c); err != nil {
				return fmt.Errorf("a candidate: %w", err)
			}
			p.candidate(int(numbers[2]), c)
		case toldLeave:
			return errors.New("the server says that it is over")
		}
	}
	return nil
}

// connect makes the one connection that is needed, and announces what is to be published.
func (p *liveKitPeer) connect(ctx context.Context) error {
	target := subscribing
	if p.who.got == nil {
		target = publishing
	}
	pc, err := p.open(target, func(c webrtc.ICECandidateInit) error {
		text, err := json.Marshal(c)
		if err != nil {
			return err
		}
		return p.send(ctx, askTrickle, message(nil).text(1, string(text)).number(2, uint64(target)))
	})
	if err != nil || p.who.got != nil {
		return err
	}
	if err := publish(ctx, pc, p.who.sources); err != nil {
		return err
	}
	for _, s := range p.who.sources {
		const microphone, camera, high = 2, 1, 2
		track := message(nil).text(1, s.track.ID()).text(2, s.track.ID()).number(13, 1).text(15, s.track.StreamID())
		if s.video {
			track = track.number(3, 1).number(4, 1280).number(5, 720).number(8, camera)
			for i := range s.layers {
				quality := uint64(high - len(s.layers) + 1 + i)
				wide := uint64(1280 >> (high - quality))
				layer := message(nil).number(1, quality).number(2, wide).number(3, wide*9/16).number(4, uint64(ladderRates[quality]))
				track = track.inner(9, layer)
			}
		} else {
			track = track.number(3, 0).number(8, microphone)
		}
		if err := p.send(ctx, askAddTrack, track); err != nil {
			return err
		}
	}
	return nil
}
