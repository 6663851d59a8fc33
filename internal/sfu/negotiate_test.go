// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// Simulcast over the wire: the layers are told apart, the one asked for comes,
// and a change is one unbroken stream.
func TestSimulcast(t *testing.T) {
	for _, rids := range []string{"f h q", "f q"} {
		t.Run(rids, func(t *testing.T) {
			e := newEngine(t)
			s := newSender(t, e)
			sources := s.publishSimulcast("camera", strings.Fields(rids))
			tr := receiveFrom(t, "OnTrack", s.tracks)
			for _, src := range sources {
				rank := layerOfRID(src.rid).rank()
				src.pump(func() bool {
					l := tr.layers[rank].Load()
					return l != nil && l.wantKey.Load()
				})
			}
			until(t, "all layers", func() bool { return len(tr.Layers()) == len(sources) })
			v := newViewer(t, e).start()
			remote := v.add(tr)
			var sent []rtp.Packet
			for _, want := range []Layer{LayerHigh, LayerLow, LayerMedium, LayerHigh} {
				if err := v.sub.SetLayer("camera", want); err != nil {
					t.Fatal(err)
				}
				expect := want.rank()
				if want == LayerMedium && len(sources) == 2 {
					expect = LayerLow.rank()
				}
				for n := 0; n < 30; {
					p := readRTP(t, remote)
					if rankOf(*p) == expect {
						n++
					}
					p.SSRC, p.PayloadType = 1000, 96
					sent = append(sent, *p)
				}
			}
			continuous(t, sent)
			if n := len(s.tracks); n != 0 {
				t.Errorf("%d more tracks were reported", n)
			}
			st := v.sub.Stats().Tracks[0]
			if st.Current != LayerHigh || st.Target != LayerHigh || st.State != ForwardOpen || st.Switches < 2 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// rung is one encoding of a simulcast source.
type rung struct {
	t      testing.TB
	rid    string
	local  *webrtc.TrackLocalStaticRTP
	sender *webrtc.RTPSender
	tr     *webrtc.RTPTransceiver
	s      stream
	fill   int // bytes added to each packet
}

func (s *sender) publishSimulcast(id string, rids []string) []*rung {
	s.t.Helper()
	var out []*rung
	var tr *webrtc.RTPTransceiver
	for i, rid := range rids {
		local, err := webrtc.NewTrackLocalStaticRTP(
			webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, id, "stream-"+id, webrtc.WithRTPStreamID(rid))
		if err != nil {
			s.t.Fatal(err)
		}
		if i == 0 {
			tr, err = s.pc.AddTransceiverFromTrack(local, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		} else {
			err = tr.Sender().AddEncoding(local)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		r := &rung{t: s.t, rid: rid, local: local, sender: tr.Sender(), tr: tr}
		r.s.l = &upstream{rank: layerOfRID(rid).rank()}
		r.s.seq, r.s.ts, r.s.pid = uint16(i*20000), uint32(i)*1e9, uint16(i*1000)
		out = append(out, r)
	}
	go drain(tr.Sender())
	s.negotiate(nil)
	return out
}

func (r *rung) pump(want func() bool) {
	var mid, rid uint8
	for _, x := range r.sender.GetParameters().HeaderExtensions {
		switch x.URI {
		case extMid:
			mid = uint8(x.ID)
		case extRid:
			rid = uint8(x.ID)
		}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for first := true; ; first = false {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			for _, b := range r.s.frame(first || want(), 3) {
				var p rtp.Packet
				if err := p.Unmarshal(b); err != nil {
					r.t.Error(err)
				}
				p.Payload = append(p.Payload, make([]byte, r.fill)...)
				_ = p.SetExtension(mid, []byte(r.tr.Mid()))
				_ = p.SetExtension(rid, []byte(r.rid))
				if err := r.local.WriteRTP(&p); err != nil {
					return
				}
			}
		}
	}()
	r.t.Cleanup(func() { close(done); <-ended })
}

// A viewer whose network cannot carry what it asked for gets less, and the
// viewer beside it does not notice.
func TestLayerFollowsTheNetwork(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	sources := s.publishSimulcast("camera", []string{"f", "q"})
	tr := receiveFrom(t, "OnTrack", s.tracks)
	sources[0].fill, sources[1].fill = 1000, 50 // 1.2 and 0.1 Mbit/s
	for _, src := range sources {
		rank := layerOfRID(src.rid).rank()
		src.pump(func() bool {
			l := tr.layers[rank].Load()
			return l != nil && l.wantKey.Load()
		})
	}
	until(t, "both layers", func() bool { return len(tr.Layers()) == 2 })
	feedback := func(_ *webrtc.SettingEngine, m *webrtc.MediaEngine, r *interceptor.Registry) {
		if err := webrtc.ConfigureTWCCSender(m, r); err != nil {
			t.Fatal(err)
		}
	}
	narrow := newLossy(t)
	poor := newViewer(t, e, over(narrow), feedback).start()
	rich := newViewer(t, e, feedback).start()
	for _, v := range []*viewer{poor, rich} {
		remote := v.add(tr)
		go func() { // what is not read is not reported
			for {
				if _, _, err := remote.ReadRTP(); err != nil {
					return
				}
			}
		}()
	}
	current := func(v *viewer) Layer { return v.sub.Stats().Tracks[0].Current }
	until(t, "both get the best", func() bool { return current(poor) == LayerHigh && current(rich) == LayerHigh })
	// 0.5 Mbit/s, the rest is lost.
	var mu sync.Mutex
	credit, last := 0.0, time.Now()
	police := func(b []byte) bool {
		mu.Lock()
		defer mu.Unlock()
		credit = min(credit+time.Since(last).Seconds()*500e3/8, 5000)
		last = time.Now()
		if !isRTP(b) || credit >= float64(len(b)) {
			credit -= float64(len(b))
			return false
		}
		return true
	}
	narrow.in.Store(&police)
	until(t, "the poor one gets less", func() bool { return current(poor) == LayerLow })
	until(t, "the estimate is near what there is", func() bool { return poor.sub.Stats().Quality.Estimate < 1e6 }) // repairs may make it less before
	if current(rich) != LayerHigh {
		t.Error("so does the rich one")
	}
}

// Rubbish is refused with its reason, and the connection goes on.
func TestBadDescriptions(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	s.publish(webrtc.MimeTypeVP8, "camera")
	good := s.pc.LocalDescription().SDP
	video := good[strings.Index(good, "m=video"):]
	offer := func(sdp string) error {
		_, err := s.pub.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp})
		return err
	}
	for name, test := range map[string]struct {
		sdp  string
		want *fault.Kind
	}{
		"empty":             {"", fault.SDPInvalid},
		"noise":             {"\x00\xff not sdp", fault.SDPInvalid},
		"no sections":       {good[:strings.Index(good, "m=")], fault.SDPInvalid},
		"no mid":            {strings.ReplaceAll(good, "a=mid:", "a=mud:"), fault.SDPInvalid},
		"twice the same":    {good + video, fault.SDPInvalid},
		"no credentials":    {strings.ReplaceAll(good, "a=ice-ufrag", "a=ice-x"), fault.SDPInvalid},
		"no fingerprint":    {strings.ReplaceAll(good, "a=fingerprint", "a=print"), fault.SDPInvalid},
		"strange kind":      {strings.ReplaceAll(good, "m=video", "m=smell"), fault.SDPInvalid},
		"unknown codecs":    {strings.ReplaceAll(strings.ReplaceAll(good, " VP8/", " XX/"), " H26", " XX26"), nil},
		"too many sections": {good + strings.Repeat("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:x\r\n", maxSections), fault.TrackLimit},
	} {
		err := offer(test.sdp)
		if test.want == nil {
			continue // may be accepted: what matters is what follows
		}
		if !isFault(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.pub.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: good}); !isFault(err, fault.SDPInvalid) {
		t.Errorf("an answer as an offer: %v", err)
	}
	s.negotiate(nil)
	until(t, "connected", func() bool { return s.pub.State() == StateConnected })
}

// An offer whose a=setup leaves no answer that we give is refused at once, and
// does not end in a handshake that both sides wait for.
func TestSetup(t *testing.T) {
	e := newEngine(t)
	for setup, legal := range map[string]bool{"actpass": true, "active": true, "passive": false, "holdconn": false, "x": false} {
		s := newSender(t, e)
		s.publish(webrtc.MimeTypeVP8, "camera")
		sdp := strings.ReplaceAll(s.pc.LocalDescription().SDP, "a=setup:actpass", "a=setup:"+setup)
		answer, err := s.pub.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp})
		switch {
		case legal && (err != nil || !strings.Contains(answer.SDP, "a=setup:passive")):
			t.Errorf("%s: %v", setup, err)
		case !legal && !isFault(err, fault.SDPInvalid):
			t.Errorf("%s: %v", setup, err)
		}
	}
}

// An answer that is of no use takes the offer back: another is made after a
// moment, and the connection works in the end.
func TestRefusedAnswer(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	_, camera := s.camera(webrtc.MimeTypeVP8, "camera")
	other := newViewer(t, e).start()
	until(t, "an answer", func() bool {
		return other.pc.SignalingState() == webrtc.SignalingStateStable && other.pc.CurrentLocalDescription() != nil
	})
	foreign := other.pc.CurrentLocalDescription().SDP
	for name, sdp := range map[string]string{
		"empty": "", "noise": "noise", "of another offer": foreign,
		"endless": foreign + strings.Repeat("a=x\r\n", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			v := newViewer(t, e)
			v.muted = true
			if err := v.sub.Add(camera, AddOptions{}); err != nil {
				t.Fatal(err)
			}
			v.start()
			bad := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}
			if err := v.sub.Answer(bad); !isFault(err, fault.SDPInvalid) {
				t.Errorf("refused with %v", err)
			}
			if err := v.sub.Answer(bad); err != nil {
				t.Errorf("an answer nobody waits for: %v", err)
			}
			v.mu.Lock()
			v.muted = false
			v.mu.Unlock()
			until(t, "connected", func() bool { return v.sub.State() == StateConnected })
			if err := v.sub.SetLayer("camera", LayerHigh); err != nil {
				t.Fatal(err)
			}
			readRTP(t, receiveFrom(t, "the track", v.tracks))
		})
	}
}

// Who never answers anything of use is offered nothing any more, and the owner
// hears why.
func TestRefusedAnswersEnd(t *testing.T) {
	e := newEngine(t)
	v := newViewer(t, e)
	refused := make(chan error, 1)
	v.sub.cfg.OnRefused = func(err error) { refused <- err }
	offers := make(chan webrtc.SessionDescription, 10)
	v.sub.cfg.OnOffer = func(d webrtc.SessionDescription) { offers <- d }
	v.start()
	for range maxRefusals {
		receiveFrom(t, "an offer", offers)
		if err := v.sub.Answer(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: "noise"}); !isFault(err, fault.SDPInvalid) {
			t.Error(err)
		}
	}
	if err := receiveFrom(t, "the end", refused); !isFault(err, fault.SDPInvalid) {
		t.Error(err)
	}
	v.sub.nego.turn.Lock()
	due := v.sub.nego.offerAgain(time.Now().Add(time.Hour))
	v.sub.nego.turn.Unlock()
	if due {
		t.Error("another offer is due")
	}
	// Its signalling was lost before the end could be told, and it may try anew.
	if err := v.sub.Resend(); err != nil {
		t.Fatal(err)
	}
	v.answer(receiveFrom(t, "an offer", offers))
	until(t, "connected", func() bool { return v.sub.State() == StateConnected })
}

// A room with many cameras is offered in few words: one section lists every
// codec, the others what their track is sent in.
func TestOfferIsSmall(t *testing.T) {
	e := newEngine(t)
	v := newViewer(t, e)
	const cameras = 20
	for i := range cameras {
		mime := webrtc.MimeTypeVP8
		if i%4 == 3 {
			mime = webrtc.MimeTypeVP9
		}
		s := newSender(t, e)
		_, tr := s.camera(mime, fmt.Sprint("camera", i))
		until(t, "the codec is known", func() bool { return tr.Codec().MimeType == mime })
		if err := v.sub.Add(tr, AddOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	v.start()
	until(t, "connected", func() bool { return v.sub.State() == StateConnected })
	v.sub.nego.turn.Lock()
	offer := v.sub.nego.offer
	v.sub.nego.turn.Unlock()
	for i, section := range strings.Split(offer.SDP, "\r\nm=video")[2:] {
		if n := strings.Count(section, "a=rtpmap"); n > 4 { // one codec, VP8 at most besides, and their retransmission
			t.Errorf("section %d lists %d formats", i+1, n)
		}
	}
	if n := len(offer.SDP) / cameras; n > 1000 {
		t.Errorf("%d bytes a camera", n)
	}
	if got, limit := len(v.pc.CurrentLocalDescription().SDP), AnswerLimit(offer); got > limit {
		t.Errorf("an answer of %d bytes to an offer of %d, and %d are taken", got, len(offer.SDP), limit)
	}
}

// A track that turns out to be sent in another codec than was agreed on is
// offered anew in that one.
func TestCodecChanges(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	src := s.publish(webrtc.MimeTypeVP9, "camera") // and the answer put VP8 first
	tr := receiveFrom(t, "OnTrack", s.tracks)
	first := newSender(t, e)
	_, other := first.camera(webrtc.MimeTypeVP8, "other")
	v := newViewer(t, e)
	v.sub.cfg.OnOffer = func(d webrtc.SessionDescription) {
		for _, tr := range v.pc.GetTransceivers() { // this library keeps to what a section listed first
			if err := tr.SetCodecPreferences(nil); err != nil {
				t.Error(err)
			}
		}
		v.offered(d)
	}
	for _, tr := range []*Track{other, tr} {
		if err := v.sub.Add(tr, AddOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	v.start()
	until(t, "both are negotiated", func() bool {
		for _, d := range v.sub.list() {
			if d.binding.Load() == nil {
				return false
			}
		}
		return true
	})
	src.pump(20*time.Millisecond, 2, s.wantsKey("camera"))
	if err := v.sub.SetLayer("camera", LayerHigh); err != nil {
		t.Fatal(err)
	}
	readRTP(t, receiveFrom(t, "the track", v.tracks))
	select {
	case err := <-v.errs:
		t.Error(err)
	default:
	}
}

// A codec nobody here knows is refused before anything changes.
func TestUnknownCodecOffered(t *testing.T) {
	e := newEngine(t)
	s := newSender(t, e)
	s.publish(webrtc.MimeTypeVP8, "camera")
	sdp := s.pc.LocalDescription().SDP
	for _, name := range []string{"VP8", "VP9", "H264", "H265", "AV1", "opus", "G722", "PCMU", "PCMA"} {
		sdp = strings.ReplaceAll(sdp, " "+name+"/", " X/")
	}
	_, err := s.pub.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp})
	if !isFault(err, fault.CodecUnsupported) {
		t.Error(err)
	}
}

func TestCandidates(t *testing.T) {
	e := newEngine(t)
	pub, err := e.NewPublisher(PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pub.Close() })
	add := func(s string) error { return pub.AddCandidate(webrtc.ICECandidateInit{Candidate: s}) }
	for _, good := range []string{
		"", "candidate:", // the end
		"candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
		"candidate:1 1 udp 2130706431 2001:db8::1 5000 typ host generation 0 ufrag abcd network-id 1",
		"candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
		"candidate:1 1 udp 2130706431 4f7c8a52-8c1e-4b2c-9c3f-0a3b1d5e6f70.local 5000 typ host",
	} {
		if err := add(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"candidate:x", "candidate:1 1 udp a 192.0.2.1 5000 typ host", "candidate:1 1 udp 1 192.0.2.1 99999999 typ host",
		"candidate:1 1 udp 1 192.0.2.1 5000 typ host " + strings.Repeat("x", 600),
	} {
		if err := add(bad); !isFault(err, fault.CandidateInvalid) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	var last error
	for i := range 1000 {
		last = add(fmt.Sprintf("candidate:1 1 udp 1 192.0.2.1 %d typ host", 1+i))
	}
	if !isFault(last, fault.CandidateLimit) {
		t.Errorf("a thousand candidates: %v", last)
	}
}

// fuzzPrint is well formed, and nobody's.
var fuzzPrint = strings.Repeat("AB:", 31) + "AB"

func FuzzAnswer(f *testing.F) {
	video := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n" +
		"a=fingerprint:sha-256 " + fuzzPrint + "\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n" +
		"a=mid:0\r\na=setup:actpass\r\na=rtcp-mux\r\na=sendonly\r\na=msid:s t\r\na=rtpmap:96 VP8/90000\r\n" +
		"a=rid:f send\r\na=simulcast:send f\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
	f.Add(video)
	f.Add(strings.Replace(video, "a=rtpmap:96 VP8/90000", "a=rtpmap:96 H264/90000\r\na=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", 1))
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n" +
		"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 " + fuzzPrint + "\r\na=sctp-port:5000\r\n")
	e, err := New(Config{UDPAddr: "127.0.0.1:0", Loopback: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = e.Close() })
	f.Fuzz(func(t *testing.T, sdp string) {
		hangs := time.AfterFunc(5*time.Second, func() {
			debug.SetTraceback("all")
			panic("still not closed")
		})
		defer hangs.Stop()
		p, err := e.NewPublisher(PublisherConfig{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, _ = p.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp})
		}
		_ = p.Close()
		s, err := e.NewSubscriber(SubscriberConfig{})
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Start()
		_ = s.Answer(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
		_ = s.Close()
	})
}

// An offer that nobody answers is told once, and in the end the peer is given up;
// an answer that comes late counts.
func TestUnansweredOffers(t *testing.T) {
	e := newEngine(t)
	v := newViewer(t, e)
	offers := make(chan webrtc.SessionDescription, 10)
	told, refused := make(chan error, 10), make(chan error, 10)
	v.sub.cfg.OnOffer = func(d webrtc.SessionDescription) { offers <- d }
	v.sub.cfg.OnUnanswered = func(err error) { told <- err }
	v.sub.cfg.OnRefused = func(err error) { refused <- err }
	v.start()
	offer := receiveFrom(t, "an offer", offers)
	after := func(d time.Duration) { v.sub.watch(time.Now().Add(d)) }
	after(e.cfg.AnswerWarning - 5*time.Second)
	after(e.cfg.AnswerWarning + time.Second)
	after(e.cfg.AnswerWarning + 2*time.Second)
	if err := receiveFrom(t, "word of it", told); !isFault(err, fault.NegotiationTimeout) {
		t.Error(err)
	}
	after(e.cfg.AnswerTimeout + time.Second)
	if err := receiveFrom(t, "the end", refused); !isFault(err, fault.NegotiationTimeout) {
		t.Error(err)
	}
	if len(told) != 0 || len(refused) != 0 || len(offers) != 0 {
		t.Errorf("told %d times more, given up %d, offered %d", len(told), len(refused), len(offers))
	}
	v.answer(offer)
	until(t, "connected", func() bool { return v.sub.State() == StateConnected })
	after(e.cfg.AnswerTimeout)
	if len(told) != 0 {
		t.Error("an answered offer is missed")
	}
}

// TestTicksComeTogether: subscribers tick twice a second, at moments that they share.
func TestTicksComeTogether(t *testing.T) {
	for _, at := range []time.Duration{0, 1, tickSlot - 1, tickSlot, 12*time.Hour + 7*time.Millisecond} {
		wait := untilTick(int64(at))
		if next := at + wait; next%tickSlot != 0 || wait > tick || wait <= tick-tickSlot {
			t.Errorf("at %v: after %v, which is %v", at, wait, next)
		}
		if late := at + wait + 3*time.Millisecond; untilTick(int64(late)) != tick-3*time.Millisecond {
			t.Errorf("a tick that is looked at late moves the next one by %v", tick-3*time.Millisecond-untilTick(int64(late)))
		}
	}
}
