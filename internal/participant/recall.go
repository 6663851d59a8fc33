// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/recent"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// What is remembered of troubles, for clients that tell of them alone, and later.
const (
	maxMoments  = 6                // of one participant
	maxDeparted = 512              // participants that are gone and had any
	nearby      = 30 * time.Second // a record of longer before or after says nothing of a failure
	afresh      = time.Second      // for so long a record counts as of now
)

// moment is what was known when something happened.
type moment struct {
	about  event.Type
	record *evidence.Record // never changed
}

// recall is what was known at the latest troubles of one participant. It may be used
// from anywhere.
type recall struct {
	mu      sync.Mutex
	moments []moment // the oldest first; at most maxMoments
}

func (r *recall) keep(about event.Type, record *evidence.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.moments) == maxMoments {
		r.moments = slices.Delete(r.moments, 0, 1)
	}
	r.moments = append(r.moments, moment{about, record})
}

// near gives the record that was taken nearest to a time, about the same thing; nil
// where none was within a distance.
func (r *recall) near(about event.Type, at time.Time, within time.Duration) (found *evidence.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.moments {
		if d := m.record.At.Sub(at).Abs(); m.about == about && d <= within {
			found, within = m.record, d
		}
	}
	return found
}

// witnessed tells whether the server can have been a witness of what a client tells:
// of attempts to come in it was none.
func witnessed(t event.Type) bool {
	return t == event.PublishFailed || t == event.SubscribeFailed || t == event.Disconnected
}

// known is what was known when something happened that the client tells of: what is
// remembered, or what is known now, whichever is nearer; nil for nothing.
func (e *Events) known(told *event.Event) *evidence.Record {
	now := time.Now()
	at := told.Happened
	if at.IsZero() {
		at = now
	}
	switch {
	case !witnessed(told.Type):
		return nil
	case now.Sub(at) > nearby:
		return e.recall.near(told.Type, at, nearby)
	case e.recall.near(told.Type, now, afresh) == nil && e.p.joined:
		e.remember(told.Type)
	}
	return e.recall.near(told.Type, at, nearby)
}

// remember keeps what is known now, of connections of a kind.
func (e *Events) remember(about event.Type) {
	r := e.evidence()
	if at := e.p.media.worst(about); at != nil {
		e.ofPath(r, at)
	}
	e.recall.keep(about, r)
}

// worst is the connection of a kind that fares worst; nil where there is none.
func (m *Media) worst(about event.Type) (found *path) {
	for _, at := range m.paths() {
		if at.failed == about && (found == nil || at.lost && !found.lost) {
			found = at
		}
	}
	return found
}

func (m *Media) paths() (all []*path) {
	for _, b := range m.pubs {
		all = append(all, &b.path)
	}
	for _, s := range m.subs {
		all = append(all, &s.path)
	}
	return all
}

// departed is what is remembered of a participant that is gone.
type departed struct {
	claims token.Claims
	recall *recall
}

type departures = recent.Map[key, departed]

// Known is what was known of a peer when something happened that its client tells of
// over HTTP; nil for nothing, and for whoever the peer is not. A participant that does
// not answer while the context lasts is not waited for.
func (s *Service) Known(ctx context.Context, claims token.Claims, told *event.Event) *evidence.Record {
	if !witnessed(told.Type) || told.PeerID == "" {
		return nil
	}
	at := key{claims.RoomID, room.PeerID(told.PeerID)}
	s.mu.Lock()
	p := s.peers[at]
	s.mu.Unlock()
	theirs := func(of token.Claims) bool { return claims.Owns(of.Digest) || claims.SameUser(of.UserID, of.UserProof) }
	if p != nil && theirs(p.claims) {
		if found := p.ask(ctx, told); found != nil {
			return found
		}
	}
	s.mu.Lock()
	gone, _ := s.departed.Get(at) // it may have gone while it was asked
	s.mu.Unlock()
	if gone.recall == nil || !theirs(gone.claims) {
		return nil
	}
	when := told.Happened
	if when.IsZero() {
		when = time.Now()
	}
	return gone.recall.near(told.Type, when, nearby)
}

// ask has the participant say what it knew, and waits no longer than the context lasts. One
// that has gone says nothing, but is remembered.
func (p *Participant) ask(ctx context.Context, told *event.Event) *evidence.Record {
	done := make(chan *evidence.Record, 1)
	p.Post(func() { done <- p.events.known(told) })
	select {
	case found := <-done:
		return found
	case <-ctx.Done():
	case <-p.gone:
	}
	return nil
}

// departs keeps what is remembered of a participant that ends, and nothing else of it;
// s.mu is held.
func (s *Service) departs(p *Participant) {
	r := &p.events.recall
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.moments) > 0 {
		s.departed.Put(p.key, departed{p.claims, &recall{moments: slices.Clone(r.moments)}})
	}
}
