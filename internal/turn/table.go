// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/recent"
)

// table is who has allocations, and what was seen of users and of hosts. The
// clients are as many as there are allocations; of users and hosts those are known
// that were seen last.
type table struct {
	bounds Bounds
	met    *metrics
	all    *rate.Limiter // bytes
	asked  *rate.Limiter // requests of who has no allocation
	hosts  *limit.Callers

	mu      sync.RWMutex
	clients map[netip.AddrPort]*client
	taken   int // allocations, those that are being made included
	users   *recent.Map[string, *user]
	seen    *recent.Map[string, *host]
}

// client is where an allocation's packets come from.
type client struct {
	user                  *user
	stream                *stream // nil over UDP
	allocations           int     // 1, or 2 for the moment in which one follows another
	permissions, channels int
}

// user is what one user has and had.
type user struct {
	rate    *rate.Limiter
	in, out atomic.Uint64 // bytes, from the client and to it

	// Under the table's lock:
	taken       int
	made        int
	permissions int
	over        []string
	refusals    []evidence.Refusal
	last        time.Time
}

// host is what was seen of those at an address who had no allocation.
type host struct {
	refusals []evidence.Refusal
	forged   int
	tls      int // handshakes that failed
	alert    int // of the last one, 0 for none
	last     time.Time
}

// remembered is how many users and how many hosts are remembered, at some 200 bytes
// each.
const remembered = 10_000

func newTable(b Bounds, met *metrics) *table {
	return &table{
		bounds: b, met: met,
		all:   rate.NewLimiter(rate.Limit(b.Bytes), b.Bytes),
		asked: rate.NewLimiter(rate.Limit(b.Requests), b.Requests),
		hosts: limit.New(limit.Rate{PerSecond: float64(b.HostRequests) / 60, Burst: b.HostRequests}),

		clients: map[netip.AddrPort]*client{},
		users:   recent.New[string, *user](max(remembered, 2*b.Allocations)),
		seen:    recent.New[string, *host](remembered),
	}
}

// find is the client at an address, nil for a stranger.
func (t *table) find(at netip.AddrPort) *client {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.clients[at]
}

// mayAsk counts a request of somebody without an allocation; false: not now.
func (t *table) mayAsk(from netip.Addr) bool {
	if t.hosts.Take(limit.Key(from)) == 0 && t.asked.Allow() {
		return true
	}
	t.met.held.Inc()
	return false
}

func (t *table) full(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	u, known := t.users.Get(name)
	return t.taken >= t.bounds.Allocations || known && u.taken >= t.bounds.UserAllocations
}

// take books an allocation of a user; nil when there may be none.
func (t *table) take(name string) *user {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.user(name)
	if t.taken >= t.bounds.Allocations || u.taken >= t.bounds.UserAllocations {
		return nil
	}
	t.taken++
	u.taken++
	return u
}

// give takes it back.
func (t *table) give(u *user) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken--
	u.taken--
}

// user finds or makes a user; the caller holds the lock.
func (t *table) user(name string) *user {
	u, known := t.users.Get(name)
	if !known {
		u = &user{rate: rate.NewLimiter(rate.Limit(t.bounds.UserBytes), t.bounds.UserBytes)}
		t.users.Put(name, u)
	}
	u.last = time.Now()
	return u
}

func (t *table) host(a netip.Addr) *host {
	h, known := t.seen.Get(limit.Key(a))
	if !known {
		h = &host{}
		t.seen.Put(limit.Key(a), h)
	}
	h.last = time.Now()
	return h
}

// active tells whether a user has an allocation.
func (t *table) active(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	u, known := t.users.Get(name)
	return known && u.taken > 0
}

func (t *table) allocated(at netip.AddrPort, name string, s *stream) {
	over := "udp"
	if s != nil {
		over = s.over
		s.proven.Store(true)
	}
	t.met.allocated.WithLabelValues(over).Inc()
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.user(name)
	u.made++
	if !slices.Contains(u.over, over) {
		u.over = append(u.over, over)
	}
	c := t.clients[at]
	if c == nil {
		c = &client{}
		t.clients[at] = c
	}
	c.user, c.stream = u, s
	c.allocations++
}

func (t *table) deleted(at netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.clients[at]; c != nil {
		if c.allocations--; c.allocations <= 0 {
			delete(t.clients, at)
		}
	}
}

func (t *table) permitted(at netip.AddrPort, permissions, channels int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.clients[at]; c != nil {
		c.permissions += permissions
		c.channels += channels
		c.user.permissions += max(permissions, 0)
	}
}

// room tells whether an allocation may have one more permission and channel.
func (t *table) room(at netip.AddrPort) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := t.clients[at]
	return c != nil && c.permissions < t.bounds.Permissions && c.channels < t.bounds.Permissions
}

// refused notes an error response to a user.
func (t *table) refused(name string, code int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	note(&t.user(name).refusals, code)
}

// answered notes what goes out to a client, if it is an error response.
func (t *table) answered(to netip.AddrPort, message []byte) {
	code := errorCode(message)
	if code == 0 {
		return
	}
	t.met.refuse(code)
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.clients[to]; c != nil {
		note(&c.user.refusals, code)
		return
	}
	note(&t.host(to.Addr()).refusals, code)
}

// forged notes a request whose password was wrong.
func (t *table) forged(from netip.Addr) {
	t.met.forged.Inc()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.host(from).forged++
}

// handshake notes one of TLS that failed, with the alert that the client sent.
func (t *table) handshake(from netip.Addr, alert int) {
	t.met.handshakes.Inc()
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.host(from)
	h.tls++
	h.alert = alert
}

// note counts a code in a list that stays short: a server has few.
func note(list *[]evidence.Refusal, code int) {
	for i := range *list {
		if (*list)[i].Code == code {
			(*list)[i].Times++
			return
		}
	}
	if len(*list) < evidence.MaxRefusals {
		*list = append(*list, evidence.Refusal{Code: code, Times: 1})
	}
}

// spend takes bytes of what a user and all may relay in a second.
func (u *user) spend(t *table, n int) bool {
	now := time.Now()
	if u.rate.AllowN(now, n) && t.all.AllowN(now, n) {
		return true
	}
	t.met.dropped.Inc()
	return false
}

// evidence is what is known of a user and of strangers at a host.
func (t *table) evidence(name, at string) *evidence.Turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &evidence.Turn{}
	if u, known := t.users.Get(name); known {
		e.Allocations, e.Made, e.Permissions, e.Over = u.taken, u.made, u.permissions, slices.Clone(u.over)
		e.In, e.Out, e.Refused, e.Last = u.in.Load(), u.out.Load(), slices.Clone(u.refusals), evidence.Millis(u.last)
	}
	if h, known := t.seen.Get(at); known {
		e.Host = &evidence.TurnHost{Refused: slices.Clone(h.refusals), Forged: h.forged, TLSFailed: h.tls, Alert: h.alert, Last: evidence.Millis(h.last)}
	}
	return e
}
