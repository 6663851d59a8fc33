// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event/postings"
)

// Eight runs of a level become one of the next, in the background and in transactions
// of a few milliseconds. Until the last of these, who reads sees the old ones. What a crash
// leaves of the new one, and what is left of the old ones, is cleared away in the same
// manner.
const (
	runsTogether = 8
	maxLevel     = 3                    // a million events, so that the longest list of a run is held in 16 MB
	mergeFor     = 4 * time.Millisecond // after which a transaction ends, while no more than this waits
	mostFor      = 10                   // times as long where much waits
	shareOf      = 3                    // or that part of what a transaction took that stored events
	mergePause   = 5 * time.Millisecond // between two, so that writers are not held up
	mergeAgain   = time.Minute          // after one that failed, for want of room on the disk, say
	clearAtOnce  = 200                  // rows
	blocksAhead  = 64                   // that are read of a run at a time
)

// merging is runs that become one.
type merging struct {
	in      []run
	cursors []*cursor
	out     run
	w       *postings.Writer
	list    []postings.Posting // lent
	of      []*cursor          // lent: those that have the next reference
	done    int64              // all references up to this one are in it
}

// has tells whether the new run has the event already.
func (m *merging) has(ch changed) bool {
	return ch.ref <= m.done && ch.seq >= m.out.first && ch.seq <= m.out.last
}

// mergeSome does the next part of that work, and tells whether there may be more.
func mergeSome(ctx context.Context, l *Log) (more bool, err error) {
	err = l.Rearrange(ctx, func(ctx context.Context, tx Tx) error {
		more, err = l.runs.mergeSome(ctx)
		return err
	})
	return more, err
}

func (r *runs) mergeSome(ctx context.Context) (more bool, err error) {
	if r.merging == nil {
		in := r.due()
		if in == nil {
			return r.clear(ctx)
		}
		if err := r.beginMerge(ctx, in); err != nil {
			return false, err
		}
	}
	m := r.merging
	for i, k := range m.cursors { // changes may have come since
		at := slices.IndexFunc(r.list, func(one run) bool { return one.id == m.in[i].id })
		k.run.changed = r.list[at].changed
	}
	floor, err := r.c.floor(ctx)
	if err != nil {
		return false, err
	}
	for until := time.Now().Add(r.slice()); ; {
		done, err := r.mergeNext(ctx, m, floor)
		if err != nil {
			return false, err
		}
		if done {
			return true, r.endMerge(ctx, m)
		}
		if !time.Now().Before(until) {
			return true, nil
		}
	}
}

// slice is how long a transaction may take. Where events come in as fast as they can be
// stored, each waits for one of these to end and takes its turn: so it does more the more
// runs wait. Else there would be ever more of them, and who reads looks into each. Where many
// events come at a time, as from a copy, a transaction of theirs can take seconds, and a
// turn that takes a third of that makes no difference to it.
func (r *runs) slice() time.Duration {
	var of [maxLevel + 1]int
	for _, one := range r.list {
		of[min(one.level, maxLevel)]++
	}
	waiting := 0
	for _, n := range of[:maxLevel] {
		waiting += n / runsTogether
	}
	long := r.mergeFor * time.Duration(min(max(waiting, 1), mostFor))
	if waiting > 1 {
		long = max(long, r.took/shareOf)
	}
	return long
}

// due chooses runs that become one: the first eight of a level that lie beside each other, or one of which
// much has gone.
func (r *runs) due() []run {
	for i, one := range r.list {
		if one.changed > one.last-one.first+1 {
			return slices.Clone(r.list[i : i+1])
		}
	}
	n := 0
	for i, one := range r.list {
		if i > 0 && one.level == r.list[i-1].level {
			n++
		} else {
			n = 1
		}
		if n == runsTogether && one.level < maxLevel {
			return slices.Clone(r.list[i-n+1 : i+1])
		}
	}
	return nil
}

func (r *runs) beginMerge(ctx context.Context, in []run) error {
	id, err := r.begin(ctx)
	if err != nil {
		return err
	}
	m := &merging{in: in, out: run{id: id, first: in[0].first, last: in[len(in)-1].last, level: in[0].level}}
	if len(in) > 1 {
		m.out.level++
	}
	for i := range in {
		m.cursors = append(m.cursors, &cursor{c: r.c, run: &m.in[i]})
		m.out.names = max(m.out.names, in[i].names)
	}
	m.w = r.writer(ctx, id, m.out.first)
	r.merging = m
	return nil
}

// mergeNext puts the lists of the next reference together, and tells whether there is none.
func (r *runs) mergeNext(ctx context.Context, m *merging, floor int64) (done bool, err error) {
	next, of := int64(maxSeq), m.of[:0]
	for _, k := range m.cursors {
		ref, err := k.next(ctx, m.done)
		if err != nil {
			return false, err
		}
		if ref < next {
			next, of = ref, of[:0]
		}
		if ref == next {
			of = append(of, k)
		}
	}
	if m.of = of; next == maxSeq {
		return true, nil
	}
	if len(of) == 1 {
		if e, whole := of[0].whole(floor); whole {
			m.done, m.out.names = next, max(m.out.names, next)
			err := m.w.Copy(e, of[0].run.first)
			if errors.Is(err, postings.ErrDamaged) {
				err = of[0].run.damaged(err)
			}
			return false, err
		}
	}
	list := m.list[:0]
	for _, k := range of {
		if list, err = k.take(ctx, list, next, floor); err != nil {
			return false, err
		}
	}
	if m.list, m.done = list, next; len(list) == 0 {
		return false, nil
	}
	m.out.names = max(m.out.names, next)
	return false, m.w.Add(next, len(list), slices.Values(list), func() postings.Counts { return countsOf(list) })
}

func countsOf(list []postings.Posting) postings.Counts {
	counts := postings.Counts{}
	for _, p := range list {
		counts[p.Type]++
	}
	return counts
}

// endMerge has the new run stand in place of the old ones.
func (r *runs) endMerge(ctx context.Context, m *merging) error {
	r.merging = nil
	if err := m.w.Close(); err != nil {
		return err
	}
	for _, one := range m.in {
		if _, err := r.c.Exec(ctx, "DELETE FROM runs WHERE last = ?", one.last); err != nil {
			return err
		}
	}
	err := r.c.Row(ctx, "SELECT count(*) FROM postings_changed WHERE run = ?", m.out.id).Scan(&m.out.changed)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(r.list, func(one run) bool { return one.id == m.in[0].id })
	r.list = slices.Replace(r.list, at, at+len(m.in), m.out)
	return r.insert(ctx, m.out)
}

// clear deletes some rows of runs that are none any more, and tells whether there may be others.
func (r *runs) clear(ctx context.Context) (more bool, err error) {
	for until := time.Now().Add(r.slice()); ; {
		if more, err = r.clearSome(ctx); err != nil || !more || !time.Now().Before(until) {
			return more, err
		}
	}
}

func (r *runs) clearSome(ctx context.Context) (more bool, err error) {
	for table, some := range map[string]string{
		"postings":         "rowid IN (SELECT rowid FROM postings WHERE run = ? LIMIT ?)",
		"postings_changed": "(run, ref, seq) IN (SELECT run, ref, seq FROM postings_changed WHERE run = ? LIMIT ?)",
	} {
		for id := int64(-1); ; {
			var next *int64
			if err := r.c.Row(ctx, "SELECT min(run) FROM "+table+" WHERE run > ?", id).Scan(&next); err != nil {
				return false, err
			}
			if next == nil {
				break
			}
			if id = *next; slices.ContainsFunc(r.list, func(one run) bool { return one.id == id }) {
				continue
			}
			n, err := r.c.Exec(ctx, "DELETE FROM "+table+" WHERE "+some, id, clearAtOnce)
			r.rows += n
			return true, err
		}
	}
	return false, nil
}

// cursor goes through the lists of a run in the order of their references.
type cursor struct {
	c   *Conn
	run *run

	ahead [][]byte           // blocks
	ended bool               // there are no more
	at    postings.Key       // of the last one that was opened
	block []postings.Entry   // what is left of it
	all   []postings.Entry   // of it, lent
	list  []postings.Posting // lent
}

// next gives the next reference after one; maxSeq when there is none.
func (k *cursor) next(ctx context.Context, after int64) (ref int64, err error) {
	ref = maxSeq
	for {
		for len(k.block) > 0 && k.block[0].Ref <= after {
			k.block = k.block[1:]
		}
		if len(k.block) > 0 {
			ref = k.block[0].Ref
			break
		}
		if found, err := k.read(ctx); err != nil || !found {
			if err != nil {
				return 0, err
			}
			break
		}
	}
	if k.run.changed == 0 {
		return ref, nil
	}
	come, found, err := k.c.Lookup(ctx, "SELECT ref FROM postings_changed WHERE run = ? AND ref > ? ORDER BY ref LIMIT 1", k.run.id, after)
	if found {
		ref = min(ref, come)
	}
	return ref, err
}

// read reads the next block.
func (k *cursor) read(ctx context.Context) (found bool, err error) {
	if len(k.ahead) == 0 && !k.ended {
		k.ahead, err = k.c.readBlocks(ctx, "SELECT block FROM postings WHERE run = ? AND (ref, first) > (?, ?) ORDER BY ref, first LIMIT ?", k.run.id, k.at.Ref, k.at.First, blocksAhead)
		if err != nil {
			return false, err
		}
		k.ended = len(k.ahead) < blocksAhead
	}
	if len(k.ahead) == 0 {
		return false, nil
	}
	b := k.ahead[0]
	k.ahead = k.ahead[1:]
	k.all = k.all[:0]
	k.at, err = k.run.entries(b, func(e postings.Entry) (more bool, bad error) {
		k.all = append(k.all, e)
		return true, nil
	})
	k.block = k.all
	return err == nil, err
}

// whole gives the entry with all of the list of the next reference, where there is one, nothing of it has
// changed and nothing has expired.
func (k *cursor) whole(floor int64) (e postings.Entry, is bool) {
	if k.run.changed > 0 || k.run.first <= floor || len(k.block) == 0 || k.block[0].Counts {
		return e, false
	}
	return k.block[0], true // a longer list begins with its counts
}

// take adds the list of a reference to another, with what has changed and without what has gone.
func (k *cursor) take(ctx context.Context, to []postings.Posting, ref, floor int64) ([]postings.Posting, error) {
	come, gone, err := k.c.changesOf(ctx, k.run, ref, Between{Above: floor, Upto: maxSeq})
	if err != nil {
		return nil, err
	}
	began := len(to)
	for {
		for len(k.block) > 0 && k.block[0].Ref == ref {
			e := k.block[0]
			k.block = k.block[1:]
			if e.Counts {
				continue
			}
			if k.list, err = e.Postings(k.list[:0], k.run.first); err != nil {
				return nil, k.run.damaged(err)
			}
			for _, p := range k.list {
				if p.Seq > floor && !gone[p.Seq] {
					to = append(to, p)
				}
			}
		}
		if len(k.block) > 0 {
			break
		}
		if found, err := k.read(ctx); err != nil {
			return nil, err
		} else if !found {
			break
		}
	}
	if len(come) > 0 {
		to = append(to, come...)
		slices.SortFunc(to[began:], func(a, b postings.Posting) int { return int(a.Seq - b.Seq) })
	}
	return to, nil
}
