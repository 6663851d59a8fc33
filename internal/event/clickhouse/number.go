// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	native "github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// number is which of the servers that write to a database one is, from 0. In ClickHouse
// the place of an event is the one it has in the spool of its server, with the server's
// number before it, so that no two servers give the same, and what one has written is
// in one piece. A database that one server writes to has plain places.
type number int64

const (
	placeBits  = 48
	lastPlace  = 1<<placeBits - 1
	lastNumber = 1<<(63-placeBits) - 1
)

// at is the place in ClickHouse of what a server has at a place.
func (n number) at(place int64) int64 { return int64(n)<<placeBits | place }

// numberOf is the number in a place of ClickHouse.
func numberOf(seq uint64) number { return number(seq >> placeBits) }

// placeOf is the place of an event in the spool of its server.
func placeOf(seq uint64) int64 { return int64(seq & lastPlace) }

// span adds that rows are a server's, with places after one and up to another. Rows with
// place 0 are no events.
func (n number) span(w *where, above, upto int64) {
	w.and("seq > " + strconv.FormatInt(n.at(min(max(above, 0), lastPlace)), 10))
	w.and("seq <= " + strconv.FormatInt(n.at(min(max(upto, 0), lastPlace)), 10))
}

// tries is how often a new server looks for a number that nobody else wants.
const tries = 20

// claim makes sure that a number of the database is this spool's, and finds one for a
// new spool.
//
// A new server writes that it tries a number and looks whether it is alone with it; only
// then it keeps it. Of two that try the same at least one sees the other, and goes on
// with another number.
func (s *Store) claim(ctx context.Context) error {
	known, err := s.spool.Meta(ctx, "writer")
	if err != nil {
		return err
	}
	if !s.others.able {
		return claimAlone(ctx, s, known != 0)
	}
	owners, most, err := owners(ctx, s.conn)
	switch {
	case err != nil:
		return err
	case known != 0 && len(owners) == 0:
		return unknown(s.cfg.Database)
	case known != 0 && owners[s.number] != s.writer:
		return foreign(s.cfg.Database)
	case known != 0:
		return nil
	}
	for n, writer := range owners {
		if writer == s.writer { // this spool was to have it when its process ended
			s.number = n
			return nil
		}
	}
	switch {
	case len(owners) == 1 && s.cfg.TakeOver:
		for n := range owners {
			s.number = n
		}
		return s.others.note(ctx, s, kept)
	case len(owners) > 1 && s.cfg.TakeOver:
		return fmt.Errorf("database %q has the events of %d servers: what a lost one had is read there without events.clickhouse.take_over; a new data directory joins them with events.clickhouse.shared", s.cfg.Database, len(owners))
	case len(owners) > 0 && !s.cfg.Shared:
		return foreign(s.cfg.Database)
	case owners[0] != 0: // which may be of a version before
		var told uint64
		if err := s.conn.QueryRow(ctx, "SELECT count() FROM events_progress WHERE number = 0").Scan(&told); err != nil {
			return err
		}
		if told == 0 {
			return fmt.Errorf("the first server of database %q has a version that writes alone: upgrade it and start it before others join", s.cfg.Database)
		}
	}
	s.number = most + 1
	for n := 1; ; n, s.number = n+1, s.number+1+number(rand.IntN(8)) {
		if s.number > lastNumber {
			return fmt.Errorf("database %q has had %d servers, which is as many as it can tell apart", s.cfg.Database, s.number)
		}
		alone, err := s.others.try(ctx, s)
		if err != nil || alone {
			return err
		}
		if !s.cfg.Shared {
			return foreign(s.cfg.Database)
		}
		if n == tries {
			return errors.New("no number among the servers of the database could be had")
		}
		if err := sleep(ctx, time.Duration(rand.IntN(200))*time.Millisecond); err != nil {
			return err
		}
	}
}

// try claims a number, unless somebody else wants it or has it.
func (o *others) try(ctx context.Context, s *Store) (alone bool, err error) {
	if err := o.note(ctx, s, tried); err != nil {
		return false, err
	}
	var others uint64
	if err := s.conn.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM events_writers WHERE number = %d AND writer != %d", s.number, s.writer)).Scan(&others); err != nil || others > 0 {
		return false, err
	}
	if err := o.tell(ctx, s); err != nil { // by which others see that this program takes them
		return false, err
	}
	return true, o.note(ctx, s, kept)
}

// What a row of events_writers says of a number.
const (
	kept = iota
	tried
)

// note writes that this spool has the number, or tries it.
func (o *others) note(ctx context.Context, s *Store, trying uint8) error {
	// Data goes in blocks of its own: servers before 20 wait for one whatever
	// the statement says.
	return block(ctx, s.conn, "INSERT INTO events_writers (writer, since, number, trying)", func(batch native.Batch) error {
		return batch.Append(s.writer, time.Now().UnixNano(), uint16(s.number), trying)
	})
}

// owners lists who has which number, and the highest that anybody has wanted, -1 for
// none.
func owners(ctx context.Context, conn native.Conn) (map[number]uint64, number, error) {
	list, most := map[number]uint64{}, number(-1)
	rows, err := conn.Query(ctx, "SELECT number, argMaxIf(writer, since, trying = 0), countIf(trying = 0) FROM events_writers GROUP BY number")
	if err != nil {
		return nil, 0, err
	}
	err = each(rows, func() error {
		var n uint16
		var writer, kept uint64
		err := rows.Scan(&n, &writer, &kept)
		if most = max(most, number(n)); kept > 0 {
			list[number(n)] = writer
		}
		return err
	})
	return list, most, err
}

// claimAlone makes sure that the newest writer of a database that takes one is this
// spool.
func claimAlone(ctx context.Context, s *Store, known bool) error {
	var newest, writers uint64
	if err := s.conn.QueryRow(ctx, "SELECT argMax(writer, since), count() FROM events_writers").Scan(&newest, &writers); err != nil {
		return err
	}
	switch {
	case writers > 0 && newest == s.writer:
		return nil
	case writers > 0 && s.cfg.Shared && !known:
		return fmt.Errorf("the tables of database %q take one server: make events_progress and events_erasures, and add the columns of schema.sql to events_writers and events_joins (docs/clickhouse.md)", s.cfg.Database)
	case writers > 0 && (known || !s.cfg.TakeOver):
		return foreign(s.cfg.Database)
	case writers == 0 && known:
		return unknown(s.cfg.Database)
	}
	return block(ctx, s.conn, "INSERT INTO events_writers (writer, since)", func(batch native.Batch) error {
		return batch.Append(s.writer, time.Now().UnixNano())
	})
}

func foreign(database string) error {
	return fmt.Errorf("database %q belongs to the events of another data directory; use another database, or join it with events.clickhouse.shared, or let a new data directory continue that of a lost one with events.clickhouse.take_over", database)
}

func unknown(database string) error {
	return fmt.Errorf("database %q does not know this data directory any more; its events are gone or this is another ClickHouse", database)
}
