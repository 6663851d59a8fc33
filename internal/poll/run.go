// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Start lets a draft take answers and tells everybody concerned. Fails with
// fault.NotPermitted, PollNotFound, PollState, PollInvalid (no questions).
func (b *Book) Start(by *Peer, id ID) (Poll, error) {
	p, err := b.writable(by, id)
	switch {
	case err != nil:
		return Poll{}, err
	case p.State != Draft:
		return Poll{}, p.wrongState()
	case len(p.questions) == 0:
		return Poll{}, fault.PollInvalid.New("field", "questions", "want", "1 or more", "poll", id)
	}
	now := time.Now()
	p.State, p.StartedBy, p.StartedAt = Open, by.id(), now
	if p.Duration > 0 {
		p.ends = now.Add(p.Duration)
	}
	p.peak = b.room.Peers()
	b.room.Tell(Started{p.Poll}, p.sees)
	b.arm(now)
	return p.Poll, nil
}

// Stop ends a running poll and tells everybody concerned. Fails with
// fault.NotPermitted, PollNotFound, PollState.
func (b *Book) Stop(by *Peer, id ID) (Poll, error) {
	p, err := b.writable(by, id)
	switch {
	case err != nil:
		return Poll{}, err
	case p.State != Open:
		return Poll{}, p.wrongState()
	}
	now := time.Now()
	b.end(p, by.id(), now)
	b.arm(now)
	return p.Poll, nil
}

// end tells the last counts before the end, so that nobody is left with
// older ones.
func (b *Book) end(p *poll, by string, now time.Time) {
	p.State, p.StoppedBy, p.StoppedAt = Closed, by, now
	if !p.tell.IsZero() {
		b.tellStats(p, now)
	}
	b.room.Tell(Stopped{p.Poll}, p.sees)
}

// count notes that there are new counts and tells them, at once if the last
// were told long enough ago.
func (b *Book) count(p *poll, now time.Time) {
	if !p.tell.IsZero() {
		return
	}
	p.tell = p.told.Add(statsEvery)
	if !now.Before(p.tell) {
		b.tellStats(p, now)
		return
	}
	b.arm(now)
}

func (b *Book) tellStats(p *poll, now time.Time) {
	p.told, p.tell = now, time.Time{}
	b.room.Tell(Stats{p.result(true)}, func(m *Peer) bool { return p.mayView(m) && p.sees(m) })
}

// Run does what polls do by themselves: tell counts, and stop when their
// time is over.
func (b *Book) Run(now time.Time) {
	for _, p := range b.polls {
		if p.State != Open {
			continue
		}
		if !p.ends.IsZero() && !now.Before(p.ends) {
			b.end(p, "", now)
		} else if !p.tell.IsZero() && !now.Before(p.tell) {
			b.tellStats(p, now)
		}
	}
	b.arm(now)
}

// arm sets the timer to whatever is due first.
func (b *Book) arm(now time.Time) {
	var first time.Time
	for _, p := range b.polls {
		if p.State != Open {
			continue
		}
		for _, at := range []time.Time{p.ends, p.tell} {
			if !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	if first.IsZero() {
		b.due.Stop()
		return
	}
	b.due.Reset(first.Sub(now))
}
