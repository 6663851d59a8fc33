// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"cmp"
	"errors"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// layer is what the client wants of a video.
func (s *Subscription) layer(id room.TrackID) sfu.Layer {
	return cmp.Or(s.m.layers[id], s.on.Initial, sfu.LayerNone)
}

// add starts or goes on with sending a track over this connection. A failure has
// been recorded.
func (s *Subscription) add(src room.SourceReady) error {
	t, ok := src.Source.(*sfu.Track)
	if !ok || !s.started || s.on.Wants != nil && !s.on.Wants(src) {
		return nil
	}
	video, layer := src.Track.Kind == room.Video, s.layer(src.Track.ID)
	if video && s.on.OnDemand && layer == sfu.LayerNone {
		return nil
	}
	s.m.p.log.Debug("forward", "track", t.ID(), "kind", src.Track.Kind, "from", string(src.PeerID))
	opt := sfu.AddOptions{Paused: s.m.silent[src.Track.ID]}
	err := s.Add(t, opt)
	if errors.Is(err, fault.TrackLimit) && s.makeRoom() {
		err = s.Add(t, opt)
	}
	switch {
	case errors.Is(err, fault.TrackLimit):
		if !s.crowded { // said once, until there is room again
			s.crowded = true
			s.m.p.s.cfg.Limited("limits.received_tracks")
			s.refused(src.Track.ID, err)
		}
		return err
	case err != nil:
		s.m.p.events.Record(event.SubscribeFailed, fault.From(err, fault.OpSubscribe))
		return err
	}
	if video && layer != sfu.LayerNone {
		_ = s.SetLayer(t.ID(), layer)
	}
	return nil
}

// Remove stops sending a track. It fails with fault.TrackNotFound.
func (s *Subscription) Remove(id string) error {
	err := s.Subscriber.Remove(id)
	if err == nil {
		s.removing[id]++
	}
	return err
}

// Removing tells whether a track was removed and the client has still to answer.
func (s *Subscription) Removing(id room.TrackID) bool { return s.removing[string(id)] > 0 }

// removed hears that the client has given a track up.
func (s *Subscription) removed(id string) {
	if s.removing[id]--; s.removing[id] > 0 {
		return
	}
	delete(s.removing, id)
	if s.on.Removed != nil {
		s.on.Removed(room.TrackID(id))
	}
}

// makeRoom takes a video that nobody looks at any more off a full connection.
func (s *Subscription) makeRoom() bool {
	if !s.on.OnDemand {
		return false
	}
	for id, src := range s.m.sources {
		if src.Track.Kind == room.Video && s.layer(id) == sfu.LayerNone && s.Remove(string(id)) == nil {
			return true
		}
	}
	return false
}

// refused records and tells that a track is not sent.
func (s *Subscription) refused(id room.TrackID, err error) {
	f := fault.From(err, fault.OpSubscribe)
	s.m.p.s.met.refused(f.Op, f.Kind)
	s.m.p.events.Record(event.SubscribeFailed, f)
	if s.on.Refused != nil {
		s.on.Refused(id, f)
	}
}

// forward starts or goes on with sending a track to this peer.
func (m *Media) forward(src room.SourceReady) {
	for _, s := range m.subs {
		_ = s.add(src)
	}
}

// sourceReady hears that a track arrives that the peer may receive.
func (m *Media) sourceReady(src room.SourceReady) {
	m.sources[src.Track.ID] = src
	m.forward(src)
}

// keepSources takes the list of all tracks that arrive, in place of what was
// known of them; new ones are not sent yet.
func (m *Media) keepSources(all []room.SourceReady) {
	ready := make(map[room.TrackID]bool, len(all))
	for _, src := range all {
		ready[src.Track.ID] = true
		m.sources[src.Track.ID] = src
	}
	for id := range m.sources {
		if !ready[id] {
			m.sourceGone(id)
		}
	}
}

// forget drops what the client wished of tracks that have ended.
func (m *Media) forget(ended []room.Track) {
	for _, t := range ended {
		delete(m.layers, t.ID)
		delete(m.silent, t.ID)
		delete(m.barred, t.ID)
	}
}

// sourceGone hears that a track is not to be sent any more.
func (m *Media) sourceGone(id room.TrackID) {
	delete(m.sources, id)
	for _, s := range m.subs {
		if s.Remove(string(id)) != nil || !s.crowded { // it may never have been added
			continue
		}
		crowded := false
		for _, src := range m.sources {
			crowded = errors.Is(s.add(src), fault.TrackLimit) || crowded
		}
		s.crowded = crowded
	}
}

// unanswered records and tells that an offer waits too long for its answer.
func (s *Subscription) unanswered(err error) {
	if s.m.p.leaving || s.m.p.socket == nil {
		return
	}
	f := fault.From(err, fault.OpSubscribe)
	s.m.p.s.met.warn(f)
	s.m.p.events.recordTry(event.SubscribeFailed, f)
	if s.on.Refused != nil {
		s.on.Refused("", f)
	}
}

// giveUp ends a session whose client never makes an answer of use: nothing can
// be sent to it, and only the end of its session reaches its app. It may join anew.
func (m *Media) giveUp(err error) {
	if m.p.leaving || m.p.socket == nil { // who is away is offered it again when back
		return
	}
	f := fault.From(err, fault.OpSubscribe)
	if f.Kind == fault.NegotiationTimeout {
		m.p.s.cfg.Limited("limits.answer_timeout")
	}
	m.p.events.RecordEnd(event.SubscribeFailed, f)
	m.p.wire.End(f)
	m.p.Leave("no answer of use")
}
