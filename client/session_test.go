// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

const patience = 15 * time.Second // on a busy machine

// get waits for something that has to come.
func get[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

// until waits for a condition that callbacks bring about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// flows demands packets from now on.
func flows(t *testing.T, tr *client.RemoteTrack) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for began := time.Now(); ; {
		if _, err := tr.ReadRTP(ctx); err != nil {
			t.Fatalf("%s %s: %v", tr.Info().Kind, tr.ID(), err)
		}
		if tr.Stats().LastAt.After(began) {
			return
		}
	}
}

func TestTalking(t *testing.T) {
	s := newSite(t)
	messages, entries := make(chan client.Message, 9), make(chan client.MetadataEntry, 9)
	updates, leaves := make(chan client.Peer, 9), make(chan client.Peer, 9)
	joins := make(chan client.Peer, 9)
	cfg := s.config("host", "Hanna")
	cfg.Metadata = "h"
	cfg.Listener = client.Listener{
		OnMessage: func(m client.Message) { messages <- m }, OnSessionMetadata: func(e client.MetadataEntry) { entries <- e },
		OnPeerUpdate: func(p client.Peer) { updates <- p }, OnPeerLeave: func(p client.Peer) { leaves <- p },
		OnPeerJoin: func(p client.Peer) { joins <- p },
	}
	host := s.join(cfg)
	requests, muteRequests, roles := make(chan client.RoleRequest, 9), make(chan client.MuteRequest, 9), make(chan client.Role, 9)
	gcfg := s.config("guest", "Gus")
	gcfg.Metadata = "g"
	gcfg.Listener = client.Listener{
		OnRoleRequest: func(q client.RoleRequest) { requests <- q },
		OnMuteRequest: func(q client.MuteRequest) { muteRequests <- q },
		OnRoleChange:  func(r client.Role) { roles <- r },
	}
	guest := s.join(gcfg)
	ctx := t.Context()

	if p := get(t, joins, "the guest"); p.Name != "Gus" || p.Metadata != "g" || p.Role != "guest" || p.ID != guest.PeerID() {
		t.Errorf("who joined is %+v", p)
	}
	if ps := guest.Peers(); len(ps) != 1 || ps[0].Name != "Hanna" {
		t.Errorf("the guest sees %+v", ps)
	}
	sent, err := guest.SendMessage(ctx, client.NewMessage{Body: "hello", PeerID: host.PeerID()})
	if err != nil || sent.ID == "" {
		t.Fatal(sent, err)
	}
	if m := get(t, messages, "the message"); m.Body != "hello" || m.From != guest.PeerID() || !m.Private || m.Type != "chat" || m.ID != sent.ID {
		t.Errorf("heard %+v", m)
	}
	if _, err := guest.SendMessage(ctx, client.NewMessage{Body: ""}); !errors.Is(err, fault.ArgumentInvalid) {
		t.Errorf("an empty message: %v", err)
	}
	if _, err := guest.SendMessage(ctx, client.NewMessage{Body: "x", PeerID: "nobody"}); !errors.Is(err, fault.PeerNotFound) {
		t.Errorf("a message to nobody: %v", err)
	}

	if err := host.ObserveSessionMetadata(ctx, "slide"); err != nil {
		t.Fatal(err)
	}
	first, err := guest.SetSessionMetadata(ctx, "slide", map[string]int{"page": 3})
	if err != nil {
		t.Fatal(err)
	}
	for e := get(t, entries, "the entry"); string(e.Data) != `{"page":3}`; e = get(t, entries, "the entry") {
	}
	old := first.Version - 1
	if _, err := guest.ReplaceSessionMetadata(ctx, "slide", 4, old); !errors.Is(err, fault.MetadataConflict) {
		t.Errorf("a stale change: %v", err)
	}
	if e, err := guest.SessionMetadata(ctx, "slide"); err != nil || e.UpdatedBy != guest.PeerID() {
		t.Errorf("%+v %v", e, err)
	}

	if err := guest.RaiseHand(ctx); err != nil {
		t.Fatal(err)
	}
	if p := get(t, updates, "the hand"); !p.HandRaised() {
		t.Errorf("no hand in %+v", p)
	}
	if err := host.LowerPeerHand(ctx, guest.PeerID()); err != nil {
		t.Fatal(err)
	}
	if p := get(t, updates, "the hand"); p.HandRaised() || p.ID != guest.PeerID() {
		t.Errorf("still a hand in %+v", p)
	}
	if err := host.LowerPeerHand(ctx, "nobody"); !errors.Is(err, fault.PeerNotFound) {
		t.Errorf("lowering nobody's hand: %v", err)
	}
	if err := guest.SetName(ctx, "Gustav"); err != nil {
		t.Fatal(err)
	}
	if p := get(t, updates, "the name"); p.Name != "Gustav" {
		t.Errorf("named %+v", p)
	}
	found := 0
	for p, err := range host.FindPeers(ctx, client.PeerFilter{Role: "guest", PageSize: 10}) {
		if found++; err != nil || p.ID != guest.PeerID() {
			t.Errorf("found %+v %v", p, err)
		}
	}
	if found != 1 {
		t.Errorf("found %d guests, want 1", found)
	}
	var all []string
	for p, err := range host.FindPeers(ctx, client.PeerFilter{PageSize: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Name)
	}
	if slices.Sort(all); !slices.Equal(all, []string{"Gustav", "Hanna"}) {
		t.Errorf("page by page: %v", all)
	}

	pub, err := guest.Publish(ctx, client.Pattern())
	if err != nil {
		t.Fatal(err)
	}
	if err := host.MuteTrack(ctx, pub.Info()); err != nil {
		t.Fatal(err)
	}
	if q := get(t, muteRequests, "the mute"); !q.Mute || q.By != host.PeerID() {
		t.Errorf("asked %+v", q)
	}
	until(t, "muting", pub.Muted)

	if err := host.RequestRole(ctx, guest.PeerID(), "viewer"); err != nil {
		t.Fatal(err)
	}
	if err := guest.AcceptRole(ctx, get(t, requests, "the role request")); err != nil {
		t.Fatal(err)
	}
	if r := get(t, roles, "the role"); r.Name != "viewer" || guest.Role().Name != "viewer" {
		t.Errorf("became %s", r.Name)
	}
	guest.Leave()
	if p := get(t, leaves, "the leaving"); p.ID != guest.PeerID() {
		t.Errorf("left: %+v", p)
	}
	if host.State() != client.StateJoined || guest.State() != client.StateEnded || guest.Err() != nil {
		t.Error(host.State(), guest.State(), guest.Err())
	}
}

func TestSubscribing(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	src, layers := client.SimulcastPattern()
	video, err := host.Publish(t.Context(), src, layers)
	if err != nil {
		t.Fatal(err)
	}
	audio, err := host.Publish(t.Context(), client.Tone(), client.WithDescription("voice"))
	if err != nil {
		t.Fatal(err)
	}
	tracks, ends := make(chan *client.RemoteTrack, 9), make(chan *client.RemoteTrack, 9)
	updates := make(chan *client.RemoteTrack, 9)
	cfg := s.config("guest", "guest")
	cfg.Listener = client.Listener{
		OnTrack: func(t *client.RemoteTrack) { tracks <- t }, OnTrackEnd: func(t *client.RemoteTrack) { ends <- t },
		OnTrackUpdate: func(t *client.RemoteTrack) { updates <- t },
	}
	guest := s.join(cfg)
	var v, a *client.RemoteTrack
	for range 2 {
		if tr := get(t, tracks, "a track"); tr.Info().Kind == "video" {
			v = tr
		} else {
			a = tr
		}
	}
	if v == nil || a == nil || v.Info().PeerID != host.PeerID() || a.Info().Description != "voice" {
		t.Fatalf("%+v %+v", v, a)
	}
	flows(t, a) // audio comes unasked
	// Video comes when it is asked for, in the size that is asked for.
	for _, c := range []struct {
		layer client.Layer
		width int
	}{{client.LayerLow, 160}, {client.LayerHigh, 640}} {
		if err := v.SetLayer(t.Context(), c.layer); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		for width := 0; width != c.width; {
			p, err := v.ReadRTP(ctx)
			if err != nil {
				t.Fatalf("layer %s: %v", c.layer, err)
			}
			if w := vp8Width(p.Payload); w != 0 {
				width = w
			}
		}
		cancel()
	}
	if codec, ok := v.Codec(); !ok || codec.MimeType != "video/VP8" {
		t.Errorf("codec %+v", codec)
	}
	if err := v.SetLayer(t.Context(), "huge"); !errors.Is(err, fault.ArgumentInvalid) {
		t.Errorf("a layer that is none: %v", err)
	}

	if err := audio.SetMuted(true); err != nil {
		t.Fatal(err)
	}
	if tr := get(t, updates, "the mute"); tr != a || !tr.Info().Muted {
		t.Errorf("updated %+v", tr.Info())
	}
	quiet := audio.PacketsSent()
	time.Sleep(100 * time.Millisecond) // five frames long
	if audio.PacketsSent() > quiet+1 {
		t.Errorf("%d packets left while muted", audio.PacketsSent()-quiet)
	}
	if err := audio.SetMuted(false); err != nil {
		t.Fatal(err)
	}
	flows(t, a)

	lost := a.Stats().Lost
	if lost > 2 {
		t.Errorf("muting looks like %d packets lost", lost)
	}
	if err := video.Unpublish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if tr := get(t, ends, "the end"); tr != v {
		t.Errorf("ended %s", tr.Info().Kind)
	}
	for {
		if _, err := v.ReadRTP(t.Context()); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			break
		}
	}
	if err := v.SetLayer(t.Context(), client.LayerLow); !errors.Is(err, fault.TrackNotFound) {
		t.Errorf("asking for an ended track: %v", err)
	}
	again, err := host.Publish(t.Context(), src, layers) // the source is free again
	if err != nil || again.Info().ID != video.Info().ID {
		t.Error(err)
	}
	_ = guest
}

// vp8Width is the width that a key frame's first packet tells (RFC 7741, 4.2
// and RFC 6386, 9.1), else 0.
func vp8Width(b []byte) int {
	if len(b) < 1 || b[0]&0x10 == 0 || b[0]&0x07 != 0 {
		return 0
	}
	n := 1
	if b[0]&0x80 != 0 {
		x := b[1]
		n++
		if x&0x80 != 0 {
			if b[n]&0x80 != 0 {
				n++
			}
			n++
		}
		if x&0x40 != 0 {
			n++
		}
		if x&0x30 != 0 {
			n++
		}
	}
	if len(b) < n+10 || b[n]&1 != 0 {
		return 0
	}
	return (int(b[n+6]) | int(b[n+7])<<8) & 0x3fff
}

func TestPreview(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	l, err := client.StartPreview(t.Context(), s.config("guest", "guest"))
	if err != nil {
		t.Fatal(err)
	}
	if l.Role().Name != "guest" {
		t.Errorf("role %s", l.Role().Name)
	}
	until(t, "seeing the host", func() bool { return len(l.Peers()) == 1 && l.Peers()[0].ID == host.PeerID() })
	if n := len(host.Peers()); n != 0 {
		t.Errorf("the host sees %d peers of a preview", n)
	}
	guest, err := l.Join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Leave()
	if _, err := l.Join(t.Context()); !errors.Is(err, fault.ClientAlreadyJoined) {
		t.Errorf("joining twice: %v", err)
	} else if client.Describe(err).Terminal || guest.State() != client.StateJoined {
		t.Errorf("joining twice ends the session: %v, %s", client.Describe(err).Terminal, guest.State())
	}
	if d := client.Describe(fault.ClientAlreadyJoined); d.Code != 5001 {
		t.Errorf("code %d", d.Code)
	}
	until(t, "joining", func() bool { return len(host.Peers()) == 1 })
}

func TestRoomCode(t *testing.T) {
	s := newSite(t)
	cfg := s.config("guest", "coder")
	cfg.Token, cfg.RoomCode = "", s.demo.Codes["guest"]
	if r := s.join(cfg); r.Role().Name != "guest" {
		t.Errorf("role %s", r.Role().Name)
	}
	cfg.RoomID = s.demo.ID
	s.join(cfg)
	cfg.RoomID = "000000000000000000000000"
	fails(t, cfg, fault.RoomNotFound, client.Describe(fault.RoomNotFound).Code, false, quick)
	cfg.RoomID, cfg.RoomCode = "", "no-such-code"
	fails(t, cfg, fault.CodeNotFound, client.Describe(fault.CodeNotFound).Code, false, quick)
}

// TestCallbacksInOrder lets one peer say a hundred things and demands that
// another hears them in order, one at a time, and nothing after Leave.
func TestCallbacksInOrder(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	var heard []string
	busy := false
	done := make(chan struct{})
	cfg := s.config("guest", "guest")
	var guest *client.Room
	ready := make(chan struct{})
	cfg.Listener.OnMessage = func(m client.Message) {
		<-ready
		if busy {
			t.Error("two callbacks at once")
		}
		busy = true
		heard = append(heard, m.Body)
		busy = false
		if m.Body == "99" {
			guest.Leave() // from a callback
			close(done)
		}
	}
	guest = s.join(cfg)
	close(ready)
	want := make([]string, 0, 101)
	for i := range 101 {
		body := strconv.Itoa(i)
		want = append(want, body)
		if _, err := host.SendMessage(t.Context(), client.NewMessage{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	get(t, done, "the last message")
	if !slices.Equal(heard, want[:100]) {
		t.Errorf("heard %v", heard)
	}
}

func TestContextLeaves(t *testing.T) {
	s := newSite(t)
	left := make(chan client.Peer, 1)
	cfg := s.config("host", "host")
	cfg.Listener.OnPeerLeave = func(p client.Peer) { left <- p }
	s.join(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	guest, err := client.Join(ctx, s.config("guest", "guest"))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	get(t, left, "the leaving")
	<-guest.Done()
	guest.Leave()
	if guest.Err() != nil {
		t.Error(guest.Err())
	}
}

// TestTracksComeAndGo publishes and withdraws one after the other without pause:
// the server uses media sections again that have rested through several offers.
func TestTracksComeAndGo(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	w := watch()
	cfg := s.config("guest", "guest")
	cfg.Listener, cfg.AutoSubscribe = w.listener(), client.LayerHigh
	s.join(cfg)
	for i := range 12 {
		src := client.Pattern()
		if i%3 == 1 {
			src = client.Tone()
		}
		pub, err := host.Publish(t.Context(), src)
		if err != nil {
			t.Fatal(err)
		}
		flows(t, get(t, w.tracks, "the track"))
		if err := pub.Unpublish(t.Context()); err != nil {
			t.Fatal(err)
		}
		get(t, w.trackEnds, "the end")
	}
}
