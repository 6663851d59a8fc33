package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

//go:embed summary.sql
var summarySchema string

// summaryDims are the dimensions in the file; the index is the number. A number
// is never reused. By type needs none of its own, since every count has a type.
var summaryDims = []event.Dimension{
	event.ByNothing, event.ByFault, event.ByCode, event.BySDK, event.ByVersion, event.ByOS, event.ByBrowser,
	event.ByRole, event.ByTemplate, event.ByRoom,
}

// What is counted beside the types of events.
const (
	joinsDone   = 101
	joinsFailed = 102
)

// The levels of time.
const (
	hours = 1
	days  = 2
)

// levels are how long a step of each is, in nanoseconds.
var levels = map[int64]int64{hours: int64(time.Hour), days: int64(event.Day)}

// step is the number of the step of a level that t lies in.
func step(level int64, t time.Time) int64 { return floor(t.UnixNano(), levels[level]) }

// floor divides and rounds down.
func floor(n, by int64) int64 {
	if n < 0 {
		n -= by - 1
	}
	return n / by
}

// summaryKey is one count.
type summaryKey struct {
	account, dim, level, at int64
	value                   string
	typ                     int64
}

// cell is how one count changes, and which users come and go.
type cell struct {
	n          int64
	set, unset []int64
}

type userKey struct {
	account int64
	name    string
}

// maxUserIDs bounds the numbers of users kept in memory.
const maxUserIDs = 50_000

// summaries collects how a transaction changes what is counted, so that each
// count is written once.
type summaries struct {
	words event.Vocabulary
	spool bool // events are counted elsewhere; only joins, and which events are failed ones, matter here

	cells map[summaryKey]*cell // of hours; write makes days of them
	gone  map[userKey]bool     // users of whom something was removed

	ids map[userKey]int64 // known numbers, from one transaction to the next
}

// begin forgets what an earlier transaction left.
func (s *summaries) begin() {
	s.cells, s.gone = map[summaryKey]*cell{}, map[userKey]bool{}
	if len(s.ids) > maxUserIDs || s.ids == nil {
		s.ids = map[userKey]int64{}
	}
}

// stored counts a new event.
func (s *summaries) stored(ctx context.Context, c *conn, account, typ int64, e *event.Event, seq int64) error {
	if err := s.add(ctx, c, account, typ, e, 1); err != nil || !e.FailsJoin() {
		return err
	}
	return s.fail(ctx, c, account, e, seq)
}

// fail counts a failed join, unless another event of the peer is counted.
func (s *summaries) fail(ctx context.Context, c *conn, account int64, e *event.Event, seq int64) error {
	if e.PeerID != "" {
		_, counted, err := lookup(ctx, c, failedBefore, e.PeerID, account)
		if err == nil && !counted && s.spool {
			_, counted, err = lookup(ctx, c, "SELECT 1 FROM shed_failed WHERE peer = ? AND account = ?", e.PeerID, account)
		}
		if err != nil || counted {
			return err
		}
	}
	if _, err := c.exec(ctx, "INSERT INTO summary_failed VALUES (?)", seq); err != nil || s.spool {
		return err
	}
	s.spread(account, joinsFailed, e.Time, e.AgentRead(), 1, nil)
	return nil
}

const failedBefore = "SELECT e.seq FROM events e INDEXED BY events_peer CROSS JOIN summary_failed f ON f.seq = e.seq WHERE e.peer = ? AND e.account = ? LIMIT 1"

// unfail takes a failed join back, if it was this event that was counted.
func (s *summaries) unfail(ctx context.Context, c *conn, account int64, e *event.Event, seq int64) error {
	n, err := c.exec(ctx, "DELETE FROM summary_failed WHERE seq = ?", seq)
	if err == nil && n > 0 && !s.spool {
		s.spread(account, joinsFailed, e.Time, e.AgentRead(), -1, nil)
	}
	return err
}

// merged counts an event that has become another.
func (s *summaries) merged(ctx context.Context, c *conn, account, typ int64, was, is *event.Event, seq int64) error {
	if err := s.unfail(ctx, c, account, was, seq); err != nil {
		return err
	}
	if err := s.add(ctx, c, account, typ, was, -1); err != nil {
		return err
	}
	return s.stored(ctx, c, account, typ, is, seq)
}

// removing takes an event out that is about to be deleted. With it goes its user
// where all of the user's events go.
func (s *summaries) removing(ctx context.Context, c *conn, seq int64, wholeUser bool) error {
	if s.spool {
		_, err := c.exec(ctx, "DELETE FROM summary_failed WHERE seq = ?", seq)
		return err
	}
	var account, typ int64
	var code int
	var doc string
	err := c.row(ctx, "SELECT account, type, code, doc FROM events WHERE seq = ?", seq).Scan(&account, &typ, &code, &doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var e event.Event
	if event.Decode([]byte(doc), s.words, &e) != nil {
		return nil // damaged from outside; it must still be possible to remove it
	}
	e.Failure.Code = code
	if err := s.unfail(ctx, c, account, &e, seq); err != nil {
		return err
	}
	s.spread(account, typ, e.Time, &e, -1, nil)
	if e.UserID == "" {
		return nil
	}
	who := userKey{account, e.UserKey()}
	s.gone[who] = true
	if !wholeUser || !e.Type.IsError() {
		return nil
	}
	id, err := s.user(ctx, c, who)
	if err == nil {
		s.spread(account, typ, e.Time, &e, 0, func(c *cell) { c.unset = append(c.unset, id) })
	}
	return err
}

// add counts an event n times, and its user if it is a failure.
func (s *summaries) add(ctx context.Context, c *conn, account, typ int64, e *event.Event, n int64) error {
	if s.spool {
		return nil
	}
	var visit func(*cell)
	if n > 0 && e.UserID != "" && e.Type.IsError() {
		id, err := s.user(ctx, c, userKey{account, e.UserKey()})
		if err != nil {
			return err
		}
		visit = func(c *cell) { c.set = append(c.set, id) }
	}
	s.spread(account, typ, e.Time, e.AgentRead(), n, visit)
	return nil
}

// spread adds n to every count an event has a part in, and shows each to visit.
func (s *summaries) spread(account, typ int64, at time.Time, e *event.Event, n int64, visit func(*cell)) {
	k := summaryKey{account: account, level: hours, at: step(hours, at), typ: typ}
	for dim, d := range summaryDims {
		value, has := d.Value(e)
		if !has || typ == joinsDone && !d.OfJoins() {
			continue
		}
		k.dim, k.value = int64(dim), value
		c := s.cells[k]
		if c == nil {
			c = &cell{}
			s.cells[k] = c
		}
		c.n += n
		if visit != nil {
			visit(c)
		}
	}
}

// user gives the number of a user.
func (s *summaries) user(ctx context.Context, c *conn, who userKey) (int64, error) {
	if id, ok := s.ids[who]; ok {
		return id, nil
	}
	id, ok, err := lookup(ctx, c, findUser, who.account, who.name)
	if err == nil && !ok {
		if _, err = c.exec(ctx, "INSERT INTO summary_users(account, name) VALUES (?, ?)", who.account, who.name); err == nil {
			id, _, err = lookup(ctx, c, findUser, who.account, who.name)
		}
	}
	if err == nil {
		s.ids[who] = id
	}
	return id, err
}

const findUser = "SELECT id FROM summary_users WHERE account = ? AND name = ?"

// write writes what a transaction has collected.
func (s *summaries) write(ctx context.Context, c *conn) error {
	days := s.days()
	for _, cells := range []map[summaryKey]*cell{s.cells, days} {
		for k, of := range cells {
			if err := of.write(ctx, c, k); err != nil {
				return err
			}
		}
	}
	for who := range s.gone {
		n, err := c.exec(ctx, `DELETE FROM summary_users WHERE account = ?1 AND name = ?2
			AND NOT EXISTS (SELECT 1 FROM counts WHERE account = ?1 AND scope = 3 AND key = ?2)`, who.account, who.name)
		if err != nil {
			return err
		}
		if n > 0 {
			delete(s.ids, who)
		}
	}
	return nil
}

// days adds the hours up.
func (s *summaries) days() map[summaryKey]*cell {
	sum := make(map[summaryKey]*cell, len(s.cells))
	for k, of := range s.cells {
		k.level, k.at = days, floor(k.at, 24)
		day := sum[k]
		if day == nil {
			day = &cell{}
			sum[k] = day
		}
		day.n += of.n
		day.set = append(day.set, of.set...)
		day.unset = append(day.unset, of.unset...)
	}
	return sum
}

func (of *cell) write(ctx context.Context, c *conn, k summaryKey) error {
	if err := changeSet(ctx, c, k, of.set, true); err != nil {
		return err
	}
	if err := changeSet(ctx, c, k, of.unset, false); err != nil {
		return err
	}
	if of.n == 0 {
		return nil
	}
	if _, err := c.exec(ctx, `INSERT INTO summary(account, dim, level, at, value, type, n) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT(account, dim, level, at, value, type) DO UPDATE SET n = n + excluded.n`, k.account, k.dim, k.level, k.at, k.value, k.typ, of.n); err != nil || of.n > 0 {
		return err
	}
	const that = " WHERE account = ? AND dim = ? AND level = ? AND at = ? AND value = ? AND type = ?"
	emptied, err := c.exec(ctx, "DELETE FROM summary"+that+" AND n <= 0", k.account, k.dim, k.level, k.at, k.value, k.typ)
	if err == nil && emptied > 0 {
		_, err = c.exec(ctx, "DELETE FROM summary_sets"+that, k.account, k.dim, k.level, k.at, k.value, k.typ)
	}
	return err
}

// chunk is how many users share a row.
const chunk = 4096

// changeSet puts users into a set or takes them out.
func changeSet(ctx context.Context, c *conn, k summaryKey, ids []int64, in bool) error {
	if len(ids) == 0 {
		return nil
	}
	byChunk := map[int64][]int64{}
	for _, id := range ids {
		byChunk[id/chunk] = append(byChunk[id/chunk], id%chunk)
	}
	const that = " WHERE account = ? AND dim = ? AND level = ? AND at = ? AND value = ? AND type = ? AND chunk = ?"
	for n, list := range byChunk {
		where := []any{k.account, k.dim, k.level, k.at, k.value, k.typ, n}
		var packed []byte
		err := c.row(ctx, "SELECT bits FROM summary_sets"+that, where...).Scan(&packed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var bits bitset
		bits.or(packed)
		changed := false
		for _, id := range list {
			changed = bits.put(id, in) || changed
		}
		if !changed {
			continue
		}
		if now := bits.pack(); now == nil {
			_, err = c.exec(ctx, "DELETE FROM summary_sets"+that, where...)
		} else {
			_, err = c.exec(ctx, "INSERT OR REPLACE INTO summary_sets(account, dim, level, at, value, type, chunk, bits) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", append(where, now)...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bitset is a chunk of users.
type bitset [chunk / 8]byte

// put adds a user or takes it out, and tells whether that changed anything.
func (b *bitset) put(id int64, in bool) bool {
	i, bit := id/8, byte(1)<<(id%8)
	if b[i]&bit != 0 == in {
		return false
	}
	b[i] ^= bit
	return true
}

// or adds the users of a packed set.
func (b *bitset) or(packed []byte) {
	if len(packed) < 2 {
		return
	}
	at := int(binary.BigEndian.Uint16(packed))
	if at == listed {
		for packed = packed[2:]; len(packed) >= 2; packed = packed[2:] {
			if n := binary.BigEndian.Uint16(packed); n < chunk {
				b[n/8] |= 1 << (n % 8)
			}
		}
		return
	}
	for i, v := range packed[2:] {
		if at+i < len(b) {
			b[at+i] |= v
		}
	}
}

// listed stands in place of the first byte's number in a set that has few users,
// which follow one by one, 2 bytes each.
const listed = 0xffff

// pack leaves out the empty ends, or lists the users where that is shorter; nil
// is the empty set.
func (b *bitset) pack() []byte {
	first, last := 0, len(b)
	for first < last && b[first] == 0 {
		first++
	}
	for last > first && b[last-1] == 0 {
		last--
	}
	if first == last {
		return nil
	}
	if n := b.size(); 2*n < last-first {
		out := binary.BigEndian.AppendUint16(make([]byte, 0, 2+2*n), listed)
		b.each(false, func(id int64) { out = binary.BigEndian.AppendUint16(out, uint16(id)) })
		return out
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(first)), b[first:last]...)
}
