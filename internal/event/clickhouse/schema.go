// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	native "github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event/eventlog"
)

//go:embed schema.sql
var schema string

// unknownDatabase is ClickHouse's error code for a database that is not there.
const unknownDatabase = 81

// prepare makes what is missing and claims the database for this spool.
func (s *Store) prepare(ctx context.Context) error {
	err := s.conn.Ping(ctx)
	if e := (*driver.Exception)(nil); errors.As(err, &e) && e.Code == unknownDatabase {
		err = s.createDatabase(ctx)
	}
	if err != nil {
		return err
	}
	alone, err := s.joins.missing(ctx, s.conn)
	if err != nil {
		return err
	}
	if s.joins.able = !alone; alone {
		s.log.Warn("counts of joins stay in the data directory alone: make the table events_joins as the others were made (docs/clickhouse.md)")
	}
	for statement := range strings.SplitSeq(schema, ";") {
		if strings.TrimSpace(statement) == "" || alone && strings.Contains(statement, " events_joins ") {
			continue
		}
		if err := s.conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	var known uint64
	if err := s.conn.QueryRow(ctx, "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'events' AND name IN ('browser', 'failed_join')").Scan(&known); err != nil {
		return err
	}
	if known != 2 { // from before the first release; nothing that was released had such a table
		return fmt.Errorf("the table events of database %q lacks columns; use another database", s.cfg.Database)
	}
	if err := s.measured(ctx); err != nil {
		return err
	}
	if err := s.diagnosed(ctx); err != nil {
		return err
	}
	if err := s.facets.take(ctx, s); err != nil {
		return err
	}
	return s.claim(ctx)
}

// measured adds the column of sizes to a table from before events.clickhouse.max_bytes.
// What is in it is measured when it is read, until its parts are merged. A table in
// front of others is left alone; see Size.
func (s *Store) measured(ctx context.Context) error {
	var known, plain uint64
	if err := s.conn.QueryRow(ctx, "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'events' AND name = 'bytes'").Scan(&known); err != nil || known > 0 {
		return err
	}
	if err := s.conn.QueryRow(ctx, plainTables).Scan(&plain); err != nil || plain == 0 {
		return err
	}
	return s.conn.Exec(ctx, "ALTER TABLE events ADD COLUMN bytes UInt32 MATERIALIZED length(doc)")
}

// diagnosed adds the columns of verdicts to a table from before there were any.
func (s *Store) diagnosed(ctx context.Context) error {
	const add = "ADD COLUMN diagnosis String, ADD COLUMN confidence UInt8, ADD COLUMN rules String"
	var known, plain uint64
	if err := s.conn.QueryRow(ctx, "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'events' AND name = 'confidence'").Scan(&known); err != nil || known > 0 {
		return err
	}
	if err := s.conn.QueryRow(ctx, plainTables).Scan(&plain); err != nil {
		return err
	}
	if plain == 0 { // in front of others, which are somebody else's to change
		return fmt.Errorf("the table events of database %q lacks the columns of verdicts; ALTER TABLE events %s, there and on the tables behind it", s.cfg.Database, add)
	}
	return s.conn.Exec(ctx, "ALTER TABLE events "+add)
}

func (s *Store) createDatabase(ctx context.Context) error {
	options, err := s.cfg.options()
	if err != nil {
		return err
	}
	options.Auth.Database = "default"
	conn, err := driver.Open(options)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS `"+strings.ReplaceAll(s.cfg.Database, "`", "")+"`")
}

// claim makes sure that the newest writer of the database is this spool.
func (s *Store) claim(ctx context.Context) error {
	var newest, writers uint64
	if err := s.conn.QueryRow(ctx, "SELECT argMax(writer, since), count() FROM events_writers").Scan(&newest, &writers); err != nil {
		return err
	}
	switch known, err := s.spool.Meta(ctx, "writer"); {
	case err != nil:
		return err
	case writers > 0 && newest == s.writer:
		return nil
	case writers > 0 && (known != 0 || !s.cfg.TakeOver):
		return fmt.Errorf("database %q belongs to the events of another data directory; use another database, or let a new data directory continue it with events.clickhouse.take_over", s.cfg.Database)
	case writers == 0 && known != 0:
		return fmt.Errorf("database %q does not know this data directory any more; its events are gone or this is another ClickHouse", s.cfg.Database)
	}
	// Data goes in blocks of its own: servers before 20 wait for one whatever
	// the statement says.
	return block(ctx, s.conn, "INSERT INTO events_writers (writer, since)", func(batch native.Batch) error {
		return batch.Append(s.writer, time.Now().UnixNano())
	})
}

// adopt takes the ids of what ClickHouse has into a new spool, in its order.
func (s *Store) adopt(ctx context.Context) error {
	const chunk = 10_000
	for above := s.spool.EvictedUpTo(); ; {
		rows, err := s.conn.Query(ctx, fmt.Sprintf("SELECT seq, id, also FROM events WHERE seq > %d ORDER BY seq LIMIT %d", above, chunk))
		if err != nil {
			return err
		}
		var records []eventlog.Record
		err = each(rows, func() error {
			var seq uint64
			var id uuid.UUID
			var r eventlog.Record
			if err := rows.Scan(&seq, &id, &r.Also); err != nil {
				return err
			}
			r.ID, r.Seq = id.String(), int64(seq)
			records = append(records, r)
			return nil
		})
		if err != nil {
			return err
		}
		if len(records) == 0 {
			return nil
		}
		if err := s.spool.Adopt(ctx, records); err != nil {
			return err
		}
		above = records[len(records)-1].Seq
	}
}
