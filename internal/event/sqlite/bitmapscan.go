package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/redial-rtc/redial/internal/event"
)

// bitmapScan answers a query from the bitmap index: it takes some blocks at a time,
// joins the sets of the values of one filter and keeps what all filters have.
// Unindexed events, which are in no set yet, are looked at one by one.
type bitmapScan struct {
	p       *plan
	filter  []filter
	flushed int64 // the last place that is in sets
	first   int64 // the first place there is
}

// filter is one condition: any of these values.
type filter struct {
	dim    int64
	values []string
}

func newBitmapScan(ctx context.Context, c *conn, s *Store, p *plan, q *event.Query) (*bitmapScan, error) {
	v := &bitmapScan{p: p}
	if err := c.row(ctx, "SELECT coalesce((SELECT value FROM meta WHERE key = 'folded'), 0), coalesce((SELECT min(seq) FROM events), 0)").Scan(&v.flushed, &v.first); err != nil {
		return nil, err
	}
	if len(q.Faults) > 0 {
		v.filter = append(v.filter, filter{setsOfFault, q.Faults})
	}
	if len(q.Codes) > 0 {
		codes := make([]string, len(q.Codes))
		for i, code := range q.Codes {
			codes[i] = strconv.Itoa(code)
		}
		v.filter = append(v.filter, filter{setsOfCode, codes})
	}
	if q.SDK != "" {
		v.filter = append(v.filter, filter{setsOfSDK, []string{q.SDK}})
	}
	if q.OS != "" {
		v.filter = append(v.filter, filter{setsOfOS, []string{q.OS}})
	}
	if q.Terminal != nil {
		v.filter = append(v.filter, filter{setsOfTerminal, []string{truth(*q.Terminal)}})
	}
	switch {
	case p.index != "": // its lists are by type
	case len(p.types) == len(typeCodes) && len(v.filter) == 0:
		v.filter = append(v.filter, filter{setsOfTerminal, []string{"0", "1"}}) // every event is in one of the two
	case len(p.types) < len(typeCodes):
		types := make([]string, len(p.types))
		for i, t := range p.types {
			types[i] = strconv.FormatInt(t, 10)
		}
		v.filter = append(v.filter, filter{setsOfType, types})
	}
	return v, nil
}

// Windows of blocks: a page looks at a few first, a total at many.
const (
	firstWindow  = 4
	widestWindow = 256
)

// count gives the number of events that match.
func (v *bitmapScan) count(ctx context.Context, c *conn) (n int64, err error) {
	if v.empty() {
		return 0, nil
	}
	err = v.unindexed(ctx, c, "", func(int64) { n++ })
	if err != nil {
		return 0, err
	}
	first, last := v.span()
	for from := first; from <= last; from += widestWindow {
		sets, err := v.intersect(ctx, c, from, min(from+widestWindow-1, last))
		if err != nil {
			return 0, err
		}
		for i := range sets {
			n += int64(sets[i].size())
		}
	}
	return n, nil
}

// places gives the first n places that match.
func (v *bitmapScan) places(ctx context.Context, c *conn, n int) (found []int64, err error) {
	if v.empty() {
		return nil, nil
	}
	add := func(seq int64) {
		if len(found) < n {
			found = append(found, seq)
		}
	}
	if v.p.desc {
		if err := v.unindexed(ctx, c, " DESC", add); err != nil {
			return nil, err
		}
	}
	first, last := v.span()
	for size := int64(firstWindow); first <= last && len(found) < n; size = min(2*size, widestWindow) {
		from, to := first, min(first+size-1, last)
		if v.p.desc {
			from, to = max(last-size+1, first), last
			last = from - 1
		} else {
			first = to + 1
		}
		sets, err := v.intersect(ctx, c, from, to)
		if err != nil {
			return nil, err
		}
		for i := range sets {
			block := from + int64(i)
			if v.p.desc {
				i = len(sets) - 1 - i
				block = from + int64(i)
			}
			sets[i].each(v.p.desc, func(seq int64) { add(block*blockSize + seq) })
		}
	}
	if !v.p.desc && len(found) < n {
		err = v.unindexed(ctx, c, "", add)
	}
	return found, err
}

func (v *bitmapScan) empty() bool {
	return len(v.p.types) == 0 || len(v.p.accounts) == 0 || v.p.above >= v.p.upto
}

// span is which blocks can have what is asked for.
func (v *bitmapScan) span() (first, last int64) {
	from, to := max(v.p.above+1, v.first), min(v.p.upto, v.flushed)
	if from > to {
		return 1, 0
	}
	return from / blockSize, to / blockSize
}

// intersect gives what matches in the blocks from one to another.
func (v *bitmapScan) intersect(ctx context.Context, c *conn, from, to int64) ([]bitset, error) {
	result := make([]bitset, to-from+1)
	for _, account := range v.p.accounts {
		kept, err := v.intersectAccount(ctx, c, account, from, to)
		if err != nil {
			return nil, err
		}
		for i := range kept {
			for j := range kept[i] {
				result[i][j] |= kept[i][j]
			}
		}
	}
	if err := v.filterTimes(ctx, c, result, from); err != nil {
		return nil, err
	}
	lowest, highest := v.p.above+1, min(v.p.upto, v.flushed)
	for i := range result {
		start := (from + int64(i)) * blockSize
		result[i].clip(lowest-start, highest-start)
	}
	return result, nil
}

func (v *bitmapScan) intersectAccount(ctx context.Context, c *conn, account, from, to int64) (kept []bitset, err error) {
	narrow := func(sets []bitset) {
		if kept == nil {
			kept = sets
			return
		}
		for i := range kept {
			kept[i].and(&sets[i])
		}
	}
	for _, f := range v.filter {
		sets := make([]bitset, to-from+1)
		for _, value := range f.values {
			var packed sql.RawBytes
			err := c.each(ctx, "SELECT block, bits FROM block_sets WHERE account = ? AND dim = ? AND value = ? AND block BETWEEN ? AND ?", func(row scanner) error {
				var block int64
				if err := row.Scan(&block, &packed); err != nil {
					return err
				}
				sets[block-from].or(packed)
				return nil
			}, account, f.dim, value, from, to)
			if err != nil {
				return nil, err
			}
		}
		narrow(sets)
	}
	if v.p.index == "" {
		return kept, nil
	}
	sets := make([]bitset, to-from+1)
	for _, t := range v.p.types {
		err := c.each(ctx, "SELECT seq FROM events INDEXED BY events_"+v.p.index+" WHERE account = ? AND "+v.p.index+" = ? AND type = ? AND seq BETWEEN ? AND ?", func(row scanner) error {
			var seq int64
			if err := row.Scan(&seq); err != nil {
				return err
			}
			sets[seq/blockSize-from].put(seq%blockSize, true)
			return nil
		}, account, v.p.value, t, from*blockSize, to*blockSize+blockSize-1)
		if err != nil {
			return nil, err
		}
	}
	narrow(sets)
	return kept, nil
}

// filterTimes keeps what was taken in the time asked for. Where a range is
// only partly of that time, the times of its events decide.
func (v *bitmapScan) filterTimes(ctx context.Context, c *conn, sets []bitset, from int64) error {
	if len(v.p.ranges) == 0 {
		return nil
	}
	for i := range sets {
		start := (from + int64(i)) * blockSize
		var in, unsure bitset
		partly := false
		for _, s := range v.p.ranges {
			if s.last < start || s.first >= start+blockSize {
				continue
			}
			part := &in
			if !s.whole {
				part, partly = &unsure, true
			}
			part.fill(max(s.first-start, 0), min(s.last-start, blockSize-1))
		}
		if partly {
			var packed []byte
			err := c.row(ctx, "SELECT times FROM block_times WHERE block = ?", from+int64(i)).Scan(&packed)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			exact := timed(packed, v.p.since, v.p.until)
			exact.and(&unsure)
			for j := range in {
				in[j] |= exact[j]
			}
		}
		sets[i].and(&in)
	}
	return nil
}

// unindexed gives the matching events that are in no set yet, by looking at them.
func (v *bitmapScan) unindexed(ctx context.Context, c *conn, order string, f func(seq int64)) error {
	p := v.p
	query := "SELECT seq FROM events NOT INDEXED WHERE seq > ? AND seq <= ? AND account IN (" + placeholders(len(p.accounts)) + ") AND type IN (" + placeholders(len(p.types)) + ")"
	args := append([]any{max(p.above, v.flushed), p.upto}, append(anys(p.accounts), anys(p.types)...)...)
	if p.index != "" {
		query += " AND " + p.index + " = ?"
		args = append(args, p.value)
	}
	return c.each(ctx, query+p.where+" ORDER BY seq"+order, func(row scanner) error {
		var seq int64
		err := row.Scan(&seq)
		if err == nil {
			f(seq)
		}
		return err
	}, append(args, p.args...)...)
}

// each calls f for every place, in order.
func (b *bitset) each(desc bool, f func(seq int64)) {
	var places []int64
	for i, v := range b {
		for bit := range int64(8) {
			if v&(1<<bit) != 0 {
				places = append(places, int64(i)*8+bit)
			}
		}
	}
	if desc {
		slices.Reverse(places)
	}
	for _, place := range places {
		f(place)
	}
}

// fill puts the places from first to last in.
func (b *bitset) fill(first, last int64) {
	for at := first; at <= last; {
		if at%8 == 0 && at+7 <= last {
			b[at/8] = 0xff
			at += 8
			continue
		}
		b[at/8] |= 1 << (at % 8)
		at++
	}
}
