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

// Budget is what the calls of one peer may still cost. It is for the participant's
// goroutine only.
type Budget struct {
	p        *Participant
	offers   *limit.Bucket // its negotiations
	told     *limit.Bucket // what the peer tells others
	answered *limit.Bucket // what its calls cost beyond what they carry
}

func newBudget(p *Participant) *Budget {
	b := p.s.cfg.Bounds
	return &Budget{
		p: p, offers: limit.NewBucket(b.Offers, offerBurst*b.Offers), told: limit.NewBucket(b.Tell, tellBurst*b.Tell),
		answered: limit.NewBucket(b.Answer, answerBurst*b.Answer),
	}
}

// Afford refuses a call of a peer that has cost too much already, with
// fault.RateLimited.
func (b *Budget) Afford(c Cost) error {
	cfg := b.p.s.cfg
	if wait := b.told.Wait(); c.Tells && wait > 0 {
		cfg.Limited("limits.tell_bytes_per_second")
		return limit.Exceeded("limits.tell_bytes_per_second", cfg.Bounds.Tell, wait)
	}
	if wait := b.offers.Wait(); c.Offer && wait > 0 {
		cfg.Limited("limits.offers_per_second")
		return limit.Exceeded("limits.offers_per_second", cfg.Bounds.Offers, wait)
	}
	if wait := b.answered.Wait(); c.Asks > 0 && wait > 0 {
		cfg.Limited("limits.answer_bytes_per_second")
		return limit.Exceeded("limits.answer_bytes_per_second", cfg.Bounds.Answer, wait)
	}
	return nil
}

// leastTold is what a call costs that others hear of, however short it is.
const leastTold = 1 << 10

// Charge books what a call has cost that carried so many bytes. What others are
// told comes with who tells it, profile included.
func (b *Budget) Charge(c Cost, carried int, err error) {
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
