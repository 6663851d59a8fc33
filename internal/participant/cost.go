package participant

import (
	"cmp"

	"github.com/redial-rtc/redial/internal/limit"
)

// Bounds are what the calls of one peer may cost. What is left at 0 takes the
// default named here.
type Bounds struct {
	Tell        int // bytes one peer tells others in a second, eight times that at once; 64 KiB
	Answer      int // bytes its answers exceed their calls by in a second, eight times that at once; 512 KiB
	Offers      int // its offers in a second, six times that at once; 5
	EarlyOffers int // its offers before its media path is up; 32
}

func (b Bounds) withDefaults() Bounds {
	b.Tell = cmp.Or(b.Tell, 64<<10)
	b.Answer = cmp.Or(b.Answer, 512<<10)
	b.Offers = cmp.Or(b.Offers, 5)
	b.EarlyOffers = cmp.Or(b.EarlyOffers, 32)
	return b
}

// How many seconds' worth of a rate may come at once.
const (
	tellBurst   = 8
	answerBurst = 8
	offerBurst  = 6
)

// Cost is what a call makes the server do beyond reading it.
type Cost struct {
	Tells bool // others in the room hear of it: Bounds.Tell
	Offer bool // a negotiation: Bounds.Offers
	Asks  int  // bytes that its work is worth beside what it carries; 0 is no question. Bounds.Answer
}

// Afford refuses a call of a peer that has cost too much already, with
// fault.RateLimited.
func (p *Participant) Afford(c Cost) error {
	b := p.s.cfg.Bounds
	if wait := p.told.Wait(); c.Tells && wait > 0 {
		p.s.cfg.Limited("limits.tell_bytes_per_second")
		return limit.Exceeded("limits.tell_bytes_per_second", b.Tell, wait)
	}
	if wait := p.offers.Wait(); c.Offer && wait > 0 {
		p.s.cfg.Limited("limits.offers_per_second")
		return limit.Exceeded("limits.offers_per_second", b.Offers, wait)
	}
	if wait := p.answered.Wait(); c.Asks > 0 && wait > 0 {
		p.s.cfg.Limited("limits.answer_bytes_per_second")
		return limit.Exceeded("limits.answer_bytes_per_second", b.Answer, wait)
	}
	return nil
}

// leastTold is what a call costs that others hear of, however short it is.
const leastTold = 1 << 10

// Charge books what a call has cost that carried so many bytes. What others are
// told comes with who tells it, profile included.
func (p *Participant) Charge(c Cost, carried int, err error) {
	if c.Tells && err == nil {
		p.told.Spend(max(leastTold, carried+len(p.name)+len(p.data)))
	}
	if c.Offer {
		p.offers.Spend(1)
	}
	if c.Asks > 0 {
		p.Answer(c.Asks + carried) // to read a question costs as well
	}
}

// Answer books bytes that an answer is longer than its call.
func (p *Participant) Answer(bytes int) { p.answered.Spend(max(0, bytes)) }
