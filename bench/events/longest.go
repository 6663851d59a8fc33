// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

// The long session: as many events as the console draws at once, of as many people as a
// room takes.
const (
	longestEvents = 100_000
	longestPeers  = 200
	longestSpan   = 3 * time.Hour
)

// addLongest adds a session of very many events to a history, unless it has one.
func (h *history) addLongest(ctx context.Context) error {
	if h.Longest != "" {
		return nil
	}
	s, err := sqlite.Open(ctx, h.dir, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	n := min(longestEvents, h.Events)
	p := newPopulation(n, h.End, longestSpan)
	p.live[0] = p.begin()
	for town := &p.live[0]; len(town.peers) < longestPeers; {
		town.peers = append(town.peers, p.begin().peers...)
	}
	p.live[0].peers = p.live[0].peers[:longestPeers]
	for i := range p.live {
		p.live[i] = p.live[0] // whichever is chosen next is this one
		p.live[i].left = n
	}
	for added := 0; added < n; {
		batch := make([]event.Event, min(building, n-added))
		for i := range batch {
			batch[i] = p.next()
		}
		if _, err := s.Append(ctx, batch); err != nil {
			return err
		}
		added += len(batch)
	}
	progress("added a session of %s events", count(n))
	h.Longest = p.live[0].id
	return h.save()
}
