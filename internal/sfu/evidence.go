// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"slices"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/evidence"
)

// Evidence is what is known of the connection at this moment. It asks the library
// and may take a moment, so it is for failures.
func (p *Publisher) Evidence() *evidence.Path {
	out := p.conn.evidence()
	var lastIn, lastReport int64
	for _, t := range p.Tracks() {
		s := t.stats()
		track := evidence.Track{ID: s.ID, Kind: s.Kind.String(), Codec: s.Codec, Announced: evidence.Millis(t.announced), First: wallTime(t.arrived.Load()), FirstKey: wallTime(t.keyed.Load())}
		for rank := range t.layers {
			l := t.layers[rank].Load()
			if l == nil {
				continue
			}
			track.Packets += l.packets.Load()
			track.Keyframes += l.keyframes.Load()
			track.Asked += l.asks.Load()
			lastIn = max(lastIn, l.lastPacket.Load())
			if r := l.report.Load(); r != nil {
				lastReport = max(lastReport, r.arrival)
			}
		}
		out.Tracks = append(out.Tracks, track)
	}
	out.Tracks = out.Tracks[:min(len(out.Tracks), evidence.MaxTracks)]
	out.RTP.In, out.RTCP.In = wallTime(lastIn), wallTime(lastReport)
	return out
}

// Evidence is what is known of the connection at this moment. It asks the library
// and may take a moment, so it is for failures.
func (s *Subscriber) Evidence() *evidence.Path {
	out := s.conn.evidence()
	var lastOut, reported, heard int64
	for _, d := range s.list() {
		t := d.stats()
		out.Tracks = append(out.Tracks, evidence.Track{
			ID: t.TrackID, Kind: t.Kind.String(), Codec: codecName(d.track.Codec().MimeType), State: string(t.State), Packets: t.Packets, Keyframes: t.Keyframes,
			Asked: t.KeyframeAsks, Since: t.Since, Wanted: string(t.Desired), Target: string(t.Target), Current: string(t.Current),
		})
		if l := d.current.Load(); l != nil { // packets go out as they come in
			lastOut = max(lastOut, l.lastPacket.Load())
		}
		in, sent := d.report.last()
		heard, reported = max(heard, in), max(reported, sent)
	}
	out.Tracks = out.Tracks[:min(len(out.Tracks), evidence.MaxTracks)]
	out.RTP.Out, out.RTCP.In, out.RTCP.Out = wallTime(lastOut), wallTime(heard), wallTime(reported)
	return out
}

// evidence is what both have in common.
func (c *conn) evidence() *evidence.Path {
	c.mu.Lock()
	out := &evidence.Path{State: string(c.state), Since: evidence.Millis(c.since), Candidates: c.kinds.total(), Restarts: c.restarts}
	changes := slices.Clone(c.history)
	c.mu.Unlock()
	for _, h := range changes {
		if h.What == "dtls" && h.State != webrtc.DTLSTransportStateNew.String() {
			out.DTLS = h.State
		}
	}
	for _, h := range changes[max(0, len(changes)-evidence.MaxChanges):] {
		out.Changes = append(out.Changes, evidence.Change{What: h.What, State: h.State, At: evidence.Millis(h.At)})
	}
	if first := c.firstCheck.Load(); first != 0 {
		out.STUN, out.STUNAt = true, evidence.Millis(time.Unix(0, first))
	}
	out.Pairs, out.Traffic = c.pairs(), c.traffic.evidence()
	return out
}

// pairs are the pairs of candidates that the library knows, the one in use first.
// A connection that is closed has only that.
func (c *conn) pairs() []evidence.Pair {
	used := c.selectedPair.Load()
	is := func(a webrtc.ICECandidate, b *webrtc.ICECandidate) bool {
		return a.Address == b.Address && a.Port == b.Port && a.Protocol == b.Protocol
	}
	var list []evidence.Pair
	found := false
	for _, p := range c.peer.Pairs() {
		pair := evidence.Pair{
			Protocol: p.Local.Protocol.String(), Local: p.Local.Typ.String(), Remote: p.Remote.Typ.String(), State: string(p.State),
			Asked: evidence.Millis(p.Asked), Answered: evidence.Millis(p.Answered), In: evidence.Millis(p.In), Out: evidence.Millis(p.Out),
		}
		pair.Selected = used != nil && is(p.Local, used.Local) && is(p.Remote, used.Remote)
		found = found || pair.Selected
		list = append(list, pair)
	}
	if used != nil && !found {
		list = append(list, evidence.Pair{
			Protocol: used.Local.Protocol.String(), Local: used.Local.Typ.String(), Remote: used.Remote.Typ.String(), Selected: true,
		})
	}
	latest := func(p evidence.Pair) time.Time {
		return slices.MaxFunc([]time.Time{p.Asked, p.Answered, p.In}, time.Time.Compare)
	}
	slices.SortFunc(list, func(a, b evidence.Pair) int {
		switch {
		case a.Selected:
			return -1
		case b.Selected:
			return 1
		}
		return latest(b).Compare(latest(a))
	})
	return list[:min(len(list), evidence.MaxPairs)]
}

// wallTime is a time of the packets' clock, zero for 0.
func wallTime(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return evidence.Millis(epoch.Add(time.Duration(at)))
}

// candidateKinds counts a peer's candidates: those that came one by one, and those of
// the latest description, which repeats some of them.
type candidateKinds struct{ trickled, described evidence.Candidates }

func (k *candidateKinds) total() evidence.Candidates {
	a, b := k.trickled, k.described
	return evidence.Candidates{
		Host: max(a.Host, b.Host), Srflx: max(a.Srflx, b.Srflx), Relay: max(a.Relay, b.Relay),
		TCP: max(a.TCP, b.TCP), MDNS: max(a.MDNS, b.MDNS), Other: max(a.Other, b.Other),
	}
}

// countCandidate counts a candidate (RFC 8839, section 5.1) by its kind.
func countCandidate(n *evidence.Candidates, value string) {
	f := strings.Fields(value)
	if len(f) < 8 || f[6] != "typ" {
		n.Other++
		return
	}
	if strings.EqualFold(f[2], "tcp") {
		n.TCP++
	}
	switch f[7] {
	case ice.CandidateTypeHost.String():
		n.Host++
		if strings.HasSuffix(f[4], ".local") {
			n.MDNS++
		}
	case ice.CandidateTypeServerReflexive.String():
		n.Srflx++
	case ice.CandidateTypeRelay.String():
		n.Relay++
	default:
		n.Other++
	}
}

// described hears of a description of the peer: its candidates cost what it took
// to send them, and are counted.
func (c *conn) described(d *sdp.SessionDescription) {
	c.paths.described(d)
	var n evidence.Candidates
	for _, m := range d.MediaDescriptions {
		for _, a := range m.Attributes {
			if a.Key == "candidate" {
				countCandidate(&n, a.Value)
			}
		}
	}
	c.mu.Lock()
	c.kinds.described = n
	c.mu.Unlock()
}
