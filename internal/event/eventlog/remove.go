// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/docpack"
)

// DeletionBatch is how many events one call of Remove deletes, which bounds how
// long an Append may have to wait for it.
const DeletionBatch = 500

// deletionBlocks is from how many blocks of documents, roughly, one call of Remove takes
// the events of a user, which lie here and there.
const deletionBlocks = 40

// Remove deletes up to DeletionBatch events.
func (l *Log) Remove(ctx context.Context, r event.Removal) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if r.UserID == "" && r.Before.IsZero() && !(r.Oldest && r.AccountID != "") {
		return 0, nil // nothing was named, so nothing goes
	}
	l.turn.Lock()
	defer l.turn.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, l.unavailable(ctx, sql.ErrConnDone)
	}
	accounts := l.concerned(r)
	if len(accounts) == 0 {
		return 0, nil
	}
	ctx = context.WithoutCancel(ctx)
	doomed, err := l.deletions(ctx, r, accounts)
	if err != nil {
		return 0, l.unavailable(ctx, err)
	}
	switch {
	case len(doomed) > 0:
		err = l.transact(ctx, func() error {
			for _, seq := range doomed {
				if err := l.remove(ctx, seq, &r); err != nil {
					return err
				}
			}
			return nil
		})
	case r.UserID != "":
		err = l.transact(ctx, func() error {
			for _, d := range l.derived {
				if err := d.Erased(ctx, l.writer, &r, accounts); err != nil {
					return err
				}
			}
			return nil
		})
	case !r.Oldest:
		err = l.transact(ctx, func() error {
			for _, d := range l.derived {
				if err := d.Expired(ctx, l.writer, r.Before, accounts); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return 0, l.unavailable(ctx, err)
	}
	l.checkpoints.wrote(int64(len(doomed)), 0)
	return len(doomed), nil
}

// remove deletes the event at a place.
func (l *Log) remove(ctx context.Context, seq int64, why *event.Removal) error {
	row, found, err := l.rowAt(ctx, l.writer, seq)
	if err != nil || !found {
		return err
	}
	l.row = row
	if err := l.removed(ctx, &l.row, why); err != nil {
		return err
	}
	if _, err := l.names.deleteRow(ctx, "seq = ?", seq); err != nil {
		return err
	}
	if err := l.docs.remove(ctx, seq); err != nil {
		return err
	}
	if l.aliases == 0 {
		return nil
	}
	n, err := l.writer.Exec(ctx, "DELETE FROM aliases WHERE seq = ?", seq)
	l.aliases -= n
	return err
}

// concerned lists the accounts that a removal is about.
func (l *Log) concerned(r event.Removal) []int64 {
	all := l.Accounts.All()
	if r.AccountID != "" {
		id, ok := l.Accounts.ID(r.AccountID)
		if !ok {
			return nil
		}
		all = []int64{id}
	}
	return slices.DeleteFunc(all, func(id int64) bool { return slices.Contains(r.Except, l.Accounts.Name(id)) })
}

// deletions finds the places of the next events to go. It runs on the writer's
// connection, which alone changes what it finds.
func (l *Log) deletions(ctx context.Context, r event.Removal, accounts []int64) ([]int64, error) {
	before := int64(1<<63 - 1)
	if !r.Before.IsZero() {
		before = r.Before.UnixNano()
	}
	scan := deletionScan{c: l.writer, before: before}
	switch {
	case r.Oldest:
		if err := scan.first(ctx, accounts[0]); err != nil {
			return nil, err
		}
	case r.UserID == "":
		if err := scan.oldest(ctx, accounts); err != nil {
			return nil, err
		}
	default:
		for _, account := range accounts {
			if err := l.erasing.next(ctx, &scan, ID{"user", account, r.UserKey()}); err != nil {
				return nil, err
			}
		}
	}
	if r.UserID != "" {
		scan.near()
	}
	return scan.found, nil
}

// deletionScan collects the places of up to a batch of events taken before a time.
type deletionScan struct {
	c      *Conn
	found  []int64
	before int64
}

func (h *deletionScan) add(row Scanner) error {
	var seq int64
	err := row.Scan(&seq)
	h.found = append(h.found, seq)
	return err
}

// erasing is how far the events of an id have been removed: with many of them in a list,
// looking for the next from its beginning takes longer and longer.
type erasing struct {
	id    ID
	above int64
}

// next collects the first that have an id and were not found before. That none is left is
// found out from the beginning.
func (e *erasing) next(ctx context.Context, scan *deletionScan, id ID) error {
	if e.id != id {
		*e = erasing{id: id}
	}
	before := len(scan.found)
	if err := scan.of(ctx, id, e.above); err != nil {
		return err
	}
	if len(scan.found) == before && e.above > 0 {
		e.above = 0
		if err := scan.of(ctx, id, 0); err != nil {
			return err
		}
	}
	if len(scan.found) > before { // of these, some may be left for the next time
		e.above = scan.found[before] - 1
	}
	return nil
}

// of collects the first that have an id, after a place.
func (h *deletionScan) of(ctx context.Context, id ID, above int64) error {
	for in := (Between{Above: above, Upto: maxSeq}); len(h.found) < DeletionBatch; {
		some, err := h.c.Of(ctx, id, in, DeletionBatch)
		if err != nil || len(some) == 0 {
			return err
		}
		err = h.c.Each(ctx, "SELECT seq FROM events WHERE seq IN (SELECT value FROM json_each(?)) AND time < ? ORDER BY seq LIMIT ?",
			h.add, PlacesArg(some), h.before, DeletionBatch-len(h.found))
		if err != nil {
			return err
		}
		in.Above = some[len(some)-1]
	}
	return nil
}

// first collects the first of an account by place, whatever their types.
func (h *deletionScan) first(ctx context.Context, account int64) error {
	for typ := range CodeTypes {
		err := h.c.Each(ctx, "SELECT seq FROM events INDEXED BY events_type WHERE account = ? AND type = ? ORDER BY seq LIMIT ?", h.add, account, typ, DeletionBatch)
		if err != nil {
			return err
		}
	}
	h.cut()
	return nil
}

// oldest collects from the ranges that begin before the time. Neighbours are
// taken as one, so that an account that keeps its events for long, and all
// ranges with them, holds up nobody.
func (h *deletionScan) oldest(ctx context.Context, accounts []int64) error {
	type seqs struct{ first, last int64 }
	var ranges []seqs
	err := h.c.Each(ctx, "SELECT first, last FROM segments WHERE min_time < ? ORDER BY first", func(row Scanner) error {
		var g seqs
		err := row.Scan(&g.first, &g.last)
		if n := len(ranges); n > 0 && ranges[n-1].last+1 == g.first {
			ranges[n-1].last = g.last
		} else {
			ranges = append(ranges, g)
		}
		return err
	}, h.before)
	if err != nil {
		return err
	}
	for _, g := range ranges {
		for _, account := range accounts {
			for typ := range CodeTypes {
				err := h.c.Each(ctx, "SELECT seq FROM events INDEXED BY events_type WHERE account = ? AND type = ? AND seq BETWEEN ? AND ? AND time < ? ORDER BY seq LIMIT ?",
					h.add, account, typ, g.first, g.last, h.before, DeletionBatch)
				if err != nil {
					return err
				}
			}
		}
		if len(h.found) > 0 {
			break
		}
	}
	h.cut()
	return nil
}

// cut keeps the first of a batch by place, since those share blocks of documents.
func (h *deletionScan) cut() {
	slices.Sort(h.found)
	h.found = h.found[:min(len(h.found), DeletionBatch)]
}

// near keeps what lies in some blocks of documents, each of which is written anew.
func (h *deletionScan) near() {
	h.cut()
	blocks, last := 0, int64(-1)
	for i, seq := range h.found {
		if b := seq / docpack.BlockDocs; b != last {
			if blocks, last = blocks+1, b; blocks > deletionBlocks {
				h.found = h.found[:i]
				return
			}
		}
	}
}
