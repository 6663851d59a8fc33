// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/redial-rtc/redial/internal/event/postings"
)

// counted is what was found of an id while its events were counted.
type counted struct {
	ref    int64
	floor  int64
	runs   []ofRun // in which there are some, by place
	newest []postings.Posting
}

// Counts is how many events have an id, by type. A reader finds these events with less
// trouble afterwards.
func (c *Conn) Counts(ctx context.Context, id ID) (counts postings.Counts, err error) {
	counts = postings.Counts{}
	s, err := c.postingsState(ctx)
	if err != nil {
		return nil, err
	}
	if scope, kept := scopes[id.Column]; s.indexed && kept {
		return c.keptCounts(ctx, id.Account, scope, id.Value)
	}
	forms, err := c.Forms(ctx, id.Column, id.Value, id.Account)
	if err != nil || len(forms) == 0 {
		return counts, err
	}
	k := &counted{ref: refIn(forms), floor: s.floor}
	if s.indexed {
		return counts, c.ofForms(ctx, id, forms, Everywhere, func(_, typ int64) bool {
			counts[typ]++
			return true
		})
	}
	list, err := c.runsOf(ctx, k.ref, 0, Between{Above: s.floor, Upto: s.upto}, -1)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		some := false
		if one.first <= s.floor { // part of it has gone
			some = true
			in := Between{Above: s.floor, Upto: s.upto}
			if err := c.blockAt(ctx, &one, k.ref, in.Above); err != nil {
				return nil, err
			}
			err = c.ofRun(ctx, &one, k.ref, in, func(p postings.Posting) bool {
				counts[p.Type]++
				return true
			})
		} else {
			some, err = c.countRun(ctx, &one, k.ref, counts)
		}
		if err != nil {
			return nil, err
		}
		if some {
			k.runs = append(k.runs, one)
		}
	}
	err = c.newest(ctx, s, id, forms, Between{Above: max(s.floor, s.upto), Upto: maxSeq}, func(p postings.Posting) bool {
		counts[p.Type]++
		k.newest = append(k.newest, p)
		return true
	})
	if c.tail == nil && err == nil {
		if c.counted == nil {
			c.counted = map[ID]*counted{}
		}
		c.counted[id] = k
	}
	return counts, err
}

// ofCounted is Postings of an id whose events have been counted.
func (c *Conn) ofCounted(ctx context.Context, k *counted, in Between, f func(seq, typ int64) bool) error {
	in.Above = max(in.Above, k.floor)
	stopped := false
	each := func(p postings.Posting) bool {
		stopped = stopped || !f(p.Seq, p.Type)
		return !stopped
	}
	if in.Desc {
		in.of(k.newest, each)
	}
	for i := range k.runs {
		if in.Desc {
			i = len(k.runs) - 1 - i
		}
		one := k.runs[i]
		if stopped || one.last <= in.Above || one.first > in.Upto {
			continue
		}
		if !one.whole {
			at := in.Above
			if in.Desc {
				at = in.Upto
			}
			if err := c.blockAt(ctx, &one, k.ref, at); err != nil {
				return err
			}
		}
		if err := c.ofRun(ctx, &one, k.ref, in, each); err != nil {
			return err
		}
	}
	if !in.Desc && !stopped {
		in.of(k.newest, each)
	}
	return nil
}

// blockAt reads the last block of a run before a place of a reference or with it.
func (c *Conn) blockAt(ctx context.Context, r *ofRun, ref, place int64) error {
	return c.Row(ctx, "SELECT "+lastBlock+" FROM runs r WHERE last = ?", ref, place, r.last).Scan(&r.block)
}

// countRun adds what a run has of a reference, with the block that its list begins in, and tells
// whether it has any.
func (c *Conn) countRun(ctx context.Context, r *ofRun, ref int64, counts postings.Counts) (some bool, err error) {
	if len(r.block) > 0 {
		_, err := r.entries(r.block, func(e postings.Entry) (more bool, bad error) {
			if e.Ref == ref { // the first has all, or the counts of all
				some, r.whole = true, !e.Full()
				bad = e.Add(counts)
			}
			return e.Ref < ref, bad
		})
		if err != nil {
			return false, err
		}
	}
	if r.changed == 0 {
		return some, nil
	}
	return true, c.Each(ctx, "SELECT type, sum(CASE gone WHEN 1 THEN -1 ELSE 1 END) FROM postings_changed WHERE run = ? AND ref = ? GROUP BY type", func(row Scanner) error {
		var t, n int64
		err := row.Scan(&t, &n)
		counts[t] += n
		return err
	}, r.id, ref)
}

// Large lists the rooms, sessions and users that more than so many events have, in no order. It reads all that there is
// of postings.
func (tx Tx) Large(ctx context.Context, more int) (list []ID, err error) {
	c := tx.Conn
	if c.tail == nil {
		columns := map[int64]string{OfRoom: "room", OfSession: "session", OfUser: "user"}
		err = c.Each(ctx, "SELECT account, scope, key FROM counts WHERE scope BETWEEN ? AND ? GROUP BY account, scope, key HAVING sum(n) > ?", func(row Scanner) error {
			var id ID
			var scope int64
			err := row.Scan(&id.Account, &scope, &id.Value)
			id.Column = columns[scope]
			list = append(list, id)
			return err
		}, OfRoom, OfUser, more)
		return list, err
	}
	// Who has more than that has more than a part of it in one of the runs, or in the tail.
	least := int64(more / (len(c.tail.list) + 1))
	refs := map[int64]bool{}
	for ref, of := range c.tail.tail.of {
		if int64(len(of)) > least {
			refs[ref] = true
		}
	}
	counts := postings.Counts{}
	for i := range c.tail.list {
		k := cursor{c: c, run: &c.tail.list[i]}
		for {
			found, err := k.read(ctx)
			if err != nil {
				return nil, err
			}
			if !found {
				break
			}
			for _, e := range k.block {
				clear(counts)
				if err := e.Add(counts); err != nil {
					return nil, k.run.damaged(err)
				}
				if counts.Sum() > least {
					refs[e.Ref] = true
				}
			}
			k.block = k.block[:0]
		}
	}
	for ref := range refs {
		id, found, err := c.idOf(ctx, ref)
		if err != nil {
			return nil, err
		}
		if !found || id.Column == "peer" {
			continue
		}
		counts, err := c.Counts(ctx, id)
		if err != nil {
			return nil, err
		}
		if counts.Sum() > int64(more) {
			list = append(list, id)
		}
	}
	return list, nil
}

// entries hands over the entries of a block of the run, until f says that there are to be no more or
// fails, and gives the key of the block.
func (r *run) entries(b []byte, f func(postings.Entry) (more bool, err error)) (key postings.Key, err error) {
	key, block, err := unpackBlock(b)
	if err == nil {
		var bad error
		err = postings.Entries(block, key.Ref, func(e postings.Entry) bool {
			var more bool
			more, bad = f(e)
			return more && bad == nil
		})
		err = errors.Join(err, bad)
	}
	if err != nil {
		return key, r.damaged(err)
	}
	return key, nil
}

func (r *run) damaged(err error) error {
	return fmt.Errorf("which events from %d to %d have a room, session, peer or user: %w", r.first, r.last, err)
}
