// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/bitset"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// bitmapScan answers a query from the bitmap index: it takes some blocks at a time,
// joins the sets of the values of one filter and keeps what all filters have.
// Unindexed events, which are in no set yet, are looked at one by one.
type bitmapScan struct {
	p        *eventlog.Plan
	keys     []filter // rooms, sessions and users that have sets; none: p.Index has the places
	filter   []filter
	together int64 // blocks of a group
	flushed  int64 // the last place that is in sets
	first    int64 // the first place there is

	apart map[int64]apart // blocks with events that happened at another time than they were taken; nil when nobody asks

	begin *beginning // as Count has found it

	lent [2][]bitset.Set // to intersectAccount, of one account: what is kept of a window, and a filter's
}

// beginning is the first places of what matches, more than a page, found while all of it
// was counted.
type beginning struct {
	above, upto int64 // of which places
	total       int
	places      []int64
}

// filter is one condition: any of these values.
type filter struct {
	dim    int64
	values []string
}

func newBitmapScan(ctx context.Context, c *eventlog.Conn, p *eventlog.Plan, q *event.Query, together int64, keys []filter) (*bitmapScan, error) {
	v := &bitmapScan{p: p, keys: keys, together: together}
	if err := c.Row(ctx, "SELECT coalesce((SELECT value FROM meta WHERE key = '"+bitmapsTo+"'), 0), coalesce((SELECT min(seq) FROM events), 0)").Scan(&v.flushed, &v.first); err != nil {
		return nil, err
	}
	if err := v.readApart(ctx, c); err != nil {
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
	if len(q.Diagnoses) > 0 {
		v.filter = append(v.filter, filter{setsOfDiagnosis, q.Diagnoses})
	}
	if words := q.Confidences; len(words) > 0 || q.Diagnosed {
		if len(words) == 0 {
			words = event.Confidences // any of them
		}
		codes := make([]string, len(words))
		for i, word := range words {
			codes[i] = strconv.Itoa(eventlog.ConfidenceCode(word))
		}
		v.filter = append(v.filter, filter{setsOfConfidence, codes})
	}
	switch {
	case p.Index != "" && len(keys) == 0: // its lists are by type
	case len(p.Types) == len(eventlog.TypeCodes) && len(v.filter) == 0:
		// Every event is in one of the two. Beside the sets of keys it leaves out what a
		// program that knows none of these has removed.
		v.filter = append(v.filter, filter{setsOfTerminal, []string{"0", "1"}})
	case len(p.Types) < len(eventlog.TypeCodes):
		types := make([]string, len(p.Types))
		for i, t := range p.Types {
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

// Count gives the number of events that match, and keeps the first of them for Places.
func (v *bitmapScan) Count(ctx context.Context, c *eventlog.Conn) (int, error) {
	if v.empty() {
		return 0, nil
	}
	b := &beginning{above: v.p.Above, upto: v.p.Upto}
	keep := func(seq int64) { b.places = append(b.places, seq) }
	err := v.scan(ctx, c, widestWindow, func() bool { return true }, func(seq int64) {
		b.total++
		keep(seq)
	}, func(start int64, set *bitset.Set) {
		b.total += set.Len()
		if len(b.places) <= event.MaxLimit {
			set.Each(v.p.Desc, func(n int64) { keep(start + n) })
		}
	})
	if err != nil {
		return 0, err
	}
	v.begin = b
	return b.total, nil
}

// Places gives the first n places that match.
func (v *bitmapScan) Places(ctx context.Context, c *eventlog.Conn, n int) ([]int64, error) {
	if v.empty() {
		return nil, nil
	}
	if b := v.begin; b != nil && b.above == v.p.Above && b.upto == v.p.Upto && len(b.places) >= min(n, b.total) {
		return b.places[:min(n, b.total)], nil
	}
	var found []int64
	add := func(seq int64) {
		if len(found) < n { // a set may have thousands more
			found = append(found, seq)
		}
	}
	err := v.scan(ctx, c, firstWindow, func() bool { return len(found) < n }, add, func(start int64, set *bitset.Set) {
		set.Each(v.p.Desc, func(n int64) { add(start + n) })
	})
	return found, err
}

// scan goes through what matches in the order of the plan, for as long as there is to be more: one
// by one where events are in no set yet, and else by windows of blocks, which become wider.
func (v *bitmapScan) scan(ctx context.Context, c *eventlog.Conn, window int64, more func() bool, one func(seq int64), block func(start int64, set *bitset.Set)) error {
	if v.p.Desc {
		if err := v.unindexed(ctx, c, " DESC", one); err != nil {
			return err
		}
	}
	first, last := v.span()
	for ; first <= last && more(); window = min(2*window, widestWindow) {
		from, to := first, min(first+window-1, last)
		if v.p.Desc {
			from, to = max(last-window+1, first), last
			last = from - 1
		} else {
			first = to + 1
		}
		sets, err := v.intersect(ctx, c, from, to)
		if err != nil {
			return err
		}
		for i := range sets {
			if v.p.Desc {
				i = len(sets) - 1 - i
			}
			block((from+int64(i))*blockSize, &sets[i])
		}
	}
	if v.p.Desc || !more() {
		return nil
	}
	return v.unindexed(ctx, c, "", one)
}

func (v *bitmapScan) empty() bool {
	return len(v.p.Types) == 0 || len(v.p.Accounts) == 0 || v.p.Above >= v.p.Upto
}

// span is which blocks can have what is asked for.
func (v *bitmapScan) span() (first, last int64) {
	from, to := max(v.p.Above+1, v.first), min(v.p.Upto, v.flushed)
	if from > to {
		return 1, 0
	}
	return from / blockSize, to / blockSize
}

// sets gives n empty sets. There is room for two lots: who asks for the same again overwrites
// it.
func (v *bitmapScan) sets(which int, n int64) []bitset.Set {
	if int64(cap(v.lent[which])) < n {
		v.lent[which] = make([]bitset.Set, n)
	}
	list := v.lent[which][:n]
	clear(list)
	return list
}

// intersect gives what matches in the blocks from one to another, until the next is asked for.
func (v *bitmapScan) intersect(ctx context.Context, c *eventlog.Conn, from, to int64) ([]bitset.Set, error) {
	if !v.someHappened(from, to) {
		return nil, nil
	}
	var result []bitset.Set
	for _, account := range v.p.Accounts {
		kept, err := v.intersectAccount(ctx, c, account, from, to)
		if err != nil {
			return nil, err
		}
		if result == nil {
			if result = kept; len(v.p.Accounts) > 1 {
				result = slices.Clone(kept)
			}
			continue
		}
		for i := range kept {
			result[i].Add(&kept[i])
		}
	}
	if err := v.filterTimes(ctx, c, result, from); err != nil {
		return nil, err
	}
	if err := v.filterHappened(ctx, c, result, from); err != nil {
		return nil, err
	}
	lowest, highest := v.p.Above+1, min(v.p.Upto, v.flushed)
	for i := range result {
		start := (from + int64(i)) * blockSize
		result[i].Clip(lowest-start, highest-start)
	}
	return result, nil
}

func (v *bitmapScan) intersectAccount(ctx context.Context, c *eventlog.Conn, account, from, to int64) (kept []bitset.Set, err error) {
	lowest, highest := from, to // blocks that have anything so far
	narrow := func(sets []bitset.Set) {
		if kept == nil {
			kept = sets
		} else {
			for i := range kept {
				kept[i].And(&sets[i])
			}
		}
		for lowest <= highest && kept[lowest-from] == (bitset.Set{}) {
			lowest++
		}
		for highest >= lowest && kept[highest-from] == (bitset.Set{}) {
			highest--
		}
	}
	if v.p.Index != "" && len(v.keys) == 0 {
		sets, err := v.listed(ctx, c, account, from, to)
		if err != nil {
			return nil, err
		}
		narrow(sets)
	}
	for _, f := range slices.Concat(v.keys, v.filter) {
		if lowest > highest {
			break
		}
		which := 0
		if kept != nil {
			which = 1
		}
		sets := v.sets(which, to-from+1)
		for _, value := range f.values {
			err := readSets(ctx, c, v.together, setKey{account: account, dim: f.dim, value: value}, from, lowest, highest, sets)
			if err != nil {
				return nil, err
			}
		}
		narrow(sets)
	}
	return kept, nil
}

// listed gives what the plan's index has in some blocks.
func (v *bitmapScan) listed(ctx context.Context, c *eventlog.Conn, account, from, to int64) ([]bitset.Set, error) {
	sets := v.sets(0, to-from+1)
	all := len(v.p.Types) == len(eventlog.TypeCodes)
	in := eventlog.Between{Above: from*blockSize - 1, Upto: to*blockSize + blockSize - 1}
	err := c.Postings(ctx, eventlog.ID{Column: v.p.Index, Account: account, Value: v.p.Value}, in, func(seq, typ int64) bool {
		if all || slices.Contains(v.p.Types, typ) {
			sets[seq/blockSize-from].Put(seq%blockSize, true)
		}
		return true
	})
	return sets, err
}

// filterTimes keeps what was taken in the time asked for. Where a range is
// only partly of that time, the times of its events decide.
func (v *bitmapScan) filterTimes(ctx context.Context, c *eventlog.Conn, sets []bitset.Set, from int64) error {
	if len(v.p.Ranges) == 0 {
		return nil
	}
	for i := range sets {
		if sets[i] == (bitset.Set{}) {
			continue
		}
		in, err := takenIn(ctx, c, from+int64(i), v.p.Ranges, v.p.Since, v.p.Until)
		if err != nil {
			return err
		}
		sets[i].And(&in)
	}
	return nil
}

// takenIn gives the events of a block that were taken in [since, until), of which
// ranges are.
func takenIn(ctx context.Context, c *eventlog.Conn, block int64, ranges []eventlog.Range, since, until int64) (in bitset.Set, err error) {
	start := block * blockSize
	var unsure bitset.Set
	partly := false
	for _, s := range ranges {
		if s.Last < start || s.First >= start+blockSize {
			continue
		}
		part := &in
		if !s.Whole {
			part, partly = &unsure, true
		}
		part.Fill(max(s.First-start, 0), min(s.Last-start, blockSize-1))
	}
	if !partly {
		return in, nil
	}
	var packed []byte
	if err := c.Row(ctx, "SELECT times FROM block_times WHERE block = ?", block).Scan(&packed); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return in, err
	}
	exact := timed(packed, since, until)
	exact.And(&unsure)
	for j := range in {
		in[j] |= exact[j]
	}
	return in, nil
}

// unindexed gives the matching events that are in no set yet, by looking at them.
func (v *bitmapScan) unindexed(ctx context.Context, c *eventlog.Conn, order string, f func(seq int64)) error {
	p := v.p
	query := "SELECT seq FROM events NOT INDEXED WHERE seq > ? AND seq <= ? AND account IN (" + eventlog.Placeholders(len(p.Accounts)) + ") AND type IN (" + eventlog.Placeholders(len(p.Types)) + ")"
	args := append([]any{max(p.Above, v.flushed), p.Upto}, append(eventlog.Args(p.Accounts), eventlog.Args(p.Types)...)...)
	if p.Index != "" {
		is, value, err := c.Is(ctx, p.Index, p.Value, p.Accounts...)
		if err != nil {
			return err
		}
		query += " AND " + is
		args = append(args, value...)
	}
	return c.Each(ctx, query+p.Where+" ORDER BY seq"+order, func(row eventlog.Scanner) error {
		var seq int64
		err := row.Scan(&seq)
		if err == nil {
			f(seq)
		}
		return err
	}, append(args, p.Args...)...)
}
