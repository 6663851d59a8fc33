// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"log/slog"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// A room, session or user of very many events has sets in the bitmap index too, so
// that what is asked of it together with a fault, a code or a time is answered
// without reading its part of an ordered index, row by row. The others have none:
// they would cost each event a row, and their part is short.

// setsAt is how many events a key has that is given sets: as many as are read from
// an ordered index in a few milliseconds.
const setsAt = 4096

// The table set_keys is created beside the sets.
const setKeysSchema = `CREATE TABLE IF NOT EXISTS set_keys (
  account INTEGER NOT NULL,
  dim     INTEGER NOT NULL, -- of block_sets: 9 a room, 10 a session, 11 a user
  value   TEXT NOT NULL,
  at      INTEGER NOT NULL, -- the sets have the events up to this place,
  upto    INTEGER NOT NULL, -- and those after this one; the others are put in in the background
  PRIMARY KEY (account, dim, value)
) WITHOUT ROWID`

const (
	keysUpto   = "set_keys"            // meta: place up to which new events are in the sets of keys
	buildBatch = 4096                  // events of one transaction
	buildPause = 10 * time.Millisecond // between two, so that writers are not held up
	buildAgain = time.Minute           // after one that failed, for want of room on the disk, say
)

// keyOfSets is a room, session or user.
type keyOfSets struct {
	account, dim int64
	value        string
}

// keySets is which keys have sets.
type keySets struct {
	at     int                    // setsAt; tests choose others
	batch  int                    // buildBatch, the same
	wake   chan struct{}          // told when there are events to put in
	have   map[keyOfSets]bool     // those of the table; nil before Load
	asked  map[keyOfSets]struct{} // those that the transaction under way may have made large
	unused bool                   // it may have left some without events
}

// inKeySets calls f for every key of an event.
func inKeySets(row *eventlog.Row, f func(dim int64, value string)) {
	if row.Room != "" {
		f(setsOfRoom, row.Room)
	}
	if row.Session != "" {
		f(setsOfSession, row.Session)
	}
	if row.User != "" {
		f(setsOfUser, row.User)
	}
}

// prepare makes the table, and lists the keys that have many events where it is new,
// the sets are, or a program that knows nothing of it has stored events since.
func (k *keySets) prepare(ctx context.Context, tx eventlog.Tx, upto int64, anew bool) error {
	known, found, err := tx.Meta(ctx, keysUpto)
	if err != nil || found && known == upto && !anew {
		return err
	}
	if _, err := tx.ExecContext(ctx, setKeysSchema+"; DELETE FROM set_keys"); err != nil {
		return err
	}
	if found {
		for _, table := range []string{"block_sets", "group_sets"} {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE dim >= ?", setsOfRoom); err != nil {
				return err
			}
		}
	}
	large, err := tx.Large(ctx, k.at)
	if err != nil {
		return err
	}
	for _, id := range large {
		if _, err := tx.Exec(ctx, "INSERT INTO set_keys VALUES (?, ?, ?, 0, ?)", id.Account, dimOf[id.Column], id.Value, upto); err != nil {
			return err
		}
	}
	return tx.SetMeta(ctx, keysUpto, upto)
}

// load reads the table.
func (k *keySets) load(ctx context.Context, c *eventlog.Conn) error {
	k.have, k.asked, k.unused = map[keyOfSets]bool{}, map[keyOfSets]struct{}{}, false
	return c.Each(ctx, "SELECT account, dim, value FROM set_keys", func(row eventlog.Scanner) error {
		var key keyOfSets
		err := row.Scan(&key.account, &key.dim, &key.value)
		k.have[key] = true
		return err
	})
}

// stored has the keys of one event in 512 looked at: one that has many is soon among
// them. Which one is spread (multiplicative hashing, Knuth 6.4), since rooms that
// take turns may never be at every 512th place.
func (k *keySets) stored(row *eventlog.Row) {
	if k.have == nil || uint64(row.Seq)*0x9E3779B97F4A7C15>>(64-9) != 0 {
		return
	}
	inKeySets(row, func(dim int64, value string) {
		if key := (keyOfSets{row.Account, dim, value}); !k.have[key] {
			k.asked[key] = struct{}{}
		}
	})
}

// flush lists the keys that have become large, upto being the last place of the
// sets, and drops those that have no events any more.
func (k *keySets) flush(ctx context.Context, c *eventlog.Conn, upto int64) error {
	for key := range k.asked {
		counts, err := c.Counts(ctx, key.id())
		if err != nil {
			return err
		}
		if counts.Sum() <= int64(k.at) {
			continue
		}
		if _, err := c.Exec(ctx, "INSERT INTO set_keys VALUES (?, ?, ?, 0, ?)", key.account, key.dim, key.value, upto); err != nil {
			return err
		}
		k.have[key] = true
		select {
		case k.wake <- struct{}{}:
		default: // it will see this one too
		}
	}
	clear(k.asked)
	if !k.unused {
		return nil
	}
	for key := range k.have {
		if has, err := c.Has(ctx, key.id()); err != nil {
			return err
		} else if has {
			continue
		}
		if _, err := c.Exec(ctx, "DELETE FROM set_keys WHERE account = ? AND dim = ? AND value = ?", key.account, key.dim, key.value); err != nil {
			return err
		}
	}
	return k.load(ctx, c)
}

// complete tells whether all events of a key are in its sets.
func complete(ctx context.Context, c *eventlog.Conn, account, dim int64, value string) (bool, error) {
	_, found, err := c.Lookup(ctx, "SELECT 1 FROM set_keys WHERE account = ? AND dim = ? AND value = ? AND at >= upto", account, dim, value)
	return found, err
}

// keyFilters gives the rooms, sessions and users that are asked for as sets, none
// unless all of them have sets.
func keyFilters(ctx context.Context, c *eventlog.Conn, p *eventlog.Plan, q *event.Query) (list []filter, err error) {
	if p.Index == "" || p.Index == "peer" || len(p.Accounts) != 1 {
		return nil, nil
	}
	row := eventlog.Row{Room: q.RoomID, Session: q.SessionID, User: q.UserKey()}
	whole := true
	inKeySets(&row, func(dim int64, value string) {
		if whole && err == nil {
			whole, err = complete(ctx, c, p.Accounts[0], dim, value)
			list = append(list, filter{dim, []string{value}})
		}
	})
	if !whole {
		return nil, err
	}
	return list, err
}

// keyBuilder puts the events of before a key had sets into them, in the background.
// How far that has come is in the file, so that the next start goes on from there.
type keyBuilder struct{ chore }

func (k *keyBuilder) start(l *eventlog.Log, b *bitmapIndex, log *slog.Logger) {
	k.chore.start(b.keys.wake, func() time.Duration {
		left, err := b.buildSome(l)
		switch {
		case err != nil:
			log.Error("sets of rooms, sessions and users with many events are made later; questions about these take longer until then", "error", err)
			return buildAgain
		case left:
			return buildPause
		}
		return 0
	})
}

// buildSome puts the next events of one key into its sets, and tells whether there
// may be more.
func (b *bitmapIndex) buildSome(l *eventlog.Log) (left bool, err error) {
	err = l.Change(context.Background(), func(ctx context.Context, tx eventlog.Tx) error {
		var key keyOfSets
		var at, upto int64
		left = false
		if err := tx.Each(ctx, "SELECT account, dim, value, at, upto FROM set_keys WHERE at < upto LIMIT 1", func(row eventlog.Scanner) error {
			left = true
			return row.Scan(&key.account, &key.dim, &key.value, &at, &upto)
		}); err != nil || !left {
			return err
		}
		places, err := tx.Of(ctx, key.id(), eventlog.Between{Above: at, Upto: upto}, b.keys.batch)
		if err != nil {
			return err
		}
		for _, seq := range places {
			change := b.of(setKey{key.account, key.dim, key.value, seq / blockSize})
			change.in = append(change.in, seq%blockSize)
		}
		if at = upto; len(places) == b.keys.batch {
			at = places[len(places)-1]
		}
		_, err = tx.Exec(ctx, "UPDATE set_keys SET at = ? WHERE account = ? AND dim = ? AND value = ?", at, key.account, key.dim, key.value)
		return err
	})
	return left, err
}

// columnOf is the column of a key.
var columnOf = map[int64]string{setsOfRoom: "room", setsOfSession: "session", setsOfUser: "user"}

// dimOf is the opposite.
var dimOf = map[string]int64{"room": setsOfRoom, "session": setsOfSession, "user": setsOfUser}

func (k keyOfSets) id() eventlog.ID {
	return eventlog.ID{Column: columnOf[k.dim], Account: k.account, Value: k.value}
}
