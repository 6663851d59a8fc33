// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// Connections may be of our own transport (Config.OwnTransport), which shares the sockets
// with those of pion/webrtc: whatever is for none of its peers is left to that.

// newMux is what our own connections share.
func (e *Engine) newMux() *transport.Mux {
	t := timingOf(Config{Lite: true}) // it is a lite agent, whatever the others are
	return transport.NewMux(transport.MuxConfig{
		Certificate: e.tlsCert, Log: pionLog{e.cfg.Log},
		Disconnected: t.disconnected, Failed: t.listen, Handshake: t.secure, ReceiveBuffer: 256 << 10,
		Send: formats(subscriberVideo), Receive: formats(publisherVideo, extRid, extRepairedRid),
	})
}

// formats are those of one direction; more are extensions of video.
func formats(video []webrtc.RTPCodecParameters, more ...string) transport.Formats {
	all := []webrtc.RTPHeaderExtensionParameter{{URI: extMid, ID: 1}, {URI: extTWCC, ID: 2}}
	forAudio := append(slices.Clone(all), webrtc.RTPHeaderExtensionParameter{URI: extAudioLevel, ID: 3})
	forVideo := append(all, webrtc.RTPHeaderExtensionParameter{URI: extOrientation, ID: 4}, webrtc.RTPHeaderExtensionParameter{URI: extDependency, ID: 5})
	for i, uri := range more {
		forVideo = append(forVideo, webrtc.RTPHeaderExtensionParameter{URI: uri, ID: 6 + i})
	}
	audio := audioCodecs([]webrtc.RTCPFeedback{{Type: "transport-cc"}})
	return transport.Formats{
		Same: sameCodec,
		Codecs: func(kind webrtc.RTPCodecType) []webrtc.RTPCodecParameters {
			if kind == webrtc.RTPCodecTypeVideo {
				return video
			}
			return audio
		},
		Extensions: func(kind webrtc.RTPCodecType) []webrtc.RTPHeaderExtensionParameter {
			if kind == webrtc.RTPCodecTypeVideo {
				return forVideo
			}
			return forAudio
		},
	}
}

// ownPeer makes a connection of our own transport.
func (e *Engine) ownPeer(c *conn, events transport.Events) transport.Peer {
	c.paths.lite = true
	cfg := transport.PeerConfig{
		Events: events, RTCP: c.rtcp, Addresses: provenPaths{c.paths}, Checked: func() { c.sawCheck(nil, nil, nil, nil) },
		Candidates: func(ufrag string, take func(transport.Wire, []byte, netip.AddrPort)) []transport.Candidate {
			return e.socks.candidates(ufrag, c.tcpOnly, take)
		},
		Forget: e.socks.forget, Refused: func() { e.totals.badPackets.Add(1) },
	}
	if !e.blind {
		cfg.Count = func(out, tcp bool, b []byte) {
			if tcp {
				c.traffic.tcp.count(out, b)
			} else {
				c.traffic.udp.count(out, b)
			}
		}
	}
	if c.impairment != nil {
		cfg.Gate = func(tcp bool) transport.Gate {
			if tcp && c.tcpImpairment != nil {
				return c.tcpImpairment
			}
			return c.impairment
		}
	}
	return e.mux.NewPeer(cfg)
}

// provenPaths lets our own transport ask which addresses hear us.
type provenPaths struct{ *paths }

// In tells whether a packet may pass.
func (p provenPaths) In(b []byte, from netip.AddrPort) bool { return p.in(b, from) }

// Out tells whether one may be sent.
func (p provenPaths) Out(b []byte, to netip.AddrPort) bool { return p.out(b, to) }

// Proof is a check that an address has to answer.
func (p provenPaths) Proof(from netip.AddrPort, ufrag string) []byte { return p.proof(from, ufrag) }

// candidates are where peers reach our own connections. Each listener for TCP is read
// for the user name until it is forgotten.
func (s *sockets) candidates(ufrag string, tcpOnly bool, take func(transport.Wire, []byte, netip.AddrPort)) (list []transport.Candidate) {
	if !tcpOnly || s.tcp == nil {
		for _, told := range s.addrs {
			list = append(list, transport.Candidate{Wire: s.udp.via[told.String()].sock, Addr: told})
		}
	}
	if s.tcp == nil {
		return list
	}
	for _, ip := range s.tcpIPs {
		shared, err := s.tcp.GetConnByUfrag(ufrag, ip.To4() == nil, ip)
		if err != nil {
			continue
		}
		wire := &tcpWire{shared}
		go wire.read(take)
		local, _ := netip.AddrFromSlice(ip)
		for _, told := range s.toldOverTCP(local.Unmap()) {
			list = append(list, transport.Candidate{Wire: wire, Addr: netip.AddrPortFrom(told, uint16(s.tcpPort)), TCP: true})
		}
	}
	return list
}

// toldOverTCP is what peers are told instead of a local address.
func (s *sockets) toldOverTCP(local netip.Addr) (all []netip.Addr) {
	for _, a := range s.advertise {
		if a = a.Unmap(); a.Is4() == local.Is4() {
			all = append(all, a)
		}
	}
	if len(s.advertise) == 0 {
		all = []netip.Addr{local}
	}
	return all
}

// forget ends the listening for a user name.
func (s *sockets) forget(ufrag string) {
	if s.tcp != nil {
		s.tcp.RemoveConnByUfrag(ufrag)
	}
}

// tcpWire is one peer's share of a listener.
type tcpWire struct{ net.PacketConn }

// WriteToAddrPort sends a packet.
func (w *tcpWire) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if fast, ok := w.PacketConn.(ice.AddrPortReaderWriter); ok {
		return fast.WriteToAddrPort(b, to)
	}
	return w.WriteTo(b, net.TCPAddrFromAddrPort(to))
}

func (w *tcpWire) read(take func(transport.Wire, []byte, netip.AddrPort)) {
	for b := make([]byte, receiveMTU); ; {
		n, from, err := w.ReadFrom(b)
		if errors.Is(err, io.ErrClosedPipe) {
			return
		}
		// Other errors are the end of one connection; the peer may make another.
		if a, ok := from.(*net.TCPAddr); ok && err == nil {
			take(w, b[:n], a.AddrPort())
		}
	}
}
