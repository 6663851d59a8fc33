// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// maxWindow bounds the observations that wait for their counterpart. A flood of more than
// this in event.PairWindow makes the window shorter, nothing else.
const maxWindow = 50_000

// window remembers the recent failures that one side alone has told of, by what
// the other side's would have in common with them.
type window struct {
	Base
	words   event.Vocabulary
	waiting map[string]waiting
	order   []arrival // oldest first
}

// waiting are the observations of one key, which have no counterpart yet, oldest
// first: each side looks through the other's only.
type waiting struct{ client, server []observation }

// of gives the observations of one side.
func (w *waiting) of(side event.Source) *[]observation {
	if side == event.FromClient {
		return &w.client
	}
	return &w.server
}

type observation struct {
	seq  int64
	sign event.Sign

	happened time.Time
}

type arrival struct {
	key string
	seq int64
	at  time.Time
}

// find gives the place of the oldest observation that e is the counterpart of, or 0.
func (w *window) find(e *event.Event) int64 {
	var b [256]byte
	all := w.waiting[string(e.AppendPairKey(b[:0]))] // which makes no string
	other := all.server
	if e.Source == event.FromServer {
		other = all.client
	}
	if len(other) == 0 {
		return 0
	}
	own := e.Sign()
	for i := range other {
		a := &other[i]
		client, server := &own, &a.sign
		if e.Source == event.FromServer {
			client, server = server, client
		}
		if e.When().Sub(a.happened).Abs() <= event.PairWindow && event.SameFailure(w.words, client, server) {
			return a.seq
		}
	}
	return 0
}

// Stored has a new event wait for its counterpart.
func (w *window) Stored(_ context.Context, _ *Conn, row *Row) error {
	w.add(row.Event, row.Seq)
	return nil
}

// Changed takes out an event that has found its counterpart.
func (w *window) Changed(_ context.Context, _ *Conn, was, is *Row) error {
	if is.Event.PairKey() == "" {
		w.forget(was.Event, was.Seq)
	}
	return nil
}

func (w *window) add(e *event.Event, seq int64) {
	key := e.PairKey()
	if key == "" {
		return
	}
	for len(w.order) > 0 && (len(w.order) >= maxWindow || e.Time.Sub(w.order[0].at) > event.PairWindow) {
		w.drop(w.order[0].key, w.order[0].seq)
		w.order = w.order[1:]
	}
	all := w.waiting[key]
	side := all.of(e.Source)
	*side = append(*side, observation{seq, e.Sign(), e.When()})
	w.waiting[key] = all
	w.order = append(w.order, arrival{key, seq, e.Time})
}

// forget takes out an observation that has found its counterpart or is gone; e has
// the same key.
func (w *window) forget(e *event.Event, seq int64) { w.drop(e.PairKey(), seq) }

func (w *window) drop(key string, seq int64) {
	all, found := w.waiting[key]
	if !found {
		return
	}
	for _, side := range []*[]observation{&all.client, &all.server} {
		*side = slices.DeleteFunc(*side, func(a observation) bool { return a.seq == seq })
	}
	if len(all.client)+len(all.server) == 0 {
		delete(w.waiting, key)
		return
	}
	w.waiting[key] = all
}

// Load reads what is recent from the file.
func (w *window) Load(ctx context.Context, c *Conn) error {
	w.waiting, w.order = map[string]waiting{}, nil
	rows, err := readRows(ctx, c, w.words, rowColumns+`WHERE events.seq > (SELECT max(seq) FROM events) - ? AND time >= ? AND peer IS NOT NULL ORDER BY events.seq`,
		maxWindow, time.Now().Add(-event.PairWindow).UnixNano())
	for i := range rows {
		if e := rows[i].Event; e != nil && e.PairKey() != "" { // else damaged from outside
			w.add(e, rows[i].Seq)
		}
	}
	return err
}
