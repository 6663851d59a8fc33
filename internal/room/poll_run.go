package room

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// StartPoll lets a draft take answers and tells everybody concerned. Fails with
// fault.NotPermitted, PollNotFound, PollState, PollInvalid (no questions).
func (r *Room) StartPoll(ctx context.Context, by PeerID, id PollID) (Poll, error) {
	return call(ctx, r, func() (Poll, error) {
		p, err := r.writePoll(by, id)
		switch {
		case err != nil:
			return Poll{}, err
		case p.State != PollDraft:
			return Poll{}, p.wrongState()
		case len(p.questions) == 0:
			return Poll{}, fault.PollInvalid.New("field", "questions", "want", "1 or more", "poll", id)
		}
		now := time.Now()
		p.State, p.StartedBy, p.StartedAt = PollOpen, by, now
		if p.Duration > 0 {
			p.ends = now.Add(p.Duration)
		}
		p.peak = len(r.members)
		r.tellPoll(p, PollStarted{p.Poll})
		r.armPolls(now)
		return p.Poll, nil
	})
}

// StopPoll ends a running poll and tells everybody concerned. Fails with
// fault.NotPermitted, PollNotFound, PollState.
func (r *Room) StopPoll(ctx context.Context, by PeerID, id PollID) (Poll, error) {
	return call(ctx, r, func() (Poll, error) {
		p, err := r.writePoll(by, id)
		switch {
		case err != nil:
			return Poll{}, err
		case p.State != PollOpen:
			return Poll{}, p.wrongState()
		}
		now := time.Now()
		r.stopPoll(p, by, now)
		r.armPolls(now)
		return p.Poll, nil
	})
}

// stopPoll tells the last counts before the end, so that nobody is left with
// older ones.
func (r *Room) stopPoll(p *poll, by PeerID, now time.Time) {
	p.State, p.StoppedBy, p.StoppedAt = PollClosed, by, now
	if !p.tell.IsZero() {
		r.tellStats(p, now)
	}
	r.tellPoll(p, PollStopped{p.Poll})
}

// countPoll notes that there are new counts and tells them, at once if the last
// were told long enough ago.
func (r *Room) countPoll(p *poll, now time.Time) {
	if !p.tell.IsZero() {
		return
	}
	p.tell = p.told.Add(statsEvery)
	if !now.Before(p.tell) {
		r.tellStats(p, now)
		return
	}
	r.armPolls(now)
}

func (r *Room) tellStats(p *poll, now time.Time) {
	p.told, p.tell = now, time.Time{}
	u := PollStats{p.result(true)}
	for _, m := range r.members {
		if p.mayView(m) && r.seesPoll(m, p) {
			m.to.Notify(u)
		}
	}
}

// pollsDue does what polls do by themselves: tell counts, and stop when their
// time is over.
func (r *Room) pollsDue(now time.Time) {
	for _, p := range r.polls.polls {
		if p.State != PollOpen {
			continue
		}
		if !p.ends.IsZero() && !now.Before(p.ends) {
			r.stopPoll(p, "", now)
		} else if !p.tell.IsZero() && !now.Before(p.tell) {
			r.tellStats(p, now)
		}
	}
	r.armPolls(now)
}

// armPolls sets the timer to whatever is due first.
func (r *Room) armPolls(now time.Time) {
	var first time.Time
	for _, p := range r.polls.polls {
		if p.State != PollOpen {
			continue
		}
		for _, at := range []time.Time{p.ends, p.tell} {
			if !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	if first.IsZero() {
		r.polls.due.Stop()
		return
	}
	r.polls.due.Reset(first.Sub(now))
}
