// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"context"
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

// JoinCounts hands over the joins of every hour, in no order.
func JoinCounts(ctx context.Context, l *eventlog.Log, f func(JoinCount) error) error {
	return l.Read(ctx, func(c *eventlog.Conn) error {
		return c.Each(ctx, "SELECT account, dim, at, value, n FROM summary WHERE level = ? AND type = ?", func(row eventlog.Scanner) error {
			var account, dim int64
			var j JoinCount
			if err := row.Scan(&account, &dim, &j.Hour, &j.Value, &j.N); err != nil {
				return err
			}
			if dim < 0 || dim >= int64(len(Dims)) {
				return nil // of a later version
			}
			j.Account, j.By = l.Accounts.Name(account), Dims[dim]
			return f(j)
		}, Hours, JoinsDone)
	})
}

// CopyJoins takes over counts of joins. Where there is one already, the larger
// of the two stays, so that copying twice counts once.
func (t *Table) CopyJoins(ctx context.Context, l *eventlog.Log, counts []JoinCount) error {
	for some := range slices.Chunk(counts, 5000) {
		err := l.Change(ctx, func(ctx context.Context, tx eventlog.Tx) error {
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
				have, _, err := tx.Lookup(ctx, "SELECT n FROM summary WHERE account = ? AND dim = ? AND level = ? AND at = ? AND value = ? AND type = ?",
					k.Account, k.Dim, k.Level, k.At, k.Value, k.Type)
				if err != nil {
					return err
				}
				if more := j.N - have; more > 0 && t.cells[k] == nil { // else the same count twice in one list
					t.cell(k).N = more
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
