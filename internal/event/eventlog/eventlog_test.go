// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/docpack"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// mirror is a Derived that keeps every row, as it is told of them.
type mirror struct {
	rows  map[int64]string
	loads int         // how often Load was called
	fail  atomic.Bool // the next transaction that stores an event is to fail
	fresh bool        // this one does
}

// brief is a row as text, its document included.
func brief(r *Row) string {
	e, first := r.Event, r.FirstOfPeer
	r.Event, r.FirstOfPeer = nil, false // which is known just then
	text := fmt.Sprintf("%+v", *r)
	if r.Event, r.FirstOfPeer = e, first; e != nil {
		text += string(eventjson.AppendStored(nil, e, nil))
	}
	return text
}

func (m *mirror) Prepare(ctx context.Context, tx Tx, upto int64) error {
	m.rows = map[int64]string{}
	_, _, err := tx.Rebuild(ctx, m, upto)
	return err
}

func (m *mirror) Load(ctx context.Context, c *Conn) error {
	m.loads++
	m.rows = map[int64]string{}
	rows, err := RowsAbove(ctx, c, nil, 0)
	for i := range rows {
		m.rows[rows[i].Seq] = brief(&rows[i])
	}
	return err
}

func (m *mirror) Stored(_ context.Context, _ *Conn, row *Row) error {
	if m.rows[row.Seq] != "" {
		return fmt.Errorf("%d is stored twice", row.Seq)
	}
	m.fresh = true
	row.Event.Seq = row.Seq // as it is when it is read
	m.rows[row.Seq] = brief(row)
	return nil
}

func (m *mirror) Changed(_ context.Context, _ *Conn, was, is *Row) error {
	if got := brief(was); got != m.rows[was.Seq] || was.Seq != is.Seq {
		return fmt.Errorf("what has changed was\n%s\nand is told as\n%s", m.rows[was.Seq], got)
	}
	m.rows[is.Seq] = brief(is)
	return nil
}

func (m *mirror) Removed(_ context.Context, _ *Conn, row *Row, _ *event.Removal) error {
	if m.rows[row.Seq] == "" {
		return fmt.Errorf("%d is removed and was not there", row.Seq)
	}
	delete(m.rows, row.Seq)
	return nil
}

func (m *mirror) Erased(context.Context, *Conn, *event.Removal, []int64) error { return nil }

func (m *mirror) Expired(ctx context.Context, c *Conn, before time.Time, accounts []int64) error {
	for _, account := range accounts {
		_, found, err := c.Lookup(ctx, "SELECT seq FROM events WHERE account = ? AND time < ? LIMIT 1", account, before.UnixNano())
		if err != nil || found {
			return fmt.Errorf("expired, and something is left: %w", err)
		}
	}
	return nil
}

func (m *mirror) Flush(context.Context, *Conn) error {
	fresh := m.fresh
	if m.fresh = false; fresh && m.fail.Swap(false) { // and not one of the background
		return errors.New("no")
	}
	return nil
}

func openWith(t testing.TB, dir string, derived ...Derived) *Log {
	t.Helper()
	l, err := Open(t.Context(), dir, Config{Derived: derived})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// blocks is how many blocks of documents a log has.
func blocks(t *testing.T, l *Log) (n int64) {
	t.Helper()
	if err := l.Read(t.Context(), func(c *Conn) error {
		return c.Row(t.Context(), "SELECT count(*) FROM doc_blocks").Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// What is derived hears of all that happens to events, and of nothing that did
// not: its own account of the rows is always that of the file.
func TestDerivedFollowsTheFile(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	dir := t.TempDir()
	m := &mirror{}
	l := openWith(t, dir, m)
	now := time.Now().Add(-time.Hour)
	n, merged, failed, removed, sealed := 0, 0, 0, 0, 0
	next := func() event.Event {
		n++
		now = now.Add(time.Second)
		e := eventtest.Sample(n)
		e.ID, e.Key, e.Time, e.ClientTime, e.Source = event.KeyID(fmt.Sprint("log-", n), now), "", now.UTC().Truncate(time.Millisecond), time.Time{}, event.FromClient
		e.AccountID, e.UserID, e.PeerID = fmt.Sprint("account-", n%2), fmt.Sprint("user-", rng.IntN(9)), fmt.Sprint("peer-", n)
		return e
	}
	check := func(after string) {
		t.Helper()
		var want mirror
		if err := l.Read(t.Context(), func(c *Conn) error { return want.Load(t.Context(), c) }); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(m.rows, want.rows) {
			for seq, row := range want.rows {
				if m.rows[seq] != row {
					t.Fatalf("after %s the file has\n%s\nand what was told is\n%s", after, row, m.rows[seq])
				}
			}
			t.Fatalf("after %s there are %d rows, and %d were told of", after, len(want.rows), len(m.rows))
		}
	}
	add := func(events ...event.Event) {
		t.Helper()
		out, err := l.Append(t.Context(), events)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			if o.State == event.Merged {
				merged++
			}
		}
	}
	for range 150 {
		switch rng.IntN(10) {
		case 0, 1, 2:
			e := next()
			add(e, next(), e) // the last is known
			check("appending")
		case 3:
			e := next()
			seen := e
			seen.ID, seen.Source, seen.Time = event.KeyID(fmt.Sprint("seen-", n), now), event.FromServer, e.Time.Add(time.Second)
			if add(e); rng.IntN(2) == 0 {
				add(next())
			}
			add(seen)
			check("joining")
		case 4:
			before, loads := len(m.rows), m.loads
			m.fail.Store(true)
			if _, err := l.Append(t.Context(), []event.Event{next(), next()}); !errors.Is(err, fault.StoreUnavailable) {
				t.Fatalf("an index that fails: %v", err)
			}
			if failed++; m.loads != loads+1 || len(m.rows) != before {
				t.Fatal("what was not committed is remembered")
			}
			check("a failure")
		case 5:
			r := event.Removal{AccountID: "account-1", UserID: fmt.Sprint("user-", rng.IntN(9))}
			if rng.IntN(2) == 0 {
				r = event.Removal{Before: now.Add(-time.Minute), Except: []string{"account-0"}[:rng.IntN(2)]}
			}
			for left := 1; left > 0; removed += left {
				var err error
				if left, err = l.Remove(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			check("removing")
		case 6:
			e := next()
			e.Seq = l.last + 1 + rng.Int64N(3)
			if _, err := l.Copy(t.Context(), []Record{{Event: e, Also: []string{event.KeyID(fmt.Sprint("also-", n), now)}}}); err != nil {
				t.Fatal(err)
			}
			check("copying")
		case 8:
			var many []event.Event
			for range 10 + rng.IntN(80) {
				many = append(many, next())
			}
			add(many...)
			check("appending many")
		case 9:
			for range rng.IntN(docpack.BlockDocs) {
				add(next())
			}
			before := blocks(t, l)
			for more := true; more; {
				var err error
				if more, err = l.Seal(t.Context(), now.Add(time.Hour), 0); err != nil {
					t.Fatal(err)
				}
			}
			if blocks(t, l) > before {
				sealed++
			}
			check("sealing")
		case 7:
			list, err := l.Records(t.Context(), l.EvictedUpTo(), maxSeq, 3)
			if err != nil || len(list) == 0 {
				continue
			}
			if err := l.Change(t.Context(), func(ctx context.Context, tx Tx) error {
				for i := range list {
					if err := tx.Evict(ctx, &list[i]); err != nil {
						return err
					}
				}
				return tx.Evicted(ctx, list[len(list)-1].Seq)
			}); err != nil {
				t.Fatal(err)
			}
			check("evicting")
		}
	}
	if merged < 5 || failed < 5 || removed < 5 || sealed < 2 {
		t.Errorf("only %d joined, %d failed, %d removed, %d times blocks were sealed", merged, failed, removed, sealed)
	}
	kept := m.rows
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	m = &mirror{}
	l = openWith(t, dir, m)
	check("opening")
	if !maps.Equal(m.rows, kept) {
		t.Error("after opening again it is another account")
	}
}

// However many blocks lie between documents that lie by themselves, as after an update,
// few are read at a time, and each document is where it was.
func TestSealingReadsFewBlocks(t *testing.T) {
	l := openWith(t, t.TempDir())
	n := 0
	add := func(count int) {
		t.Helper()
		var batch []event.Event
		for range count {
			n++
			e := eventtest.Sample(n)
			e.ID, e.Key, e.PeerID, e.Time = event.KeyID(fmt.Sprint("few-", n), time.Now()), "", fmt.Sprint("peer-", n), time.Now().UTC()
			batch = append(batch, e)
		}
		if _, err := l.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	for range sealBlocks + 10 {
		add(blockFrom)
	}
	list, err := l.Records(t.Context(), 0, maxSeq, n)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Amend(t.Context(), []event.Amendment{{ID: list[0].ID, Field: "later", Value: []byte(`"first"`)}, {ID: list[n-5].ID, Field: "later", Value: []byte(`"last"`)}}); err != nil {
		t.Fatal(err)
	}
	for range 1 + docpack.BlockDocs/(blockFrom-1) { // enough for a block
		add(blockFrom - 1)
	}
	read := func() (text string) {
		t.Helper()
		list, err := l.Records(t.Context(), 0, maxSeq, n)
		if err != nil || len(list) != n {
			t.Fatal(len(list), err)
		}
		for i := range list {
			text += string(eventjson.AppendStored(nil, &list[i].Event, nil))
		}
		return text
	}
	want := read()
	for pass := range 10 {
		if _, err := l.Seal(t.Context(), time.Now().Add(time.Hour), 0); err != nil {
			t.Fatal(err)
		}
		var upto, left int64
		if err := l.Read(t.Context(), func(c *Conn) (err error) {
			if upto, _, err = c.Meta(t.Context(), sealedTo); err != nil {
				return err
			}
			return c.Row(t.Context(), "SELECT count(*) FROM docs").Scan(&left)
		}); err != nil {
			t.Fatal(err)
		}
		if pass == 0 && (upto == 0 || upto > sealBlocks*blockFrom) {
			t.Fatalf("the first time went up to %d", upto)
		}
		if read() != want {
			t.Fatalf("sealed up to %d, other documents are read", upto)
		}
		if left == 0 {
			return
		}
	}
	t.Error("documents are left that lie by themselves")
}

// BenchmarkAppendWhileSealing is how long an event that comes alone is waited for at most
// while 2,560 documents are sealed.
func BenchmarkAppendWhileSealing(b *testing.B) {
	l := openWith(b, b.TempDir())
	n := 0
	next := func() []event.Event {
		n++
		e := eventtest.Sample(n)
		e.ID, e.Key, e.PeerID, e.Time = event.KeyID(fmt.Sprint("alone-", n), time.Now()), "", fmt.Sprint("peer-", n), time.Now().UTC()
		return []event.Event{e}
	}
	var longest time.Duration
	for range b.N {
		for range sealBatch / (blockFrom - 1) {
			var few []event.Event
			for range blockFrom - 1 {
				few = append(few, next()...)
			}
			if _, err := l.Append(b.Context(), few); err != nil {
				b.Fatal(err)
			}
		}
		done := make(chan error, 1)
		go func() {
			_, err := l.Seal(b.Context(), time.Now().Add(time.Hour), 0)
			done <- err
		}()
		for sealing := true; sealing; {
			select {
			case err := <-done:
				if sealing = false; err != nil {
					b.Fatal(err)
				}
			default:
				began := time.Now()
				if _, err := l.Append(b.Context(), next()); err != nil {
					b.Fatal(err)
				}
				longest = max(longest, time.Since(began))
			}
		}
	}
	b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms")
}

// A document that was damaged from outside fails nobody's report: what would have
// been joined to it stands by itself.
func TestADamagedHalfFailsNoAppend(t *testing.T) {
	l := openWith(t, t.TempDir())
	told := eventtest.Sample(0)
	told.Source, told.PeerID, told.Time = event.FromClient, "p", time.Now()
	seen := told
	seen.ID, seen.Source = event.KeyID("seen", told.Time), event.FromServer
	take := func(e event.Event) event.Outcome {
		t.Helper()
		out, err := l.Append(t.Context(), []event.Event{e})
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	take(told)
	if err := l.Change(t.Context(), func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, "UPDATE docs SET doc = '{'")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if out := take(seen); out.State != event.Stored || out.Seq != 2 {
		t.Errorf("%+v", out)
	}
	if n, err := l.Remove(t.Context(), event.Removal{Before: told.Time.Add(time.Hour)}); err != nil || n != 2 {
		t.Errorf("%d removed, %v", n, err)
	}
}

// firsts has which events were the first of their peers.
type firsts struct {
	Base
	list []string
}

func (f *firsts) Stored(_ context.Context, _ *Conn, row *Row) error {
	if row.FirstOfPeer {
		f.list = append(f.list, row.Event.UserName)
	}
	return nil
}

// Whoever counts what a peer has had once need not look for it where nothing has its peer,
// also where what had it has gone.
func TestTheFirstEventOfAPeerIsKnown(t *testing.T) {
	f := &firsts{}
	dir := t.TempDir()
	l := openWith(t, dir, f)
	add := func(events ...event.Event) {
		t.Helper()
		if _, err := l.Append(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	of := func(name, account, peer string) event.Event {
		return event.Event{
			ID: uuid.NewString(), Time: time.Now(), Type: event.JoinFailed, Source: event.FromServer,
			Subject: event.Subject{AccountID: account, UserName: name, PeerID: peer, UserID: "user of " + peer, UserProof: event.ProofToken},
		}
	}
	again := of("one", "a", "p")
	add(again, of("two", "a", "p"), of("three", "a", "q"), of("four", "b", "p"), of("none", "a", ""))
	add(again, of("five", "a", "p"), of("six", "a", "r"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openWith(t, dir, f)
	add(of("seven", "a", "r"), of("eight", "a", "s"))
	if _, err := l.Remove(t.Context(), event.Removal{AccountID: "a", UserID: "user of q"}); err != nil {
		t.Fatal(err)
	}
	add(of("nine", "a", "q"))
	if want := []string{"one", "three", "four", "six", "eight", "nine"}; !slices.Equal(f.list, want) {
		t.Errorf("%q, want %q", f.list, want)
	}
}
