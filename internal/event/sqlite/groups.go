// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"log/slog"
	"time"

	"github.com/redial-rtc/redial/internal/event/bitset"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// A set of a block is written anew with every few hundred events while the block fills, so
// it has a row of its own. Those of full blocks are put together, groups of them in a row: a
// filter reads a long time in a sixteenth of the rows, and the rows that still change are
// few and lie close together. A set that changes later gets a row of its own again, until
// the next time.
const (
	groupSize  = 16                   // blocks
	groupBatch = 512                  // sets that are read at a time
	groupFor   = 4 * time.Millisecond // after which a transaction ends
	groupPause = 5 * time.Millisecond // between two, so that writers are not held up
	groupAgain = time.Minute          // after one that failed, for want of room on the disk, say
	groupAfter = 4096                 // changes of sets of full groups after which they are put together
	groupTell  = 10 * time.Second     // how often progress is logged
)

// eachInGroup calls f for each set of a group, with the number of its block in it. Of a
// damaged one it hands over what can be read.
func eachInGroup(packed []byte, f func(i int64, bits []byte)) {
	for len(packed) > 0 {
		i := int64(packed[0])
		n, size := binary.Uvarint(packed[1:])
		if size <= 0 || n > uint64(len(packed)-1-size) {
			return
		}
		bits := packed[1+size:][:n:n]
		packed = packed[1+size+int(n):]
		f(i, bits)
	}
}

// packGroup makes a row of sets, by the number of their block in the group; nil for none.
func packGroup(sets map[int64][]byte, size int64) (packed []byte) {
	for i := range size {
		if bits := sets[i]; len(bits) > 0 {
			packed = append(packed, byte(i))
			packed = binary.AppendUvarint(packed, uint64(len(bits)))
			packed = append(packed, bits...)
		}
	}
	return packed
}

// group reads the group that the block of a set is in.
func (b *bitmapIndex) group(ctx context.Context, c *eventlog.Conn, k setKey) (packed []byte, err error) {
	err = c.Row(ctx, "SELECT sets FROM group_sets"+thatGroup, k.account, k.dim, k.value, k.block/b.together).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return packed, err
}

const thatGroup = " WHERE account = ? AND dim = ? AND value = ? AND blocks = ?"

// notFull is the first block of the group that new events come into.
func (b *bitmapIndex) notFull(newest int64) int64 { return newest / b.together * b.together }

// inGroup gives what a group has of a block.
func (b *bitmapIndex) inGroup(ctx context.Context, c *eventlog.Conn, k setKey) (bits []byte, err error) {
	if k.block >= b.notFull(b.newest) {
		return nil, nil
	}
	packed, err := b.group(ctx, c, k)
	eachInGroup(packed, func(i int64, of []byte) {
		if i == k.block%b.together {
			bits = of
		}
	})
	return bits, err
}

// readSets adds to sets, which begin at a block, what one value has in the blocks from one to
// another.
func readSets(ctx context.Context, c *eventlog.Conn, together int64, k setKey, from, lowest, highest int64, sets []bitset.Set) error {
	own := make([]bool, len(sets)) // those with rows of their own, which stand
	var packed []byte
	err := c.Each(ctx, "SELECT block, bits FROM block_sets WHERE account = ? AND dim = ? AND value = ? AND block BETWEEN ? AND ?", func(row eventlog.Scanner) error {
		var block int64
		if err := row.Scan(&block, &packed); err != nil {
			return err
		}
		own[block-from] = true
		sets[block-from].Or(packed)
		return nil
	}, k.account, k.dim, k.value, lowest, highest)
	if err != nil {
		return err
	}
	return c.Each(ctx, "SELECT blocks, sets FROM group_sets WHERE account = ? AND dim = ? AND value = ? AND blocks BETWEEN ? AND ?", func(row eventlog.Scanner) error {
		var group int64
		if err := row.Scan(&group, &packed); err != nil {
			return err
		}
		eachInGroup(packed, func(i int64, bits []byte) {
			block := group*together + i
			if i < together && block >= lowest && block <= highest && !own[block-from] {
				sets[block-from].Or(bits)
			}
		})
		return nil
	}, k.account, k.dim, k.value, lowest/together, highest/together)
}

// grouper puts sets together in the background.
type grouper struct{ chore }

func (g *grouper) start(l *eventlog.Log, b *bitmapIndex, log *slog.Logger) {
	g.chore.start(b.full, func() time.Duration {
		if err := g.run(context.Background(), l, b, log); err != nil {
			log.Warn("sets of filters could not be put together; they are read one by one", "error", err)
			return groupAgain
		}
		return 0
	})
}

// run puts together what there is.
func (g *grouper) run(ctx context.Context, l *eventlog.Log, b *bitmapIndex, log *slog.Logger) error {
	var at setKey
	began, told, all := time.Now(), time.Now(), 0
	for {
		n, more := 0, false
		err := l.Rearrange(ctx, func(ctx context.Context, tx eventlog.Tx) (err error) {
			next := at
			for began := time.Now(); ; {
				var some int
				some, more, err = b.groupSome(ctx, tx.Conn, &next)
				n += some
				if err != nil || !more || time.Since(began) >= groupFor {
					break
				}
			}
			at = next
			return err
		})
		if err != nil {
			return err
		}
		if all += n; !more {
			if time.Since(began) >= groupTell {
				log.Info("sets of filters were put together", "sets", all, "took", time.Since(began).Round(time.Second))
			}
			return nil
		}
		if time.Since(told) >= groupTell {
			told = time.Now()
			log.Info("sets of filters are put together in the background", "sets", all)
		}
		select {
		case <-time.After(groupPause):
		case <-g.stopping:
			return nil
		}
	}
}

// own is a set with a row of its own.
type own struct {
	setKey
	bits []byte
}

// groupSome puts the next sets of full groups together, those after one, and tells how many
// rows they had and whether there may be more.
func (b *bitmapIndex) groupSome(ctx context.Context, c *eventlog.Conn, at *setKey) (n int, more bool, err error) {
	flushed, _, err := c.Meta(ctx, bitmapsTo)
	if err != nil {
		return 0, false, err
	}
	limit := b.notFull(min(flushed/blockSize, b.newest))
	var list []own
	var last setKey
	read := 0
	err = c.Each(ctx, `SELECT account, dim, value, block, bits FROM block_sets WHERE (account, dim, value, block) > (?, ?, ?, ?)
		ORDER BY account, dim, value, block LIMIT ?`, func(row eventlog.Scanner) error {
		var o own
		err := row.Scan(&o.account, &o.dim, &o.value, &o.block, &o.bits)
		if read, last = read+1, o.setKey; o.block < limit {
			list = append(list, o)
		}
		return err
	}, at.account, at.dim, at.value, at.block, groupBatch)
	if err != nil {
		return 0, false, err
	}
	for len(list) > 0 {
		group := 1
		for group < len(list) && b.sameGroup(list[0].setKey, list[group].setKey) {
			group++
		}
		if read == groupBatch && group == len(list) && n > 0 && b.sameGroup(list[0].setKey, last) {
			last = list[0].setKey // there may be more of this group
			last.block--
			break
		}
		if err := b.putTogether(ctx, c, list[:group]); err != nil {
			return n, false, err
		}
		n, list = n+group, list[group:]
	}
	*at = last
	return n, read == groupBatch, nil
}

func (b *bitmapIndex) sameGroup(k, other setKey) bool {
	k.block, other.block = k.block/b.together, other.block/b.together
	return k == other
}

// putTogether makes sets of a group part of its row. An empty one leaves it.
func (b *bitmapIndex) putTogether(ctx context.Context, c *eventlog.Conn, list []own) error {
	k := list[0].setKey
	was, err := b.group(ctx, c, k)
	if err != nil {
		return err
	}
	sets := map[int64][]byte{}
	eachInGroup(was, func(i int64, bits []byte) { sets[i] = bits })
	for _, o := range list {
		sets[o.block%b.together] = o.bits
	}
	if now := packGroup(sets, b.together); now != nil {
		_, err = c.Exec(ctx, "INSERT OR REPLACE INTO group_sets VALUES (?, ?, ?, ?, ?)", k.account, k.dim, k.value, k.block/b.together, now)
	} else {
		_, err = c.Exec(ctx, "DELETE FROM group_sets"+thatGroup, k.account, k.dim, k.value, k.block/b.together)
	}
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "DELETE FROM block_sets WHERE account = ? AND dim = ? AND value = ? AND block BETWEEN ? AND ?", k.account, k.dim, k.value, k.block, list[len(list)-1].block)
	return err
}
