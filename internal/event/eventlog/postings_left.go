// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/redial-rtc/redial/internal/event/postings"
)

// An event that goes may have been the last with its room, session, peer or user. Retention
// asks that of a few hundred ids at once, and most of those of a session that was over long
// ago are in no later run. So it is asked for all of them together, run by run: their
// references lie beside each other, and one block tells of many that they are not there.

// had keeps of some references those that events have. It is the writer's, of a file
// without ordered indexes.
func (c *Conn) had(ctx context.Context, refs []int64) (found map[int64]bool, err error) {
	floor, err := c.floor(ctx)
	if err != nil {
		return nil, err
	}
	found = map[int64]bool{}
	left := slices.Sorted(slices.Values(refs))
	look := func(has func(ref int64) (bool, error)) error {
		var bad error
		left = slices.DeleteFunc(left, func(ref int64) bool {
			if bad == nil {
				found[ref], bad = has(ref)
			}
			return found[ref]
		})
		return bad
	}
	err = look(func(ref int64) (bool, error) { return len(c.tail.tail.of[ref]) > 0, nil })
	for _, one := range c.tail.bySize() {
		if err != nil || len(left) == 0 {
			break
		}
		if one.last <= floor {
			continue
		}
		if one.changed > 0 {
			err = look(func(ref int64) (has bool, err error) {
				err = c.ofRuns(ctx, ref, Between{Above: max(floor, one.first-1), Upto: one.last, Desc: true}, func(postings.Posting) bool {
					has = true
					return false
				})
				return has, err
			})
			continue
		}
		at := lastIn{c: c, run: one}
		err = look(func(ref int64) (bool, error) {
			if ref > one.names {
				return false, nil
			}
			last, err := at.of(ctx, ref)
			return last > floor, err
		})
	}
	return found, err
}

// bySize are the runs in the order in which most is found in the first ones: of those that
// are as large as another the newer first.
func (r *runs) bySize() []*run {
	list := make([]*run, len(r.list))
	for i := range r.list {
		list[len(list)-1-i] = &r.list[i]
	}
	slices.SortStableFunc(list, func(a, b *run) int { return cmp.Compare(b.level, a.level) })
	return list
}

// lastIn finds the last events of references in a run, as it was written. Those that follow
// one another are often found in the same block.
type lastIn struct {
	c   *Conn
	run *run

	from, to int64           // the references that the block tells of, without to
	last     map[int64]int64 // by reference
	list     []postings.Posting
}

// of gives the last event of a reference; 0 where there is none.
func (at *lastIn) of(ctx context.Context, ref int64) (seq int64, err error) {
	if ref < at.from || ref >= at.to {
		if err := at.read(ctx, ref); err != nil {
			return 0, err
		}
	}
	return at.last[ref], nil
}

// The last block that begins with a reference or one before it, and the reference that the
// next one begins with.
const (
	blockUpto = "SELECT block, coalesce((SELECT ref FROM postings WHERE run = p.run AND (ref, first) > (p.ref, p.first) ORDER BY ref, first LIMIT 1), ?3) FROM postings p WHERE run = ?1 AND (ref, first) <= (?2, ?3) ORDER BY ref DESC, first DESC LIMIT 1"
	firstRef  = "SELECT coalesce((SELECT ref FROM postings WHERE run = ? ORDER BY ref LIMIT 1), ?)"
)

func (at *lastIn) read(ctx context.Context, ref int64) error {
	at.last = map[int64]int64{}
	var block []byte
	err := at.c.Row(ctx, blockUpto, at.run.id, ref, int64(maxSeq)).Scan(&block, &at.to)
	if errors.Is(err, sql.ErrNoRows) {
		at.from = 0
		return at.c.Row(ctx, firstRef, at.run.id, int64(maxSeq)).Scan(&at.to)
	}
	if err != nil {
		return err
	}
	begins, err := at.run.entries(block, func(e postings.Entry) (goOn bool, bad error) {
		if e.Counts {
			return true, nil
		}
		at.list, bad = e.Postings(at.list[:0], at.run.first)
		if n := len(at.list); n > 0 {
			at.last[e.Ref] = at.list[n-1].Seq
		}
		return true, bad
	})
	at.from = begins.Ref
	return err
}
