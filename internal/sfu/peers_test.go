// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// The peers of these tests are real ones: the same library in the role of the
// browser, over real loopback sockets.

// patience is for a machine on which a browser starts slowly.
const patience = time.Minute

func newEngine(t testing.TB, change ...func(*Config)) *Engine {
	t.Helper()
	// SFU_TRANSPORT=pion runs every test with connections of pion/webrtc.
	cfg := Config{UDPAddr: "127.0.0.1:0", Loopback: true, OwnTransport: os.Getenv("SFU_TRANSPORT") != "pion"}
	if os.Getenv("SFU_LOG") != "" {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	for _, f := range change {
		f(&cfg)
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// client makes a browser's peer connection. The settings may be changed.
func client(t testing.TB, change ...func(*webrtc.SettingEngine, *webrtc.MediaEngine, *interceptor.Registry)) *webrtc.PeerConnection {
	t.Helper()
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetICEMaxBindingRequests(200) // as long as browsers
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{extMid, extRid, extRepairedRid} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: extAudioLevel}, webrtc.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	r := &interceptor.Registry{}
	for _, f := range change {
		f(&s, m, r)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(r)).
		NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	return pc
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func receiveFrom[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("never came: %s", what)
		panic("unreachable")
	}
}

// sender is a publishing browser.
type sender struct {
	t   testing.TB
	pc  *webrtc.PeerConnection
	pub *Publisher

	tracks chan *Track
	ends   chan string
	states chan State
}

func newSender(t testing.TB, e *Engine, change ...func(*webrtc.SettingEngine, *webrtc.MediaEngine, *interceptor.Registry)) *sender {
	t.Helper()
	s := &sender{t: t, pc: client(t, change...), tracks: make(chan *Track, 64), ends: make(chan string, 64), states: make(chan State, 64)}
	pub, err := e.NewPublisher(PublisherConfig{
		OnTrack:    func(tr *Track) { s.tracks <- tr },
		OnTrackEnd: func(id string) { s.ends <- id },
		OnState:    func(st State, _ error) { s.states <- st },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.pub = pub
	t.Cleanup(func() { _ = pub.Close() })
	if _, err := s.pc.CreateDataChannel("api", nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// negotiate makes one offer and applies the answer.
func (s *sender) negotiate(opt *webrtc.OfferOptions) {
	s.t.Helper()
	offer, err := s.pc.CreateOffer(opt)
	if err != nil {
		s.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(s.pc)
	if err := s.pc.SetLocalDescription(offer); err != nil {
		s.t.Fatal(err)
	}
	<-gathered
	answer, err := s.pub.Answer(s.t.Context(), *s.pc.LocalDescription())
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.pc.SetRemoteDescription(answer); err != nil {
		s.t.Fatal(err)
	}
}

// publish adds a track and negotiates it.
func (s *sender) publish(mime, id string) *source {
	s.t.Helper()
	capability := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000}
	if mime == webrtc.MimeTypeOpus {
		capability.ClockRate, capability.Channels = 48000, 2
	}
	local, err := webrtc.NewTrackLocalStaticRTP(capability, id, "stream-"+id)
	if err != nil {
		s.t.Fatal(err)
	}
	tr, err := s.pc.AddTransceiverFromTrack(local, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		s.t.Fatal(err)
	}
	go drain(tr.Sender())
	s.negotiate(nil)
	return &source{t: s.t, local: local, sender: tr.Sender(), codec: mime, seq: 65000, ts: 4294960000}
}

func drain(s *webrtc.RTPSender) {
	b := make([]byte, 1600)
	for {
		if _, _, err := s.Read(b); err != nil {
			return
		}
	}
}

// source writes packets of a track.
type source struct {
	t      testing.TB
	local  *webrtc.TrackLocalStaticRTP
	sender *webrtc.RTPSender
	codec  string
	seq    uint16
	ts     uint32
	pid    uint16
	tl0    uint8
	frames int
	sent   map[uint16][]byte // by sequence number
	mu     sync.Mutex
	level  uint8  // id of the audio level extension
	body   []byte // of every packet; nil: what frame and packet it is
}

// frame writes one picture of n packets, or one audio packet.
func (s *source) frame(key bool, n int) {
	s.t.Helper()
	for i := range n {
		payload := s.payload(key, i, n)
		p := &rtp.Packet{
			Header: rtp.Header{
				Version: 2, SequenceNumber: s.seq, Timestamp: s.ts,
				Marker: i == n-1 && s.codec != webrtc.MimeTypeOpus,
			},
			Payload: payload,
		}
		if s.level != 0 {
			_ = p.SetExtension(s.level, []byte{0x80 | 30})
		}
		s.mu.Lock()
		if s.sent == nil {
			s.sent = map[uint16][]byte{}
		}
		s.sent[s.seq] = payload
		s.mu.Unlock()
		s.seq++
		if err := s.local.WriteRTP(p); err != nil {
			s.t.Error(err)
			return
		}
	}
	s.frames++
	s.pid = (s.pid + 1) & 0x7fff
	s.tl0++
	if s.codec == webrtc.MimeTypeOpus {
		s.ts += 960
	} else {
		s.ts += 3000
	}
}

func (s *source) payload(key bool, i, n int) []byte {
	if s.body != nil {
		return s.body
	}
	body := fmt.Appendf(nil, "%s frame %d packet %d of %d ", s.local.RID(), s.frames, i, n)
	body = append(body, make([]byte, 300)...)
	switch s.codec {
	case webrtc.MimeTypeVP9:
		return append(vp9Head(i == 0, key), body...)
	case webrtc.MimeTypeVP8:
	default:
		return body
	}
	return append(vp8Head(i == 0, key, s.pid, s.tl0), body...)
}

// vp9Head is a payload descriptor without a picture id (RFC 9628, section 4.2).
func vp9Head(start, key bool) []byte {
	var b byte
	if start {
		b |= 0x08
	}
	if !key {
		b |= 0x40
	}
	return []byte{b}
}

// vp8Head is a payload descriptor with a 15-bit picture id and TL0PICIDX, and
// the first byte of a frame.
func vp8Head(start, key bool, pid uint16, tl0 uint8) []byte {
	b := []byte{0x80, 0xe0, 0x80 | byte(pid>>8), byte(pid), tl0, 0x20, 0x01}
	if start {
		b[0] |= 0x10
		if key {
			b[6] = 0
		}
	}
	return b
}

// pump writes a frame every interval until the test ends or stop is called. A
// key frame is written first and whenever want says so.
func (s *source) pump(every time.Duration, packets int, want func() bool) (stop func()) {
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for first := true; ; first = false {
			select {
			case <-done:
				return
			case <-tick.C:
				s.frame(first || want != nil && want(), packets)
			}
		}
	}()
	var once sync.Once
	stop = func() { once.Do(func() { close(done); <-ended }) }
	s.t.Cleanup(stop)
	return stop
}

// viewer is a subscribing browser.
type viewer struct {
	t   testing.TB
	pc  *webrtc.PeerConnection
	sub *Subscriber

	mu      sync.Mutex
	offers  int
	muted   bool // does not answer
	tracks  chan *webrtc.TrackRemote
	states  chan State
	errs    chan error
	channel chan *webrtc.DataChannel
	layers  chan [2]Layer
	report  func(*rtcp.SenderReport)
}

func newViewer(t testing.TB, e *Engine, change ...func(*webrtc.SettingEngine, *webrtc.MediaEngine, *interceptor.Registry)) *viewer {
	t.Helper()
	return newViewerBehind(t, e, nil, change...)
}

// newViewerBehind is newViewer with an impairment before its connection.
func newViewerBehind(t testing.TB, e *Engine, gate Impairment, change ...func(*webrtc.SettingEngine, *webrtc.MediaEngine, *interceptor.Registry)) *viewer {
	t.Helper()
	v := &viewer{
		t: t, pc: client(t, change...), tracks: make(chan *webrtc.TrackRemote, 64), states: make(chan State, 64),
		errs: make(chan error, 64), channel: make(chan *webrtc.DataChannel, 1), layers: make(chan [2]Layer, 1024),
	}
	v.pc.OnTrack(func(tr *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		go func() {
			for {
				list, _, err := r.ReadRTCP()
				if err != nil {
					return
				}
				for _, p := range list {
					if sr, ok := p.(*rtcp.SenderReport); ok && v.report != nil {
						v.report(sr)
					}
				}
			}
		}()
		v.tracks <- tr
	})
	v.pc.OnDataChannel(func(dc *webrtc.DataChannel) { v.channel <- dc })
	sub, err := e.NewSubscriber(SubscriberConfig{
		Label:        "api",
		Impairment:   gate,
		OnOffer:      v.offered,
		OnState:      func(s State, _ error) { v.states <- s },
		OnTrackError: func(_ string, err error) { v.errs <- err },
		OnLayer:      func(_ string, current, target Layer) { v.layers <- [2]Layer{current, target} },
	})
	if err != nil {
		t.Fatal(err)
	}
	v.sub = sub
	t.Cleanup(func() { _ = sub.Close() })
	return v
}

func (v *viewer) offered(offer webrtc.SessionDescription) {
	v.mu.Lock()
	v.offers++
	muted := v.muted
	v.mu.Unlock()
	if muted {
		return
	}
	v.answer(offer)
}

func (v *viewer) answer(offer webrtc.SessionDescription) {
	for line := range strings.SplitSeq(offer.SDP, "\r\n") {
		if mid, ok := strings.CutPrefix(line, "a=mid:"); ok {
			if _, err := strconv.Atoi(mid); err != nil {
				v.t.Errorf("mid %q is not a number", mid)
			}
		}
	}
	if err := v.pc.SetRemoteDescription(offer); err != nil {
		v.t.Errorf("offer refused: %v\n%s", err, offer.SDP)
		return
	}
	answer, err := v.pc.CreateAnswer(nil)
	if err != nil {
		v.t.Error(err)
		return
	}
	gathered := webrtc.GatheringCompletePromise(v.pc)
	if err := v.pc.SetLocalDescription(answer); err != nil {
		v.t.Error(err)
		return
	}
	select {
	case <-gathered:
	case <-time.After(time.Second):
	}
	if err := v.sub.Answer(*v.pc.LocalDescription()); err != nil {
		v.t.Errorf("answer refused: %v", err)
	}
}

func (v *viewer) start() *viewer {
	v.t.Helper()
	if err := v.sub.Start(); err != nil {
		v.t.Fatal(err)
	}
	return v
}

func (v *viewer) add(tr *Track) *webrtc.TrackRemote {
	v.t.Helper()
	if err := v.sub.Add(tr, AddOptions{}); err != nil {
		v.t.Fatal(err)
	}
	if tr.Kind() == webrtc.RTPCodecTypeVideo {
		if err := v.sub.SetLayer(tr.ID(), LayerHigh); err != nil {
			v.t.Fatal(err)
		}
	}
	return receiveFrom(v.t, "the track at the viewer", v.tracks)
}

// mediaSections is how many sections for tracks a subscriber's description has.
func mediaSections(s *Subscriber) int {
	sdp := s.conn.peer.Local().SDP
	return strings.Count(sdp, "\nm=audio ") + strings.Count(sdp, "\nm=video ")
}
