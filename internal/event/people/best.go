// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// best is the failure that tells most of an attempt, whatever time is asked for: one that
// ended it before one that did not, then the first that happened.
type best struct {
	seq      int64 // 0: there is none; unknown: it is to be looked for among the events
	at       int64 // when it happened, as eventlog.HappenedAt
	terminal bool
}

// unknown is the place of a best failure of attempts of files from before there was one, and
// of those whose best one went or became worse.
const unknown = -1

// bestOf is a failure.
func bestOf(row *eventlog.Row) best {
	at := row.Happened
	if at.IsZero() {
		at = row.Time
	}
	return best{row.Seq, at.UnixNano(), row.Terminal}
}

// before tells whether a failure tells more than another.
func (b best) before(other best) bool {
	switch {
	case b.seq == 0 || other.seq == 0:
		return b.seq != 0
	case b.terminal != other.terminal:
		return b.terminal
	case b.at != other.at:
		return b.at < other.at
	}
	return b.seq < other.seq
}

// holds tells whether it is the best one in a span as well, of so many failures.
func (b best) holds(failures, since, until int64) bool {
	return b.seq > 0 && (failures == 1 || b.at >= since && b.at < until)
}

// bests is how a transaction changes which failure is the best one.
type bests struct {
	best best    // of those that came
	lost best    // the best that came and went again; its like has not come since
	gone []int64 // places of those that went
}

func (b *bests) come(f best) {
	if !b.lost.before(f) {
		b.lost = best{}
	}
	if f.before(b.best) {
		b.best = f
	}
}

func (b *bests) leave(seq int64) {
	b.gone = append(b.gone, seq)
	if b.best.seq != seq {
		return
	}
	if b.best.before(b.lost) {
		b.lost = b.best
	}
	b.best = best{}
}

// now is the best one of an attempt that has so many failures now.
func (b *bests) now(was best, failures int64) best {
	is := was
	if b.best.before(was) {
		is = b.best
	}
	switch {
	case failures == 0:
		return best{}
	case failures == 1 && b.best.seq != 0:
		return b.best
	case was.seq == unknown, b.lost.before(was), is == was && slices.Contains(b.gone, was.seq) && b.best != was:
		return best{seq: unknown}
	}
	return is
}

// Attempts of before are told their best failure so many at a time.
const bestBatch = 100

// bestsTo is the number in the table meta of the attempt up to which that is still to be done.
const bestsTo = "people.bests"

// fillBests tells some attempts of before which of their failures is the best one, the newest
// first, and whether there are more.
func (x *Index) fillBests(l *eventlog.Log) (more bool, err error) {
	err = l.Change(context.Background(), func(ctx context.Context, tx eventlog.Tx) error {
		upto, _, err := tx.Meta(ctx, bestsTo)
		if err != nil || upto == 0 {
			return err
		}
		list, err := readAttempts(ctx, tx.Conn, "WHERE id <= ? ORDER BY id DESC LIMIT ?", upto, bestBatch)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].failures == 0 || list[i].best.seq != unknown || list[i].peer == "" {
				continue
			}
			a, err := x.recent.find(ctx, tx.Conn, list[i].key)
			if err != nil || a == nil {
				return err
			}
			is := *a
			is.best, err = amongEvents(ctx, tx.Conn, a.account, &event.PeopleQuery{}, a.peer, a.user, maxOfPeer, nil)
			if err != nil {
				return err
			}
			if is.best.seq == 0 {
				continue
			}
			if err := x.replace(ctx, tx.Conn, a, &is); err != nil {
				return err
			}
		}
		if upto = 0; len(list) == bestBatch {
			upto, more = list[bestBatch-1].id-1, true
		}
		return tx.SetMeta(ctx, bestsTo, upto)
	})
	return more, err
}
