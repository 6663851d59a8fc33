// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"crypto/subtle"
	"slices"
	"sync"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

const (
	maxCredentials = 64   // of one participant, the latest
	maxFormer      = 4096 // credentials of participants that have ended, the latest
)

// credentials are the ICE user names and passwords that peers were told for their
// media connections. Every client on every wire has its own and nobody else's, since
// they go over signalling alone, so they tell whose client a report is of. They
// are good for [event.PairWindow] after a participant has ended, as a page that
// closes may tell why a moment later.
type credentials struct {
	mu     sync.Mutex
	by     map[string]credential // by user name
	of     map[*Participant][]string
	former []former // oldest first
}

type credential struct {
	pwd     string
	subject event.Subject
	ended   time.Time // zero while the participant is here
}

type former struct {
	ufrag string
	at    time.Time
}

func newCredentials() *credentials {
	return &credentials{by: map[string]credential{}, of: map[*Participant][]string{}}
}

// add hears what the client of a participant is told.
func (c *credentials) add(p *Participant, ufrag, pwd string) {
	if ufrag == "" || pwd == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prune()
	list := append(c.of[p], ufrag)
	if over := len(list) - maxCredentials; over > 0 {
		for _, oldest := range list[:over] {
			delete(c.by, oldest)
		}
		list = slices.Clone(list[over:])
	}
	c.of[p] = list
	c.by[ufrag] = credential{pwd: pwd, subject: event.Subject{
		AccountID: p.roomRecord.Account, RoomID: p.key.room, PeerID: string(p.key.peer), UserID: p.claims.UserID, UserProof: p.claims.UserProof,
	}}
	if p.ctx.Err() != nil { // it has ended meanwhile
		c.end(p)
	}
}

// ended hears that a participant has.
func (c *credentials) ended(p *Participant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(p)
	c.prune()
}

func (c *credentials) end(p *Participant) {
	now := time.Now()
	for _, ufrag := range c.of[p] {
		held := c.by[ufrag]
		held.ended = now
		c.by[ufrag] = held
		c.former = append(c.former, former{ufrag, now})
	}
	delete(c.of, p)
}

func (c *credentials) prune() {
	n := 0
	for n < len(c.former) && (len(c.former)-n > maxFormer || time.Since(c.former[n].at) > event.PairWindow) {
		delete(c.by, c.former[n].ufrag)
		n++
	}
	c.former = slices.Delete(c.former, 0, n)
}

// Holder is the peer whose client was told these ICE credentials of one of our ends,
// with the account, the room and the user; false for credentials that nobody was
// told, or whose participant ended more than [event.PairWindow] ago.
func (s *Service) Holder(ufrag, pwd string) (event.Subject, bool) {
	c := s.credentials
	c.mu.Lock()
	held, found := c.by[ufrag]
	c.mu.Unlock()
	if !found || subtle.ConstantTimeCompare([]byte(held.pwd), []byte(pwd)) != 1 {
		return event.Subject{}, false
	}
	if !held.ended.IsZero() && time.Since(held.ended) > event.PairWindow {
		return event.Subject{}, false
	}
	return held.subject, true
}
