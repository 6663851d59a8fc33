// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"hash/maphash"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/recent"
)

// maxWindow bounds the observations that wait for their counterpart. A flood of more than
// this in event.PairWindow makes the window shorter, nothing else.
const maxWindow = 50_000

// window remembers the recent failures that one side alone has told of, by what
// the other side's would have in common with them.
type window struct {
	Base
	words   event.Vocabulary
	waiting recent.Queue[uint64, observation] // by pairKey
	signs   signs
}

// observation has no counterpart yet. It has no pointers: there may be very many, and the
// garbage collector would follow them each time.
type observation struct {
	seq      int64
	arrived  int64 // UnixNano of Event.Time
	happened int64 // UnixNano of Event.When
	sign     uint32
}

// pairSeed makes it impossible to choose what has the same pairKey.
var pairSeed = maphash.MakeSeed()

// pairKey gives in 64 bits what an event of one side has in common with its counterpart, false
// if it has none. Another failure may have the same: whoever joins events compares them whole.
func pairKey(e *event.Event, side event.Source) (uint64, bool) {
	var b [256]byte
	key := e.AppendPairKey(b[:0]) // which makes no string
	return maphash.Bytes(pairSeed, append(append(key, 0), side...)), len(key) > 0
}

// find gives the place of the oldest observation that e is the counterpart of, or 0.
func (w *window) find(e *event.Event) int64 {
	other := event.FromServer
	if e.Source == event.FromServer {
		other = event.FromClient
	}
	key, pairs := pairKey(e, other)
	if !pairs {
		return 0
	}
	var own *event.Sign
	for _, o := range w.waiting.Of(key) {
		if own == nil { // seldom does anything wait
			sign := e.Sign()
			own = &sign
		}
		client, server := own, w.signs.of(o.sign)
		if e.Source == event.FromServer {
			client, server = server, client
		}
		if e.When().Sub(time.Unix(0, o.happened)).Abs() <= event.PairWindow && event.SameFailure(w.words, client, server) {
			return o.seq
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
	if _, pairs := pairKey(is.Event, is.Event.Source); !pairs {
		w.forget(was.Event, was.Seq)
	}
	return nil
}

func (w *window) add(e *event.Event, seq int64) {
	key, pairs := pairKey(e, e.Source)
	if !pairs {
		return
	}
	arrived := e.Time.UnixNano()
	for o := w.waiting.Oldest(); o != nil && (w.waiting.Len() >= maxWindow || arrived-o.arrived > int64(event.PairWindow)); o = w.waiting.Oldest() {
		sign := o.sign
		if w.waiting.Drop() {
			w.signs.leave(sign)
		}
	}
	w.waiting.Add(key, observation{seq: seq, arrived: arrived, happened: e.When().UnixNano(), sign: w.signs.keep(e.Sign())})
}

// forget takes out an observation that has found its counterpart or is gone; e has
// the same key, as one side or the other.
func (w *window) forget(e *event.Event, seq int64) {
	for _, side := range []event.Source{event.FromClient, event.FromServer} {
		key, pairs := pairKey(e, side)
		if !pairs {
			return
		}
		for place, o := range w.waiting.Of(key) {
			if o.seq == seq {
				w.signs.leave(o.sign)
				w.waiting.Remove(place)
				return
			}
		}
	}
}

// Load reads what is recent from the file.
func (w *window) Load(ctx context.Context, c *Conn) error {
	w.waiting, w.signs = recent.Queue[uint64, observation]{}, signs{}
	rows, err := readRows(ctx, c, w.words, rowColumns+`WHERE events.seq > (SELECT max(seq) FROM events) - ? AND time >= ? AND peer IS NOT NULL ORDER BY events.seq`,
		maxWindow, time.Now().Add(-event.PairWindow).UnixNano())
	for i := range rows {
		if e := rows[i].Event; e != nil { // else damaged from outside
			w.add(e, rows[i].Seq)
		}
	}
	return err
}

// signs are those of observations, each once: most failures are told of in the same words.
type signs struct {
	numbers map[event.Sign]uint32
	list    []usedSign
	free    []uint32
}

type usedSign struct {
	sign event.Sign
	uses int
}

func (s *signs) of(number uint32) *event.Sign { return &s.list[number].sign }

// keep gives the number of a sign, for one more use of it.
func (s *signs) keep(sign event.Sign) uint32 {
	n, known := s.numbers[sign]
	if !known {
		if s.numbers == nil {
			s.numbers = map[event.Sign]uint32{}
		}
		sign.Fault, sign.Op, sign.Name, sign.Dialect = strings.Clone(sign.Fault), fault.Op(strings.Clone(string(sign.Op))), strings.Clone(sign.Name), strings.Clone(sign.Dialect)
		if last := len(s.free) - 1; last >= 0 {
			n, s.free = s.free[last], s.free[:last]
		} else {
			n, s.list = uint32(len(s.list)), append(s.list, usedSign{})
		}
		s.list[n].sign, s.numbers[sign] = sign, n
	}
	s.list[n].uses++
	return n
}

// leave ends one use of a sign.
func (s *signs) leave(number uint32) {
	u := &s.list[number]
	if u.uses--; u.uses == 0 {
		delete(s.numbers, u.sign)
		*u = usedSign{}
		s.free = append(s.free, number)
	}
}
