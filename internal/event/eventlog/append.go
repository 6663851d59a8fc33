// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// Append stores events in one transaction.
func (l *Log) Append(ctx context.Context, events []event.Event) (outcomes []event.Outcome, err error) {
	err = l.Change(ctx, func(ctx context.Context, tx Tx) error {
		outcomes = make([]event.Outcome, len(events))
		return l.append(ctx, len(events), func(i int) *event.Event { return &events[i] }, outcomes)
	})
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

// Copy appends events that another store has held, as they are, at their places
// where those come after all that are taken: known ids count once, and
// observations of one failure that stayed apart there stay apart here.
func (l *Log) Copy(ctx context.Context, records []Record) (outcomes []event.Outcome, err error) {
	err = l.Change(ctx, func(ctx context.Context, tx Tx) error {
		l.copying = true
		defer func() { l.copying = false }()
		outcomes = make([]event.Outcome, len(records))
		if err := l.append(ctx, len(records), func(i int) *event.Event { return &records[i].Event }, outcomes); err != nil {
			return err
		}
		for i, r := range records {
			if err := tx.Remember(ctx, outcomes[i].Seq, r.Also...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

func (l *Log) append(ctx context.Context, n int, at func(int) *event.Event, outcomes []event.Outcome) (err error) {
	before := l.last
	for i := range n {
		if outcomes[i], err = l.appendOne(ctx, at(i)); err != nil {
			return err
		}
	}
	if l.last == before {
		return nil
	}
	return keepLast(ctx, l.writer, l.last)
}

const insert = `INSERT INTO events(seq, id, time, account, type, source, room, session, peer, user, fault, code, terminal, sdk, os, doc, diagnosis, confidence, rules, happened)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING`

const (
	placeOfEvent = "SELECT seq FROM events WHERE id = ?"
	placeOfAlias = "SELECT seq FROM aliases WHERE id = ?"
)

func (l *Log) appendOne(ctx context.Context, e *event.Event) (event.Outcome, error) {
	c := l.writer
	id, err := uuid.Parse(e.ID)
	if err != nil {
		return event.Outcome{}, fmt.Errorf("event id %q: %w", e.ID, err)
	}
	typ, ok := TypeCodes[e.Type]
	if !ok {
		return event.Outcome{}, fmt.Errorf("event type %q is not known", e.Type)
	}
	if l.aliases > 0 && (e.Key != "" || l.evicted > 0 || l.copying) {
		if seq, found, err := c.Lookup(ctx, placeOfAlias, id[:]); err != nil || found {
			return event.Outcome{State: event.Duplicate, Seq: seq}, err
		}
	}
	other := l.window.find(e)
	if other == 0 && !l.copying && e.Source == event.FromClient && e.Time.Sub(e.When()) > event.PairWindow {
		if other, err = l.findLate(ctx, e, typ); err != nil {
			return event.Outcome{}, err
		}
	}
	if other != 0 && !l.copying {
		if seq, found, err := c.Lookup(ctx, placeOfEvent, id[:]); err != nil || found {
			return event.Outcome{State: event.Duplicate, Seq: seq}, err
		}
		merged, err := l.merge(ctx, other, e, id)
		if err != nil || merged {
			return event.Outcome{State: event.Merged, Seq: other}, err
		}
	}
	account, err := l.Accounts.make(ctx, c, e.AccountID)
	if err != nil {
		return event.Outcome{}, err
	}
	l.doc = eventjson.AppendStored(l.doc[:0], e, l.words)
	row := &l.row
	seq := l.last + 1
	if l.copying {
		seq = max(seq, e.Seq) // its place elsewhere, so that readers who follow go on
	}
	row.set(seq, account, typ, e, len(l.doc))
	made := l.names.made
	refs, err := l.names.refs(ctx, account, row, e.PeerID)
	if err != nil {
		return event.Outcome{}, err
	}
	row.FirstOfPeer = !c.mixed && refNumber(refs[peerColumn]) > made
	v := verdictOf(e.Diagnosis)
	n, err := c.Exec(ctx, insert, row.Seq, id[:], e.Time.UnixNano(), account, typ, sourceCodes[e.Source],
		refs[0], refs[1], refs[2], refs[3], null(row.Fault),
		row.Code, row.Terminal, null(row.SDK), null(row.OS), v.cause, v.confidence, v.rules, happenedColumn(row.Happened))
	if err != nil {
		return event.Outcome{}, err
	}
	if n == 0 {
		for i, column := range idColumns { // which may have been given just now
			l.names.leave(column, account, refs[i])
		}
		seq, _, err = c.Lookup(ctx, placeOfEvent, id[:])
		return event.Outcome{State: event.Duplicate, Seq: seq}, err
	}
	l.last = seq
	l.docs.add(seq, l.doc)
	l.runs.stored(seq, typ, refs)
	return event.Outcome{State: event.Stored, Seq: seq}, l.stored(ctx, row)
}

// lateLooks is how many of the latest events of a peer are looked through for the
// counterpart of a late report.
const lateLooks = 1000

// findLate gives the place of the oldest failure the server saw that a client tells
// of when it has left the window, or 0.
func (l *Log) findLate(ctx context.Context, e *event.Event, typ int64) (int64, error) {
	if e.PairKey() == "" {
		return 0, nil
	}
	account, _ := l.Accounts.ID(e.AccountID)
	latest, err := l.writer.Of(ctx, ID{"peer", account, e.PeerID}, Between{Upto: maxSeq, Desc: true}, lateLooks)
	if err != nil {
		return 0, err
	}
	places, err := l.writer.Places(ctx, "SELECT seq FROM events WHERE seq IN (SELECT value FROM json_each(?)) AND source = ? AND type = ? AND time BETWEEN ? AND ? ORDER BY seq",
		PlacesArg(latest), sourceCodes[event.FromServer], typ, e.When().Add(-event.PairWindow).UnixNano(), e.Time.UnixNano())
	if err != nil {
		return 0, err
	}
	for _, seq := range places {
		was, found, err := l.rowAt(ctx, l.writer, seq)
		if err != nil {
			return 0, err
		}
		if found && was.Event != nil && event.Pairs(l.words, was.Event, e) {
			return seq, nil
		}
	}
	return 0, nil
}

// merge joins e to the stored account of the same failure. It reports false
// when that is gone or no longer fits.
func (l *Log) merge(ctx context.Context, other int64, e *event.Event, id uuid.UUID) (bool, error) {
	was, found, err := l.rowAt(ctx, l.writer, other)
	switch {
	case err != nil:
		return false, err
	case !found || was.Event == nil: // gone, or damaged from outside
		l.window.forget(e, other)
		return false, nil
	case !event.Pairs(l.words, was.Event, e):
		return false, nil
	}
	both := event.Pair(*was.Event, *e)
	if err := l.rewrite(ctx, was, &both); err != nil {
		return false, err
	}
	if _, err := l.writer.Exec(ctx, "INSERT INTO aliases VALUES (?, ?)", id[:], other); err != nil {
		return false, err
	}
	l.aliases++
	return true, l.changed(ctx, &l.was, &l.row)
}

// rewrite gives the event at the place of a row another document, and leaves both
// rows in l.was and l.row.
func (l *Log) rewrite(ctx context.Context, was Row, e *event.Event) error {
	l.doc = eventjson.AppendStored(l.doc[:0], e, l.words)
	l.was = was
	is := &l.row
	is.set(was.Seq, was.Account, was.Type, e, len(l.doc))
	refs, err := l.names.refs(ctx, was.Account, is, "")
	if err != nil {
		return err
	}
	if err := l.names.moved(ctx, &was, e, refs); err != nil {
		return err
	}
	_, err = l.writer.Exec(ctx, `UPDATE events SET source = ?, room = ?, session = ?, user = ?, fault = ?, code = ?, terminal = ?, sdk = ?, os = ?, doc = '', happened = ? WHERE seq = ?`,
		sourceCodes[e.Source], refs[0], refs[1], refs[3], null(is.Fault),
		is.Code, is.Terminal, null(is.SDK), null(is.OS), happenedColumn(is.Happened), was.Seq)
	if err != nil {
		return err
	}
	return l.docs.set(ctx, was.Seq, l.doc)
}

// Amend gives events further fields: see [event.Amender].
func (l *Log) Amend(ctx context.Context, list []event.Amendment) error {
	return l.Change(ctx, func(ctx context.Context, tx Tx) error {
		for i := range list {
			if err := l.amend(ctx, tx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *Log) amend(ctx context.Context, tx Tx, a *event.Amendment) error {
	key, err := uuid.Parse(a.ID)
	if err != nil {
		return fmt.Errorf("event id %q: %w", a.ID, err)
	}
	seq, found, err := l.Place(ctx, tx.Conn, key)
	if err != nil || !found {
		return err
	}
	was, found, err := l.rowAt(ctx, tx.Conn, seq)
	if err != nil || !found || was.Event == nil {
		return err
	}
	is := *was.Event
	if is.Extra = maps.Clone(is.Extra); is.Extra == nil {
		is.Extra = map[string]json.RawMessage{}
	}
	is.Extra[a.Field] = a.Value
	if err := l.rewrite(ctx, was, &is); err != nil {
		return err
	}
	return l.changed(ctx, &l.was, &l.row)
}
