// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// pionPeer is a Peer by pion/webrtc.
type pionPeer struct {
	pc *webrtc.PeerConnection

	statsMu   sync.Mutex // held while the library is asked for its statistics
	statsGone bool       // it closes the connection, and they with it

	mu       sync.Mutex
	sections map[*webrtc.RTPTransceiver]*pionSender
}

// Pion makes a Peer of a connection of pion/webrtc that nobody has used yet.
func Pion(pc *webrtc.PeerConnection, events Events) Peer {
	p := &pionPeer{pc: pc, sections: map[*webrtc.RTPTransceiver]*pionSender{}}
	pc.OnICECandidate(events.Candidate)
	pc.OnICEConnectionStateChange(events.ICE)
	pc.OnConnectionStateChange(events.Connection)
	dtls := pc.SCTP().Transport()
	dtls.ICETransport().OnSelectedCandidatePairChange(events.Selected)
	dtls.OnStateChange(func(s webrtc.DTLSTransportState) {
		if s == webrtc.DTLSTransportStateClosed {
			p.endStats()
		}
		events.DTLS(s)
	})
	if events.Stream != nil {
		pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { events.Stream(pionStream{t, r}) })
	}
	if events.Channel != nil {
		pc.OnDataChannel(events.Channel)
	}
	return p
}

func (p *pionPeer) Offer(restart bool) error {
	offer, err := p.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return err
	}
	return p.pc.SetLocalDescription(offer)
}

func (p *pionPeer) Answer() error {
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return p.pc.SetLocalDescription(answer)
}

func (p *pionPeer) Local() webrtc.SessionDescription { return *p.pc.LocalDescription() }

func (p *pionPeer) SetRemote(d webrtc.SessionDescription) error { return p.pc.SetRemoteDescription(d) }

func (p *pionPeer) Stable() bool { return p.pc.SignalingState() == webrtc.SignalingStateStable }

func (p *pionPeer) AddCandidate(c webrtc.ICECandidateInit) error { return p.pc.AddICECandidate(c) }

func (p *pionPeer) WriteRTCP(list []rtcp.Packet) error { return p.pc.WriteRTCP(list) }

func (p *pionPeer) State() webrtc.PeerConnectionState { return p.pc.ConnectionState() }

func (p *pionPeer) Close() error { return p.pc.Close() }

func (p *pionPeer) Send(src Source, reuse bool) (Sender, error) {
	local := &pionSource{Source: src}
	var t *webrtc.RTPTransceiver
	if reuse {
		sender, err := p.pc.AddTrack(local)
		if err != nil {
			return nil, err
		}
		for _, one := range p.pc.GetTransceivers() {
			if one.Sender() == sender {
				t = one
			}
		}
	} else {
		var err error
		t, err = p.pc.AddTransceiverFromTrack(local, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sections[t]
	if s == nil {
		s = &pionSender{pc: p.pc, tr: t}
		p.sections[t] = s
	}
	s.local = local
	local.section.Store(s)
	return s, nil
}

func (p *pionPeer) Receivers() (list []Receiver) {
	for _, t := range p.pc.GetTransceivers() {
		if t.Receiver() != nil {
			list = append(list, pionReceiver{t})
		}
	}
	return list
}

func (p *pionPeer) OpenChannel(label string, events ChannelEvents) (Channel, error) {
	ordered := true
	dc, err := p.pc.CreateDataChannel(label, &webrtc.DataChannelInit{Ordered: &ordered})
	if err != nil {
		return nil, err
	}
	dc.OnOpen(events.Open)
	dc.OnMessage(func(m webrtc.DataChannelMessage) { events.Message(m.Data) })
	return pionChannel{dc}, nil
}

// Pairs asks for statistics, none once the library closes the connection. It does so by
// itself as well, when the client says goodbye, and then writes without a lock what is
// read here. Before that it tells that DTLS is closed, see endStats.
func (p *pionPeer) Pairs() (list []Pair) {
	p.statsMu.Lock()
	defer p.statsMu.Unlock()
	if p.statsGone {
		return nil
	}
	stats := p.pc.GetStats()
	for _, s := range stats {
		pair, ok := s.(webrtc.ICECandidatePairStats)
		if !ok {
			continue
		}
		list = append(list, Pair{
			Local: candidateOf(stats[pair.LocalCandidateID]), Remote: candidateOf(stats[pair.RemoteCandidateID]), State: pair.State,
			Asked: timeOf(pair.LastRequestReceivedTimestamp), Answered: timeOf(pair.LastResponseTimestamp),
			In: timeOf(pair.LastPacketReceivedTimestamp), Out: timeOf(pair.LastPacketSentTimestamp),
		})
	}
	return list
}

// endStats returns when nobody reads the library's statistics any more.
func (p *pionPeer) endStats() {
	p.statsMu.Lock()
	defer p.statsMu.Unlock()
	p.statsGone = true
}

func candidateOf(s webrtc.Stats) webrtc.ICECandidate {
	c, ok := s.(webrtc.ICECandidateStats)
	if !ok {
		return webrtc.ICECandidate{}
	}
	protocol, _ := webrtc.NewICEProtocol(c.Protocol) // unknown is 0
	return webrtc.ICECandidate{Address: c.IP, Port: uint16(c.Port), Protocol: protocol, Typ: c.CandidateType}
}

// timeOf is a time of the library, which has odd ones for those that never were.
func timeOf(s webrtc.StatsTimestamp) time.Time {
	if s <= 0 {
		return time.Time{}
	}
	return s.Time()
}

type pionReceiver struct{ t *webrtc.RTPTransceiver }

func (r pionReceiver) Mid() string               { return r.t.Mid() }
func (r pionReceiver) Kind() webrtc.RTPCodecType { return r.t.Kind() }

func (r pionReceiver) Codecs() []webrtc.RTPCodecParameters {
	return r.t.Receiver().GetParameters().Codecs
}

func (r pionReceiver) SetCodecs(codecs []webrtc.RTPCodecParameters) error {
	return r.t.SetCodecPreferences(codecs)
}

type pionStream struct {
	t *webrtc.TrackRemote
	r *webrtc.RTPReceiver
}

func (s pionStream) Mid() string {
	if t := s.r.RTPTransceiver(); t != nil {
		return t.Mid()
	}
	return ""
}

func (s pionStream) ID() string                { return s.t.ID() }
func (s pionStream) RID() string               { return s.t.RID() }
func (s pionStream) SSRC() uint32              { return uint32(s.t.SSRC()) }
func (s pionStream) Kind() webrtc.RTPCodecType { return s.t.Kind() }

// Codec knows that of the packet that was read last.
func (s pionStream) Codec(pt uint8) (webrtc.RTPCodecParameters, bool) {
	c := s.t.Codec()
	return c, uint8(c.PayloadType) == pt
}

func (s pionStream) Extensions() []webrtc.RTPHeaderExtensionParameter {
	return s.r.GetParameters().HeaderExtensions
}

// maxBad is how many packets in a row may be bad before a stream counts as ended.
const maxBad = 1000

// Deliver reads until the stream ends. That RTCP is read is also what lets receiver
// reports be written.
func (s pionStream) Deliver(to Sink) {
	go func() {
		for b := make([]byte, MaxPacket); ; {
			n, err := s.readRTCP(b)
			if err != nil {
				return
			}
			to.RTCP(b[:n])
		}
	}()
	go func() {
		defer to.End()
		for failures := 0; failures < maxBad; {
			n, _, err := s.t.Read(to.Room())
			switch {
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe):
				return
			case err != nil: // of this packet only: a payload type that nobody agreed on, or too long
				failures++
				to.Bad()
			default:
				failures = 0
				to.RTP(n)
			}
		}
	}()
}

func (s pionStream) readRTCP(b []byte) (n int, err error) {
	if rid := s.t.RID(); rid != "" {
		n, _, err = s.r.ReadSimulcast(b, rid)
	} else {
		n, _, err = s.r.Read(b)
	}
	return n, err
}

type pionChannel struct{ dc *webrtc.DataChannel }

func (c pionChannel) Open() bool              { return c.dc.ReadyState() == webrtc.DataChannelStateOpen }
func (c pionChannel) Buffered() uint64        { return c.dc.BufferedAmount() }
func (c pionChannel) SendText(s string) error { return c.dc.SendText(s) }
