// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package wiretest is a wire in a hundred lines, for tests: one line of text a
// frame, over any connection. It shows what a wire needs, and holds that another
// one needs nothing but a package of its own.
//
// A client says "join TOKEN PEER NAME", "publish TRACK KIND OFFER", "answer
// SDP", "say TEXT" and "leave"; descriptions are JSON strings. It hears "inside",
// "published SDP", "offer SDP", "peer ID NAME", "gone ID", "said NAME TEXT",
// "loud NAME", "end FAULT" and "refused FAULT".
package wiretest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
)

// Serve speaks to one client until its connection ends. The participant is only
// known from the first line on.
func Serve(all *participant.Service, conn net.Conn) {
	s := line{conn}
	defer conn.Close()
	in := bufio.NewScanner(conn)
	in.Buffer(nil, 1<<20)
	if !in.Scan() {
		return
	}
	word, rest, _ := strings.Cut(in.Text(), " ")
	args := strings.SplitN(rest, " ", 3)
	if word != "join" || len(args) != 3 {
		s.say("refused", fault.NotJoined.ID)
		return
	}
	v, err := all.Admit(context.Background(), participant.Request{Token: args[0], Peer: args[1], Address: conn.RemoteAddr().String()})
	var p *participant.Participant
	if err == nil {
		p, err = all.Enter(v, func(p *participant.Participant) participant.Wire {
			return &wire{p: p, tracks: map[room.TrackID]room.Track{}}
		})
	}
	if f := fault.From(err, fault.OpJoin); f != nil {
		all.TurnAway(v, f)
		s.say("refused", f.Kind.ID)
		return
	}
	w, ours := p.Wire().(*wire)
	if !ours || !p.Attach(s, v) {
		s.say("refused", fault.PeerGone.ID)
		return
	}
	p.Post(func() { w.finish("join", fault.OpJoin, w.join(args[2])) })
	for in.Scan() {
		text := in.Text()
		p.Post(func() { w.receive(text) })
	}
	p.Post(func() { p.Detached(s, false, websocket.StatusAbnormalClosure) })
}

// line is a connection as participants know sockets.
type line struct{ net.Conn }

func (l line) say(words ...string) { _, _ = fmt.Fprintln(l.Conn, strings.Join(words, " ")) }

func (l line) Close(websocket.StatusCode, string) { _ = l.Conn.Close() }
func (l line) Drop()                              { _ = l.Conn.Close() }
func (l line) Probe(time.Duration)                {}
func (l line) Evidence() *evidence.Socket         { return &evidence.Socket{} }
func (l line) Slow(string)                        { _ = l.Conn.Close() }

// wire is the side of one participant. Each track that it publishes has a
// connection of its own; it receives sound only.
type wire struct {
	p      *participant.Participant
	out    line
	tracks map[room.TrackID]room.Track
	sub    *participant.Subscription
}

func (w *wire) Greet(c participant.Socket)      { w.out = c.(line) }
func (w *wire) Parted()                         {}
func (w *wire) Closed()                         {}
func (w *wire) End(f *fault.Error)              { w.out.say("end", f.Kind.ID) }
func (w *wire) CloseMedia(participant.MediaEnd) { w.sub = nil }

// Update implements participant.Wire.
func (w *wire) Update(u room.Update, _ *room.Shared) {
	switch u := u.(type) {
	case room.StateSync:
		for _, peer := range u.Snapshot.Peers {
			w.out.say("peer", string(peer.ID), peer.Name)
		}
	case room.PeerJoined:
		w.out.say("peer", string(u.Peer.ID), u.Peer.Name)
	case room.PeerLeft:
		w.out.say("gone", string(u.Peer.ID))
	case room.MessageSent:
		if u.Message.From != nil {
			w.out.say("said", u.Message.From.Name, u.Message.Body)
		}
	case room.SpeakersChanged:
		for _, s := range u.Speakers {
			w.out.say("loud", string(s.PeerID))
		}
	}
}

// join lets the peer in, and subscribes it to sound only.
func (w *wire) join(name string) error {
	err := w.p.Join(w.p.Context(), participant.Profile{Name: name}, func() (err error) {
		w.sub, err = w.p.Media().OpenSubscription(participant.SubscriptionOptions{
			Wants: func(src room.SourceReady) bool { return src.Track.Kind == room.Audio },
			Offer: func(d webrtc.SessionDescription) { w.out.say("offer", quote(d.SDP)) },
		})
		return err
	})
	if err == nil {
		w.out.say("inside")
		w.p.Refresh()
		w.sub.Start()
	}
	return err
}

func (w *wire) receive(text string) {
	word, rest, _ := strings.Cut(text, " ")
	ctx := w.p.Context()
	switch word {
	case "publish":
		w.finish(word, fault.OpPublish, w.publish(ctx, rest))
	case "answer":
		w.finish(word, fault.OpSubscribe, w.sub.Answer(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: unquote(rest)}))
	case "say":
		_, err := w.p.Room().Send(ctx, w.p.ID(), room.Message{Type: "chat", Body: rest})
		w.finish(word, fault.OpMessage, err)
	case "leave":
		w.p.Leave("left")
	default:
		w.finish(word, fault.OpConnect, fault.MethodUnknown.New("method", word))
	}
}

// publish takes a track on a connection of its own.
func (w *wire) publish(ctx context.Context, rest string) error {
	args := strings.SplitN(rest, " ", 3)
	if len(args) != 3 {
		return fault.FieldMissing.New("field", "offer")
	}
	pub, err := w.p.Media().OpenPublication(participant.PublicationOptions{})
	if err != nil {
		return err
	}
	answer, err := pub.Answer(ctx, webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: unquote(args[2])})
	if err != nil {
		w.p.Media().ClosePublication(pub)
		return err
	}
	w.tracks[room.TrackID(args[0])] = room.Track{ID: room.TrackID(args[0]), StreamID: args[0], Kind: args[1], Source: room.SourceRegular}
	list := make([]room.Track, 0, len(w.tracks))
	for _, t := range w.tracks {
		list = append(list, t)
	}
	if _, err := w.p.Media().Publish(ctx, list); err != nil {
		return err
	}
	w.out.say("published", quote(answer.SDP))
	return nil
}

// finish is the one way out of a refusal.
func (w *wire) finish(word string, op fault.Op, err error) {
	if f := fault.From(err, op); f != nil {
		w.p.Events().Refused(word, op, f)
		w.out.say("refused", f.Kind.ID)
	}
}

func quote(s string) string { b, _ := json.Marshal(s); return string(b) }

func unquote(s string) (out string) { _ = json.Unmarshal([]byte(s), &out); return out }
