// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	native "github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event/eventlog"
)

//go:embed schema.sql
var schema string

// unknownDatabase is ClickHouse's error code for a database that is not there.
const unknownDatabase = 81

// prepare makes what is missing and claims a number of the database for this spool.
func (s *Store) prepare(ctx context.Context) error {
	err := s.conn.Ping(ctx)
	if e := (*driver.Exception)(nil); errors.As(err, &e) && e.Code == unknownDatabase {
		err = s.createDatabase(ctx)
	}
	if err != nil {
		return err
	}
	missing, err := missing(ctx, s.conn)
	if err != nil {
		return err
	}
	if s.joins.able = !slices.Contains(missing, "events_joins"); !s.joins.able {
		s.log.Warn("counts of joins stay in the data directory alone: make the table events_joins as the others were made (docs/clickhouse.md)")
	}
	for statement := range strings.SplitSeq(schema, ";") {
		isMissing := func(table string) bool { return strings.Contains(statement, " "+table+" ") }
		if strings.TrimSpace(statement) == "" || slices.ContainsFunc(missing, isMissing) {
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
	if err := s.others.take(ctx, s.conn); err != nil {
		return err
	}
	return s.claim(ctx)
}

// missing lists the tables of later versions that are not there and are somebody else's to
// make, as where there are replicas or others behind the tables.
func missing(ctx context.Context, conn native.Conn) (tables []string, err error) {
	later := []string{"events_joins", "events_progress", "events_erasures"}
	var made uint64
	if err := conn.QueryRow(ctx, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'events' AND (engine LIKE 'Replicated%' OR engine NOT LIKE '%MergeTree')").Scan(&made); err != nil || made == 0 {
		return nil, err
	}
	for _, table := range later {
		var there uint64
		if err := conn.QueryRow(ctx, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = ?", table).Scan(&there); err != nil {
			return nil, err
		}
		if there == 0 {
			tables = append(tables, table)
		}
	}
	return tables, nil
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

// adopt takes the ids of what ClickHouse has into a new spool, in its order.
func (s *Store) adopt(ctx context.Context) error {
	const chunk = 10_000
	for above := s.spool.EvictedUpTo(); ; {
		w := &where{}
		s.number.span(w, above, lastPlace)
		rows, err := s.conn.Query(ctx, fmt.Sprintf("SELECT seq, id, also FROM events WHERE %s ORDER BY seq LIMIT %d", w.text.String(), chunk))
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
			r.ID, r.Seq = id.String(), placeOf(seq)
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
