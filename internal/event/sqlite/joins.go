package sqlite

import (
	"context"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
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

// JoinCounts hands over the joins of every hour, in no order.
func (s *Store) JoinCounts(ctx context.Context, f func(JoinCount) error) error {
	return s.read(ctx, func(c *conn) error {
		return c.each(ctx, "SELECT account, dim, at, value, n FROM summary WHERE level = ? AND type = ?", func(row scanner) error {
			var account, dim int64
			var j JoinCount
			if err := row.Scan(&account, &dim, &j.Hour, &j.Value, &j.N); err != nil {
				return err
			}
			if dim < 0 || dim >= int64(len(summaryDims)) {
				return nil // of a later version
			}
			j.Account, j.By = s.accounts.name(account), summaryDims[dim]
			return f(j)
		}, hours, joinsDone)
	})
}

// CopyJoins takes over counts of joins. Where there is one already, the larger
// of the two stays, so that copying twice counts once.
func (s *Store) CopyJoins(ctx context.Context, counts []JoinCount) error {
	for some := range slices.Chunk(counts, 5000) {
		err := s.change(ctx, func(ctx context.Context) error {
			for _, j := range some {
				dim := slices.Index(summaryDims, j.By)
				if dim < 0 {
					continue
				}
				account, err := s.accounts.make(ctx, s.writer, j.Account)
				if err != nil {
					return err
				}
				k := summaryKey{account: account, dim: int64(dim), level: hours, at: j.Hour, value: j.Value, typ: joinsDone}
				have, _, err := lookup(ctx, s.writer, "SELECT n FROM summary WHERE account = ? AND dim = ? AND level = ? AND at = ? AND value = ? AND type = ?",
					k.account, k.dim, k.level, k.at, k.value, k.typ)
				if err != nil {
					return err
				}
				if more := j.N - have; more > 0 {
					if s.summaries.cells[k] != nil { // the same count twice in one list
						continue
					}
					s.summaries.cells[k] = &cell{n: more}
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
