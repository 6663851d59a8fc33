// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/docpack"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/postings"
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
	var own [][]byte
	err = c.Each(ctx, "SELECT events.seq, "+ownDoc+", code, terminal, "+verdictColumns+withOwnDoc+"WHERE events.seq > ? AND events.seq <= ? ORDER BY events.seq LIMIT ?", func(row Scanner) error {
		var r Record
		var doc []byte
		var v verdict
		if err := row.Scan(&r.Seq, &doc, &r.Failure.Code, &r.Failure.Terminal, &v.cause, &v.confidence, &v.rules); err != nil {
			return err
		}
		r.Diagnosis = v.diagnosis()
		places[r.Seq] = len(list)
		list, own = append(list, r), append(own, doc)
		return nil
	}, above, upto, n)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	for i := range list {
		e := &list[i].Event
		columns := *e // the document has code and terminal for failures only, the columns always
		if err := l.readDoc(ctx, c, e.Seq, own[i], e); err != nil {
			return nil, err
		}
		e.Seq, e.Failure.Code, e.Failure.Terminal, e.Diagnosis = columns.Seq, columns.Failure.Code, columns.Failure.Terminal, columns.Diagnosis
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
		var own []byte
		var v verdict
		err := c.Row(ctx, "SELECT "+ownDoc+", "+verdictColumns+withOwnDoc+"WHERE events.seq = ?", seq).Scan(&own, &v.cause, &v.confidence, &v.rules)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := l.readDoc(ctx, c, seq, own, &list[i]); err != nil {
			return nil, err
		}
		list[i].Seq, list[i].Diagnosis = seq, v.diagnosis()
	}
	return list, nil
}

// readDoc makes an event of the document at a place; own is as of Conn.doc.
func (l *Log) readDoc(ctx context.Context, c *Conn, seq int64, own []byte, e *event.Event) error {
	doc, err := c.doc(ctx, seq, own)
	if err != nil {
		return damaged(l.path, err)
	}
	return eventjson.DecodeStored(doc, l.words, e)
}

// damaged makes documents that cannot be unpacked a fault.StoreDamaged, which is a
// fault.StoreUnavailable too. Other errors pass.
func damaged(path string, err error) error {
	if !errors.Is(err, docpack.ErrDamaged) && !errors.Is(err, postings.ErrDamaged) {
		return err
	}
	return fault.StoreDamaged.Wrap(fault.StoreUnavailable.Wrap(fmt.Errorf("%s: %w", path, err)))
}

// FileSize is how many bytes of the file are in use: without the pages that are
// free in it.
func FileSize(ctx context.Context, c *Conn) (int64, error) {
	var pages, free, each int64
	err := c.Row(ctx, "SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size)").
		Scan(&pages, &free, &each)
	return (pages - free) * each, err
}

// DocSize is how many bytes a document takes, packed, on average.
func DocSize(ctx context.Context, c *Conn) (mean float64, err error) {
	var n int64
	err = c.Each(ctx, `SELECT (SELECT coalesce(sum(octet_length(doc)), 0) FROM docs) + (SELECT coalesce(sum(octet_length(docs)), 0) FROM doc_blocks)
		+ (SELECT coalesce(sum(octet_length(doc)), 0) FROM events), (SELECT count(*) FROM events)`, func(row Scanner) error { return row.Scan(&mean, &n) })
	return mean / float64(max(n, 1)), err
}
