// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event/postings"
)

// Which events have an id is kept as a log-structured merge tree keeps it (O'Neil et al.,
// 1996, https://doi.org/10.1007/s002360050048): the newest are in memory; every runEvery of
// them are written at once, as a run; and runs are put together to larger ones in the
// background. An event that is stored changes no page for it, which an ordered index does
// for each of its ids.

//go:embed postings.sql
var postingsSchema string

const (
	runEvery   = 2048       // events of a run of the first level
	rowsOfPage = 4          // blocks of postings, of 900 bytes
	runsTo     = "postings" // meta: place up to which events are in runs
	runsMade   = "runs"     // meta: how many runs were ever begun
)

// runs is what the writer keeps of them.
type runs struct {
	c    *Conn
	upto int64 // place up to which events are in runs
	list []run // by place
	made int64

	tail    tail           // of the events after that
	fresh   int            // how many there are
	changes []changed      // of the transaction, to runs
	merging *merging       // under way; nil for none
	kept    map[int64]bool // of the references that events of the transaction had: others have them too
	rows    int64          // of postings that the transaction has put in or taken out
	took    time.Duration  // by the last transaction that stored events
	full    chan struct{}  // told when there is something to put together
	done    chan struct{}  // closed when nothing more is; nil when it never began

	every    int64         // runEvery; tests choose another
	mergeFor time.Duration // as the constant, the same
}

// run is the postings of a stretch of the log.
type run struct {
	id          int64
	first, last int64
	level       int64
	names       int64
	changed     int64
}

// changed is that an event of a run has an id no more, or has one now.
type changed struct {
	ref, seq, typ int64
	gone          bool
}

// load reads the runs, and the events after them.
func (r *runs) load(ctx context.Context, c *Conn) (err error) {
	r.c, r.merging, r.rows = c, nil, 0
	r.changes, r.fresh = r.changes[:0], 0
	if r.upto, _, err = c.Meta(ctx, runsTo); err != nil {
		return err
	}
	r.tail.reset()
	if r.made, _, err = c.Meta(ctx, runsMade); err != nil {
		return err
	}
	r.list = nil
	err = c.Each(ctx, "SELECT run, first, last, level, names, changed FROM runs ORDER BY last", func(row Scanner) error {
		var one run
		err := row.Scan(&one.id, &one.first, &one.last, &one.level, &one.names, &one.changed)
		r.list = append(r.list, one)
		return err
	})
	if err != nil {
		return err
	}
	indexed, err := c.indexed(ctx)
	if c.tail = r; indexed || err != nil {
		c.tail = nil
		return err
	}
	if err := r.read(ctx, r.upto, -1, r.hold); err != nil {
		return err
	}
	r.tail.settled()
	return nil
}

// read hands over the ids of up to n events after a place, -1 for all, as they are in their rows.
func (r *runs) read(ctx context.Context, above, n int64, f func(seq, typ int64, refs [4]int64)) error {
	return r.c.Each(ctx, "SELECT seq, type, room, session, peer, user FROM events NOT INDEXED WHERE seq > ? ORDER BY seq LIMIT ?", func(row Scanner) error {
		var seq, typ int64
		var columns [4]any
		if err := row.Scan(&seq, &typ, &columns[0], &columns[1], &columns[2], &columns[3]); err != nil {
			return err
		}
		var refs [4]int64
		for i := range columns {
			ref, _ := columns[i].([]byte)
			refs[i] = refNumber(ref)
		}
		f(seq, typ, refs)
		return nil
	}, above, n)
}

// hold takes a new event into the tail.
func (r *runs) hold(seq, typ int64, refs [4]int64) {
	r.fresh++
	r.tail.add(postings.Posting{Seq: seq, Type: typ}, refs)
}

// stored takes in a new event.
func (r *runs) stored(seq, typ int64, refs [4][]byte) {
	if r.c.tail == nil { // it has ordered indexes
		return
	}
	var numbers [4]int64
	for i := range refs {
		numbers[i] = refNumber(refs[i])
	}
	r.hold(seq, typ, numbers)
}

// change tells that an event has an id no more, or has one now.
func (r *runs) change(ref []byte, seq, typ int64, gone bool) {
	n := refNumber(ref)
	switch {
	case n == 0:
	case seq <= r.upto:
		r.changes = append(r.changes, changed{n, seq, typ, gone})
	case r.c.tail != nil:
		r.tail.change(n, postings.Posting{Seq: seq, Type: typ}, gone)
	}
}

// flush writes what the transaction has changed.
func (r *runs) flush(ctx context.Context, last, names int64) error {
	if err := r.writeChanges(ctx); err != nil {
		return err
	}
	if r.c.tail == nil || int64(r.fresh) < r.every {
		return nil
	}
	if err := r.write(ctx, last, names); err != nil {
		return err
	}
	r.tellFull()
	floor, err := r.c.floor(ctx)
	if err != nil {
		return err
	}
	return r.drop(ctx, floor)
}

// stop returns when nothing more is done in the background.
func (r *runs) stop() {
	if r.done != nil {
		<-r.done
	}
}

func (r *runs) tellFull() {
	select {
	case r.full <- struct{}{}:
	default: // it will see these too
	}
}

// write makes a run of the tail, which goes up to a place. One of nothing is written too,
// since an event of it may get an id.
func (r *runs) write(ctx context.Context, last, names int64) error {
	refs := make([]int64, 0, len(r.tail.of))
	for ref, list := range r.tail.of {
		if len(list) > 0 {
			refs = append(refs, ref)
		}
	}
	slices.Sort(refs)
	id, err := r.begin(ctx)
	if err != nil {
		return err
	}
	one := run{id: id, first: r.upto + 1, last: last, names: names}
	w := r.writer(ctx, id, one.first)
	for _, ref := range refs {
		list := r.tail.of[ref]
		if err := w.Add(ref, len(list), slices.Values(list), func() postings.Counts { return countsOf(list) }); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := r.insert(ctx, one); err != nil {
		return err
	}
	r.list, r.upto = append(r.list, one), last
	r.tail.reset()
	r.fresh = 0
	return r.c.SetMeta(ctx, runsTo, last)
}

// begin gives a new run its number.
func (r *runs) begin(ctx context.Context) (id int64, err error) {
	r.made++
	return r.made, r.c.SetMeta(ctx, runsMade, r.made)
}

// writer puts blocks into a run.
func (r *runs) writer(ctx context.Context, id, base int64) *postings.Writer {
	return &postings.Writer{Base: base, Emit: func(key postings.Key, block []byte) error {
		r.rows++
		_, err := r.c.Exec(ctx, "INSERT INTO postings VALUES (?, ?, ?, ?)", id, key.Ref, key.First, packBlock(key, block))
		return err
	}}
}

func (r *runs) insert(ctx context.Context, one run) error {
	_, err := r.c.Exec(ctx, "INSERT INTO runs(last, first, run, level, names, changed) VALUES (?, ?, ?, ?, ?, ?)", one.last, one.first, one.id, one.level, one.names, one.changed)
	return err
}

// writeChanges notes beside the runs what has changed. Of events before the first that is
// left nobody asks.
func (r *runs) writeChanges(ctx context.Context) error {
	if len(r.changes) == 0 {
		return nil
	}
	floor, err := r.c.floor(ctx)
	if err != nil {
		return err
	}
	for _, ch := range r.changes {
		i, _ := slices.BinarySearchFunc(r.list, ch.seq, func(one run, seq int64) int { return int(one.last - seq) })
		if ch.seq <= floor || i == len(r.list) || r.list[i].first > ch.seq {
			continue
		}
		one := &r.list[i]
		by, err := r.note(ctx, one.id, ch)
		if err != nil {
			return err
		}
		one.changed += by
		if _, err := r.c.Exec(ctx, "UPDATE runs SET changed = ? WHERE last = ?", one.changed, one.last); err != nil {
			return err
		}
		if m := r.merging; m != nil && m.has(ch) {
			if _, err := r.note(ctx, m.out.id, ch); err != nil {
				return err
			}
		}
	}
	r.changes = r.changes[:0]
	return r.drop(ctx, floor)
}

// note writes one change to a run, or takes back the opposite one.
func (r *runs) note(ctx context.Context, id int64, ch changed) (by int64, err error) {
	n, err := r.c.Exec(ctx, "DELETE FROM postings_changed WHERE run = ? AND ref = ? AND seq = ? AND gone = ?", id, ch.ref, ch.seq, !ch.gone)
	if err != nil || n > 0 {
		return -n, err
	}
	return r.c.Exec(ctx, "INSERT INTO postings_changed VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", id, ch.ref, ch.seq, ch.typ, ch.gone)
}

// drop forgets the runs of which no event is left. What is in them goes in the background.
func (r *runs) drop(ctx context.Context, floor int64) error {
	n := 0
	for n < len(r.list) && r.list[n].last <= floor {
		n++
	}
	if n == 0 {
		return nil
	}
	if _, err := r.c.Exec(ctx, "DELETE FROM runs WHERE last <= ?", floor); err != nil {
		return err
	}
	r.list = slices.Delete(r.list, 0, n)
	if m := r.merging; m != nil && m.in[0].last <= floor {
		r.merging = nil
	}
	r.tellFull()
	return nil
}

// floor is the place up to which no event is left.
func (c *Conn) floor(ctx context.Context) (int64, error) {
	floor, found, err := c.Lookup(ctx, "SELECT seq - 1 FROM events ORDER BY seq LIMIT 1")
	if err == nil && !found {
		floor = maxSeq
	}
	return floor, err
}

// refNumber is the number that refOf has made a reference of; 0 for none, and for an id of
// an earlier version.
func refNumber(ref []byte) (n int64) {
	if len(ref) > maxRef {
		return 0
	}
	for _, b := range ref {
		n = n<<8 | int64(b)
	}
	return n
}

// errStop ends an iteration.
var errStop = errors.New("enough")
