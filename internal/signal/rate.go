package signal

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// addressRate limits calls per address. Addresses unseen for a while are
// forgotten, so memory is bounded by what came within that while.
type addressRate struct {
	per   rate.Limit
	burst int

	mu    sync.Mutex
	seen  map[string]*bucket
	swept time.Time
}

type bucket struct {
	*rate.Limiter
	last time.Time
}

const (
	rateMemory = time.Minute
	rateMax    = 100_000 // addresses remembered at most
)

func newAddressRate(perSecond float64, burst int) *addressRate {
	return &addressRate{per: rate.Limit(perSecond), burst: burst, seen: map[string]*bucket{}, swept: time.Now()}
}

// allow takes one call of an address.
func (a *addressRate) allow(addr string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if now.Sub(a.swept) > rateMemory || len(a.seen) >= rateMax {
		for k, b := range a.seen {
			if now.Sub(b.last) > rateMemory {
				delete(a.seen, k)
			}
		}
		a.swept = now
	}
	b := a.seen[addr]
	if b == nil {
		if len(a.seen) >= rateMax {
			return false
		}
		b = &bucket{Limiter: rate.NewLimiter(a.per, a.burst)}
		a.seen[addr] = b
	}
	b.last = now
	return b.AllowN(now, 1)
}
