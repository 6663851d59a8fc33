// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"cmp"

	"github.com/redial-rtc/redial/internal/limit"
)

// Bounds are what the calls of one peer may cost. What is left at 0 takes the
// default named here.
type Bounds struct {
	Tell        int // bytes one peer tells others in a second, eight times that at once; 64 KiB
	Fanout      int // bytes that what it does makes the server send to others in a second, for each who is told, eight times that at once; 4 MiB
	Answer      int // bytes its answers exceed their calls by in a second, eight times that at once; 512 KiB
	Offers      int // its offers in a second, six times that at once; 5
	EarlyOffers int // its offers before its media path is up; 32
}

func (b Bounds) withDefaults() Bounds {
	b.Tell = cmp.Or(b.Tell, 64<<10)
	b.Fanout = cmp.Or(b.Fanout, 4<<20)
	b.Answer = cmp.Or(b.Answer, 512<<10)
	b.Offers = cmp.Or(b.Offers, 5)
	b.EarlyOffers = cmp.Or(b.EarlyOffers, 32)
	return b
}

// How many seconds' worth of a rate may come at once.
const (
	tellBurst   = 8
	fanoutBurst = 8
	answerBurst = 8
	offerBurst  = 6
)

// Cost is what a call makes the server do beyond reading it.
type Cost struct {
	Tells bool // others in the room hear of it: Bounds.Tell and Bounds.Fanout
	Offer bool // a negotiation, which others hear of as well: Bounds.Offers and Bounds.Fanout
	Asks  int  // bytes that its work is worth beside what it carries; 0 is no question. Bounds.Answer
}

// Budget is what the calls of one peer may still cost. It is for the participant's
// goroutine only.
type Budget struct {
	p        *Participant
	offers   *limit.Bucket // its negotiations
	told     *limit.Bucket // what the peer tells others
	fanout   *limit.Bucket // what its calls make the server send to others
	answered *limit.Bucket // what its calls cost beyond what they carry
}

func newBudget(p *Participant) *Budget {
	b := p.s.cfg.Bounds
	return &Budget{
		p: p, offers: limit.NewBucket(b.Offers, offerBurst*b.Offers), told: limit.NewBucket(b.Tell, tellBurst*b.Tell),
		fanout:   limit.NewBucket(b.Fanout, fanoutBurst*b.Fanout),
		answered: limit.NewBucket(b.Answer, answerBurst*b.Answer),
	}
}

// Afford refuses a call of a peer that has cost too much already, with
// fault.RateLimited.
func (b *Budget) Afford(c Cost) error {
	cfg := b.p.s.cfg
	for _, m := range []struct {
		concerns bool
		spent    *limit.Bucket
		setting  string
		rate     int
	}{
		{c.Tells, b.told, "limits.tell_bytes_per_second", cfg.Bounds.Tell},
		{c.Offer, b.offers, "limits.offers_per_second", cfg.Bounds.Offers},
		{c.Tells || c.Offer, b.fanout, "limits.fanout_bytes_per_second", cfg.Bounds.Fanout},
		{c.Asks > 0, b.answered, "limits.answer_bytes_per_second", cfg.Bounds.Answer},
	} {
		if !m.concerns {
			continue
		}
		if wait := m.spent.Wait(); wait > 0 {
			cfg.Limited(m.setting)
			return limit.Exceeded(m.setting, m.rate, wait)
		}
	}
	return nil
}

// leastTold is what a call costs that others hear of, however short it is.
const leastTold = 1 << 10

// Charge books what a call has cost that carried so many bytes and made the room
// tell so many. What others are told comes with who tells it, profile included.
func (b *Budget) Charge(c Cost, carried, told int, err error) {
	b.fanout.Spend(told)
	b.p.s.met.told.Add(float64(told))
	if c.Tells && err == nil {
		b.told.Spend(max(leastTold, carried+len(b.p.name)+len(b.p.data)))
	}
	if c.Offer {
		b.offers.Spend(1)
	}
	if c.Asks > 0 {
		b.Answer(c.Asks + carried) // to read a question costs as well
	}
}

// Answer books bytes that an answer is longer than its call.
func (b *Budget) Answer(bytes int) { b.answered.Spend(max(0, bytes)) }
