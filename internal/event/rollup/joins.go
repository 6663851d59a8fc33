// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"context"
	"errors"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// JoinCount is how many joins succeeded in an hour of UTC, in one value of one
// dimension.
type JoinCount struct {
	Account string
	By      event.Dimension
	Hour    int64 // since 1970
	Value   string
	N       int64
}

// CountJoins adds joins that succeeded, within a transaction.
func (t *Table) CountJoins(ctx context.Context, tx eventlog.Tx, joins []event.Join) error {
	for i := range joins {
		j := &joins[i]
		account, err := tx.Account(ctx, j.AccountID)
		if err != nil {
			return err
		}
		t.Add(account, JoinsDone, j.Time, &event.Event{Subject: j.Subject}, 1, nil)
	}
	return nil
}

// JoinCounts hands over the joins of every hour from one on, in no order.
func JoinCounts(ctx context.Context, l *eventlog.Log, from int64, f func(JoinCount) error) error {
	return l.Read(ctx, func(c *eventlog.Conn) error {
		tell := func(account, dim, hour int64, value string, n int64) error {
			if dim < 0 || dim >= int64(len(Dims)) {
				return nil // of a later version
			}
			return f(JoinCount{Account: l.Accounts.Name(account), By: Dims[dim], Hour: hour, Value: value, N: n})
		}
		err := c.Each(ctx, "SELECT account, dim, at, cells FROM summary_steps WHERE level = ? AND at >= ?", func(row eventlog.Scanner) error {
			var s step
			var b []byte
			if err := row.Scan(&s.account, &s.dim, &s.at, &b); err != nil {
				return err
			}
			var bad error
			err := eachCell(b, func(value []byte, typ int64, p packed) {
				if typ == JoinsDone && bad == nil {
					bad = tell(s.account, s.dim, s.at, string(value), p.n)
				}
			})
			return errors.Join(bad, err)
		}, Hours, from)
		if err != nil {
			return err
		}
		return outdatedJoins(ctx, c, from, tell)
	})
}

// CopyJoins takes over counts of joins. Where there is one already, the larger
// of the two stays, so that copying twice counts once.
func (t *Table) CopyJoins(ctx context.Context, l *eventlog.Log, counts []JoinCount) error {
	for some := range slices.Chunk(counts, 5000) {
		err := l.Change(ctx, func(ctx context.Context, tx eventlog.Tx) error {
			known := map[step]cells{}
			for _, j := range some {
				dim := slices.Index(Dims, j.By)
				if dim < 0 {
					continue
				}
				account, err := tx.Account(ctx, j.Account)
				if err != nil {
					return err
				}
				k := Key{Account: account, Dim: int64(dim), Level: Hours, At: j.Hour, Value: j.Value, Type: JoinsDone}
				have, err := t.joinsOf(ctx, tx.Conn, k, known)
				if err != nil {
					return err
				}
				if more := j.N - have; more > 0 && t.cells[k] == nil { // else the same count twice in one list
					t.Cell(k).N = more
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// joinsOf gives a count of joins; known is the hours that have been read.
func (t *Table) joinsOf(ctx context.Context, c *eventlog.Conn, k Key, known map[step]cells) (int64, error) {
	hour := step{k.Account, k.Dim, k.Level, k.At}
	all, found := known[hour]
	if !found {
		var err error
		if t.outdated {
			err = t.change(ctx, c, hour, nil)
		}
		if err == nil {
			var row []byte
			row, _, err = hour.read(ctx, c)
			all = unpack(row)
		}
		if err != nil {
			return 0, err
		}
		known[hour] = all
	}
	return all[cellKey{k.Value, k.Type}].n, nil
}
