// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// nowhere counts what is sent and sends nothing.
type nowhere struct{ packets int }

func (n *nowhere) WriteToAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	n.packets++
	return len(b), nil
}

// trusting lets everything pass.
type trusting struct{}

func (trusting) In([]byte, netip.AddrPort) bool             { return true }
func (trusting) Out([]byte, netip.AddrPort) bool            { return true }
func (trusting) Proof(netip.AddrPort, string) (none []byte) { return none }

var (
	vp8 = webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}}
	mid = webrtc.RTPHeaderExtensionParameter{URI: "urn:ietf:params:rtp-hdrext:sdes:mid", ID: 1}
)

// offering is a peer that has offered a video, and where its packets go.
func offering(t testing.TB) (*Mux, *peer, *nowhere, *shown) {
	t.Helper()
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	m := NewMux(MuxConfig{
		Certificate: certificate, Log: logging.NewDefaultLoggerFactory(), Disconnected: time.Minute, Failed: time.Minute, Handshake: time.Minute,
		Send: Formats{
			Same:   receivable.Same,
			Codecs: func(webrtc.RTPCodecType) []webrtc.RTPCodecParameters { return []webrtc.RTPCodecParameters{vp8} },
			Extensions: func(webrtc.RTPCodecType) []webrtc.RTPHeaderExtensionParameter {
				return []webrtc.RTPHeaderExtensionParameter{mid}
			},
		},
	})
	t.Cleanup(m.Close)
	wire := &nowhere{}
	p := m.NewPeer(PeerConfig{
		Addresses: trusting{},
		Events: Events{
			Candidate: func(*webrtc.ICECandidate) {}, ICE: func(webrtc.ICEConnectionState) {}, DTLS: func(webrtc.DTLSTransportState) {},
			Connection: func(webrtc.PeerConnectionState) {}, Selected: func(*webrtc.ICECandidatePair) {},
		},
		Candidates: func(string, func(Wire, []byte, netip.AddrPort)) []Candidate {
			return []Candidate{{Wire: wire, Addr: netip.MustParseAddrPort("192.0.2.1:7882")}}
		},
	}).(*peer)
	t.Cleanup(func() { _ = p.Close() })
	src := &shown{}
	if _, err := p.Send(src, false); err != nil {
		t.Fatal(err)
	}
	if err := p.Offer(false); err != nil {
		t.Fatal(err)
	}
	return m, p, wire, src
}

// shown is a source that remembers what it was bound to.
type shown struct {
	bound   *Binding
	unbound int
}

func (*shown) ID() string                { return "track" }
func (*shown) StreamID() string          { return "stream" }
func (*shown) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeVideo }
func (s *shown) Unbind()                 { s.unbound++ }

func (s *shown) Bind(b Binding) webrtc.RTPCodecParameters {
	s.bound = &b
	return webrtc.RTPCodecParameters{}
}

const answer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:them\r\na=ice-pwd:0123456789012345678901\r\n" +
	"a=fingerprint:sha-256 AA:BB\r\na=setup:active\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n" +
	"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"

func check(p *peer, pwd string, more ...stun.Setter) []byte {
	all := append([]stun.Setter{stun.TransactionID, stun.BindingRequest, stun.NewUsername(p.own.ufrag + ":them")}, more...)
	return stun.MustBuild(append(all, stun.NewShortTermIntegrity(pwd), stun.Fingerprint)...).Raw
}

// TestAnAnswerBinds: a source is bound to what the answer kept, and is let go when it is
// stopped. An answer nobody waits for is refused.
func TestAnAnswerBinds(t *testing.T) {
	_, p, _, src := offering(t)
	said := p.Local().SDP
	for _, want := range []string{"a=ice-lite\r\n", "a=group:BUNDLE 0\r\n", "a=sendonly\r\n", "a=candidate:1 1 udp ", " 192.0.2.1 7882 typ host\r\n", "a=msid:stream track\r\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if err := p.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	if b := src.bound; b == nil || b.Mid != "0" || len(b.Codecs) != 1 || len(b.Extensions) != 1 || b.SSRC == 0 || b.RTXSSRC == 0 {
		t.Errorf("bound to %+v", b)
	}
	if err := p.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err == nil {
		t.Error("a second answer is taken")
	}
	if err := p.sections[0].Stop(); err != nil || src.unbound != 1 {
		t.Errorf("stopped: %v, let go %d times", err, src.unbound)
	}
}

// TestChecksAreAnswered: a check signed with our password is answered and, where it
// nominates, has its address used; one that is signed otherwise is not.
func TestChecksAreAnswered(t *testing.T) {
	m, p, wire, _ := offering(t)
	from := netip.MustParseAddrPort("198.51.100.7:5000")
	if !m.Handle(wire, check(p, "a guess", stun.RawAttribute{Type: stun.AttrUseCandidate}), from) {
		t.Error("a check for us is left to others")
	}
	if wire.packets != 0 || p.path.Load() != nil || len(p.Pairs()) != 0 {
		t.Errorf("a forged check: %d packets, path %v, %d addresses", wire.packets, p.path.Load(), len(p.Pairs()))
	}
	m.Handle(wire, check(p, p.own.pwd), from)
	if wire.packets != 1 || p.path.Load() != nil {
		t.Errorf("a check: %d answers, path %v", wire.packets, p.path.Load())
	}
	m.Handle(wire, check(p, p.own.pwd, stun.RawAttribute{Type: stun.AttrUseCandidate}), from)
	if w := p.path.Load(); w == nil || w.to != from {
		t.Errorf("nominated, and the path is %v", w)
	}
	if m.Handle(wire, []byte{128, 200, 0, 0}, netip.MustParseAddrPort("198.51.100.8:5000")) {
		t.Error("a packet of an address that is nobody's is taken")
	}
	for port := range uint16(100) { // who knows the password may come from anywhere
		m.Handle(wire, check(p, p.own.pwd), netip.AddrPortFrom(from.Addr(), 6000+port))
	}
	if n := len(p.Pairs()); n > maxFlows || len(m.flows) > maxFlows {
		t.Errorf("%d addresses are kept, %d in the registry", n, len(m.flows))
	}
	if w := p.path.Load(); w == nil || w.to != from {
		t.Errorf("the path in use made room: %v", w)
	}
	_ = p.Close()
	if len(m.flows)+len(m.names)+len(m.peers) != 0 {
		t.Errorf("closed, and kept: %d addresses, %d names, %d peers", len(m.flows), len(m.names), len(m.peers))
	}
}

// dropping is a gate through which nothing goes out.
type dropping struct{}

func (dropping) Pass(out bool, _ []byte) (bool, bool, time.Duration) { return out, false, 0 }

// TestWhatAGateDropsIsCounted: what goes out is, since nobody knows what becomes of it.
func TestWhatAGateDropsIsCounted(t *testing.T) {
	m, p, wire, _ := offering(t)
	counted := 0
	p.cfg.Gate = func(bool) Gate { return dropping{} }
	p.cfg.Count = func(out, _ bool, _ []byte) {
		if out {
			counted++
		}
	}
	m.Handle(wire, check(p, p.own.pwd), netip.MustParseAddrPort("198.51.100.7:5000"))
	if counted != 1 || wire.packets != 0 {
		t.Errorf("%d counted, %d sent", counted, wire.packets)
	}
}

// TestThePeerIsWhoAnswered: somebody else who has seen the offer nominates as well, and
// media goes to who answered.
func TestThePeerIsWhoAnswered(t *testing.T) {
	m, p, wire, _ := offering(t)
	them, other := netip.MustParseAddrPort("198.51.100.7:5000"), netip.MustParseAddrPort("198.51.100.8:5000")
	nominate := stun.RawAttribute{Type: stun.AttrUseCandidate}
	m.Handle(wire, check(p, p.own.pwd, nominate), them)
	theirs := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(p.own.ufrag+":else"), nominate,
		stun.NewShortTermIntegrity(p.own.pwd), stun.Fingerprint).Raw
	m.Handle(wire, theirs, other)
	if w := p.path.Load(); w == nil || w.to != other {
		t.Fatalf("the path is %v", w)
	}
	if err := p.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	if w := p.path.Load(); w == nil || w.to != them {
		t.Errorf("answered, and the path is %v", w)
	}
	// Two handshakes of DTLS in one would both fail.
	hello := []byte{22, 254, 253}
	if !m.Handle(wire, hello, them) || m.Handle(wire, hello, other) {
		t.Error("what somebody else sends is taken for the peer's")
	}
	m.Handle(wire, theirs, other)
	if m.Handle(wire, hello, other) {
		t.Error("a check brought somebody else back")
	}
}

// TestChecksComeBeforeTheAnswer: those of whoever answers count from then on, since the
// next may come much later; those of somebody else do not.
func TestChecksComeBeforeTheAnswer(t *testing.T) {
	m, p, wire, _ := offering(t)
	them, other := netip.MustParseAddrPort("198.51.100.7:5000"), netip.MustParseAddrPort("198.51.100.8:5000")
	m.Handle(wire, check(p, p.own.pwd), them)
	m.Handle(wire, stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(p.own.ufrag+":else"),
		stun.NewShortTermIntegrity(p.own.pwd), stun.Fingerprint).Raw, other)
	if w := p.path.Load(); w != nil {
		t.Fatalf("before the answer the path is %v", w)
	}
	if err := p.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	if w := p.path.Load(); w == nil || w.to != them {
		t.Errorf("answered, and the path is %v", w)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ice != webrtc.ICEConnectionStateConnected || !p.begun {
		t.Errorf("ICE is %v, DTLS begun: %t", p.ice, p.begun)
	}
}

// owing has every address owe an answer once the peer has answered.
type owing struct {
	trusting
	asked *[]netip.AddrPort
}

func (o owing) Proof(from netip.AddrPort, _ string) []byte {
	*o.asked = append(*o.asked, from)
	return []byte{0, 1}
}

// TestWhoCameEarlyIsAskedWithTheAnswer: until then nobody knows with which password, and
// the peer's next check may come much later.
func TestWhoCameEarlyIsAskedWithTheAnswer(t *testing.T) {
	m, p, wire, _ := offering(t)
	them := netip.MustParseAddrPort("198.51.100.7:5000")
	m.Handle(wire, check(p, p.own.pwd), them)
	p.flows[0].path.tcp = false // as if the wire were a socket of UDP
	var asked []netip.AddrPort
	p.cfg.Addresses = owing{asked: &asked}
	before := wire.packets
	if err := p.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 1 || asked[0] != them || wire.packets == before {
		t.Errorf("asked were %v by %d packets", asked, wire.packets-before)
	}
}

// TestAnAddressIsWhoseCheckCameLast: what comes from an address that two peers had is the
// later one's, also when the other is closed, and the other has it back by its next check.
func TestAnAddressIsWhoseCheckCameLast(t *testing.T) {
	m, p, wire, _ := offering(t)
	other := m.NewPeer(p.cfg).(*peer)
	t.Cleanup(func() { _ = other.Close() })
	if err := other.Offer(false); err != nil {
		t.Fatal(err)
	}
	from := netip.MustParseAddrPort("198.51.100.7:5000")
	for i, one := range []*peer{p, other, p, other} {
		m.Handle(wire, check(one, one.own.pwd), from)
		if m.flows[flow{wire, from}] != one {
			t.Fatalf("after check %d the address is not of whom it came from", i)
		}
	}
	_ = p.Close()
	if m.flows[flow{wire, from}] != other {
		t.Error("who had it before took it away")
	}
}

// TestAnAddressIsForgotten: one that is not in use and has sent no check for long is
// nobody's, until it sends one.
func TestAnAddressIsForgotten(t *testing.T) {
	m, p, wire, _ := offering(t)
	used, old := netip.MustParseAddrPort("198.51.100.7:5000"), netip.MustParseAddrPort("198.51.100.7:6000")
	m.Handle(wire, check(p, p.own.pwd), old)
	m.Handle(wire, check(p, p.own.pwd, stun.RawAttribute{Type: stun.AttrUseCandidate}), used)
	p.watch(time.Now().Add(flowRest + time.Second))
	m.mu.Lock()
	if m.flows[flow{wire, used}] != p || m.flows[flow{wire, old}] != nil {
		t.Errorf("known: %v", m.flows)
	}
	m.mu.Unlock()
	m.Handle(wire, check(p, p.own.pwd), old)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.flows[flow{wire, old}] != p {
		t.Error("its check did not bring it back")
	}
}

// early is a source that has something happen while an answer is applied.
type early struct {
	shown
	do func()
}

func (e *early) Bind(b Binding) webrtc.RTPCodecParameters {
	e.do()
	return e.shown.Bind(b)
}

// TestACheckOvertakesTheAnswer: one that nominates comes while the answer is being applied.
func TestACheckOvertakesTheAnswer(t *testing.T) {
	m, p, wire, _ := offering(t)
	p.sections[0].src = &early{do: func() {
		m.Handle(wire, check(p, p.own.pwd, stun.RawAttribute{Type: stun.AttrUseCandidate}), netip.MustParseAddrPort("198.51.100.7:5000"))
	}}
	if err := p.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ice != webrtc.ICEConnectionStateConnected {
		t.Errorf("ICE is %v", p.ice)
	}
}

// TestASectionIsFreeOnceThePeerKnows: a track that comes with the offer that another one
// goes with does not get its section: the peer would take the one for the other.
func TestASectionIsFreeOnceThePeerKnows(t *testing.T) {
	_, p, _, _ := offering(t)
	answered := func() {
		t.Helper()
		if err := p.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
			t.Fatal(err)
		}
	}
	answered()
	first := p.sections[0]
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	if s, err := p.Send(&shown{}, true); err != nil || s == Sender(first) {
		t.Errorf("it got section %v, %v", s, err)
	}
	if err := p.Offer(false); err != nil {
		t.Fatal(err)
	}
	answered()
	if s, err := p.Send(&shown{}, true); err != nil || s != Sender(first) {
		t.Errorf("the next got section %v, %v", s, err)
	}
}

// FuzzPacket: whatever comes, from a stranger or from the address in use, nobody without
// the password is answered.
func FuzzPacket(f *testing.F) {
	m, p, wire, _ := offering(f)
	from := netip.MustParseAddrPort("198.51.100.7:5000")
	m.Handle(wire, check(p, p.own.pwd, stun.RawAttribute{Type: stun.AttrUseCandidate}), from)
	f.Add(check(p, "a guess"), false)
	f.Add(check(p, "a guess", stun.RawAttribute{Type: stun.AttrICEControlled, Value: make([]byte, 8)}), true)
	f.Add([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, true)
	f.Add([]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, true)
	f.Add([]byte{0x81, 201, 0, 7, 0, 0, 0, 1}, true)
	f.Add([]byte{0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, true)
	f.Fuzz(func(t *testing.T, b []byte, known bool) {
		at := netip.MustParseAddrPort("203.0.113.9:9")
		if known {
			at = from
		}
		before := wire.packets
		m.Handle(wire, slices.Clone(b), at)
		if wire.packets != before || len(p.Pairs()) != 1 {
			t.Errorf("%x: %d packets, %d addresses", b, wire.packets-before, len(p.Pairs()))
		}
	})
}

// FuzzRTCP: of whatever compound, the streams it is about are a bounded list without
// repetitions, and all that pion/rtcp finds are in it.
func FuzzRTCP(f *testing.F) {
	for _, one := range []rtcp.Packet{
		&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 1}, {SSRC: 2}}}, &rtcp.SenderReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: 3}}},
		&rtcp.TransportLayerNack{MediaSSRC: 1, Nacks: []rtcp.NackPair{{PacketID: 1}}}, &rtcp.PictureLossIndication{MediaSSRC: 2},
		&rtcp.FullIntraRequest{MediaSSRC: 1, FIR: []rtcp.FIREntry{{SSRC: 5}}}, &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e6, SSRCs: []uint32{7, 8}},
	} {
		b, err := one.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list := about(b, nil)
		if len(list) > maxAbout {
			t.Fatalf("%d streams", len(list))
		}
		for i, ssrc := range list {
			if slices.Contains(list[:i], ssrc) {
				t.Fatalf("%d twice", ssrc)
			}
		}
		packets, err := rtcp.Unmarshal(b)
		if err != nil || len(list) == maxAbout {
			return
		}
		for _, one := range packets {
			switch one.(type) {
			case *rtcp.ReceiverReport, *rtcp.TransportLayerNack, *rtcp.PictureLossIndication, *rtcp.FullIntraRequest, *rtcp.ReceiverEstimatedMaximumBitrate:
				for _, ssrc := range one.DestinationSSRC() {
					if !slices.Contains(list, ssrc) {
						t.Errorf("%T about %d is not noticed in %x", one, ssrc, b)
					}
				}
			}
		}
	})
}

// FuzzDescription: an answer is taken or refused, and what is bound was offered.
func FuzzDescription(f *testing.F) {
	f.Add(answer)
	f.Add(strings.Replace(answer, "a=extmap:1 ", "a=extmap:1/sendonly ", 1))
	f.Add(strings.Replace(answer, "m=video 9", "m=video 0", 1))
	_, p, _, src := offering(f)
	f.Fuzz(func(t *testing.T, sdp string) {
		p.mu.Lock()
		p.offered, p.sections[0].answered = true, false
		p.mu.Unlock()
		src.bound = nil
		if p.SetRemote(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}) != nil || src.bound == nil {
			return
		}
		for _, c := range src.bound.Codecs {
			if c.PayloadType != vp8.PayloadType {
				t.Errorf("bound to %+v", c)
			}
		}
	})
}

// TestABatchArrives: packets of a batch come as they were, in the order of each receiver,
// also those that are shorter or longer than the one before.
func TestABatchArrives(t *testing.T) {
	from, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	sock, err := NewSocket(from)
	if err != nil {
		t.Fatal(err)
	}
	const receivers, rounds = 3, 5
	var conns []*net.UDPConn
	var paths []*path
	for range receivers {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		to := c.LocalAddr().(*net.UDPAddr).AddrPort()
		conns, paths = append(conns, c), append(paths, &path{wire: sock, sock: sock, to: to, dest: sock.destination(to)})
	}
	sizes := []int{1200, 1200, 700, 1200, 1300}
	var batch Batch
	for i := range rounds {
		for r, w := range paths {
			err := batch.add(w, func(room []byte) ([]byte, error) {
				clear(room[:sizes[i]])
				room[0], room[1] = byte(i), byte(r)
				return room[:sizes[i]], nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		batch.End(i == rounds-1)
	}
	b := make([]byte, 2000)
	for r, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		for i := range rounds {
			n, err := c.Read(b)
			if err != nil || n != sizes[i] || b[0] != byte(i) || b[1] != byte(r) {
				t.Fatalf("receiver %d, packet %d: %d bytes, %v, %v", r, i, n, b[:2], err)
			}
		}
	}
	if n := sock.Sent.Packets.Load(); n != receivers*rounds {
		t.Errorf("%d packets are counted", n)
	}
}

// TestAnInboxReadsAll: packets come out as they went in, with where they came from.
func TestAnInboxReadsAll(t *testing.T) {
	to, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	sock, err := NewSocket(to)
	if err != nil {
		t.Fatal(err)
	}
	from, err := net.DialUDP("udp4", nil, to.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	inbox := sock.Inboxes()[0]
	_ = to.SetReadDeadline(time.Now().Add(time.Minute))
	for i := range 100 {
		if _, err := from.Write(make([]byte, 1+i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		b, at, err := inbox.Next()
		if err != nil || len(b) != 1+i || at != from.LocalAddr().(*net.UDPAddr).AddrPort() {
			t.Fatalf("packet %d: %d bytes from %v, %v", i, len(b), at, err)
		}
	}
	if n := sock.Read.Packets.Load(); n != 100 {
		t.Errorf("%d packets are counted", n)
	}
	_ = to.Close()
	if _, _, err := inbox.Next(); err == nil {
		t.Error("a closed socket is read")
	}
}
