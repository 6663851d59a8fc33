package signal

import (
	"cmp"
	"math"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Bounds are what one client may make the server hold and do, in bytes. What is
// left at 0 takes the default named here.
type Bounds struct {
	SocketQueue int // waiting to be written to one socket; 4 MiB
	Queues      int // ... to all of them; 64 MiB
	Away        int // kept for one peer that is away; 256 KiB
	Read        int // read from one socket in a second, four times that at once; 1 MiB
	Tell        int // one peer tells others in a second, eight times that at once; 64 KiB
	Answer      int // answers of one peer exceed their calls by in a second, eight times that at once; 512 KiB
}

func (b Bounds) withDefaults() Bounds {
	b.SocketQueue = cmp.Or(b.SocketQueue, 4<<20)
	b.Queues = cmp.Or(b.Queues, 64<<20)
	b.Away = cmp.Or(b.Away, 256<<10)
	b.Read = cmp.Or(b.Read, 1<<20)
	b.Tell = cmp.Or(b.Tell, 64<<10)
	b.Answer = cmp.Or(b.Answer, 512<<10)
	return b
}

// How many seconds' worth of a rate may come at once.
const (
	readBurst   = 4
	tellBurst   = 8
	answerBurst = 8
)

// tooMuch refuses a call for what the peer has made the server do so far. It
// names the setting and says when to come again.
func tooMuch(setting string, perSecond int, wait time.Duration) error {
	return fault.RateLimited.New("limit", setting, "max", perSecond, "per", "second", "retry_after_seconds", inSeconds(wait))
}

// inSeconds rounds up, as Retry-After does (RFC 9110, section 10.2.3).
func inSeconds(wait time.Duration) int64 { return int64(math.Ceil(wait.Seconds())) }

// afford refuses a call of a peer that has cost too much already.
func (s *seat) afford(c cost) error {
	b := s.h.cfg.Bounds
	if wait := s.told.Wait(); c.tells && wait > 0 {
		s.h.met.limited.WithLabelValues("limits.tell_bytes_per_second").Inc()
		return tooMuch("limits.tell_bytes_per_second", b.Tell, wait)
	}
	if wait := s.answered.Wait(); c.asks > 0 && wait > 0 {
		s.h.met.limited.WithLabelValues("limits.answer_bytes_per_second").Inc()
		return tooMuch("limits.answer_bytes_per_second", b.Answer, wait)
	}
	return nil
}

// leastTold is what a call costs that others hear of, however short it is.
const leastTold = 1 << 10

// charge books what a call has cost. What others are told comes with who tells
// it, profile included.
func (s *seat) charge(c cost, carried int, err error) {
	if c.tells && err == nil {
		s.told.Spend(max(leastTold, carried+len(s.name)+len(s.data)))
	}
	s.answered.Spend(c.asks)
}
