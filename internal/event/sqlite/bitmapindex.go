package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/internal/event"
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
)

// blockSize is how many places a block has: the bits of a set.
const blockSize = chunk

// setKey is one set of a block.
type setKey struct {
	account, dim int64
	value        string
	block        int64
}

// change is what comes into a set and what leaves it, as places in the block.
type change struct{ in, out []int64 }

// taken is when an event was taken.
type taken struct {
	seq  int64
	time time.Time
}

// bitmapIndex collects how a transaction changes the sets.
type bitmapIndex struct {
	changes map[setKey]*change
	times   []taken

	newest int64              // the block that new events come into
	known  map[setKey]*bitset // its sets, as far as they have been read or written
}

func (b *bitmapIndex) begin() { b.changes, b.times = map[setKey]*change{}, b.times[:0] }

// set reads a set. Those of the newest block stay in memory, since it is them
// that nearly every transaction changes.
func (b *bitmapIndex) set(ctx context.Context, c *conn, k setKey) (*bitset, error) {
	if k.block > b.newest || b.known == nil {
		b.newest, b.known = k.block, map[setKey]*bitset{}
	}
	if set := b.known[k]; set != nil {
		return set, nil
	}
	var packed []byte
	err := c.row(ctx, "SELECT bits FROM block_sets"+thatSet, k.account, k.dim, k.value, k.block).Scan(&packed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	set := &bitset{}
	set.or(packed)
	if k.block == b.newest {
		b.known[k] = set
	}
	return set, nil
}

const thatSet = " WHERE account = ? AND dim = ? AND value = ? AND block = ?"

// traits are the columns that there are sets of.
type traits struct {
	account, typ   int64
	fault, sdk, os string
	code           int
	terminal       bool
}

func traitsOf(account, typ int64, e *event.Event) traits {
	read := e.AgentRead()
	return traits{account, typ, e.Fault, read.Agent.SDK, read.Agent.OS, e.Failure.Code, e.Failure.Terminal}
}

// each calls f for every set that an event is in.
func (t *traits) each(f func(dim int64, value string)) {
	f(setsOfType, strconv.FormatInt(t.typ, 10))
	if t.fault != "" {
		f(setsOfFault, t.fault)
	}
	f(setsOfCode, strconv.Itoa(t.code))
	if t.sdk != "" {
		f(setsOfSDK, t.sdk)
	}
	if t.os != "" {
		f(setsOfOS, t.os)
	}
	f(setsOfTerminal, truth(t.terminal))
}

func truth(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// add puts an event into its sets.
func (b *bitmapIndex) add(seq int64, at time.Time, t traits) {
	t.each(func(dim int64, value string) {
		c := b.of(setKey{t.account, dim, value, seq / blockSize})
		c.in = append(c.in, seq%blockSize)
	})
	b.times = append(b.times, taken{seq, at})
}

// remove takes an event out of its sets.
func (b *bitmapIndex) remove(seq int64, t traits) {
	t.each(func(dim int64, value string) {
		c := b.of(setKey{t.account, dim, value, seq / blockSize})
		c.out = append(c.out, seq%blockSize)
	})
}

// move changes the sets of an event that has become another.
func (b *bitmapIndex) move(seq int64, was, is traits) {
	b.remove(seq, was)
	is.each(func(dim int64, value string) {
		c := b.of(setKey{is.account, dim, value, seq / blockSize})
		c.in = append(c.in, seq%blockSize) // coming in is done after going out
	})
}

func (b *bitmapIndex) of(k setKey) *change {
	c := b.changes[k]
	if c == nil {
		c = &change{}
		b.changes[k] = c
	}
	return c
}

// write writes what was collected, and forgets it.
func (b *bitmapIndex) write(ctx context.Context, c *conn) error {
	for k, ch := range b.changes {
		set, err := b.set(ctx, c, k)
		if err != nil {
			return err
		}
		if err := ch.write(ctx, c, k, set); err != nil {
			return err
		}
	}
	err := b.writeTimes(ctx, c)
	b.begin()
	return err
}

func (ch *change) write(ctx context.Context, c *conn, k setKey, set *bitset) (err error) {
	changed := false
	for _, place := range ch.out {
		changed = set.put(place, false) || changed
	}
	for _, place := range ch.in {
		changed = set.put(place, true) || changed
	}
	if !changed {
		return nil
	}
	if now := set.pack(); now != nil {
		_, err = c.exec(ctx, "INSERT OR REPLACE INTO block_sets(account, dim, value, block, n, bits) VALUES (?, ?, ?, ?, ?, ?)",
			k.account, k.dim, k.value, k.block, set.size(), now)
	} else {
		_, err = c.exec(ctx, "DELETE FROM block_sets"+thatSet, k.account, k.dim, k.value, k.block)
	}
	return err
}

// writeTimes adds a run to each block that has new events.
func (b *bitmapIndex) writeTimes(ctx context.Context, c *conn) error {
	for from := 0; from < len(b.times); {
		block, to := b.times[from].seq/blockSize, from+1
		for to < len(b.times) && b.times[to].seq/blockSize == block {
			to++
		}
		if _, err := c.exec(ctx, "INSERT INTO block_times VALUES (?, ?) ON CONFLICT(block) DO UPDATE SET times = times || excluded.times",
			block, packTimes(b.times[from:to])); err != nil {
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
func timed(packed []byte, since, until int64) (in bitset) {
	for len(packed) > 0 {
		n, size := binary.Uvarint(packed)
		packed = packed[max(size, 0):]
		place, at := int64(-1), int64(0)
		for ; n > 0; n-- {
			skip, size := binary.Uvarint(packed)
			if size <= 0 {
				return in
			}
			later, more := binary.Varint(packed[size:])
			if more <= 0 {
				return in
			}
			packed = packed[size+more:]
			place, at = place+1+int64(skip), at+later
			if place >= blockSize {
				return in
			}
			if at >= since && at < until {
				in.put(place, true)
			}
		}
	}
	return in
}

// size is how many there are.
func (b *bitset) size() (n int) {
	for i := 0; i < len(b); i += 8 {
		n += bits.OnesCount64(binary.NativeEndian.Uint64(b[i:]))
	}
	return n
}

// and keeps what both have.
func (b *bitset) and(other *bitset) {
	for i := range b {
		b[i] &= other[i]
	}
}

// clip keeps the places from first to last.
func (b *bitset) clip(first, last int64) {
	if first <= 0 && last >= blockSize-1 {
		return
	}
	for i := range b {
		at := int64(i) * 8
		switch {
		case at+7 < first || at > last:
			b[i] = 0
		case at < first || at+7 > last:
			for bit := range int64(8) {
				if at+bit < first || at+bit > last {
					b[i] &^= 1 << bit
				}
			}
		}
	}
}
