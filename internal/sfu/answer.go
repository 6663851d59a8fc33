// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"slices"
	"time"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// maxRefusals is how many answers in a row may be of no use before the
// connection is given up.
const maxRefusals = 3

// AnswerLimit is the most bytes an answer to the offer may have. A peer answers
// every section it is offered, each with its own candidates' credentials and
// fingerprint, and with no more codecs than the offer listed there.
func AnswerLimit(offer webrtc.SessionDescription) int {
	return 4096 + 2*len(offer.SDP)
}

// Answer applies the peer's answer to the outstanding offer. It returns
// fault.SDPInvalid or fault.NegotiationFailed for one that is of no use: the offer
// is made again after a moment then, and after three such answers OnRefused tells
// that there will be no other. An answer nobody waits for
// is ignored.
func (s *Subscriber) Answer(answer webrtc.SessionDescription) error {
	n := &s.nego
	n.turn.Lock()
	defer n.turn.Unlock()
	if !n.outstanding {
		return nil
	}
	restarted := n.restarting
	if err := s.apply(answer); err != nil {
		s.refused(err)
		return err
	}
	n.outstanding, n.restarting, n.refusals = false, false, 0
	if n.freed == nil {
		n.freed = map[transport.Sender]bool{}
	}
	for _, section := range n.freeing {
		n.freed[section] = true
	}
	n.freeing = nil
	s.removed(n.leaving...)
	n.leaving = nil
	s.conn.remoteApplied(restarted)
	s.attach()
	if n.restartNext {
		return s.restart(time.Now()) // the answer to it brings us back
	}
	if n.waiting() {
		s.kickNegotiation()
	}
	return nil
}

// apply sets the answer as it is, if it is one to the outstanding offer.
func (s *Subscriber) apply(answer webrtc.SessionDescription) error {
	n := &s.nego
	if limit := AnswerLimit(n.offer); len(answer.SDP) > limit {
		return fault.SDPInvalid.New("reason", "longer than any answer to the offer", "max_bytes", limit, "bytes", len(answer.SDP))
	}
	parsed, err := parseSDP(answer, webrtc.SDPTypeAnswer)
	if err != nil {
		return err
	}
	if err := fits(parsed, n.offer); err != nil {
		return err
	}
	if err := n.agreed.sameKey(parsed); err != nil {
		return err
	}
	n.formats = formatsOf(parsed)
	s.conn.described(parsed.SessionDescription)
	defer func() { n.formats = nil }()
	answer.SDP = parsed.text
	if err := s.conn.peer.SetRemote(answer); err != nil {
		return fault.NegotiationFailed.Wrap(err)
	}
	n.agreed.keep(parsed)
	for _, d := range n.recoded {
		// Binds it anew, with the formats of this answer.
		if err := d.section.Rebind(); err != nil {
			s.conn.log.Warn("track not bound anew", "track", d.track.id, "cause", err)
		}
		o, f := d.binding.Load(), d.track.format.Load()
		if o.match(f).ok {
			d.bad.Store(false)
		} else {
			s.trackError(d, unsupported(d.track, f.Params.RTPCodecCapability, o.codecs))
		}
	}
	n.recoded = nil
	if n.video == nil {
		n.listed = nil // the section was turned down and taught nothing
	}
	return nil
}

// Refuse does what Answer does with an answer that is of no use, for one that
// could not even be read.
func (s *Subscriber) Refuse(err error) {
	s.nego.turn.Lock()
	defer s.nego.turn.Unlock()
	if s.nego.outstanding {
		s.refused(err)
	}
}

// refused waits before the offer is made again. The turn is held.
func (s *Subscriber) refused(err error) {
	n := &s.nego
	n.outstanding = false
	n.refusals++
	n.retryAt = time.Now().Add(time.Duration(n.refusals) * time.Second)
	if n.refusals == maxRefusals && s.cfg.OnRefused != nil {
		s.conn.callbacks.post(func() { s.cfg.OnRefused(err) })
	}
}

// offerAgain tells whether a refused offer is due to be made again.
func (n *negotiation) offerAgain(at time.Time) bool {
	return n.started && !n.outstanding && n.refusals > 0 && n.refusals < maxRefusals && at.After(n.retryAt)
}

// retry makes a refused offer again. The library cannot take it back, so it is
// the same one while that still waits for its answer. The turn is held.
func (s *Subscriber) retry() error {
	if s.conn.peer.Stable() {
		return s.propose(false)
	}
	s.nego.outstanding = true
	s.pass(s.nego.offer)
	return nil
}

// attach starts to forward what has been negotiated.
func (s *Subscriber) attach() {
	for _, d := range s.list() {
		o := d.binding.Load()
		if o == nil || d.bad.Load() {
			continue
		}
		f := d.track.format.Load()
		if f.Params.MimeType != "" && !o.match(f).ok {
			d.mismatch()
			continue
		}
		d.track.attach(d)
	}
	s.kickAllocation()
}

// codecsFor keeps the description small: a section lists what its track is sent
// in. The first video section lists every codec, and what the peer accepted there
// is known for the others; until it is, they list VP8 as well, which every peer
// has (RFC 7742, section 5), so that none is turned down. also are formats that
// stay in the section. nil is every codec.
func (s *Subscriber) codecsFor(d *DownTrack, also []webrtc.RTPCodecParameters) ([]webrtc.RTPCodecParameters, error) {
	t := d.track
	if t.kind != webrtc.RTPCodecTypeVideo {
		return nil, nil
	}
	known, want := s.nego.video, t.Codec()
	if known == nil {
		if s.nego.listed == nil {
			s.nego.listed = d
		}
		if s.nego.listed == d || want.MimeType == "" {
			return nil, nil
		}
		known = subscriberVideo
	}
	var out []webrtc.RTPCodecParameters
	found := false
	for _, c := range known {
		own := sameCodec(want.RTPCodecCapability, c.RTPCodecCapability) && !found
		found = found || own
		fallback := s.nego.video == nil && codecName(c.MimeType) == "vp8"
		if !own && !fallback && !slices.ContainsFunc(also, func(x webrtc.RTPCodecParameters) bool { return x.PayloadType == c.PayloadType }) ||
			codecName(c.MimeType) == "rtx" {
			continue
		}
		out = append(out, c)
		if rtx, ok := rtxFor(known, c.PayloadType); ok {
			out = append(out, rtx)
		}
	}
	if !found {
		return append(out, known[:min(len(known), 1)]...), unsupported(t, want.RTPCodecCapability, known)
	}
	return out, nil
}

// unsupported tells which codec a track is sent in and which the peer has.
func unsupported(t *Track, want webrtc.RTPCodecCapability, accepted []webrtc.RTPCodecParameters) error {
	var names []string
	for _, c := range accepted {
		if name := codecWords(c.RTPCodecCapability); codecName(c.MimeType) != "rtx" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if names == nil {
		names = []string{}
	}
	return fault.CodecUnsupported.New("track", t.id, "kind", t.kind.String(), "codec", codecWords(want), "accepted", names)
}

// recode lets a section be used for what its track is sent in now. The turn is
// held.
func (s *Subscriber) recode(d *DownTrack) {
	o := d.binding.Load()
	if d.section == nil || o == nil {
		return
	}
	codecs, err := s.codecsFor(d, o.codecs)
	if err == nil && d.track.kind != webrtc.RTPCodecTypeVideo {
		err = unsupported(d.track, d.track.Codec().RTPCodecCapability, o.codecs)
	}
	if err == nil && codecs != nil {
		err = d.section.SetCodecs(codecs)
	}
	if err != nil {
		s.trackError(d, err)
		return
	}
	s.nego.recoded = append(s.nego.recoded, d)
}

// trackError tells once that a track cannot be forwarded.
func (s *Subscriber) trackError(d *DownTrack, err error) {
	d.bad.Store(true)
	if d.told.CompareAndSwap(false, true) && s.cfg.OnTrackError != nil {
		s.conn.callbacks.post(func() { s.cfg.OnTrackError(d.track.id, err) })
	}
}

// accepted leaves a binding the codecs that the peer's answer kept in the
// section. It runs within SetRemoteDescription, so the turn is held.
func (s *Subscriber) accepted(o *binding) {
	if l := s.nego.listed; l != nil && l.section != nil && l.section.Mid() == o.mid && s.nego.video == nil && len(s.nego.formats[o.mid]) > 0 {
		s.nego.video = slices.Clone(o.codecs)
	}
	o.codecs = slices.DeleteFunc(o.codecs, func(c webrtc.RTPCodecParameters) bool {
		return !slices.Contains(s.nego.formats[o.mid], ptString(c.PayloadType))
	})
}

// formatsOf lists the payload types of each section that is in use.
func formatsOf(d *description) map[string][]string {
	out := map[string][]string{}
	for _, m := range d.MediaDescriptions {
		mid := transport.MidOf(m)
		_, inactive := m.Attribute("inactive")
		if m.MediaName.Port.Value != 0 && !inactive {
			out[mid] = m.MediaName.Formats
		}
	}
	return out
}

// fits refuses an answer to another offer: it has the same sections, does in each
// what the offer leaves to it (RFC 3264, section 6.1), and numbers extensions as
// the offer does (RFC 8285, section 6).
func fits(answer *description, offer webrtc.SessionDescription) error {
	var o sdp.SessionDescription
	if err := o.UnmarshalString(offer.SDP); err != nil {
		return fault.Internal.Wrap(err)
	}
	if len(o.MediaDescriptions) != len(answer.MediaDescriptions) {
		return refuse("m", "the answer has other media sections than the offer", "got", len(answer.MediaDescriptions), "want", len(o.MediaDescriptions))
	}
	for i, m := range o.MediaDescriptions {
		a := answer.MediaDescriptions[i]
		if transport.MidOf(m) != transport.MidOf(a) || m.MediaName.Media != a.MediaName.Media {
			return refuse("m", "the answer has other media sections than the offer", "index", i, "got", short(transport.MidOf(a)), "want", transport.MidOf(m))
		}
		if m.MediaName.Media == "application" || !transport.Used(a) {
			continue
		}
		ours, theirs := directionOf(m), directionOf(a)
		legal := ours == "sendrecv" || theirs == "inactive" || ours == "sendonly" && theirs == "recvonly" || ours == "recvonly" && theirs == "sendonly"
		if !legal {
			return refuse("direction", "does not answer that of the offer", "mid", transport.MidOf(a), "got", theirs, "offered", ours)
		}
		offered := extensionsOf(m)
		for id, uri := range extensionsOf(a) {
			if offered[id] != uri {
				return refuse("extmap", "not an extension of the offer", "mid", transport.MidOf(a), "got", id, "extension", short(uri))
			}
		}
	}
	return nil
}
