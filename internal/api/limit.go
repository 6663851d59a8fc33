package api

import (
	"container/list"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often something may be done.
type Rate struct {
	PerSecond float64 // sustained
	Burst     int     // at once
}

// or is the rate, or another when it is zero.
func (r Rate) or(d Rate) Rate {
	if r.PerSecond == 0 {
		return d
	}
	return r
}

// limiter keeps a token bucket for each of the callers seen last. Its memory
// is bounded: whoever was not seen for longest is forgotten first, and comes
// back with a full bucket.
type limiter struct {
	rate Rate

	mu     sync.Mutex
	recent *list.List // of *bucket, the latest in front
	byKey  map[string]*list.Element
}

type bucket struct {
	key string
	*rate.Limiter
}

// maxBuckets is how many callers one limiter remembers, at some 300 bytes each.
const maxBuckets = 20_000

func newLimiter(r Rate) *limiter {
	return &limiter{rate: r, recent: list.New(), byKey: map[string]*list.Element{}}
}

// take counts one call of key: fault.RateLimited with the seconds to wait.
func (l *limiter) take(key string) error {
	now := time.Now()
	b := l.bucket(key)
	res := b.ReserveN(now, 1)
	if !res.OK() {
		return rateLimited(time.Second)
	}
	if wait := res.DelayFrom(now); wait > 0 {
		res.CancelAt(now)
		return rateLimited(wait)
	}
	return nil
}

func (l *limiter) bucket(key string) *bucket {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.byKey[key]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if l.recent.Len() >= maxBuckets {
		oldest := l.recent.Back()
		delete(l.byKey, oldest.Value.(*bucket).key)
		l.recent.Remove(oldest)
	}
	b := &bucket{key, rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)}
	l.byKey[key] = l.recent.PushFront(b)
	return b
}

// addressKey is who counts as one caller: an IPv4 address, or the 64 bits of
// IPv6 that one customer of a network has to themselves.
func addressKey(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// connectionAddr is the other end of the connection.
func connectionAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr()
}
