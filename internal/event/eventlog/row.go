// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// Row is an event with the columns that it is found by.
type Row struct {
	Seq           int64 // place in the order
	Account, Type int64 // as [Log.Accounts] and [TypeCodes] number them
	Time          time.Time
	Room, Session string
	User          string // event.UserKey
	Fault         string
	Code          int
	Terminal      bool
	SDK, OS       string
	Diagnosis     *event.Diagnosis // nil when there is no verdict
	Size          int              // bytes of the document
	Event         *event.Event     // nil when the document was damaged from outside
}

// set makes the row that of an event.
func (r *Row) set(seq, account, typ int64, e *event.Event, size int) {
	*r = Row{
		Seq: seq, Account: account, Type: typ, Time: e.Time, Room: e.RoomID, Session: e.SessionID, User: e.UserKey(),
		Fault: e.Fault, Code: e.Failure.Code, Terminal: e.Failure.Terminal, SDK: e.Agent.SDK, OS: e.Agent.OS, Diagnosis: e.Diagnosis, Size: size, Event: e,
	}
}

// FailsJoin tells whether the event ended an attempt to join.
func (r *Row) FailsJoin() bool { return r.Event != nil && r.Event.FailsJoin() }

const rowColumns = `SELECT seq, account, type, time, coalesce(room, ''), coalesce(session, ''), coalesce(user, ''),
	coalesce(fault, ''), code, terminal, coalesce(sdk, ''), coalesce(os, ''), doc, ` + verdictColumns + ` FROM events `

// readRow reads a row of rowColumns.
func readRow(s Scanner, words event.Vocabulary) (r Row, err error) {
	var at int64
	var doc sql.RawBytes
	var v verdict
	if err := s.Scan(&r.Seq, &r.Account, &r.Type, &at, &r.Room, &r.Session, &r.User, &r.Fault, &r.Code, &r.Terminal, &r.SDK, &r.OS, &doc,
		&v.cause, &v.confidence, &v.rules); err != nil {
		return r, err
	}
	r.Diagnosis = v.diagnosis()
	r.Time, r.Size = time.Unix(0, at).UTC(), len(doc)
	var e event.Event
	if eventjson.DecodeStored(doc, words, &e) == nil {
		e.Seq, e.Diagnosis = r.Seq, r.Diagnosis
		e.Failure.Code, e.Failure.Terminal = r.Code, r.Terminal // the document has them for failures only
		r.Event = &e
	}
	return r, nil
}

// RowsAbove reads the rows after a place, in their order.
func RowsAbove(ctx context.Context, c *Conn, v event.Vocabulary, above int64) (rows []Row, err error) {
	err = c.Each(ctx, rowColumns+"WHERE seq > ? ORDER BY seq", func(s Scanner) error {
		row, err := readRow(s, v)
		rows = append(rows, row)
		return err
	}, above)
	return rows, err
}

// RowsBelow reads up to n rows up to a place, the newest first.
func (tx Tx) RowsBelow(ctx context.Context, upto int64, n int) (rows []Row, err error) {
	err = tx.Each(ctx, rowColumns+"WHERE seq <= ? ORDER BY seq DESC LIMIT ?", func(s Scanner) error {
		row, err := readRow(s, tx.log.words)
		rows = append(rows, row)
		return err
	}, upto, n)
	return rows, err
}

// rowAt reads the row at a place.
func (l *Log) rowAt(ctx context.Context, c *Conn, seq int64) (row Row, found bool, err error) {
	err = c.Each(ctx, rowColumns+"WHERE seq = ?", func(s Scanner) (err error) { // RawBytes need rows
		row, err = readRow(s, l.words)
		found = err == nil
		return err
	}, seq)
	return row, found, err
}
