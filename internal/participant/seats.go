// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"cmp"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
)

// userKey names a user in a room; see event.UserKey.
type userKey struct{ room, user string }

func (v *Visitor) userKey() userKey {
	return userKey{v.Claims.RoomID, event.UserKey(v.Claims.UserID, v.Claims.UserProof)}
}

// presence is where a participant is heard from. It is replaced whole.
type presence struct {
	since   time.Time // when it came
	away    time.Time // since when it has no socket; zero while it has one
	address string    // of its last socket, as limits count addresses
	agent   string    // as its client describes itself
}

// came notes a socket of the participant.
func (p *Participant) came(v *Visitor) {
	now := presence{since: time.Now(), address: v.Address, agent: v.Agent.String}
	if was := p.present.Load(); was != nil {
		now.since, now.agent = was.since, cmp.Or(now.agent, was.agent) // one that says nothing of itself is as it was
	}
	p.present.Store(&now)
}

// went notes that the participant has no socket any more.
func (p *Participant) went() {
	if was := p.present.Load(); was != nil {
		now := *was
		now.away = time.Now()
		p.present.Store(&now)
	}
}

// seated keeps who is in a room by user; s.mu is held.
func (s *Service) seated(p *Participant) {
	if p.user.user != "" {
		s.users[p.user] = append(s.users[p.user], p)
	}
}

// unseated forgets a participant; s.mu is held.
func (s *Service) unseated(p *Participant) {
	rest := slices.DeleteFunc(s.users[p.user], func(o *Participant) bool { return o == p })
	if s.users[p.user] = rest; len(rest) == 0 {
		delete(s.users, p.user)
	}
}

// sameUser lists the participants of a user in a room but for one, the latest
// first, compared with an address and an agent.
func (s *Service) sameUser(who userKey, but *Participant, address, agent string) []evidence.Seat {
	var all []evidence.Seat
	s.mu.Lock()
	list := s.users[who]
	for _, o := range list[max(0, len(list)-evidence.MaxSeats-1):] {
		at := o.present.Load()
		if o == but || at == nil {
			continue
		}
		seat := evidence.Seat{Since: evidence.Millis(at.since), Address: at.address == address, Agent: agent != "" && at.agent == agent}
		if !at.away.IsZero() {
			seat.Away = evidence.Millis(at.away)
		}
		all = append(all, seat)
	}
	s.mu.Unlock()
	slices.Reverse(all)
	return all[:min(len(all), evidence.MaxSeats)]
}
