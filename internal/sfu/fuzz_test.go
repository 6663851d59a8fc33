// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net/netip"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// FuzzCandidate: a candidate is taken, or refused as the peer's fault.
func FuzzCandidate(f *testing.F) {
	for _, c := range []string{
		"", "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host", "candidate:1 1 tcp 1 ::1 9 typ host tcptype active",
		"candidate:1 1 udp 1 x.local 1 typ srflx raddr 0.0.0.0 rport 0 ufrag abcd", "a=candidate:1 1 udp 1 192.0.2.1 99999 typ host",
	} {
		f.Add(c, "0", uint16(0), "abcd")
	}
	e := newEngine(f)
	pc := client(f)
	if _, err := pc.CreateDataChannel("api", nil); err != nil {
		f.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, mid string, line uint16, ufrag string) {
		c := webrtc.ICECandidateInit{Candidate: text, SDPMid: &mid, SDPMLineIndex: &line, UsernameFragment: &ufrag}
		p, err := e.NewPublisher(PublisherConfig{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		s, err := e.NewSubscriber(SubscriberConfig{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		early := p.AddCandidate(c)
		if _, err := p.Answer(t.Context(), offer); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{early, p.AddCandidate(c), s.AddCandidate(c)} {
			if err != nil && fault.From(err, fault.OpPublish).Kind.Status/100 != 4 {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

// FuzzFeedback: whatever a subscriber reports, the track goes on, and no packet
// is repeated that it was not sent.
func FuzzFeedback(f *testing.F) {
	for _, p := range []rtcp.Packet{
		&rtcp.TransportLayerNack{MediaSSRC: 1000, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xffff}}},
		&rtcp.PictureLossIndication{MediaSSRC: 1000}, &rtcp.FullIntraRequest{MediaSSRC: 1000, FIR: []rtcp.FIREntry{{SSRC: 1000}}},
		&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 1000, FractionLost: 128, TotalLost: 7, Jitter: 90}}},
		&rtcp.SenderReport{SSRC: 0, NTPTime: 1 << 60, RTPTime: 90000},
		&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e6, SSRCs: []uint32{1000}},
		&rtcp.TransportLayerCC{
			Header:            rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 5},
			PacketStatusCount: 1, PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: 1, RunLength: 1}},
			RecvDeltas: []*rtcp.RecvDelta{{Type: 1, Delta: 250}},
		},
	} {
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint32(1000))
	}
	f.Fuzz(func(t *testing.T, b []byte, ssrc uint32) {
		n := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
		st := n.layer(0, vp8Params)
		st.l.RTCP(b)
		s := n.d.sub
		s.routes = map[uint32]*DownTrack{1000: n.d, 2000: n.d}
		s.feedback(ssrc, b)
		n.d.sub.feedback(1000, b)
		if len(n.w.sent) > 0 {
			t.Errorf("% x was answered with %d packets, and none had been sent", b, len(n.w.sent))
		}
	})
}

// FuzzCheck: whatever an address sends, and whatever names it, it is sent no more
// than three times what it cost until it has answered.
func FuzzCheck(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"), "candidate:1 1 udp 1 192.0.2.1 5000 typ host")
	f.Add([]byte("\x01\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"), "candidate:1 1 udp 1 ::ffff:192.0.2.1 5000 typ host")
	f.Add([]byte{0x80, 96}, "x")
	address := netip.MustParseAddrPort("192.0.2.1:5000")
	f.Fuzz(func(t *testing.T, b []byte, candidate string) {
		p := newPaths(newHammer(Config{}), false)
		cost, sent := 0, 0
		for range 3 {
			p.name(candidate, len(candidate))
			p.in(b, address)
			cost += len(candidate) + len(b)
			for range 20 {
				if p.out(b, address) {
					sent += len(b)
				}
			}
		}
		if sent > amplification*cost {
			t.Errorf("%q, % x: %d bytes for %d", candidate, b, sent, cost)
		}
	})
}

// FuzzFormat: whether two formats are the same codec does not depend on which is
// asked about, and each is the same as itself.
func FuzzFormat(f *testing.F) {
	for _, line := range []string{"", "packetization-mode=1;profile-level-id=42e01f", "profile-level-id=4d801f; Packetization-Mode=0", "profile-id=2", "=;a=b=c;;"} {
		for kind := range uint8(4) {
			f.Add(kind, line, "profile-level-id=640c1f;packetization-mode=1")
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, one, other string) {
		mime := []string{webrtc.MimeTypeH264, webrtc.MimeTypeVP9, webrtc.MimeTypeAV1, webrtc.MimeTypeVP8}[kind%4]
		a, b := webrtc.RTPCodecCapability{MimeType: mime, SDPFmtpLine: one}, webrtc.RTPCodecCapability{MimeType: mime, SDPFmtpLine: other}
		if sameCodec(a, b) != sameCodec(b, a) || !sameCodec(a, a) {
			t.Errorf("%s: %q and %q", mime, one, other)
		}
	})
}
