// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"slices"

	"github.com/redial-rtc/redial/internal/event/bitset"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/people"
)

//go:embed happened.sql
var happenedSchema string

// apart is the span of the times in a row of block_happened, both inclusive.
type apart struct{ from, to int64 }

// writeHappened adds a run to each block with events that did not happen when they were
// taken, or of which that has become known.
func (b *bitmapIndex) writeHappened(ctx context.Context, c *eventlog.Conn) error {
	slices.SortStableFunc(b.apart, func(x, y taken) int { return int(x.seq - y.seq) })
	one := b.apart[:0]
	for i, t := range b.apart { // of several times of one event the last stands
		if i+1 < len(b.apart) && b.apart[i+1].seq == t.seq {
			continue
		}
		one = append(one, t)
	}
	return eachBlock(one, func(block int64, run []taken) error {
		span := apart{run[0].time.UnixNano(), run[0].time.UnixNano()}
		for _, t := range run[1:] {
			span.from, span.to = min(span.from, t.time.UnixNano()), max(span.to, t.time.UnixNano())
		}
		_, err := c.Exec(ctx, `INSERT INTO block_happened VALUES (?, ?, ?, ?) ON CONFLICT(block) DO UPDATE SET
			min_time = min(min_time, excluded.min_time), max_time = max(max_time, excluded.max_time), times = times || excluded.times`,
			block, span.from, span.to, packTimes(run))
		return err
	})
}

// readApart reads which blocks have times of their own, when these are asked for.
func (v *bitmapScan) readApart(ctx context.Context, c *eventlog.Conn) error {
	if v.p.Happened == nil {
		return nil
	}
	v.apart = map[int64]apart{}
	return c.Each(ctx, "SELECT block, min_time, max_time FROM block_happened WHERE block >= ?", func(row eventlog.Scanner) error {
		var block int64
		var span apart
		err := row.Scan(&block, &span.from, &span.to)
		v.apart[block] = span
		return err
	}, v.p.Above/blockSize)
}

// someHappened tells whether any event of the blocks from one to another can have
// happened in the time asked for.
func (v *bitmapScan) someHappened(from, to int64) bool {
	h := v.p.Happened
	if h == nil {
		return true
	}
	for _, r := range h.Ranges {
		if r.Last >= from*blockSize && r.First < (to+1)*blockSize {
			return true
		}
	}
	for block := from; block <= to; block++ {
		if span, has := v.apart[block]; has && span.from < h.Until && span.to >= h.Since {
			return true
		}
	}
	return false
}

// filterHappened keeps what happened in the time asked for: what was taken then, unless
// it happened at another time, and what happened then and was taken at another.
func (v *bitmapScan) filterHappened(ctx context.Context, c *eventlog.Conn, sets []bitset.Set, from int64) error {
	h := v.p.Happened
	if h == nil {
		return nil
	}
	for i := range sets {
		block := from + int64(i)
		if sets[i] == (bitset.Set{}) {
			continue
		}
		in, err := takenIn(ctx, c, block, h.Ranges, h.Since, h.Until)
		if err != nil {
			return err
		}
		if span, has := v.apart[block]; has && (in != (bitset.Set{}) || span.from < h.Until && span.to >= h.Since) {
			if err := moveApart(ctx, c, &in, block, h.Since, h.Until); err != nil {
				return err
			}
		}
		sets[i].And(&in)
	}
	return nil
}

// happenedIn gives a people.Narrow: of the sets of blocks, which are there for filters, it reads
// those of the blocks that the places are in, once.
func (s *Store) happenedIn() people.Narrow {
	var ranges []eventlog.Range
	var flushed int64
	known := map[int64]*bitset.Set{}
	return func(ctx context.Context, c *eventlog.Conn, places []int64, since, until int64) (kept []int64, err error) {
		if len(known) == 0 {
			if flushed, _, err = c.Meta(ctx, bitmapsTo); err != nil {
				return nil, err
			}
			ranges = eventlog.TakenIn(s.Log, since, until)
		}
		for _, seq := range places {
			if seq > flushed { // in no set yet
				kept = append(kept, seq)
				continue
			}
			in := known[seq/blockSize]
			if in == nil {
				if in, err = happenedInBlock(ctx, c, seq/blockSize, ranges, since, until); err != nil {
					return nil, err
				}
				known[seq/blockSize] = in
			}
			if in.Has(seq % blockSize) {
				kept = append(kept, seq)
			}
		}
		return kept, nil
	}
}

// happenedInBlock gives the events of a block that happened in [since, until), of which ranges are
// those that were taken then.
func happenedInBlock(ctx context.Context, c *eventlog.Conn, block int64, ranges []eventlog.Range, since, until int64) (*bitset.Set, error) {
	in, err := takenIn(ctx, c, block, ranges, since, until)
	if err != nil {
		return nil, err
	}
	return &in, moveApart(ctx, c, &in, block, since, until)
}

// moveApart makes of the events of a block that were taken in [since, until) those that happened then.
func moveApart(ctx context.Context, c *eventlog.Conn, in *bitset.Set, block, since, until int64) error {
	var packed []byte
	err := c.Row(ctx, "SELECT times FROM block_happened WHERE block = ?", block).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	retime(in, packed, since, until)
	return err
}
