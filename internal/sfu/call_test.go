// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
)

// wantsKey tells a source whether the server has asked its browser for a key
// frame.
func (s *sender) wantsKey(id string) func() bool {
	return func() bool {
		tr := s.pub.Track(id)
		if tr == nil {
			return false
		}
		for i := range tr.layers {
			if l := tr.layers[i].Load(); l != nil && l.wantKey.Load() {
				return true
			}
		}
		return false
	}
}

// camera publishes and keeps sending.
func (s *sender) camera(mime, id string) (*source, *Track) {
	s.t.Helper()
	src := s.publish(mime, id)
	tr := receiveFrom(s.t, "OnTrack", s.tracks)
	src.pump(20*time.Millisecond, 3, s.wantsKey(id))
	return src, tr
}

func readRTP(t testing.TB, r *webrtc.TrackRemote) *rtp.Packet {
	t.Helper()
	_ = r.SetReadDeadline(time.Now().Add(patience))
	p, _, err := r.ReadRTP()
	if err != nil {
		t.Fatalf("no packet: %v", err)
	}
	return p
}

func (s *source) wrote(payload []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.sent {
		if bytes.Equal(b, payload) {
			return true
		}
	}
	return false
}

// What is published arrives byte for byte, in order and without gaps.
func TestPublishSubscribe(t *testing.T) {
	for _, mime := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeOpus} {
		t.Run(mime, func(t *testing.T) {
			e := newEngine(t)
			s := newSender(t, e)
			s.negotiate(nil) // the data channel alone comes first
			src, tr := s.camera(mime, "camera")
			if tr.ID() != "camera" || tr.StreamID() != "stream-camera" || s.pub.Track("camera") != tr {
				t.Fatalf("track %q of stream %q", tr.ID(), tr.StreamID())
			}
			v := newViewer(t, e).start()
			remote := v.add(tr)
			if remote.ID() != "camera" || remote.StreamID() != "stream-camera" {
				t.Fatalf("arrived as %q of %q", remote.ID(), remote.StreamID())
			}
			first := readRTP(t, remote)
			for i := range 60 {
				p := readRTP(t, remote)
				if p.SequenceNumber != first.SequenceNumber+uint16(i)+1 {
					t.Fatalf("number %d after %d", p.SequenceNumber, first.SequenceNumber+uint16(i))
				}
				if !src.wrote(p.Payload) {
					t.Fatalf("packet %d was never sent like this", p.SequenceNumber)
				}
			}
			if mime == webrtc.MimeTypeVP8 && (first.Payload[0]&0x10 == 0 || first.Payload[6]&1 != 0) {
				t.Error("the first packet does not begin a key frame")
			}
		})
	}
}

// A video is not sent before a layer was asked for, nor after it was given up.
func TestPause(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	_, video := s.camera(webrtc.MimeTypeVP8, "camera")
	_, audio := s.camera(webrtc.MimeTypeOpus, "mic")
	v := newViewer(t, e).start()
	for _, tr := range []*Track{video, audio} {
		if err := v.sub.Add(tr, AddOptions{Paused: true}); err != nil {
			t.Fatal(err)
		}
	}
	count := func(id string) func() uint64 {
		return func() uint64 {
			for _, d := range v.sub.Stats().Tracks {
				if d.TrackID == id {
					return d.Packets
				}
			}
			return 0
		}
	}
	until(t, "both negotiated", func() bool {
		st := v.sub.Stats()
		return len(st.Tracks) == 2 && st.Tracks[0].State == ForwardPaused && st.Tracks[1].State == ForwardPaused &&
			st.Connection.State == StateConnected
	})
	for id, set := range map[string]func(bool) error{
		"camera": func(on bool) error {
			if on {
				return v.sub.SetLayer("camera", LayerLow) // any layer means "send"
			}
			return v.sub.SetLayer("camera", LayerNone)
		},
		"mic": func(on bool) error { return v.sub.SetPaused("mic", !on) },
	} {
		packets := count(id)
		if n := packets(); n != 0 {
			t.Errorf("%s: %d packets while paused", id, n)
		}
		for range 2 {
			before := packets()
			if err := set(true); err != nil {
				t.Fatal(err)
			}
			until(t, id+" flows", func() bool { return packets() > before+10 })
			if err := set(false); err != nil {
				t.Fatal(err)
			}
			d, _ := v.sub.find(id)
			until(t, id+" stops", func() bool { return d.current.Load() == nil })
		}
	}
	if err := v.sub.SetLayer("nobody", LayerHigh); !isFault(err, fault.TrackNotFound) {
		t.Errorf("unknown track: %v", err)
	}
}

func isFault(err error, k *fault.Kind) bool {
	e := fault.From(err, "")
	return e != nil && e.Kind == k
}

// What a viewer's network loses is repeated, and what a publisher's network
// loses is asked for.
func TestLossIsRepaired(t *testing.T) {
	noRTX := func(_ *webrtc.SettingEngine, m *webrtc.MediaEngine, _ *interceptor.Registry) {
		*m = webrtc.MediaEngine{}
		c := webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
		}}
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		sender, viewer []clientChange
		rtx            bool
	}{
		"with retransmission streams":    {rtx: true},
		"without retransmission streams": {sender: []clientChange{noRTX}, viewer: []clientChange{noRTX}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t)
			up, down := newLossy(t), newLossy(t)
			s := newSender(t, e, append(test.sender, over(up), repeats(t))...)
			_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
			v := newViewer(t, e, append(test.viewer, over(down), asks(t))...).start()
			remote := v.add(tr)
			readRTP(t, remote)
			up.out.Store(everyNth(17))
			down.in.Store(everyNth(13))
			got := map[uint16]bool{}
			first := readRTP(t, remote).SequenceNumber
			last, viaRTX := first, 0
			for len(got) < 600 {
				_ = remote.SetReadDeadline(time.Now().Add(patience))
				p, attr, err := remote.ReadRTP()
				if err != nil {
					t.Fatal(err)
				}
				if attr.Get(webrtc.AttributeRtxSsrc) != nil {
					viaRTX++
				}
				if int16(p.SequenceNumber-first) >= 0 {
					got[p.SequenceNumber] = true
				}
				if int16(p.SequenceNumber-last) > 0 {
					last = p.SequenceNumber
				}
			}
			missing := 0
			for seq := first + 1; seq != last-50; seq++ { // the latest may still be on their way
				if !got[seq] {
					missing++
				}
			}
			st := v.sub.Stats().Tracks[0]
			in := s.pub.Stats().Tracks[0].Layers[0]
			t.Logf("publisher: %d received, %d lost, %d asked for", in.Packets, in.Lost, in.NACKs)
			t.Logf("missing %d, asked for %d, repeated %d, by retransmission stream %d", missing, st.NACKs, st.Retransmissions, viaRTX)
			// One in thirteen was lost. The test's own peer drops a few repeats that
			// come faster than it reads.
			if missing > 3 || st.Retransmissions == 0 || (viaRTX > 0) != test.rtx {
				t.Error("the loss was not repaired as it should")
			}
		})
	}
}

// A viewer that comes late asks for a key frame and begins with it.
func TestLateViewer(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	src, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	until(t, "a while", func() bool {
		l := tr.layers[3].Load()
		return l != nil && l.packets.Load() > 60
	})
	_ = src
	v := newViewer(t, e).start()
	p := readRTP(t, v.add(tr))
	if p.Payload[0]&0x10 == 0 || p.Payload[6]&1 != 0 {
		t.Error("the first packet does not begin a key frame")
	}
	if n := tr.layers[3].Load().asks.Load(); n == 0 {
		t.Error("nobody asked for it")
	}
}

// A withdrawn track ends; its section is used again for the next one.
func TestTrackRemoved(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	v := newViewer(t, e).start()
	sections := 0
	for i := range 4 {
		id := fmt.Sprint("camera-", i)
		src := s.publish(webrtc.MimeTypeVP8, id)
		tr := receiveFrom(t, "OnTrack", s.tracks)
		stop := src.pump(20*time.Millisecond, 2, s.wantsKey(id))
		readRTP(t, v.add(tr))
		stop()
		if err := s.pc.RemoveTrack(src.sender); err != nil {
			t.Fatal(err)
		}
		s.negotiate(nil)
		if got := receiveFrom(t, "OnTrackEnd", s.ends); got != id {
			t.Fatalf("%s ended", got)
		}
		receiveFrom(t, "Done", tr.Done())
		if s.pub.Track(id) != nil {
			t.Error("still listed")
		}
		if err := v.sub.Remove(id); err != nil {
			t.Fatal(err)
		}
		until(t, "the removal is agreed", func() bool {
			v.sub.nego.turn.Lock()
			defer v.sub.nego.turn.Unlock()
			return len(v.sub.nego.freed) == 1
		})
		sections = mediaSections(v.sub)
	}
	if sections != 1 {
		t.Errorf("%d sections for one track at a time", sections)
	}
	if err := v.sub.Remove("camera-0"); !isFault(err, fault.TrackNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

// The peer is never offered anything while it owes an answer.
func TestOneOfferAtATime(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	v := newViewer(t, e)
	v.muted = true
	v.start()
	offers := func() int {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.offers
	}
	until(t, "the first offer", func() bool { return offers() == 1 })
	var remote []*Track
	for i := range 3 {
		_, tr := s.camera(webrtc.MimeTypeVP8, fmt.Sprint("camera-", i))
		remote = append(remote, tr)
		if err := v.sub.Add(tr, AddOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := v.sub.Add(tr, AddOptions{}); err != nil { // twice is once
			t.Fatal(err)
		}
		if err := v.sub.SetLayer(tr.ID(), LayerHigh); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(10 * debounce)
	if n := offers(); n != 1 {
		t.Fatalf("%d offers while one is outstanding", n)
	}
	// The signalling was replaced: the same offer comes again.
	v.mu.Lock()
	v.muted = false
	v.mu.Unlock()
	if err := v.sub.Resend(); err != nil {
		t.Fatal(err)
	}
	for range remote {
		receiveFrom(t, "the track at the viewer", v.tracks)
	}
	// The first, the first again, and one for all three tracks.
	if n := offers(); n != 3 {
		t.Errorf("%d offers, want 3", n)
	}
	if err := v.sub.Answer(*v.pc.LocalDescription()); err != nil { // nobody waits for it
		t.Errorf("a repeated answer: %v", err)
	}
	if err := v.sub.Resend(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * debounce)
	if n := offers(); n != 3 {
		t.Errorf("an answered offer was sent again")
	}
}

// A browser restarts ICE on its publishing connection and nothing is lost for good.
func TestPublisherRestart(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	v := newViewer(t, e).start()
	remote := v.add(tr)
	readRTP(t, remote)
	until(t, "connected", func() bool { return s.pub.State() == StateConnected })
	for range 2 {
		s.negotiate(&webrtc.OfferOptions{ICERestart: true})
		until(t, "connected again", func() bool { return s.pub.State() == StateConnected })
		before := tr.layers[3].Load().packets.Load()
		until(t, "packets", func() bool { return tr.layers[3].Load().packets.Load() > before+20 })
	}
	if n := s.pub.Stats().Connection.Restarts; n != 2 {
		t.Errorf("%d restarts", n)
	}
	readRTP(t, remote)
	select {
	case id := <-s.ends:
		t.Errorf("%s ended", id)
	default:
	}
}

// quick makes a lost path noticed soon.
func quick(e *Engine) *Engine {
	e.times = timing{
		disconnected: 500 * time.Millisecond, failed: 700 * time.Millisecond, keepalive: 100 * time.Millisecond, listen: time.Minute, secure: 900 * time.Millisecond, slow: 800 * time.Millisecond,
		restartAfter: 300 * time.Millisecond, restartEvery: 600 * time.Millisecond,
	}
	return e
}

// A viewer whose network went away is offered restarts until it is back, and
// then gets a key frame.
func TestSubscriberRestart(t *testing.T) {
	e := quick(newEngine(t))
	s := newSender(t, e)
	_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	l := newLossy(t)
	v := newViewer(t, e, over(l)).start()
	remote := v.add(tr)
	readRTP(t, remote)
	var open evidence.Track
	until(t, "the evidence of an open track", func() bool {
		open = v.sub.Evidence().Tracks[0]
		return open.State == string(ForwardOpen) && !open.Since.IsZero() && open.Keyframes > 0 && open.Wanted == "high" && open.Current == "high"
	})
	if err := v.sub.SetLayer("camera", LayerNone); err != nil {
		t.Fatal(err)
	}
	until(t, "the evidence of a paused track", func() bool {
		paused := v.sub.Evidence().Tracks[0]
		return paused.State == string(ForwardPaused) && paused.Since.After(open.Since) && paused.Wanted == "none"
	})
	if err := v.sub.SetLayer("camera", LayerHigh); err != nil {
		t.Fatal(err)
	}
	// Asked for by hand, with everything in order.
	if err := v.sub.RestartICE(); err != nil {
		t.Fatal(err)
	}
	until(t, "connected after a restart by hand", func() bool {
		st := v.sub.Stats()
		return st.Connection.Restarts >= 1 && st.Connection.State == StateConnected
	})
	d, _ := v.sub.find("camera")
	before := d.packets.Load()
	until(t, "packets", func() bool { return d.packets.Load() > before+20 })

	l.cut(true)
	until(t, "the loss of the path is noticed", func() bool { return v.sub.State() != StateConnected })
	// Offers repeat while the browser answers them in vain.
	until(t, "restarts", func() bool { return v.sub.Stats().Connection.Restarts >= 3 })
	keys := d.keyframes.Load()
	l.cut(false)
	until(t, "connected again", func() bool { return v.sub.State() == StateConnected })
	until(t, "a key frame", func() bool { return d.keyframes.Load() > keys })
	readRTP(t, remote)
}

// A path that is blocked from the start is tried again until it opens.
func TestBlockedAtFirst(t *testing.T) {
	e := quick(newEngine(t))
	l := newLossy(t)
	l.cut(true)
	s := newSender(t, e, over(l))
	src := s.publish(webrtc.MimeTypeVP8, "camera")
	tr := receiveFrom(t, "OnTrack", s.tracks)
	src.pump(20*time.Millisecond, 3, s.wantsKey("camera"))
	m := newLossy(t)
	m.cut(true)
	v := newViewer(t, e, over(m)).start()
	until(t, "both fail", func() bool {
		return s.pub.State() == StateFailed && v.sub.Stats().Connection.Restarts > 0
	})
	l.cut(false)
	m.cut(false)
	s.negotiate(&webrtc.OfferOptions{ICERestart: true}) // what its browser does
	until(t, "both connected", func() bool {
		return s.pub.State() == StateConnected && v.sub.State() == StateConnected
	})
	readRTP(t, v.add(tr))
}

// A path that has failed, for a client that stood still perhaps, is heard again
// without anything being negotiated.
func TestFailedPathComesBack(t *testing.T) {
	e := quick(newEngine(t))
	l := newLossy(t)
	s := newSender(t, e, over(l))
	_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	remote := newViewer(t, e).start().add(tr)
	readRTP(t, remote)
	l.cut(true)
	until(t, "failed", func() bool { return s.pub.State() == StateFailed })
	l.cut(false)
	until(t, "connected", func() bool { return s.pub.State() == StateConnected })
	readRTP(t, remote)
	if n := s.pub.Stats().Connection.Restarts; n != 0 {
		t.Errorf("%d restarts", n)
	}
}

// The path is lost while an offer is outstanding: the restart waits for the
// answer, which comes once signalling is back.
func TestRestartWaitsForAnswer(t *testing.T) {
	e := quick(newEngine(t))
	s := newSender(t, e)
	_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	l := newLossy(t)
	v := newViewer(t, e, over(l)).start()
	readRTP(t, v.add(tr))
	v.mu.Lock()
	v.muted = true
	v.mu.Unlock()
	_, more := s.camera(webrtc.MimeTypeVP8, "screen")
	if err := v.sub.Add(more, AddOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "an offer is outstanding", func() bool {
		v.sub.nego.turn.Lock()
		defer v.sub.nego.turn.Unlock()
		return v.sub.nego.outstanding
	})
	offered := func() int {
		v.sub.nego.turn.Lock()
		defer v.sub.nego.turn.Unlock()
		return v.sub.nego.offered
	}
	before := offered()
	l.cut(true)
	until(t, "a restart is due", func() bool {
		v.sub.nego.turn.Lock()
		defer v.sub.nego.turn.Unlock()
		return v.sub.nego.restartNext
	})
	if err := v.sub.RestartICE(); err != nil {
		t.Fatal(err)
	}
	if n := offered() - before; n != 0 {
		t.Fatalf("%d offers while one is outstanding", n)
	}
	l.cut(false)
	v.mu.Lock()
	v.muted = false
	v.mu.Unlock()
	if err := v.sub.Resend(); err != nil {
		t.Fatal(err)
	}
	until(t, "connected again", func() bool { return v.sub.State() == StateConnected })
	if err := v.sub.SetLayer("screen", LayerHigh); err != nil {
		t.Fatal(err)
	}
	receiveFrom(t, "the second track", v.tracks)
	d, _ := v.sub.find("screen")
	until(t, "its packets", func() bool { return d.packets.Load() > 10 })
}

// Everything works over TCP where UDP does not.
func TestTCP(t *testing.T) {
	e := newEngine(t, func(c *Config) { c.TCPAddr = "127.0.0.1:0" })
	if e.TCPPort() == 0 {
		t.Fatal("no TCP port")
	}
	tcp := func(s *webrtc.SettingEngine, _ *webrtc.MediaEngine, _ *interceptor.Registry) {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}
	s := newSender(t, e, tcp)
	_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	v := newViewer(t, e, tcp).start()
	remote := v.add(tr)
	for range 30 {
		readRTP(t, remote)
	}
	for _, st := range []ConnectionStats{s.pub.Stats().Connection, v.sub.Stats().Connection} {
		if st.Pair == nil || st.Pair.Protocol != "tcp" {
			t.Errorf("path %+v", st.Pair)
		}
	}
}

// IPv6 is offered and used.
func TestIPv6(t *testing.T) {
	if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 here: %v", err)
	} else {
		_ = c.Close()
	}
	e := newEngine(t)
	six := func(s *webrtc.SettingEngine, _ *webrtc.MediaEngine, _ *interceptor.Registry) {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP6})
	}
	s := newSender(t, e, six)
	_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	v := newViewer(t, e, six).start()
	readRTP(t, v.add(tr))
	if p := v.sub.Stats().Connection.Pair; p == nil || !strings.HasPrefix(p.Local, "[::1]") {
		t.Errorf("path %+v", p)
	}
}

// A viewer that cannot decode a track is told so, and gets the others.
func TestCodecUnsupported(t *testing.T) {
	onlyH264 := func(_ *webrtc.SettingEngine, m *webrtc.MediaEngine, _ *interceptor.Registry) {
		*m = webrtc.MediaEngine{}
		c := webrtc.RTPCodecParameters{PayloadType: 102, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
			SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		}}
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	e := newEngine(t)
	vp8, h264 := newSender(t, e), newSender(t, e, onlyH264)
	_, bad := vp8.camera(webrtc.MimeTypeVP8, "bad")
	good := h264.publish(webrtc.MimeTypeH264, "good")
	goodTrack := receiveFrom(t, "OnTrack", h264.tracks)
	_ = good
	v := newViewer(t, e, onlyH264).start()
	for _, tr := range []*Track{bad, goodTrack} {
		if err := v.sub.Add(tr, AddOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := receiveFrom(t, "OnTrackError", v.errs); !isFault(err, fault.CodecUnsupported) {
		t.Error(err)
	}
	// Known from now on, and refused without an offer.
	_, again := vp8.camera(webrtc.MimeTypeVP8, "again")
	if err := v.sub.Add(again, AddOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := receiveFrom(t, "OnTrackError", v.errs); !isFault(err, fault.CodecUnsupported) {
		t.Error(err)
	}
	until(t, "the good track is negotiated", func() bool {
		for _, d := range v.sub.Stats().Tracks {
			if d.TrackID == "good" {
				return d.State == ForwardPaused
			}
		}
		return false
	})
}

// Messages go both ways on the data channel that exists from the start.
func TestDataChannel(t *testing.T) {
	e := newEngine(t)
	got := make(chan string, 10000)
	opened := make(chan struct{}, 1)
	v := newViewer(t, e)
	v.sub.cfg.OnMessage = func(b []byte) { got <- string(b) }
	v.sub.cfg.OnOpen = func() { opened <- struct{}{} }
	if err := v.sub.Send([]byte("x")); !isFault(err, fault.SignalLost) {
		t.Errorf("sent before it was open: %v", err)
	}
	v.start()
	receiveFrom(t, "OnOpen", opened)
	dc := receiveFrom(t, "the channel", v.channel)
	if dc.Label() != "api" || !dc.Ordered() {
		t.Errorf("channel %q, ordered %v", dc.Label(), dc.Ordered())
	}
	back := make(chan string, 1)
	dc.OnMessage(func(m webrtc.DataChannelMessage) { back <- string(m.Data) })
	dc.OnOpen(func() {
		for i := range 5000 { // more than are ever queued
			if err := dc.SendText(fmt.Sprint(i)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range 5000 {
		if m := receiveFrom(t, "a message", got); m != fmt.Sprint(i) {
			t.Fatalf("message %q, want %d", m, i)
		}
	}
	if err := v.sub.Send([]byte(`{"hello":1}`)); err != nil {
		t.Fatal(err)
	}
	if m := receiveFrom(t, "the answer", back); m != `{"hello":1}` {
		t.Error(m)
	}
}

// A full room: everybody gets the same picture. There are five a second: with many more the
// race detector has no processor left for the handshakes of those who come last.
func TestManyViewers(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	src := s.publish(webrtc.MimeTypeVP8, "camera")
	tr := receiveFrom(t, "OnTrack", s.tracks)
	src.pump(200*time.Millisecond, 3, s.wantsKey("camera"))
	readRTP(t, newViewer(t, e).start().add(tr)) // the picture is there before the crowd, which takes all the processor there is
	var wg sync.WaitGroup
	var played atomic.Int64
	var once sync.Once
	joining := make(chan struct{}, 16) // of a handshake's 15 s
	for range 64 {
		wg.Go(func() {
			joining <- struct{}{}
			defer func() { <-joining }()
			v := newViewer(t, e)
			if err := v.sub.Start(); err != nil {
				t.Error(err)
				return
			}
			_ = v.sub.Add(tr, AddOptions{})
			_ = v.sub.SetLayer(tr.ID(), LayerHigh)
			select {
			case remote := <-v.tracks:
				for range 20 {
					_ = remote.SetReadDeadline(time.Now().Add(patience))
					if _, _, err := remote.ReadRTP(); err != nil {
						t.Error(err)
						return
					}
				}
				played.Add(1)
			case <-time.After(2 * patience):
				once.Do(func() { t.Errorf("no track\n%+v\n%+v", s.pub.Stats(), v.sub.Stats()) })
			}
		})
	}
	wg.Wait()
	if n := played.Load(); n != 64 {
		t.Errorf("%d of 64 saw the picture", n)
	}
}

// Closing is quick, stops every goroutine, and no callback comes afterwards.
func TestCloseLeavesNothing(t *testing.T) {
	// Those of the tests before may still be on their way out.
	settle := func(want int) int {
		n := runtime.NumGoroutine()
		for end := time.Now().Add(3 * time.Second); n > want && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
			n = min(n, runtime.NumGoroutine())
		}
		return n
	}
	before := settle(3)
	t.Run("call", func(t *testing.T) {
		e := newEngine(t, func(c *Config) { c.TCPAddr = "127.0.0.1:0" })
		var closed, late atomic.Bool
		news := func() {
			if closed.Load() {
				late.Store(true)
			}
		}
		s := newSender(t, e)
		s.pub.cfg.OnTrackEnd = func(string) { news() }
		s.pub.conn.onState = func(State, error) { news() }
		_, video := s.camera(webrtc.MimeTypeVP8, "camera")
		_, audio := s.camera(webrtc.MimeTypeOpus, "mic")
		var viewers []*viewer
		for range 8 {
			v := newViewer(t, e)
			v.sub.conn.onState = func(State, error) { news() }
			v.start()
			readRTP(t, v.add(video))
			readRTP(t, v.add(audio))
			viewers = append(viewers, v)
		}
		idle, err := e.NewSubscriber(SubscriberConfig{}) // never started
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		closers := []interface{ Close() error }{s.pub, idle}
		for _, v := range viewers {
			closers = append(closers, v.sub)
		}
		for _, c := range closers {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		closed.Store(true)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("closing ten connections took %v", took)
		}
		if err := viewers[0].sub.Add(audio, AddOptions{}); err == nil {
			t.Error("a closed connection takes tracks")
		}
		if _, err := s.pub.Answer(t.Context(), *s.pc.LocalDescription()); err == nil {
			t.Error("a closed connection answers")
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if _, err := e.NewPublisher(PublisherConfig{}); !isFault(err, fault.Draining) {
			t.Errorf("a closed engine: %v", err)
		}
		if late.Load() {
			t.Error("a callback ran after Close")
		}
	})
	if after := settle(before); after > before {
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after\n%s", before, after, buf[:runtime.Stack(buf, true)])
	}
}

// Levels pass through, the numbers of the publisher's congestion control do not,
// and sender reports tell when the sound was made.
func TestExtensionsAndReports(t *testing.T) {
	feedback := func(_ *webrtc.SettingEngine, m *webrtc.MediaEngine, r *interceptor.Registry) {
		if err := webrtc.ConfigureTWCCHeaderExtensionSender(m, r); err != nil {
			t.Fatal(err)
		}
	}
	e := newEngine(t)
	s := newSender(t, e, feedback)
	src := s.publish(webrtc.MimeTypeOpus, "mic")
	tr := receiveFrom(t, "OnTrack", s.tracks)
	until(t, "silence", func() bool { return tr.Level() == 127 })
	src.level = levelID(src.sender.GetParameters())
	src.pump(20*time.Millisecond, 1, nil)
	v := newViewer(t, e, feedback)
	reports := make(chan *rtcp.SenderReport, 16)
	v.report = func(sr *rtcp.SenderReport) { reports <- sr }
	remote := v.start().add(tr)
	var twcc, levelID uint8
	params := v.pc.GetReceivers()[0].GetParameters()
	for _, x := range params.HeaderExtensions {
		switch x.URI {
		case extTWCC:
			twcc = uint8(x.ID)
		case extAudioLevel:
			levelID = uint8(x.ID)
		}
	}
	var last uint16
	for i := range 30 {
		p := readRTP(t, remote)
		if b := p.GetExtension(levelID); len(b) != 1 || b[0] != 0x80|30 {
			t.Fatalf("level %x", b)
		}
		b := p.GetExtension(twcc)
		if len(b) != 2 {
			t.Fatalf("no number of ours")
		}
		n := binary.BigEndian.Uint16(b)
		if i > 0 && n != last+1 {
			t.Fatalf("number %d after %d", n, last)
		}
		last = n
	}
	if got := tr.Level(); got < 28 || got > 60 {
		t.Errorf("level %d", got)
	}
	sr := receiveFrom(t, "a sender report", reports)
	if off := time.Since(ntpTime(sr.NTPTime)); off < -time.Second || off > time.Second {
		t.Errorf("the report is of %v ago", off)
	}
	if uint32(remote.SSRC()) != sr.SSRC || sr.PacketCount == 0 {
		t.Errorf("%+v", sr)
	}
	if diff := int32(sr.RTPTime - readRTP(t, remote).Timestamp); diff < -48000 || diff > 48000 {
		t.Errorf("the report's media time is off by %d", diff)
	}
}

// A path that never worked fails with what is known about it.
func TestFailures(t *testing.T) {
	failureOver := func(t *testing.T, lose func(*lossy), change func(string) string) error {
		e := quick(newEngine(t))
		errs := make(chan error, 16)
		pub, err := e.NewPublisher(PublisherConfig{OnState: func(s State, err error) {
			if s == StateFailed {
				errs <- err
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%+v", pub.Stats())
			}
			_ = pub.Close()
		})
		l := newLossy(t)
		lose(l)
		pc := client(t, over(l))
		if _, err := pc.CreateDataChannel("api", nil); err != nil {
			t.Fatal(err)
		}
		offer, err := pc.CreateOffer(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := pc.SetLocalDescription(offer); err != nil {
			t.Fatal(err)
		}
		offer.SDP = change(offer.SDP)
		answer, err := pub.Answer(t.Context(), offer)
		if err != nil {
			t.Fatal(err)
		}
		if err := pc.SetRemoteDescription(answer); err != nil {
			t.Fatal(err)
		}
		return receiveFrom(t, "the failure", errs)
	}
	failure := func(t *testing.T, cut bool, change func(string) string) error {
		return failureOver(t, func(l *lossy) { l.cut(cut) }, change)
	}
	t.Run("nothing arrives", func(t *testing.T) {
		err := failure(t, true, func(s string) string { return s })
		if f := fault.From(err, ""); f.Kind != fault.ICEFailed || f.Detail("stun_seen") != false {
			t.Error(err)
		}
	})
	t.Run("large packets vanish", func(t *testing.T) {
		err := failureOver(t, func(l *lossy) {
			handshake := func(b []byte) bool { return len(b) > 0 && b[0] >= 20 && b[0] < 64 } // RFC 7983
			l.out.Store(&handshake)
		}, func(s string) string { return s })
		if !Unanswered(err) {
			t.Error(err)
		}
	})
	t.Run("wrong fingerprint", func(t *testing.T) {
		err := failure(t, false, func(s string) string {
			at := strings.Index(s, "a=fingerprint:sha-256 ") + len("a=fingerprint:sha-256 ")
			return s[:at] + strings.Repeat("00:", 31) + "00" + s[at+95:]
		})
		if !isFault(err, fault.DTLSFailed) || Unanswered(err) {
			t.Error(err)
		}
	})
}

// A peer that goes away without a word ends its tracks.
func TestPeerGone(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	until(t, "connected", func() bool {
		return s.pub.State() == StateConnected && s.pc.ConnectionState() == webrtc.PeerConnectionStateConnected
	})
	_ = s.pc.Close()
	until(t, "closed", func() bool { return s.pub.State() == StateClosed })
	if id := receiveFrom(t, "OnTrackEnd", s.ends); id != tr.ID() {
		t.Error(id)
	}
}

// TestEvidenceIsReadWhileTheLibraryCloses: the library closes by itself when a peer says
// goodbye, whatever is read just then.
func TestEvidenceIsReadWhileTheLibraryCloses(t *testing.T) {
	e := newEngine(t)
	for range 5 {
		s := newSender(t, e)
		s.camera(webrtc.MimeTypeVP8, "camera")
		until(t, "connected", func() bool {
			return s.pub.State() == StateConnected && s.pc.ConnectionState() == webrtc.PeerConnectionStateConnected
		})
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for s.pub.State() != StateClosed {
					s.pub.Evidence()
				}
			})
		}
		_ = s.pc.Close()
		readers.Wait()
	}
}
