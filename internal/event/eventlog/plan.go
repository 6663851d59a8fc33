// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// maxSeq is later than any place.
const maxSeq = math.MaxInt64

// Plan is how a query is answered: which index gives the places in order, and
// which conditions are left to look at in the rows.
type Plan struct {
	Accounts []int64
	Types    []int64
	Index    string // condition on the leading column, "" for the whole account
	Value    string // its value
	Matching int64  // events that the index has, as far as that is known from the counts
	Single   bool   // no other index would serve one of the other conditions
	Where    string // the other conditions
	Args     []any
	Above    int64 // places after this one
	Upto     int64 // places up to this one
	Desc     bool

	// What of the time asked for is where; none when no time was asked for.
	Ranges       []Range
	Since, Until int64

	Happened *Happened // when it is to have happened; nil for whenever

	scope  int64                     // which counts belong to the index
	counts map[Count]map[int64]int64 // what countsOf has read
}

// choice is an index that could be used.
type choice struct {
	column, value string
	scope         int64
}

// Plan chooses how a query is answered. It is called within Read. Places and
// the order are those of the query but for its cursor, which is the caller's.
func (l *Log) Plan(ctx context.Context, c *Conn, q *event.Query) (*Plan, error) {
	p := &Plan{Upto: maxSeq, Desc: q.Desc}
	if q.AccountID == "" {
		p.Accounts = l.Accounts.All()
	} else if id, ok := l.Accounts.ID(q.AccountID); ok {
		p.Accounts = []int64{id}
	}
	for _, t := range q.WantedTypes() {
		p.Types = append(p.Types, TypeCodes[t])
	}
	choices := slices.DeleteFunc([]choice{
		{"peer", q.PeerID, ofPeer},
		{"session", q.SessionID, OfSession},
		{"room", q.RoomID, OfRoom},
		{"user", q.UserKey(), OfUser},
	}, func(ch choice) bool { return ch.value == "" })
	best, err := p.choose(ctx, c, choices)
	if err != nil {
		return nil, err
	}
	p.Index, p.Value, p.scope = best.column, best.value, best.scope
	for _, ch := range choices {
		if ch != best {
			is, args, err := c.Is(ctx, ch.column, ch.value, p.Accounts...)
			if err != nil {
				return nil, err
			}
			p.and(is, args...)
		}
	}
	p.Single = p.Where == ""
	return p, p.filter(ctx, c, l, q)
}

// choose takes the index with the fewest events to look at.
func (p *Plan) choose(ctx context.Context, c *Conn, choices []choice) (choice, error) {
	switch {
	case len(choices) == 0:
		return choice{scope: OfAccount}, nil
	case choices[0].column == "peer":
		return choices[0], nil
	}
	best, fewest := choices[0], int64(math.MaxInt64)
	for _, ch := range choices {
		var n int64
		for _, account := range p.Accounts {
			counts, err := p.countsIn(ctx, c, account, ch)
			if err != nil {
				return choice{}, err
			}
			for _, t := range p.Types {
				n += counts[t]
			}
		}
		if n < fewest {
			best, fewest = ch, n
		}
	}
	p.Matching = fewest
	return best, nil
}

// filter adds the conditions that no index serves.
func (p *Plan) filter(ctx context.Context, c *Conn, l *Log, q *event.Query) error {
	if len(q.Faults) > 0 {
		p.and("fault IN ("+Placeholders(len(q.Faults))+")", Args(q.Faults)...)
	}
	if len(q.Codes) > 0 {
		p.and("code IN ("+Placeholders(len(q.Codes))+")", Args(q.Codes)...)
	}
	if q.Terminal != nil {
		p.and("terminal = ?", *q.Terminal)
	}
	if q.SDK != "" {
		p.and("sdk = ?", q.SDK)
	}
	if q.OS != "" {
		p.and("os = ?", q.OS)
	}
	if len(q.Diagnoses) > 0 {
		p.and("diagnosis IN ("+Placeholders(len(q.Diagnoses))+")", Args(q.Diagnoses)...)
	}
	switch {
	case len(q.Confidences) > 0:
		codes := make([]int, len(q.Confidences))
		for i, word := range q.Confidences {
			codes[i] = ConfidenceCode(word)
		}
		p.and("confidence IN ("+Placeholders(len(codes))+")", Args(codes)...)
	case q.Diagnosed:
		p.and("confidence IS NOT NULL")
	}
	unplacedTo, err := p.filterHappened(ctx, c, l, q)
	if err != nil {
		return err
	}
	if err := p.filterTaken(ctx, c, l, q); err != nil {
		return err
	}
	return p.placedFrom(q, unplacedTo)
}

// filterTaken adds the condition on when events were taken.
func (p *Plan) filterTaken(ctx context.Context, c *Conn, l *Log, q *event.Query) error {
	if q.Since.IsZero() && q.Until.IsZero() {
		return nil
	}
	since, until := span(q.Since, q.Until)
	p.and("time >= ? AND time < ?", since, until)
	// The state of the file is fixed before the ranges are asked for, so that
	// these have all that is in it.
	if err := c.Row(ctx, lastPlace).Scan(new(int64)); err != nil {
		return err
	}
	ranges := l.segments.between(since, until)
	if len(ranges) == 0 {
		p.Upto = 0
		return nil
	}
	p.Above, p.Upto = max(p.Above, ranges[0].First-1), min(p.Upto, ranges[len(ranges)-1].Last)
	p.Ranges, p.Since, p.Until = ranges, since, until
	return nil
}

// span is the time from one to another as Unix nanoseconds; zero is open.
func span(from, to time.Time) (since, until int64) {
	since, until = math.MinInt64, math.MaxInt64
	if !from.IsZero() {
		since = from.UnixNano()
	}
	if !to.IsZero() {
		until = to.UnixNano()
	}
	return since, until
}

func (p *Plan) and(cond string, args ...any) {
	p.Where += " AND " + cond
	p.Args = append(p.Args, args...)
}

// Count gives the number of events that match, from the counts where these are
// enough.
func (p *Plan) Count(ctx context.Context, c *Conn) (int, error) {
	var total int64
	if p.Where == "" {
		for _, account := range p.Accounts {
			counts, err := p.countsOf(ctx, c, account)
			if err != nil {
				return 0, err
			}
			for _, t := range p.Types {
				total += counts[t]
			}
		}
		return int(total), nil
	}
	if p.empty() {
		return 0, nil
	}
	if p.Index != "" {
		for _, account := range p.Accounts {
			err := p.listed(ctx, c, account, func(seqs []int64) bool {
				total += int64(len(seqs))
				return true
			})
			if err != nil {
				return 0, err
			}
		}
		return int(total), nil
	}
	err := p.scan(ctx, c, "count(*)", "", func(row Scanner) error {
		var n int64
		err := row.Scan(&n)
		total += n
		return err
	})
	return int(total), err
}

// Places gives the first n places that match. Each account, and without an id each type,
// has its own ordered list; the first n of all are among the first n of each.
func (p *Plan) Places(ctx context.Context, c *Conn, n int) (seqs []int64, err error) {
	if p.empty() || n <= 0 {
		return nil, nil
	}
	if p.Index != "" {
		for _, account := range p.Accounts {
			left := n
			err := p.listed(ctx, c, account, func(some []int64) bool {
				some = some[:min(len(some), left)]
				seqs, left = append(seqs, some...), left-len(some)
				return left > 0
			})
			if err != nil {
				return nil, err
			}
		}
	} else {
		order := " ORDER BY seq LIMIT ?"
		if p.Desc {
			order = " ORDER BY seq DESC LIMIT ?"
		}
		err := p.scan(ctx, c, "seq", order, func(row Scanner) error {
			var seq int64
			err := row.Scan(&seq)
			seqs = append(seqs, seq)
			return err
		}, n)
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(seqs)
	if p.Desc {
		slices.Reverse(seqs)
	}
	return seqs[:min(n, len(seqs))], nil
}

func (p *Plan) empty() bool {
	return len(p.Types) == 0 || len(p.Accounts) == 0 || p.Above >= p.Upto
}

// lookedAtOnce is how many events are looked at together.
const lookedAtOnce = 128

// listed hands over the places of an account that match, some at a time and in order, until f
// returns false.
func (p *Plan) listed(ctx context.Context, c *Conn, account int64, f func([]int64) bool) error {
	var some []int64
	var bad error
	look := func() bool {
		if len(some) > 0 && p.Where != "" {
			some, bad = p.matching(ctx, c, some)
		}
		more := bad == nil && f(some)
		some = some[:0]
		return more
	}
	stopped, all := false, len(p.Types) == len(TypeCodes)
	err := c.Postings(ctx, ID{p.Index, account, p.Value}, Between{p.Above, p.Upto, p.Desc}, func(seq, typ int64) bool {
		if !all && !slices.Contains(p.Types, typ) {
			return true
		}
		if some = append(some, seq); len(some) == lookedAtOnce {
			stopped = !look()
		}
		return !stopped
	})
	if err == nil && !stopped {
		look()
	}
	return errors.Join(err, bad)
}

// matching keeps the places that meet the other conditions.
func (p *Plan) matching(ctx context.Context, c *Conn, places []int64) (kept []int64, err error) {
	query := "SELECT seq FROM events NOT INDEXED WHERE seq IN (SELECT value FROM json_each(?))" + p.Where + " ORDER BY seq"
	if p.Desc {
		query += " DESC"
	}
	return c.Places(ctx, query, append([]any{PlacesArg(places)}, p.Args...)...)
}

// scan runs the plan's statement once for each list of an account.
func (p *Plan) scan(ctx context.Context, c *Conn, what, order string, f func(Scanner) error, more ...any) error {
	query := "SELECT " + what + " FROM events INDEXED BY events_type WHERE account = ? AND type = ?" + p.Where + " AND seq > ? AND seq <= ?" + order
	end := append(append(slices.Clone(p.Args), p.Above, p.Upto), more...)
	for _, account := range p.Accounts {
		counts, err := p.countsOf(ctx, c, account)
		if err != nil {
			return err
		}
		for _, t := range p.Types {
			if counts[t] == 0 {
				continue
			}
			if err := c.Each(ctx, query, f, append([]any{account, t}, end...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// countsOf gives the counts of the plan's list of an account by type, read once.
func (p *Plan) countsOf(ctx context.Context, c *Conn, account int64) (map[int64]int64, error) {
	return p.countsIn(ctx, c, account, choice{p.Index, p.Value, p.scope})
}

func (p *Plan) countsIn(ctx context.Context, c *Conn, account int64, ch choice) (counts map[int64]int64, err error) {
	k := Count{Account: account, Scope: ch.scope, Key: ch.value}
	if counts, known := p.counts[k]; known {
		return counts, nil
	}
	if ch.scope == OfAccount {
		counts, err = c.keptCounts(ctx, account, OfAccount, "")
	} else {
		counts, err = c.Counts(ctx, ID{ch.column, account, ch.value})
	}
	if err == nil {
		if p.counts == nil {
			p.counts = map[Count]map[int64]int64{}
		}
		p.counts[k] = counts
	}
	return counts, err
}
