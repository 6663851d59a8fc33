// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package skew knows how far the clocks of clients are from ours, and so when
// something happened of which a client tells late.
package skew

import (
	"sync"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/recent"
)

const (
	maxClocks = 16 << 10         // clients that are remembered; those not heard for longest are forgotten
	span      = 10 * time.Minute // a clock that was set anew is believed after two of these at most
	few       = 3                // messages, from which on the quickest is taken for quick
	roughly   = 2 * time.Second  // how wrong fewer are, at most as a rule
	finely    = 100 * time.Millisecond
)

// Clocks are the clocks of the clients that were heard lately, by what only a
// client holds, such as the digest of its token. The nil Clocks know none.
type Clocks struct {
	mu    sync.Mutex
	known *recent.Map[string, *clock]
}

// clock is what messages of one client tell: each says when it was sent, by the
// client's clock, and was on its way for a while. So the least difference to its
// arrival is nearest to the truth.
type clock struct {
	now, was spell
}

// spell is what was heard in one span.
type spell struct {
	began       time.Time
	n           int
	least, next time.Duration // differences
}

func (s *spell) add(d time.Duration) {
	switch {
	case s.n == 0:
		s.least, s.next = d, d
	case d < s.least:
		s.least, s.next = d, s.least
	case d < s.next || s.n == 1:
		s.next = d
	}
	s.n++
}

// New knows no clock yet.
func New() *Clocks { return &Clocks{known: recent.New[string, *clock](maxClocks)} }

// Heard notes a message that was sent at a time by its client's clock and has
// arrived now.
func (c *Clocks) Heard(client string, sent time.Time) {
	if c == nil || client == "" || sent.IsZero() {
		return
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	one, known := c.known.Get(client)
	if !known {
		one = &clock{}
		c.known.Put(client, one)
	}
	if now.Sub(one.now.began) > span {
		one.was, one.now = one.now, spell{began: now}
	}
	one.now.add(now.Sub(sent))
}

// offset is how far a client's clock is behind ours, and by how much that may be
// wrong; false when it was not heard.
func (c *Clocks) offset(client string) (behind, wrong time.Duration, ok bool) {
	if c == nil {
		return 0, 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one, known := c.known.Peek(client)
	if !known {
		return 0, 0, false
	}
	s := one.now
	if w := one.was; w.n > 0 && (s.n < few || w.least < s.least && s.least-w.least < event.Late) { // else it was set since
		n := s.n + w.n
		s.add(w.least)
		s.n = n
	}
	if s.n < few {
		return s.least, roughly, true
	}
	return s.least, max(finely, min(s.next-s.least, roughly)), true
}

// Place says when a failure happened that its client tells of now, and by how much
// that may be wrong: [event.Event.Happened] stays zero for what is told as it
// happens, unless the client's clock says otherwise. The client's clock is corrected by how far it was found to be from ours.
// Without that, and where it cannot be right, the error is as large as the time in
// question. Nothing is placed after now, nor before the peer came, which may be
// zero, nor more than 7 days ago.
func (c *Clocks) Place(e *event.Event, client string, came time.Time) {
	e.Happened, e.HappenedError = time.Time{}, 0
	if e.ClientTime.IsZero() {
		return
	}
	now := time.Now()
	earliest := now.Add(-event.MaxLate)
	if came.After(earliest) && came.Before(now) {
		earliest = came
	}
	at := e.ClientTime
	behind, wrong, known := c.offset(client)
	if known {
		at = at.Add(behind)
	}
	switch {
	case at.After(now):
		known, at = known && at.Sub(now) <= wrong, now
	case at.Before(earliest):
		known, at = known && earliest.Sub(at) <= wrong, earliest
	}
	if ago := now.Sub(e.ClientTime); now.Sub(at) < event.Late && (ago < event.Late || ago > event.MaxLate) {
		return // and nobody takes the client's word for another time
	}
	if !known {
		wrong = max(at.Sub(earliest), now.Sub(at))
	}
	e.Happened, e.HappenedError = at.UTC().Truncate(time.Millisecond), wrong.Round(time.Millisecond)
}
