// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"slices"
	"sync"

	"github.com/pion/webrtc/v4"
	"github.com/redial-rtc/redial/fault"
)

// Publish sends a track into the room until [Publication.Unpublish] or the end
// of the session. The id and the stream id are those of the track, so they must
// be unique in the room. It returns when the server has agreed. Fails with
// fault.PublishNotAllowed when the role may not publish this, fault.CodecUnsupported
// when no codec is common to the track and the server, fault.TrackLimit,
// fault.SimulcastSettings for layers that do not belong together, and
// fault.SDPCreateOffer, SDPSetLocal, SDPSetRemote or NegotiationFailed when
// negotiating fails. After a failure nothing is published.
func (r *Room) Publish(ctx context.Context, t webrtc.TrackLocal, opts ...PublishOption) (*Publication, error) {
	p, err := r.s.publication(t, opts)
	if err != nil {
		return nil, err
	}
	if err := p.claim(); err != nil {
		return nil, asFault(err, fault.OpPublish)
	}
	ctx, cancel := r.s.bound(ctx)
	defer cancel()
	if err := r.s.publish(ctx, p); err != nil {
		for _, src := range p.sources() {
			src.release()
		}
		f := ending(err, fault.OpPublish, false)
		r.s.rep.failed("publish.failed", "PUBLISH", f, false)
		return nil, f
	}
	r.s.feed(p)
	return p, nil
}

// sources are the encodings of a publication that feed themselves.
func (p *Publication) sources() []*Player {
	var out []*Player
	for _, g := range p.tracks {
		if s, ok := g.TrackLocal.(*Player); ok {
			out = append(out, s)
		}
	}
	return out
}

// claim makes sure that no source is published twice.
func (p *Publication) claim() error {
	var mine []*Player
	for _, s := range p.sources() {
		if err := s.claim(); err != nil {
			for _, m := range mine {
				m.release()
			}
			return err
		}
		mine = append(mine, s)
	}
	return nil
}

// publication checks what can be checked here.
func (s *session) publication(t webrtc.TrackLocal, opts []PublishOption) (*Publication, error) {
	if t == nil || t.ID() == "" || t.StreamID() == "" {
		return nil, argument(fault.OpPublish, "track", "a track with an id and a stream id")
	}
	o := publishing{source: SourceRegular}
	for _, f := range opts {
		f(&o)
	}
	kind := t.Kind().String()
	what := kind
	if o.source == SourceScreen && kind == "video" {
		what = "screen"
	}
	role := s.role()
	if !role.MayPublish(what) {
		return nil, asFault(fault.PublishNotAllowed.New("role", role.Name, "kind", what), fault.OpPublish)
	}
	p := &Publication{session: s, stop: func() {}, fed: make(chan struct{}), info: TrackInfo{
		ID: t.ID(), StreamID: t.StreamID(), PeerID: s.id, Kind: kind, Source: o.source, Muted: o.muted, Description: o.description,
	}}
	for _, one := range append([]webrtc.TrackLocal{t}, o.layers...) {
		g := &mutedTrack{TrackLocal: one}
		g.muted.Store(o.muted)
		p.tracks = append(p.tracks, g)
	}
	for _, other := range s.publications() {
		if other.Info().ID == t.ID() {
			return nil, argument(fault.OpPublish, "track", "an id that is not published already")
		}
	}
	return p, nil
}

// feed starts the sources of a publication, if it has any.
func (s *session) feed(p *Publication) {
	sources := p.sources()
	if len(sources) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	p.mu.Lock()
	gone := p.gone
	p.stop = cancel
	p.mu.Unlock()
	if gone {
		cancel()
	}
	s.spawn(func() {
		defer close(p.fed)
		defer cancel()
		var all sync.WaitGroup
		for _, src := range sources {
			all.Go(func() {
				err := src.run(ctx)
				src.release()
				if err != nil && ctx.Err() == nil {
					f := ending(err, fault.OpCapture, false)
					s.rep.failed("publish.failed", "PUBLISH", f, false)
					s.onError(f)
				}
			})
		}
		all.Wait()
	})
}

func (s *session) publish(ctx context.Context, p *Publication) error {
	if err := s.lockNegotiation(ctx); err != nil {
		return err
	}
	defer s.unlockNegotiation()
	l, err := s.ready(ctx, fault.OpPublish)
	if err != nil {
		return err
	}
	if s.ov != nil {
		return s.ov.add(ctx, l, p)
	}
	m := s.currentMedia()
	if m == nil {
		return fault.ClientNotConnected.New()
	}
	if err := p.add(m); err != nil {
		return err
	}
	s.mu.Lock()
	s.pubs = append(s.pubs, p)
	s.mu.Unlock()
	err = s.negotiate(ctx, l, m, nil)
	if err == nil {
		err = p.refused()
	}
	if err != nil {
		p.remove(m)
		s.forget(p)
		// The others may have been told of it; best effort, the next offer says
		// so anyway.
		undo, cancel := context.WithTimeout(s.ctx, s.cfg.CallTimeout)
		defer cancel()
		_ = s.negotiate(undo, l, m, nil)
	}
	return err
}

func (s *session) forget(p *Publication) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pubs = slices.DeleteFunc(s.pubs, func(q *Publication) bool { return p == q })
}

func (s *session) unpublish(ctx context.Context, p *Publication) error {
	if !p.retire() {
		return nil
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.lockNegotiation(ctx); err != nil {
		return err
	}
	defer s.unlockNegotiation()
	s.forget(p)
	if s.ov != nil {
		l, err := s.ready(ctx, fault.OpUnpublish)
		if err == nil {
			err = s.ov.publish(ctx, l, s.publications())
		}
		return asError(err, fault.OpUnpublish)
	}
	m := s.currentMedia()
	if m == nil {
		return nil // it went with the session
	}
	p.remove(m)
	l, err := s.ready(ctx, fault.OpUnpublish)
	if err != nil {
		return err
	}
	return asError(s.negotiate(ctx, l, m, nil), fault.OpUnpublish)
}

func asError(err error, op fault.Op) error {
	if err == nil {
		return nil
	}
	return asFault(err, op)
}
