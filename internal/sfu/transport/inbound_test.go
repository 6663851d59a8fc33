// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/webrtc/v4"
)

// offer is of a microphone, a camera that names its numbers, a camera in two encodings,
// and a data channel.
const offer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a b c d\r\na=ice-ufrag:them\r\na=ice-pwd:0123456789012345678901\r\n" +
	"a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\na=mid:a\r\na=sendonly\r\na=rtcp-mux\r\na=msid:s mic\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n" +
	"a=rtpmap:0 PCMU/8000\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:9 urn:of:nobody\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 100 101\r\na=mid:b\r\na=sendrecv\r\na=rtcp-mux\r\na=msid:s camera\r\na=rtpmap:100 VP8/90000\r\na=rtcp-fb:100 nack\r\na=rtcp-fb:100 of nobody\r\n" +
	"a=rtpmap:101 rtx/90000\r\na=fmtp:101 apt=100\r\na=ssrc-group:FID 7000 7001\r\na=ssrc:7000 cname:x\r\na=ssrc:7001 cname:x\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n" +
	"a=extmap:5 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 100 101\r\na=mid:c\r\na=sendonly\r\na=rtcp-mux\r\na=msid:s screen\r\na=rtpmap:100 VP8/90000\r\na=rtpmap:101 rtx/90000\r\na=fmtp:101 apt=100\r\n" +
	"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:6 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=extmap:7 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n" +
	"a=rid:q send\r\na=rid:f send\r\na=simulcast:send q;~f\r\n" +
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\na=sctp-port:5000\r\n"

var receivable = Formats{
	Same: func(a, b webrtc.RTPCodecCapability) bool { return strings.EqualFold(a.MimeType, b.MimeType) },
	Codecs: func(kind webrtc.RTPCodecType) []webrtc.RTPCodecParameters {
		if kind == webrtc.RTPCodecTypeAudio {
			return []webrtc.RTPCodecParameters{{PayloadType: 1, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}}}
		}
		return []webrtc.RTPCodecParameters{{PayloadType: 2, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
		}}}
	},
	Extensions: func(webrtc.RTPCodecType) (list []webrtc.RTPHeaderExtensionParameter) {
		for _, uri := range []string{
			"urn:ietf:params:rtp-hdrext:sdes:mid", "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
			"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
		} {
			list = append(list, webrtc.RTPHeaderExtensionParameter{URI: uri})
		}
		return list
	},
}

// bench is a peer that takes what another seals, without a handshake between them.
type bench struct {
	t       testing.TB
	peer    *peer
	seal    *srtp.Context // of who sends
	open    *srtp.Context
	taken   map[string]*taken // by track and encoding
	refused int
	wire    *collects
}

// taken is what one stream was told.
type taken struct {
	room    [MaxPacket]byte
	packets [][]byte
	reports int
	ended   int
	stream  Stream
}

func (s *taken) Room() []byte { return s.room[:] }
func (s *taken) RTP(n int)    { s.packets = append(s.packets, bytes.Clone(s.room[:n])) }
func (s *taken) Bad()         {}
func (s *taken) RTCP([]byte)  { s.reports++ }
func (s *taken) End()         { s.ended++ }

func newBench(t testing.TB, offers ...string) *bench {
	t.Helper()
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	m := NewMux(MuxConfig{
		Certificate: certificate, Log: logging.NewDefaultLoggerFactory(), Disconnected: time.Minute, Failed: time.Minute, Handshake: time.Minute, Receive: receivable,
	})
	t.Cleanup(m.Close)
	b := &bench{t: t, taken: map[string]*taken{}, wire: &collects{}}
	b.peer = m.NewPeer(PeerConfig{
		Addresses: trusting{}, Refused: func() { b.refused++ },
		Events: Events{
			Candidate: func(*webrtc.ICECandidate) {}, ICE: func(webrtc.ICEConnectionState) {}, DTLS: func(webrtc.DTLSTransportState) {},
			Connection: func(webrtc.PeerConnectionState) {}, Selected: func(*webrtc.ICECandidatePair) {},
			Stream: func(s Stream) {
				to := &taken{stream: s}
				b.taken[s.ID()+s.RID()] = to
				s.Deliver(to)
			},
		},
	}).(*peer)
	t.Cleanup(func() { _ = b.peer.Close() })
	keys := srtp.SessionKeys{LocalMasterKey: make([]byte, 16), LocalMasterSalt: make([]byte, 12), RemoteMasterKey: bytes.Repeat([]byte{1}, 16), RemoteMasterSalt: make([]byte, 12)}
	cfg := srtp.Config{Profile: srtp.ProtectionProfileAeadAes128Gcm, Keys: keys}
	b.seal, err = srtp.CreateContext(keys.RemoteMasterKey, keys.RemoteMasterSalt, cfg.Profile)
	if err != nil {
		t.Fatal(err)
	}
	b.open, err = srtp.CreateContext(keys.LocalMasterKey, keys.LocalMasterSalt, cfg.Profile)
	if err != nil {
		t.Fatal(err)
	}
	s := &b.peer.safe
	s.keying = cfg
	if s.in, err = s.inward(); err != nil {
		t.Fatal(err)
	}
	if s.out, err = srtp.CreateContext(keys.LocalMasterKey, keys.LocalMasterSalt, cfg.Profile); err != nil {
		t.Fatal(err)
	}
	b.peer.path.Store(&path{wire: b.wire, tcp: true})
	for _, text := range offers {
		b.offer(text)
	}
	return b
}

func (b *bench) offer(text string) string {
	b.t.Helper()
	if err := b.peer.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err != nil {
		b.t.Fatal(err)
	}
	if err := b.peer.Answer(); err != nil {
		b.t.Fatal(err)
	}
	return b.peer.Local().SDP
}

// sends gives the peer a packet; extensions are by number.
func (b *bench) sends(ssrc uint32, pt uint8, seq uint16, payload string, extensions ...string) []byte {
	b.t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: ssrc, PayloadType: pt, SequenceNumber: seq, Marker: true}, Payload: []byte(payload)}
	for _, x := range extensions {
		if err := p.SetExtension(x[0]-'0', []byte(x[1:])); err != nil {
			b.t.Fatal(err)
		}
	}
	plain, err := p.Marshal()
	if err != nil {
		b.t.Fatal(err)
	}
	sealed, err := b.seal.EncryptRTP(nil, plain, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.peer.receive(b.wire, true, sealed, b.peer.path.Load().to)
	return plain
}

// TestAnOfferIsAnswered: with what both have, under the offer's numbers.
func TestAnOfferIsAnswered(t *testing.T) {
	b := newBench(t)
	said := b.offer(offer)
	parts := strings.Split(said, "\r\nm=")
	for i, want := range [][]string{
		{"a=ice-lite", "a=group:BUNDLE a b c d\r\n", "a=fingerprint:sha-256 "},
		{"audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "a=recvonly", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=setup:passive", "a=end-of-candidates"},
		{"video 9 UDP/TLS/RTP/SAVPF 100 101\r\n", "a=recvonly", "a=fmtp:101 apt=100", "a=rtcp-fb:100 nack\r\n", "a=extmap:5 http"},
		{"video 9 ", "a=rid:q recv", "a=rid:f recv", "a=simulcast:recv q;f"},
		{"application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "a=sctp-port:5000"},
	} {
		for _, line := range want {
			if !strings.Contains(parts[i]+"\r\n", line) {
				t.Errorf("no %q in\n%s", line, parts[i])
			}
		}
	}
	for _, none := range []string{"nobody", "PCMU", "sendonly", "sendrecv\r\na=msid"} {
		if strings.Contains(said, none) {
			t.Errorf("%q in\n%s", none, said)
		}
	}
	if got := b.peer.Receivers(); len(got) != 3 || got[1].Mid() != "b" || len(got[1].Codecs()) != 2 {
		t.Errorf("receivers %v", got)
	}
	if s := b.taken["camera"]; len(b.taken) != 1 || s == nil || s.stream.SSRC() != 7000 || s.stream.Mid() != "b" {
		t.Errorf("at once there are streams %v", b.taken)
	}
	if !b.peer.Stable() || b.peer.Answer() == nil {
		t.Error("there is no offer, and an answer to it")
	}
	if err := b.peer.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer[:strings.LastIndex(offer, "m=")]}); err == nil {
		t.Error("a section is gone, and the offer taken")
	}
}

// TestPacketsFindTheirStream: by the number that the description names, else by mid and
// rid, or as the only one with that format.
func TestPacketsFindTheirStream(t *testing.T) {
	b := newBench(t, offer)
	for i, one := range []struct {
		stream     string // empty: none
		ssrc       uint32
		pt         uint8
		extensions []string
	}{
		{"camera", 7000, 100, nil},
		{"mic", 1, 111, nil},
		{"", 2, 100, nil},
		{"", 2, 100, []string{"4x"}},
		{"", 2, 100, []string{"4c"}},
		{"", 2, 100, []string{"4c", "6x"}},
		{"screenq", 2, 100, []string{"4c", "6q"}},
		{"screenf", 3, 100, []string{"4c", "6f"}},
		{"screenq", 2, 100, nil},
		{"mic", 1, 111, nil},
	} {
		before := map[string]int{}
		for name, s := range b.taken {
			before[name] = len(s.packets)
		}
		sent := b.sends(one.ssrc, one.pt, uint16(i), "x", one.extensions...)
		got := ""
		for name, s := range b.taken {
			if n := len(s.packets); n > before[name] {
				got += name
				if !bytes.Equal(s.packets[n-1], sent) {
					t.Errorf("%v: it came as %x", one, s.packets[n-1])
				}
			}
		}
		if got != one.stream {
			t.Errorf("%v: it went to %q", one, got)
		}
	}
	if b.refused != 4 {
		t.Errorf("%d were refused, four belong to no stream", b.refused)
	}
	if c, ok := b.taken["camera"].stream.Codec(100); !ok || c.MimeType != "video/VP8" {
		t.Errorf("the codec is %v", c)
	}
	if _, ok := b.taken["camera"].stream.Codec(111); ok {
		t.Error("the camera has the microphone's codec")
	}
}

// TestARetransmissionIsAsTheFirstTime: it comes under another number and format, by the
// group of the description or the repaired rid. One without a payload is a probe.
func TestARetransmissionIsAsTheFirstTime(t *testing.T) {
	b := newBench(t, offer)
	first := b.sends(7000, 100, 5, "picture")
	b.sends(7001, 101, 900, "\x00\x05picture")
	b.sends(7001, 101, 901, "")
	if got := b.taken["camera"].packets; len(got) != 2 || !bytes.Equal(got[1], first) {
		t.Errorf("%x came in place of %x", got, first)
	}
	b.sends(3, 101, 1, "\x00\x07picture", "4c", "7f") // before the encoding itself
	b.sends(2, 100, 7, "picture", "4c", "6f")
	b.sends(3, 101, 2, "\x00\x07picture", "4c", "7f")
	got := b.taken["screenf"].packets
	if len(got) != 2 {
		t.Fatalf("%d packets", len(got))
	}
	var p rtp.Packet
	if err := p.Unmarshal(got[1]); err != nil || p.SSRC != 2 || p.PayloadType != 100 || p.SequenceNumber != 7 || !p.Marker || string(p.Payload) != "picture" {
		t.Errorf("%v, %v", p, err)
	}
}

// TestATrackEndsWithItsSection: also when another comes in its place, and with the
// connection; an offer that says the same changes nothing.
func TestATrackEndsWithItsSection(t *testing.T) {
	b := newBench(t, offer, offer)
	camera := b.taken["camera"]
	if camera.ended != 0 {
		t.Fatal("ended by an offer that says the same")
	}
	b.offer(strings.ReplaceAll(offer, "msid:s camera", "msid:s other"))
	if camera.ended != 1 || b.taken["other"] == nil {
		t.Fatalf("another track: ended %d times, there are %v", camera.ended, b.taken)
	}
	b.sends(7000, 100, 1, "x")
	if len(camera.packets) != 0 || len(b.taken["other"].packets) != 1 {
		t.Error("what came for the one was given to the other")
	}
	b.offer(strings.ReplaceAll(strings.ReplaceAll(offer, "msid:s camera", "msid:s other"), "a=sendrecv", "a=inactive"))
	if b.taken["other"].ended != 1 {
		t.Error("it goes on in a section in which nothing is sent")
	}
	b.sends(1, 111, 1, "x")
	_ = b.peer.Close()
	if b.taken["mic"].ended != 1 {
		t.Error("it goes on without its connection")
	}
}

// TestNumbersAreBounded: of what is not the peer's nothing is kept, of what is so much as
// there are limits; the stream that was there goes on.
func TestNumbersAreBounded(t *testing.T) {
	b := newBench(t, offer)
	b.sends(7000, 100, 65535, "x")
	forged := []byte{0x80, 100, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}
	for i := range uint32(5000) {
		binary.BigEndian.PutUint32(forged[8:], i+1)
		b.peer.receive(b.wire, true, bytes.Clone(forged), b.peer.path.Load().to)
	}
	s := &b.peer.safe
	if len(s.routes) != 2 || s.heard != 0 { // the camera's two
		t.Fatalf("%d routes, %d numbers", len(s.routes), s.heard)
	}
	b.sends(7000, 100, 0, "x") // the count of turns is one more now
	for i := range uint32(3 * maxHeard) {
		b.sends(10_000+i, 111, 1, "x", "4a")
	}
	if len(s.routes) > maxRoutes || s.heard > maxHeard || s.count > maxStreams {
		t.Errorf("%d routes, %d numbers, %d streams", len(s.routes), s.heard, s.count)
	}
	b.sends(7000, 100, 1, "x")
	if n := len(b.taken["camera"].packets); n != 3 {
		t.Errorf("%d packets of the stream that was there", n)
	}
	for i := range uint32(2 * maxRoutes) { // of nobody
		b.sends(100_000+i, 100, 1, "x", "4x")
	}
	if len(s.routes) > maxRoutes {
		t.Errorf("%d routes", len(s.routes))
	}
}

// TestWhoSendsIsTold: when its packets came, and of those that did not (RFC 3550, section
// 6.4.1).
func TestWhoSendsIsTold(t *testing.T) {
	b := newBench(t, offer)
	for seq := range uint16(20) {
		if seq%4 == 3 {
			continue
		}
		b.sends(7000, 100, 65530+seq, "x", "5"+string([]byte{0, byte(seq)}))
	}
	sr, err := (&rtcp.SenderReport{SSRC: 7000, NTPTime: 0x1234_5678_9abc_def0}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := b.seal.EncryptRTCP(nil, sr, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.peer.receive(b.wire, true, sealed, b.peer.path.Load().to)
	if b.taken["camera"].reports != 1 {
		t.Error("the sender report did not come")
	}
	at := b.peer.safe.routes[7000].reportedAt.Add(time.Second / 2)
	for range reportEvery {
		b.peer.safe.tell(at)
	}
	var fb *rtcp.TransportLayerCC
	var rr *rtcp.ReceiverReport
	for _, sealed := range b.wire.all {
		plain, err := b.open.DecryptRTCP(nil, sealed, nil)
		if err != nil {
			t.Fatal(err)
		}
		list, err := rtcp.Unmarshal(plain)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			switch one := one.(type) {
			case *rtcp.TransportLayerCC:
				fb = one
			case *rtcp.ReceiverReport:
				rr = one
			}
		}
	}
	if fb == nil || fb.MediaSSRC != 7000 || fb.BaseSequenceNumber != 0 || fb.PacketStatusCount != 19 || len(fb.RecvDeltas) != 15 {
		t.Errorf("feedback %+v", fb)
	}
	if rr == nil || len(rr.Reports) != 1 {
		t.Fatalf("reports %+v", rr)
	}
	got := rr.Reports[0]
	got.Jitter = 0
	want := rtcp.ReceptionReport{SSRC: 7000, FractionLost: 4 * 256 / 19, TotalLost: 4, LastSequenceNumber: 1<<16 + 12, LastSenderReport: 0x5678_9abc, Delay: 1 << 15}
	if got != want {
		t.Errorf("reported %+v, want %+v", got, want)
	}
}

// TestJitter: of packets that come as they were sent there is none, whenever that is (RFC
// 3550, appendix A.8).
func TestJitter(t *testing.T) {
	for _, late := range []time.Duration{0, 5 * time.Millisecond} {
		r := reception{clock: 90000}
		at := time.Unix(1_700_000_000, 0)
		for i := range 400 {
			at = at.Add(20 * time.Millisecond)
			r.took(uint16(i), uint32(4294960000+1800*i), at.Add(time.Duration(i%2)*late))
		}
		if got, want := r.report(1, at).Jitter, uint32(late*90000/time.Second); got+1 < want || got > want+1 {
			t.Errorf("every second packet %v late: jitter %d, want %d", late, got, want)
		}
	}
}

// collects keeps what is sent.
type collects struct{ all [][]byte }

// FuzzOffer: whatever is offered, it is taken or refused, and answered if taken.
func FuzzOffer(f *testing.F) {
	f.Add(offer)
	f.Add(strings.ReplaceAll(offer, "apt=100", "apt=101"))
	f.Add(strings.ReplaceAll(offer, "m=video 9", "m=video 0"))
	f.Fuzz(func(t *testing.T, text string) {
		b := newBench(t)
		for range 2 {
			if b.peer.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}) == nil {
				if err := b.peer.Answer(); err != nil {
					t.Fatal(err)
				}
			}
			b.sends(7000, 100, 1, "x", "4b")
			text = offer
		}
	})
}

// FuzzRestore: a retransmission of the peer's is whatever the peer makes of it.
func FuzzRestore(f *testing.F) {
	f.Add([]byte("\x80\x65\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x05x"))
	f.Add([]byte("\xb0\x65\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\xbe\xde\x00\x01\x00\x05xx"))
	r := &route{stream: &stream{of: &inbound{}, ssrc: 5}, repair: true}
	for i := range r.stream.of.apts {
		r.stream.of.apts[i] = uint8(i)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		var h rtp.Header
		if _, err := h.Unmarshal(packet); err != nil || len(packet) > MaxPacket {
			return // it would not have been opened
		}
		room := make([]byte, MaxPacket)
		if n := r.restore(room, packet); n > 0 {
			var p rtp.Packet
			if err := p.Unmarshal(room[:n]); err != nil || p.SSRC != 5 {
				t.Fatalf("%v: %x of %x", err, room[:n], packet)
			}
		}
	})
}

// BenchmarkReceive is what a packet costs from the socket to its layer.
func BenchmarkReceive(b *testing.B) {
	for _, repair := range []bool{false, true} {
		b.Run(fmt.Sprintf("retransmitted=%v", repair), func(b *testing.B) {
			x := newBench(b, offer)
			to := &counts{}
			x.taken["camera"].stream.(*stream).Deliver(to)
			x.sends(7000, 100, 0, "x")
			ssrc, pt := uint32(7000), uint8(100)
			if repair {
				ssrc, pt = 7001, 101
			}
			p := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: ssrc, PayloadType: pt}, Payload: make([]byte, 1150)}
			_ = p.SetExtension(5, []byte{0, 0})
			const many = 1 << 14
			var sealed [many][]byte
			for i := range sealed {
				p.SequenceNumber = uint16(i + 1)
				_ = p.SetExtension(5, []byte{byte(i >> 8), byte(i)})
				plain, _ := p.Marshal()
				sealed[i], _ = x.seal.EncryptRTP(nil, plain, nil)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if i%many == 0 && i > 0 {
					b.StopTimer()
					x.peer.safe.in, _ = x.peer.safe.inward() // so that it is no replay
					b.StartTimer()
				}
				x.peer.receive(x.wire, true, sealed[i%many], x.peer.path.Load().to)
				if i%1000 == 999 {
					x.peer.safe.tell(time.Now())
					x.wire.all = nil
				}
			}
			if to.n < b.N {
				b.Fatalf("%d of %d", to.n, b.N)
			}
		})
	}
}

// counts takes packets and forgets them.
type counts struct {
	taken
	n int
}

func (c *counts) RTP(int) { c.n++ }

func (c *collects) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c.all = append(c.all, bytes.Clone(b))
	return len(b), nil
}

// TestWhoReceivesOffers: what was to be sent goes into the sections of the offer, in its
// formats and under its numbers, and so does what is offered later.
func TestWhoReceivesOffers(t *testing.T) {
	m, p, _, _ := offering(t)
	_ = p.Close()
	p = m.NewPeer(p.cfg).(*peer)
	t.Cleanup(func() { _ = p.Close() })
	src := &shown{}
	if _, err := p.Send(src, false); err != nil {
		t.Fatal(err)
	}
	wants := strings.NewReplacer("a=mid:0", "a=mid:x", "BUNDLE 0", "BUNDLE x", " 96\r\n", " 120 121\r\n", "a=rtpmap:96 VP8/90000", "a=rtpmap:120 VP8/90000\r\na=rtpmap:121 H264/90000",
		"a=extmap:1 ", "a=extmap:7 ", "setup:active", "setup:actpass").Replace(answer)
	if err := p.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: wants}); err != nil {
		t.Fatal(err)
	}
	if src.bound != nil || p.Offer(false) == nil {
		t.Error("it is bound, or another offer made, before the answer")
	}
	if err := p.Answer(); err != nil {
		t.Fatal(err)
	}
	if b := src.bound; b == nil || b.Mid != "x" || len(b.Codecs) != 1 || b.Codecs[0].PayloadType != 120 || len(b.Extensions) != 1 || b.Extensions[0].ID != 7 {
		t.Errorf("bound to %+v", b)
	}
	said := p.Local().SDP
	for _, want := range []string{"m=video 9 UDP/TLS/RTP/SAVPF 120\r\n", "a=mid:x\r\n", "a=setup:passive\r\n", "a=sendonly\r\n", "a=msid:stream track\r\n", "a=extmap:7 "} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if _, err := p.Send(&shown{}, false); err != nil {
		t.Fatal(err)
	}
	if err := p.Offer(false); err != nil {
		t.Fatal(err)
	}
	said = p.Local().SDP
	if n := strings.Count(said, "m=video 9 UDP/TLS/RTP/SAVPF 120\r\n"); n != 2 || strings.Count(said, "a=extmap:7 ") != 2 || !strings.Contains(said, "BUNDLE x 1\r\n") || !strings.Contains(said, "a=setup:actpass") {
		t.Errorf("then we offer\n%s", said)
	}
}

// FuzzMedia: the peer sends what it likes, sealed as it has to be.
func FuzzMedia(f *testing.F) {
	f.Add([]byte("\x90\x64\x00\x01\x00\x00\x00\x00\x00\x00\x1b\x58\xbe\xde\x00\x01\x51\x00\x05\x00picture"))
	f.Add([]byte("\xb0\x65\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\xbe\xde\x00\x01\x40c\x70f\x00\x05xx\x01"))
	f.Add([]byte("\x80\xc8\x00\x06\x00\x00\x1b\x58\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x05"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		b := newBench(t, offer)
		give := func(sealed []byte, err error) {
			if err == nil {
				b.peer.receive(b.wire, true, sealed, b.peer.path.Load().to)
			}
		}
		for range 2 {
			give(b.seal.EncryptRTP(nil, packet, nil))
			give(b.seal.EncryptRTCP(nil, packet, nil))
		}
		for range reportEvery {
			b.peer.safe.tell(time.Now())
		}
	})
}
