// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/docpack"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// Row is an event with the columns that it is found by.
type Row struct {
	Seq           int64 // place in the order
	Account, Type int64 // as [Log.Accounts] and [TypeCodes] number them
	Time          time.Time
	Happened      time.Time // event.HappenedApart
	Room, Session string
	User          string // event.UserKey
	Fault         string
	Code          int
	Terminal      bool
	SDK, OS       string
	Diagnosis     *event.Diagnosis // nil when there is no verdict
	Size          int              // bytes of the document
	Event         *event.Event     // nil when the document was damaged from outside
	FirstOfPeer   bool             // no event that is stored had its peer when it was; false where that is not known
}

// set makes the row that of an event.
func (r *Row) set(seq, account, typ int64, e *event.Event, size int) {
	*r = Row{
		Seq: seq, Account: account, Type: typ, Time: e.Time, Happened: event.HappenedApart(e), Room: e.RoomID, Session: e.SessionID, User: e.UserKey(),
		Fault: e.Fault, Code: e.Failure.Code, Terminal: e.Failure.Terminal, SDK: e.Agent.SDK, OS: e.Agent.OS, Diagnosis: e.Diagnosis, Size: size, Event: e,
	}
}

// FailsJoin tells whether the event ended an attempt to join.
func (r *Row) FailsJoin() bool { return r.Event != nil && r.Event.FailsJoin() }

const rowColumns = `SELECT events.seq, account, type, time, happened,
	coalesce(fault, ''), code, terminal, coalesce(sdk, ''), coalesce(os, ''), ` + ownDoc + `, ` + verdictColumns + withOwnDoc

// readRows reads the rows of a query that begins with rowColumns.
func readRows(ctx context.Context, c *Conn, words event.Vocabulary, query string, args ...any) (rows []Row, err error) {
	var own [][]byte
	err = c.Each(ctx, query, func(s Scanner) error {
		var r Row
		var at int64
		var happened sql.NullInt64
		var doc []byte
		var v verdict
		if err := s.Scan(&r.Seq, &r.Account, &r.Type, &at, &happened, &r.Fault, &r.Code, &r.Terminal, &r.SDK, &r.OS, &doc,
			&v.cause, &v.confidence, &v.rules); err != nil {
			return err
		}
		r.Time, r.Diagnosis = time.Unix(0, at).UTC(), v.diagnosis()
		if happened.Valid {
			r.Happened = time.Unix(0, happened.Int64).UTC()
		}
		rows, own = append(rows, r), append(own, doc)
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		r := &rows[i]
		doc, err := c.doc(ctx, r.Seq, own[i])
		if err != nil && !errors.Is(err, docpack.ErrDamaged) {
			return nil, err
		}
		r.Size = len(doc)
		var e event.Event
		if err == nil && eventjson.DecodeStored(doc, words, &e) == nil {
			e.Seq, e.Diagnosis = r.Seq, r.Diagnosis
			e.Failure.Code, e.Failure.Terminal = r.Code, r.Terminal // the document has them for failures only
			r.Event = &e
		}
		if err := c.rowNames(ctx, r); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// RowsAbove reads the rows after a place, in their order.
func RowsAbove(ctx context.Context, c *Conn, v event.Vocabulary, above int64) (rows []Row, err error) {
	return readRows(ctx, c, v, rowColumns+"WHERE events.seq > ? ORDER BY events.seq", above)
}

// RowsBelow reads up to n rows up to a place, the newest first.
func (tx Tx) RowsBelow(ctx context.Context, upto int64, n int) (rows []Row, err error) {
	return readRows(ctx, tx.Conn, tx.log.words, rowColumns+"WHERE events.seq <= ? ORDER BY events.seq DESC LIMIT ?", upto, n)
}

// rowAt reads the row at a place.
func (l *Log) rowAt(ctx context.Context, c *Conn, seq int64) (row Row, found bool, err error) {
	rows, err := readRows(ctx, c, l.words, rowColumns+"WHERE events.seq = ?", seq)
	if err != nil || len(rows) == 0 {
		return Row{}, false, err
	}
	return rows[0], true, nil
}
