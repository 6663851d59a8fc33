// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"errors"
	"math"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
)

// Quota is what may be stored in a minute, and at once. 0 is no bound.
type Quota struct {
	Events int
	Bytes  int // as events are kept, roughly
}

// Quotas bound what is stored on the word of others. The narrowest is asked
// first, and who is refused there takes nothing from the wider ones.
type Quotas struct {
	Token   Quota // reports of one room token
	Peer    Quota // reports about one peer; what the server itself sees of one has as much again
	Room    Quota // reports about one room
	Account Quota // reports of all room tokens of one account
	Managed Quota // events handed in with the management tokens of one account
}

// Reporter is who hands events in.
type Reporter struct {
	Token   string // tells one token from another; empty: none
	Managed bool   // a management token: only its own quota holds
}

// quotas are the buckets of a Recorder's Quotas.
type quotas struct {
	token, peer, room, account, managed, seen scope
}

// scope is one quota and those it is kept for.
type scope struct {
	name          string // of its settings, without what is counted
	quota         Quota
	events, bytes *limit.Callers // nil: no bound
}

func newQuotas(q Quotas) *quotas {
	return &quotas{
		token: newScope("token", q.Token), peer: newScope("peer", q.Peer), room: newScope("room", q.Room),
		account: newScope("account", q.Account), managed: newScope("managed", q.Managed), seen: newScope("peer", q.Peer),
	}
}

func newScope(name string, q Quota) scope {
	bucket := func(n int) *limit.Callers {
		if n <= 0 {
			return nil
		}
		return limit.New(limit.Rate{PerSecond: float64(n) / 60, Burst: n})
	}
	return scope{name: "events.quotas." + name, quota: q, events: bucket(q.Events), bytes: bucket(q.Bytes)}
}

// take counts an event of somebody, or says which limit it is beyond.
func (s *scope) take(who string, size int) error {
	if who == "" {
		return nil
	}
	if s.events != nil {
		if wait := s.events.Take(who); wait > 0 {
			return beyond(s.name+"_events", s.quota.Events, wait)
		}
	}
	if s.bytes != nil {
		if wait := s.bytes.TakeN(who, min(size, s.quota.Bytes)); wait > 0 {
			return beyond(s.name+"_bytes", s.quota.Bytes, wait)
		}
	}
	return nil
}

func beyond(setting string, n int, wait time.Duration) error {
	return fault.EventQuota.New("limit", setting, "per_minute", n, "retry_after_seconds", int64(math.Ceil(wait.Seconds())))
}

// reported counts an event that somebody hands in.
func (q *quotas) reported(by Reporter, e *Event) error {
	size := e.size()
	if by.Managed {
		return q.managed.take(e.AccountID, size)
	}
	for _, one := range []struct {
		*scope
		who string
	}{{&q.token, by.Token}, {&q.peer, e.PeerID}, {&q.room, e.RoomID}, {&q.account, e.AccountID}} {
		if err := one.take(one.who, size); err != nil {
			return err
		}
	}
	return nil
}

// told counts an event that the server itself has seen of a peer: whatever one
// does over and over is recorded so many times and no more.
func (q *quotas) told(e *Event) error { return q.seen.take(e.PeerID, e.size()) }

// limitOf is the setting that a refusal names.
func limitOf(err error) string {
	if f := (*fault.Error)(nil); errors.As(err, &f) && f.Kind == fault.EventQuota {
		name, _ := f.Detail("limit").(string)
		return name
	}
	return ""
}
