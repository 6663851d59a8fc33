// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/bitset"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

//go:embed blocks.sql
var blockSchema string

// What there are sets of. A number is never reused.
const (
	setsOfType     = 1
	setsOfFault    = 2
	setsOfCode     = 3
	setsOfSDK      = 4
	setsOfOS       = 5
	setsOfTerminal = 6

	setsOfDiagnosis  = 7
	setsOfConfidence = 8

	// Of those that have many events: see keySets.
	setsOfRoom    = 9
	setsOfSession = 10
	setsOfUser    = 11
)

// blockSize is how many places a block has: the bits of a set.
const blockSize = bitset.Size

// setKey is one set of a block.
type setKey struct {
	account, dim int64
	value        string
	block        int64
}

func (k setKey) compare(other setKey) int {
	return cmp.Or(cmp.Compare(k.account, other.account), cmp.Compare(k.dim, other.dim), strings.Compare(k.value, other.value), cmp.Compare(k.block, other.block))
}

// change is what comes into a set and what leaves it, as places in the block.
type change struct{ in, out []int64 }

// taken is when an event was taken.
type taken struct {
	seq  int64
	time time.Time
}

// bitmapIndex is which events have what, by blocks, and how a transaction changes
// that.
type bitmapIndex struct {
	changes map[setKey]*change
	times   []taken
	apart   []taken // when those happened that did not when they were taken

	newest int64                  // the block that new events come into
	known  map[setKey]*bitset.Set // its sets, as far as they have been read or written
	whole  bool                   // those are all

	together int64         // blocks of a group: groupSize; tests choose another
	late     int           // changes of sets of blocks before the newest one, since full was told
	full     chan struct{} // told when there are sets to put together

	keys keySets
}

func newBitmapIndex() *bitmapIndex {
	return &bitmapIndex{
		together: groupSize, full: make(chan struct{}, 1),
		keys: keySets{at: setsAt, batch: buildBatch, wake: make(chan struct{}, 1)},
	}
}

// Prepare makes the tables where they are missing. That they are there is told by
// the place up to which events are in them.
func (b *bitmapIndex) Prepare(ctx context.Context, tx eventlog.Tx, upto int64) error {
	_, done, err := tx.Meta(ctx, bitmapsTo)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, blockSchema+happenedSchema); err != nil {
		return err
	}
	if !done {
		if _, err := tx.Exec(ctx, "DELETE FROM group_sets"); err != nil {
			return err
		}
		n, _, err := tx.Rebuild(ctx, b, upto)
		if err != nil {
			return err
		}
		if n > 0 {
			tx.Logger().Info("made sets of the events for filters", "events", n)
		}
	}
	return b.keys.prepare(ctx, tx, min(upto, tx.Last()), !done)
}

// Load forgets what was not written.
func (b *bitmapIndex) Load(ctx context.Context, c *eventlog.Conn) error {
	flushed, _, err := c.Meta(ctx, bitmapsTo)
	if err != nil {
		return err
	}
	b.changes, b.times, b.apart, b.known, b.whole = nil, nil, nil, nil, false
	b.newest, b.late = flushed/blockSize, 0
	return b.keys.load(ctx, c)
}

// set reads a set. Those of the newest block stay in memory, since it is them
// that nearly every transaction changes. Of a block that began since Load nothing is in the file
// that is not there.
func (b *bitmapIndex) set(ctx context.Context, c *eventlog.Conn, k setKey) (*bitset.Set, error) {
	if k.block > b.newest || b.known == nil {
		if k.block/b.together > b.newest/b.together {
			b.tellFull()
		}
		b.newest, b.known, b.whole = max(b.newest, k.block), map[setKey]*bitset.Set{}, k.block > b.newest
	}
	if set := b.known[k]; set != nil {
		return set, nil
	}
	if b.whole && k.block == b.newest {
		set := &bitset.Set{}
		b.known[k] = set
		return set, nil
	}
	var packed []byte
	err := c.Row(ctx, "SELECT bits FROM block_sets"+thatSet, k.account, k.dim, k.value, k.block).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		packed, err = b.inGroup(ctx, c, k)
	}
	if err != nil {
		return nil, err
	}
	set := &bitset.Set{}
	set.Or(packed)
	if k.block == b.newest {
		b.known[k] = set
	}
	return set, nil
}

// tellFull has what can be put together put together.
func (b *bitmapIndex) tellFull() {
	b.late = 0
	select {
	case b.full <- struct{}{}:
	default: // it will see these too
	}
}

const thatSet = " WHERE account = ? AND dim = ? AND value = ? AND block = ?"

// inSets calls f for every set that an event is in.
func (b *bitmapIndex) inSets(row *eventlog.Row, f func(dim int64, value string)) {
	inFilterSets(row, f)
	inKeySets(row, func(dim int64, value string) {
		if b.keys.have[keyOfSets{row.Account, dim, value}] {
			f(dim, value)
		}
	})
}

// inFilterSets is inSets without those of keys.
func inFilterSets(row *eventlog.Row, f func(dim int64, value string)) {
	f(setsOfType, strconv.FormatInt(row.Type, 10))
	if row.Fault != "" {
		f(setsOfFault, row.Fault)
	}
	f(setsOfCode, strconv.Itoa(row.Code))
	if row.SDK != "" {
		f(setsOfSDK, row.SDK)
	}
	if row.OS != "" {
		f(setsOfOS, row.OS)
	}
	f(setsOfTerminal, truth(row.Terminal))
	if d := row.Diagnosis; d != nil {
		f(setsOfDiagnosis, d.Cause)
		f(setsOfConfidence, strconv.Itoa(eventlog.ConfidenceCode(d.Confidence)))
	}
}

func truth(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// Stored puts an event into its sets.
func (b *bitmapIndex) Stored(_ context.Context, _ *eventlog.Conn, row *eventlog.Row) error {
	b.put(row)
	b.keys.stored(row)
	b.times = append(b.times, taken{row.Seq, row.Time})
	if !row.Happened.IsZero() {
		b.apart = append(b.apart, taken{row.Seq, row.Happened})
	}
	return nil
}

// Removed takes an event out of its sets.
func (b *bitmapIndex) Removed(_ context.Context, _ *eventlog.Conn, row *eventlog.Row, _ *event.Removal) error {
	b.inSets(row, func(dim int64, value string) {
		c := b.of(setKey{row.Account, dim, value, row.Seq / blockSize})
		c.out = append(c.out, row.Seq%blockSize)
	})
	return nil
}

// Changed changes the sets of an event that has become another.
func (b *bitmapIndex) Changed(ctx context.Context, c *eventlog.Conn, was, is *eventlog.Row) error {
	if err := b.Removed(ctx, c, was, nil); err != nil {
		return err
	}
	b.put(is) // coming in is done after going out
	if !was.Happened.Equal(is.Happened) {
		b.apart = append(b.apart, taken{is.Seq, cmp.Or(is.Happened, is.Time)})
	}
	return nil
}

func (b *bitmapIndex) put(row *eventlog.Row) {
	b.inSets(row, func(dim int64, value string) {
		c := b.of(setKey{row.Account, dim, value, row.Seq / blockSize})
		c.in = append(c.in, row.Seq%blockSize)
	})
}

// Erased forgets the user where it had sets of its own.
func (b *bitmapIndex) Erased(context.Context, *eventlog.Conn, *event.Removal, []int64) error {
	b.keys.unused = true
	return nil
}

// Expired drops the times of blocks that hold nothing any more, and keys of which
// nothing is left.
func (b *bitmapIndex) Expired(ctx context.Context, c *eventlog.Conn, _ time.Time, _ []int64) error {
	b.keys.unused = true
	var first int64
	if err := c.Row(ctx, "SELECT coalesce(min(seq), 0) FROM events").Scan(&first); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "DELETE FROM block_times WHERE block < ?", first/blockSize); err != nil {
		return err
	}
	_, err := c.Exec(ctx, "DELETE FROM block_happened WHERE block < ?", first/blockSize)
	return err
}

func (b *bitmapIndex) of(k setKey) *change {
	c := b.changes[k]
	if c == nil {
		if b.changes == nil {
			b.changes = map[setKey]*change{}
		}
		c = &change{}
		b.changes[k] = c
	}
	return c
}

// Flush writes what was collected, and forgets it.
func (b *bitmapIndex) Flush(ctx context.Context, c *eventlog.Conn) error {
	for _, k := range slices.SortedFunc(maps.Keys(b.changes), setKey.compare) { // neighbours are on one page of the table
		ch := b.changes[k]
		set, err := b.set(ctx, c, k)
		if err != nil {
			return err
		}
		if err := b.write(ctx, c, k, ch, set); err != nil {
			return err
		}
	}
	if err := b.writeTimes(ctx, c); err != nil {
		return err
	}
	if err := b.writeHappened(ctx, c); err != nil {
		return err
	}
	var upto int64
	if n := len(b.times); n > 0 && b.keys.have != nil {
		upto = b.times[n-1].seq
		if err := c.SetMeta(ctx, keysUpto, upto); err != nil {
			return err
		}
	}
	b.changes, b.times, b.apart = nil, b.times[:0], b.apart[:0]
	return b.keys.flush(ctx, c, upto)
}

// write writes a set that has changed. An empty one has a row while a group has another.
func (b *bitmapIndex) write(ctx context.Context, c *eventlog.Conn, k setKey, ch *change, set *bitset.Set) (err error) {
	changed := false
	for _, place := range ch.out {
		changed = set.Put(place, false) || changed
	}
	for _, place := range ch.in {
		changed = set.Put(place, true) || changed
	}
	if !changed {
		return nil
	}
	if k.block < b.newest {
		if b.late++; b.late >= groupAfter {
			b.tellFull()
		}
	}
	now := set.Pack()
	if now == nil {
		grouped, err := b.inGroup(ctx, c, k)
		if err != nil {
			return err
		}
		if grouped == nil {
			_, err = c.Exec(ctx, "DELETE FROM block_sets"+thatSet, k.account, k.dim, k.value, k.block)
			return err
		}
		now = []byte{}
	}
	_, err = c.Exec(ctx, "INSERT OR REPLACE INTO block_sets(account, dim, value, block, n, bits) VALUES (?, ?, ?, ?, ?, ?)",
		k.account, k.dim, k.value, k.block, set.Len(), now)
	return err
}

// writeTimes adds a run to each block that has new events.
func (b *bitmapIndex) writeTimes(ctx context.Context, c *eventlog.Conn) error {
	return eachBlock(b.times, func(block int64, run []taken) error {
		_, err := c.Exec(ctx, "INSERT INTO block_times VALUES (?, ?) ON CONFLICT(block) DO UPDATE SET times = times || excluded.times", block, packTimes(run))
		return err
	})
}

// eachBlock calls f with what each block has of a list, which is by place.
func eachBlock(list []taken, f func(block int64, run []taken) error) error {
	for from := 0; from < len(list); {
		block, to := list[from].seq/blockSize, from+1
		for to < len(list) && list[to].seq/blockSize == block {
			to++
		}
		if err := f(block, list[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func packTimes(run []taken) []byte {
	out := binary.AppendUvarint(make([]byte, 0, 8*len(run)), uint64(len(run)))
	seq, at := run[0].seq/blockSize*blockSize-1, int64(0)
	for _, t := range run {
		out = binary.AppendUvarint(out, uint64(t.seq-seq-1))
		out = binary.AppendVarint(out, t.time.UnixNano()-at)
		seq, at = t.seq, t.time.UnixNano()
	}
	return out
}

// timed gives the places in a block that were taken in [since, until).
func timed(packed []byte, since, until int64) (in bitset.Set) {
	retime(&in, packed, since, until)
	return in
}

// retime puts the places in a block that have times into a set, or takes them out, as
// these are in [since, until) or not. Of several times of one place the last stands.
func retime(in *bitset.Set, packed []byte, since, until int64) {
	for len(packed) > 0 {
		n, size := binary.Uvarint(packed)
		packed = packed[max(size, 0):]
		place, at := int64(-1), int64(0)
		for ; n > 0; n-- {
			skip, size := binary.Uvarint(packed)
			if size <= 0 {
				return
			}
			later, more := binary.Varint(packed[size:])
			if more <= 0 {
				return
			}
			packed = packed[size+more:]
			place, at = place+1+int64(skip), at+later
			if place >= blockSize {
				return
			}
			in.Put(place, at >= since && at < until)
		}
	}
}
