// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"

	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// ofBytes is the scope of the table counts in which the bytes of people and attempts
// of each account are, by whether their users are proven (the column type).
const ofBytes = 6

// What rows and their places in indexes take beside their texts, roughly, in bytes.
const (
	attemptBytes = 260
	personBytes  = 160
	wordBytes    = 24
)

// size is how many bytes the tables take.
type size struct {
	held  map[eventlog.Count]int64
	total int64
	tally eventlog.Tally
}

func (s *size) load(ctx context.Context, c *eventlog.Conn) error {
	s.held, s.total, s.tally = map[eventlog.Count]int64{}, 0, eventlog.Tally{}
	return c.Each(ctx, "SELECT account, type, n FROM counts WHERE scope = ?", func(row eventlog.Scanner) error {
		k := eventlog.Count{Scope: ofBytes}
		var n int64
		err := row.Scan(&k.Account, &k.Type, &n)
		s.held[k] = n
		s.total += n
		return err
	}, ofBytes)
}

func (s *size) write(ctx context.Context, c *eventlog.Conn) error { return s.tally.Write(ctx, c) }

func (s *size) count(account int64, proven bool, n int64) {
	k := eventlog.Count{Account: account, Scope: ofBytes}
	if proven {
		k.Type = 1
	}
	s.held[k] += n
	s.tally[k] += n
	s.total += n
}

// add counts an attempt n times.
func (s *size) add(a *attempt, n int64) {
	s.count(a.account, a.proven, n*int64(attemptBytes+2*len(a.peer)+2*len(a.user)+len(a.room)+len(a.roomName)+len(a.session)))
}

// person counts somebody n times.
func (s *size) person(w who, words []string, n int64) {
	bytes := personBytes + 2*len(w.user) + 3*len(w.name)
	for _, word := range words {
		bytes += wordBytes + len(word)
	}
	s.count(w.account, w.user != "" && bare(w.user) == w.user, n*int64(bytes))
}

// largest is the account that has most, and whose rows of it are to go.
func (s *size) largest() (account int64, proven bool) {
	sums := map[int64]int64{}
	for k, n := range s.held {
		sums[k.Account] += n
	}
	most := int64(-1)
	for k, n := range sums {
		if n > most || n == most && k < account {
			account, most = k, n
		}
	}
	unproven := s.held[eventlog.Count{Account: account, Scope: ofBytes}]
	return account, unproven <= most/4
}

// Room is made until a twentieth is free, so many attempts at a time.
const (
	evictBatch = 500
	evictMost  = 5000 // in one transaction, which others wait for
)

// fit makes room.
func (x *Index) fit(ctx context.Context, c *eventlog.Conn) error {
	if x.max <= 0 || x.size.total <= x.max {
		return nil
	}
	for n := 0; n < evictMost && x.size.total > x.max-x.max/20; {
		before := n
		account, proven := x.size.largest()
		list, err := attemptsOf(ctx, c, "last", "account = ? AND proven = ? ORDER BY last LIMIT ?", account, proven, evictBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		for i := range list {
			if err := x.remove(ctx, c, &list[i]); err != nil {
				return err
			}
			if n++; x.size.total <= x.max-x.max/20 {
				break
			}
		}
		x.evicted.Add(int64(n - before))
	}
	return nil
}
