package sqlite

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// maxWindow bounds the observations that wait for their counterpart. A flood of more than
// this in event.PairWindow makes the window shorter, nothing else.
const maxWindow = 50_000

// window remembers the recent failures that one side alone has told of, by what
// the other side's would have in common with them.
type window struct {
	waiting map[string][]observations
	order   []arrival // oldest first
}

type observations struct {
	seq    int64
	source event.Source
	at     time.Time
}

type arrival struct {
	key string
	seq int64
	at  time.Time
}

// find gives the place of the oldest observation that e is the counterpart of, or 0.
func (w *window) find(e *event.Event) int64 {
	key := e.PairKey()
	if key == "" {
		return 0
	}
	for _, a := range w.waiting[key] {
		if a.source != e.Source && e.Time.Sub(a.at).Abs() <= event.PairWindow {
			return a.seq
		}
	}
	return 0
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
	w.waiting[key] = append(w.waiting[key], observations{seq, e.Source, e.Time})
	w.order = append(w.order, arrival{key, seq, e.Time})
}

// forget takes out an observation that has found its counterpart, e, or is gone.
func (w *window) forget(e *event.Event, seq int64) { w.drop(e.PairKey(), seq) }

func (w *window) drop(key string, seq int64) {
	list := w.waiting[key]
	for i, a := range list {
		if a.seq == seq {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(w.waiting, key)
		return
	}
	w.waiting[key] = list
}

// load reads what is recent from the file.
func (w *window) load(ctx context.Context, c *conn, names *accounts, now time.Time) error {
	*w = window{waiting: map[string][]observations{}}
	type row struct {
		e   event.Event
		seq int64
	}
	var rows []row // newest first
	err := c.each(ctx, `SELECT seq, time, account, type, source, coalesce(room, ''), coalesce(peer, ''), code
		FROM (SELECT * FROM events ORDER BY seq DESC LIMIT ?) WHERE time >= ? AND peer IS NOT NULL ORDER BY seq DESC`,
		func(r scanner) error {
			var seq, at, acc, typ, source int64
			var e event.Event
			if err := r.Scan(&seq, &at, &acc, &typ, &source, &e.RoomID, &e.PeerID, &e.Failure.Code); err != nil {
				return err
			}
			e.Time = time.Unix(0, at)
			e.AccountID, e.Type, e.Source = names.name(acc), codeTypes[typ], codeSources[source]
			rows = append(rows, row{e, seq})
			return nil
		}, maxWindow, now.Add(-event.PairWindow).UnixNano())
	for i := len(rows) - 1; i >= 0; i-- {
		w.add(&rows[i].e, rows[i].seq)
	}
	return err
}
