// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// Record is a stored event with the ids of the reports that became part of it.
type Record struct {
	event.Event
	Also       []string
	FailedJoin bool // it is counted as a failed join: see event.Summarizer; where that is asked for
}

// Records gives up to n events after one place and up to another, in order.
func (l *Log) Records(ctx context.Context, above, upto int64, n int) (list []Record, err error) {
	err = l.Read(ctx, func(c *Conn) error {
		list, err = l.ReadRecords(ctx, c, above, upto, n)
		return err
	})
	return list, err
}

// ReadRecords is Records within Read.
func (l *Log) ReadRecords(ctx context.Context, c *Conn, above, upto int64, n int) (list []Record, err error) {
	places := map[int64]int{}
	var doc sql.RawBytes
	err = c.Each(ctx, "SELECT seq, doc, code, terminal, "+verdictColumns+" FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", func(row Scanner) error {
		var r Record
		var seq int64
		var failure event.Failure // the document has it for failures only, the columns always
		var v verdict
		if err := row.Scan(&seq, &doc, &failure.Code, &failure.Terminal, &v.cause, &v.confidence, &v.rules); err != nil {
			return err
		}
		if err := eventjson.DecodeStored(doc, l.words, &r.Event); err != nil {
			return err
		}
		r.Seq, r.Failure.Code, r.Failure.Terminal, r.Diagnosis = seq, failure.Code, failure.Terminal, v.diagnosis()
		places[seq] = len(list)
		list = append(list, r)
		return nil
	}, above, upto, n)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	err = c.Each(ctx, "SELECT id, seq FROM aliases WHERE seq >= ? AND seq <= ?", func(row Scanner) error {
		var id uuid.UUID
		var seq int64
		if err := row.Scan(&id, &seq); err != nil {
			return err
		}
		if i, ok := places[seq]; ok {
			list[i].Also = append(list[i].Also, id.String())
		}
		return nil
	}, list[0].Seq, list[len(list)-1].Seq)
	return list, err
}

// Place finds the place of the event with an id, or that the report with it became
// part of, wherever its row is.
func (l *Log) Place(ctx context.Context, c *Conn, id uuid.UUID) (seq int64, found bool, err error) {
	return c.Lookup(ctx, "SELECT seq FROM events WHERE id = ?1 UNION ALL SELECT seq FROM aliases WHERE id = ?1 LIMIT 1", id[:])
}

// Events reads the events at these places.
func (l *Log) Events(ctx context.Context, c *Conn, seqs []int64) ([]event.Event, error) {
	list := make([]event.Event, len(seqs))
	for i, seq := range seqs {
		var doc sql.RawBytes
		err := c.Each(ctx, "SELECT doc, "+verdictColumns+" FROM events WHERE seq = ?", func(row Scanner) error {
			var v verdict
			if err := row.Scan(&doc, &v.cause, &v.confidence, &v.rules); err != nil {
				return err
			}
			err := eventjson.DecodeStored(doc, l.words, &list[i])
			list[i].Diagnosis = v.diagnosis()
			return err
		}, seq)
		if err != nil {
			return nil, err
		}
		list[i].Seq = seq
	}
	return list, nil
}

// FileSize is how many bytes of the file are in use: without the pages that are
// free in it.
func FileSize(ctx context.Context, c *Conn) (int64, error) {
	var pages, free, each int64
	err := c.Row(ctx, "SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size)").
		Scan(&pages, &free, &each)
	return (pages - free) * each, err
}
