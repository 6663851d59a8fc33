// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package people finds the attempts of people by their names: an index that is kept
// beside a log of events, and is made from it and from joins that succeeded. A person
// is a user with a name, an attempt is a peer of a user's, from the first to the last
// that is known of it.
//
// It holds to a number of bytes. Beyond it the attempts that were over longest ago go,
// of the account that has most: those that nobody has proven first, where they are
// more than a quarter, so that names which anybody can send displace nobody.
package people

import (
	"context"
	_ "embed"
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/text"
)

//go:embed schema.sql
var schema string

//go:embed choose.sql
var choose string

// indexProvoked is for those in which something was provoked: few, on most servers.
const indexProvoked = "CREATE INDEX attempts_provoked ON attempts(account, last, first) WHERE provoked > 0"

// Names of numbers in the table meta.
const (
	made       = "people"      // the version of the index
	indexedTo  = "people.at"   // events up to this place are still to be taken in
	indexedAll = "people.upto" // as many there were at the beginning
)

// version is that of the tables; those of another are made anew from the events.
const version = 2

// Index is the tables of people and attempts, and what a transaction changes in them.
type Index struct {
	eventlog.Base
	max int64 // bytes it may take; 0 is no bound

	changes map[key]*change
	order   []*change
	known   map[who]person
	recent  recent
	size    size
	pending int64 // events up to this place are still to be taken in

	held    atomic.Int64 // size.total, for others
	evicted atomic.Int64 // attempts that went for want of room

	stop, done chan struct{} // of what takes them in
}

// New returns an index that may take so many bytes; 0 is no bound.
func New(max int64) *Index { return &Index{max: max} }

// Size is how many bytes the index takes, and how many attempts went since it was
// opened because it was too large.
func (x *Index) Size() (held, evicted int64) { return x.held.Load(), x.evicted.Load() }

// key is what attempts are told apart by.
type key struct {
	account    int64
	peer, user string
	seq        int64 // where there is no peer
}

// change is how a transaction changes an attempt.
type change struct {
	key
	name, room, roomName, session string
	namedAt                       int64 // when the name was told
	first, last                   int64
	joins, events                 int64
	failures, inside              int64
	provoked                      int64
	bests
}

// Prepare makes the tables where they are missing. Events that were stored before are
// taken in later, by Start.
func (x *Index) Prepare(ctx context.Context, tx eventlog.Tx, upto int64) error {
	is, _, err := tx.Meta(ctx, made)
	if err != nil {
		return err
	}
	if is == version {
		return upgrade(ctx, tx)
	}
	if _, err := tx.ExecContext(ctx, schema+choose+indexProvoked); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM counts WHERE scope = ?", ofBytes); err != nil {
		return err
	}
	upto = min(upto, tx.Last())
	for name, n := range map[string]int64{made: version, indexedTo: upto, indexedAll: upto} {
		if err := tx.SetMeta(ctx, name, n); err != nil {
			return err
		}
	}
	return nil
}

// upgrade gives a file of an earlier version what has come since. The tables are not made
// anew for it: joins are in no event. Attempts of before what is provoked was told apart
// count as nobody's doing.
func upgrade(ctx context.Context, tx eventlog.Tx) error {
	for _, add := range []struct{ has, how string }{
		{"pragma_table_info('attempts') WHERE name = 'provoked'", "ALTER TABLE attempts ADD COLUMN provoked INTEGER NOT NULL DEFAULT 0"},
		{"pragma_index_info('attempts_last') WHERE name = 'inside'", choose},
		{"pragma_table_info('attempts') WHERE name = 'ended'", `ALTER TABLE attempts ADD COLUMN tells INTEGER NOT NULL DEFAULT -1; ALTER TABLE attempts ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
			ALTER TABLE attempts ADD COLUMN ended INTEGER NOT NULL DEFAULT 0; INSERT OR REPLACE INTO meta SELECT '` + bestsTo + `', coalesce(max(id), 0) FROM attempts`},
		{"pragma_index_list('attempts') WHERE name = 'attempts_provoked'", indexProvoked},
	} {
		var has bool
		if err := tx.Row(ctx, "SELECT count(*) > 0 FROM "+add.has).Scan(&has); err != nil {
			return err
		}
		if has {
			continue
		}
		if _, err := tx.ExecContext(ctx, add.how); err != nil {
			return err
		}
	}
	return nil
}

// Load forgets what was not written.
func (x *Index) Load(ctx context.Context, c *eventlog.Conn) (err error) {
	x.changes, x.order, x.known = map[key]*change{}, nil, map[who]person{}
	x.recent = recent{}
	if x.pending, _, err = c.Meta(ctx, indexedTo); err != nil {
		return err
	}
	err = x.size.load(ctx, c)
	x.held.Store(x.size.total)
	return err
}

// Stored takes in a new event.
func (x *Index) Stored(_ context.Context, _ *eventlog.Conn, row *eventlog.Row) error {
	x.event(row, 1)
	return nil
}

// Changed takes in what an event has become.
func (x *Index) Changed(_ context.Context, _ *eventlog.Conn, was, is *eventlog.Row) error {
	if is.Seq > x.pending {
		x.event(was, -1)
		x.event(is, 1)
	}
	return nil
}

// Removed takes an event out.
func (x *Index) Removed(_ context.Context, _ *eventlog.Conn, row *eventlog.Row, _ *event.Removal) error {
	if row.Seq > x.pending {
		x.event(row, -1)
	}
	return nil
}

// event counts an event n times.
func (x *Index) event(row *eventlog.Row, n int64) {
	e := row.Event
	if e == nil || e.PeerID == "" && !e.Type.IsError() {
		return // damaged from outside, or nobody's
	}
	c := x.change(row.Account, &e.Subject, row.Seq, event.Happened(e).UnixNano(), n)
	c.events += n
	if e.Type.IsError() {
		c.failures += n
		if n > 0 {
			c.come(bestOf(row))
		} else {
			c.leave(row.Seq)
		}
		if e.Injected {
			c.provoked += n
		}
	}
	if e.Type != event.ConnectFailed && e.Type != event.JoinFailed {
		c.inside += n
	}
}

// Joined takes in joins that succeeded, within a transaction.
func (x *Index) Joined(ctx context.Context, tx eventlog.Tx, joins []event.Join) error {
	for i := range joins {
		j := &joins[i]
		if j.PeerID == "" {
			continue
		}
		account, err := tx.Account(ctx, j.AccountID)
		if err != nil {
			return err
		}
		x.change(account, &j.Subject, 0, j.Time.UnixNano(), 1).joins++
	}
	return nil
}

// change gives the change of the attempt that something tells of. What takes
// something out tells of nothing.
func (x *Index) change(account int64, s *event.Subject, seq, at, n int64) *change {
	k := key{account: account, peer: text.Cut(s.PeerID, maxID), user: text.Cut(s.UserKey(), maxID)}
	if k.peer == "" {
		k.seq = seq
	}
	c := x.changes[k]
	if c == nil {
		c = &change{key: k}
		x.changes[k], x.order = c, append(x.order, c)
	}
	if n < 0 {
		return c
	}
	if c.first == 0 || at < c.first {
		c.first = at
	}
	c.last = max(c.last, at)
	if s.UserName != "" && at >= c.namedAt {
		c.name, c.namedAt = text.Cut(s.UserName, maxName), at
	}
	for _, field := range []struct {
		own *string
		s   string
		max int
	}{{&c.room, s.RoomID, maxID}, {&c.roomName, s.RoomName, maxName}, {&c.session, s.SessionID, maxID}} {
		if field.s != "" {
			*field.own = text.Cut(field.s, field.max)
		}
	}
	return c
}

// Flush writes what has changed, and makes room.
func (x *Index) Flush(ctx context.Context, c *eventlog.Conn) error {
	for _, ch := range x.order {
		if err := x.write(ctx, c, ch); err != nil {
			return err
		}
	}
	if len(x.order) > 0 {
		clear(x.changes)
		x.order = x.order[:0]
	}
	if len(x.known) > maxKnown {
		x.known = map[who]person{}
	}
	if err := x.fit(ctx, c); err != nil {
		return err
	}
	x.held.Store(x.size.total)
	return x.size.write(ctx, c)
}

// Expired removes joins of which nothing else is left.
func (x *Index) Expired(ctx context.Context, c *eventlog.Conn, before time.Time, accounts []int64) error {
	for _, account := range accounts {
		for _, proven := range []int64{0, 1} {
			if err := x.removeAll(ctx, c, "last", "account = ? AND proven = ? AND last < ? AND events = 0 ORDER BY last LIMIT ?", account, proven, before.UnixNano(), maxExpired); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxExpired is how many joins one call of Expired removes, which is there again in
// ten minutes.
const maxExpired = 20_000

// Erased removes what is left of a user.
func (x *Index) Erased(ctx context.Context, c *eventlog.Conn, why *event.Removal, accounts []int64) error {
	before := int64(1<<63 - 1)
	if !why.Before.IsZero() {
		before = why.Before.UnixNano()
	}
	for _, account := range accounts {
		if err := x.removeAll(ctx, c, "person", "person IN (SELECT id FROM people INDEXED BY people_who WHERE account = ? AND user = ?) AND last < ?", account, text.Cut(why.UserKey(), maxID), before); err != nil {
			return err
		}
	}
	return nil
}
