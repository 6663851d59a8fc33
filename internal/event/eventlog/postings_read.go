// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"

	"github.com/redial-rtc/redial/internal/event/postings"
)

// ID is an id of an account: one that a column of events has.
type ID struct {
	Column  string // room, session, peer or user
	Account int64
	Value   string
}

// Between are places, in one order or the other.
type Between struct {
	Above, Upto int64
	Desc        bool
}

// of hands over the postings of a list that are between, in their order, until f returns false, and tells
// whether it went on to the end. The list is by place.
func (in *Between) of(list []postings.Posting, f func(postings.Posting) bool) bool {
	for i := range list {
		if in.Desc {
			i = len(list) - 1 - i
		}
		if p := list[i]; p.Seq > in.Above && p.Seq <= in.Upto && !f(p) {
			return false
		}
	}
	return true
}

// Everywhere are all places.
var Everywhere = Between{Upto: maxSeq}

// Postings hands over the events that have an id, in their order, until f returns false.
// It fails with fault.StoreDamaged where they cannot be read.
func (c *Conn) Postings(ctx context.Context, id ID, in Between, f func(seq, typ int64) bool) error {
	forms, err := c.Forms(ctx, id.Column, id.Value, id.Account)
	if err != nil || len(forms) == 0 {
		return err
	}
	return c.ofForms(ctx, id, forms, in, f)
}

// ofForms is Postings of an id in the forms in which columns have it.
func (c *Conn) ofForms(ctx context.Context, id ID, forms []any, in Between, f func(seq, typ int64) bool) error {
	if k := c.counted[id]; k != nil {
		return c.ofCounted(ctx, k, in, f)
	}
	s, err := c.postingsState(ctx)
	if err != nil {
		return err
	}
	in.Above = max(in.Above, s.floor)
	stopped := false
	each := func(p postings.Posting) bool {
		stopped = stopped || !f(p.Seq, p.Type)
		return !stopped
	}
	newer, older := in, in
	newer.Above, older.Upto = max(in.Above, s.upto), min(in.Upto, s.upto)
	parts := []func() error{
		func() error { return c.ofRuns(ctx, refIn(forms), older, each) },
		func() error { return c.newest(ctx, s, id, forms, newer, each) },
	}
	if in.Desc {
		slices.Reverse(parts)
	}
	for _, part := range parts {
		if err := part(); err != nil || stopped {
			return err
		}
	}
	return nil
}

// Of gives the first n of the events that have an id.
func (c *Conn) Of(ctx context.Context, id ID, in Between, n int) (places []int64, err error) {
	if n <= 0 {
		return nil, nil
	}
	err = c.Postings(ctx, id, in, func(seq, _ int64) bool {
		places = append(places, seq)
		return len(places) < n
	})
	return places, err
}

// PlacesArg is a list of places as an argument of json_each.
func PlacesArg(places []int64) string {
	b := make([]byte, 0, 10*len(places)+2)
	for _, seq := range places {
		b = strconv.AppendInt(append(b, ','), seq, 10)
	}
	if len(b) == 0 {
		return "[]"
	}
	b[0] = '['
	return string(append(b, ']'))
}

// Has tells whether an event has an id. Within Flush of a Derived it is known of those that
// events had which the transaction has removed.
func (c *Conn) Has(ctx context.Context, id ID) (has bool, err error) {
	forms, err := c.Forms(ctx, id.Column, id.Value, id.Account)
	if err != nil || len(forms) == 0 {
		return false, err
	}
	if c.tail != nil && c.tail.kept[refIn(forms)] {
		return true, nil
	}
	err = c.ofForms(ctx, id, forms, Between{Upto: maxSeq, Desc: true}, func(int64, int64) bool {
		has = true
		return false
	})
	return has, err
}

// postingsState is what postings are read by, in one state of the file.
type postingsState struct {
	upto    int64 // place up to which events are in runs
	floor   int64 // place up to which none is left
	indexed bool  // the others are in ordered indexes
}

func (c *Conn) postingsState(ctx context.Context) (s postingsState, err error) {
	if s.floor, err = c.floor(ctx); err != nil {
		return s, err
	}
	if c.tail != nil {
		s.upto = c.tail.upto
		return s, nil
	}
	if s.upto, _, err = c.Meta(ctx, runsTo); err != nil {
		return s, err
	}
	s.indexed, err = c.indexed(ctx)
	return s, err
}

// newest hands over events that are in no run.
func (c *Conn) newest(ctx context.Context, s postingsState, id ID, forms []any, in Between, f func(postings.Posting) bool) error {
	switch {
	case in.Above >= in.Upto:
		return nil
	case s.indexed:
		return c.ofIndex(ctx, id, forms, in, f)
	case c.tail != nil:
		in.of(c.tail.tail.of[refIn(forms)], f)
		return nil
	}
	list, known, err := c.inTail(ctx, refIn(forms), in)
	if err != nil {
		return err
	}
	if known {
		in.of(list, f)
		return nil
	}
	query := "SELECT seq, type FROM events NOT INDEXED WHERE seq > ? AND seq <= ? AND " + id.Column + " = ? ORDER BY seq"
	if in.Desc {
		query += " DESC"
	}
	err = c.Each(ctx, query, func(row Scanner) error {
		var p postings.Posting
		if err := row.Scan(&p.Seq, &p.Type); err != nil {
			return err
		}
		if !f(p) {
			return errStop
		}
		return nil
	}, in.Above, in.Upto, refOf(refIn(forms)))
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// A block begins with its key, so that one value has both.
func packBlock(key postings.Key, block []byte) []byte {
	b := binary.AppendUvarint(make([]byte, 0, len(block)+12), uint64(key.Ref))
	return append(binary.AppendUvarint(b, uint64(key.First)), block...)
}

func unpackBlock(b []byte) (key postings.Key, block []byte, err error) {
	ref, n := binary.Uvarint(b)
	if n <= 0 {
		return key, nil, postings.ErrDamaged
	}
	first, more := binary.Uvarint(b[n:])
	if more <= 0 {
		return key, nil, postings.ErrDamaged
	}
	return postings.Key{Ref: int64(ref), First: int64(first)}, b[n+more:], nil
}

// ofRun is a run with the block in which the list of a reference begins or ends.
type ofRun struct {
	run
	block []byte
	whole bool // all of the list is in it
}

const (
	firstRuns = 4  // that are looked at together; some answer a page
	moreRuns  = 32 // and then
)

// lastBlock is the last block of a run, r, before a key or with it.
const lastBlock = "(SELECT block FROM postings WHERE run = r.run AND (ref, first) <= (?, ?) ORDER BY ref DESC, first DESC LIMIT 1)"

// runsOf gives the next runs in which events with a reference can be, with the last block before a key.
func (c *Conn) runsOf(ctx context.Context, ref, key int64, in Between, n int) (list []ofRun, err error) {
	order := ""
	if in.Desc {
		order = " DESC"
	}
	err = c.Each(ctx, "SELECT run, first, last, level, names, changed, "+lastBlock+" FROM runs r WHERE last > ? AND first <= ? AND (names >= ? OR changed > 0) ORDER BY last"+order+" LIMIT ?", func(row Scanner) error {
		var one ofRun
		err := row.Scan(&one.id, &one.first, &one.last, &one.level, &one.names, &one.changed, &one.block)
		list = append(list, one)
		return err
	}, ref, key, in.Above, in.Upto, ref, n)
	return list, err
}

// refIn is the reference among the forms of an id; 0 when there is none.
func refIn(forms []any) int64 {
	for _, form := range forms {
		if b, is := form.([]byte); is && len(b) <= maxRef {
			return refNumber(b)
		}
	}
	return 0
}

// ofRuns hands over events that are in runs.
func (c *Conn) ofRuns(ctx context.Context, ref int64, in Between, f func(postings.Posting) bool) error {
	stopped := false
	for n := firstRuns; ref > 0 && in.Above < in.Upto; n = moreRuns {
		key := in.Above
		if in.Desc {
			key = in.Upto
		}
		list, err := c.runsOf(ctx, ref, key, in, n)
		if err != nil {
			return err
		}
		for _, one := range list {
			if err := c.ofRun(ctx, &one, ref, in, func(p postings.Posting) bool {
				stopped = !f(p)
				return !stopped
			}); err != nil || stopped {
				return err
			}
		}
		if len(list) < n {
			return nil
		}
		if end := list[n-1]; in.Desc {
			in.Upto = end.first - 1
		} else {
			in.Above = end.last
		}
	}
	return nil
}

// ofRun hands over events of one run, with what has changed since it was written.
func (c *Conn) ofRun(ctx context.Context, r *ofRun, ref int64, in Between, f func(postings.Posting) bool) error {
	come, gone, err := c.changesOf(ctx, &r.run, ref, in)
	if err != nil {
		return err
	}
	stopped := false
	emit := func(p postings.Posting) bool {
		stopped = stopped || !f(p)
		return !stopped
	}
	before := func(seq int64) bool { // hands over what has come before a place
		for len(come) > 0 && (in.Desc && come[0].Seq > seq || !in.Desc && come[0].Seq < seq) {
			if !emit(come[0]) {
				return false
			}
			come = come[1:]
		}
		return true
	}
	err = c.blocksOf(ctx, r, ref, in, func(list []postings.Posting) bool {
		return in.of(list, func(p postings.Posting) bool {
			return gone[p.Seq] || before(p.Seq) && emit(p)
		})
	})
	if err != nil || stopped {
		return err
	}
	for _, p := range come {
		if !emit(p) {
			break
		}
	}
	return nil
}

// changesOf reads what has changed in a run.
func (c *Conn) changesOf(ctx context.Context, r *run, ref int64, in Between) (come []postings.Posting, gone map[int64]bool, err error) {
	if r.changed == 0 {
		return nil, nil, nil
	}
	err = c.Each(ctx, "SELECT seq, type, gone FROM postings_changed WHERE run = ? AND ref = ? AND seq > ? AND seq <= ? ORDER BY seq", func(row Scanner) error {
		var p postings.Posting
		var left bool
		err := row.Scan(&p.Seq, &p.Type, &left)
		if !left {
			come = append(come, p)
			return err
		}
		if gone == nil {
			gone = map[int64]bool{}
		}
		gone[p.Seq] = true
		return err
	}, r.id, ref, in.Above, in.Upto)
	if in.Desc {
		slices.Reverse(come)
	}
	return come, gone, err
}

// blocksAtOnce is how many blocks of a long list are read together.
const blocksAtOnce = 8

// blocksOf hands over the list of a reference in a run, block by block in the order asked for and
// within each by place, beginning with the block that the run has.
func (c *Conn) blocksOf(ctx context.Context, r *ofRun, ref int64, in Between, f func([]postings.Posting) bool) error {
	blocks := [][]byte{r.block}
	if len(r.block) == 0 { // none before the key
		blocks = nil
	}
	var list []postings.Posting
	for {
		var at postings.Key
		more := false
		for _, b := range blocks {
			var err error
			list, more = list[:0], false
			at, err = r.entries(b, func(e postings.Entry) (goOn bool, bad error) {
				if e.Ref == ref {
					if more = e.Full(); !e.Counts {
						list, bad = e.Postings(list, r.first)
					}
				}
				return e.Ref <= ref, bad
			})
			if err != nil {
				return err
			}
			if !f(list) {
				return nil
			}
		}
		query := "SELECT block FROM postings WHERE run = ? AND ref = ? AND first > ? ORDER BY first LIMIT ?"
		if in.Desc {
			if more = at.Ref == ref && at.First > 0; more && at.First <= in.Above {
				return nil
			}
			query = "SELECT block FROM postings WHERE run = ? AND (ref, first) < (?, ?) ORDER BY ref DESC, first DESC LIMIT ?"
		}
		if !more {
			return nil
		}
		if at.Ref != ref {
			at.First = 0
		}
		var err error
		if blocks, err = c.readBlocks(ctx, query, r.id, ref, at.First, blocksAtOnce); err != nil || len(blocks) == 0 {
			return err
		}
	}
}

func (c *Conn) readBlocks(ctx context.Context, query string, args ...any) (blocks [][]byte, err error) {
	err = c.Each(ctx, query, func(row Scanner) error {
		var b []byte
		err := row.Scan(&b)
		blocks = append(blocks, b)
		return err
	}, args...)
	return blocks, err
}
