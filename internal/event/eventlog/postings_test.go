// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/event/postings"
)

// runsOfFew opens a log whose runs are of few events.
func runsOfFew(t testing.TB, dir string, every int) *Log {
	t.Helper()
	l, err := Open(t.Context(), dir, Config{RunEvery: every})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// crowd makes events of many people in few rooms.
func crowd(r *rand.Rand, n int) []event.Event {
	list := make([]event.Event, n)
	for i := range list {
		e := eventtest.Sample(i)
		if r.IntN(3) == 0 {
			e = eventtest.SampleTrack(i)
		}
		e.Time = time.Now().UTC()
		e.AccountID = fmt.Sprintf("account-%d", r.IntN(2))
		e.RoomID = fmt.Sprintf("room-%d", r.IntN(1+r.IntN(30)))
		e.SessionID = uuid.NewSHA1(uuid.NameSpaceURL, []byte(fmt.Sprint(r.IntN(20)))).String()
		e.PeerID = fmt.Sprintf("peer-%d", r.IntN(60))
		e.UserID = ""
		if r.IntN(4) > 0 {
			e.UserID = fmt.Sprintf("user-%d", r.IntN(30))
		}
		list[i] = e
	}
	return list
}

// listed is what the rows of events say of each id.
func listed(t testing.TB, c *Conn) map[ID][]postings.Posting {
	t.Helper()
	all := map[ID][]postings.Posting{}
	err := c.Each(context.Background(), "SELECT seq, account, type, "+nameOf("room")+", "+nameOf("session")+", "+nameOf("peer")+", "+nameOf("user")+" FROM events ORDER BY seq", func(row Scanner) error {
		var p postings.Posting
		var account int64
		var ids [4]idText
		if err := row.Scan(&p.Seq, &account, &p.Type, &ids[0], &ids[1], &ids[2], &ids[3]); err != nil {
			return err
		}
		for i, id := range ids {
			if id != "" {
				k := ID{idColumns[i], account, string(id)}
				all[k] = append(all[k], p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sameLists compares what a connection finds of each id with what the rows say; known are ids that once were.
func sameLists(t testing.TB, c *Conn, r *rand.Rand, known map[ID]bool) {
	t.Helper()
	ctx := context.Background()
	want := listed(t, c)
	for id := range want {
		known[id] = true
	}
	for id := range known {
		all := want[id]
		in := Between{Upto: maxSeq, Desc: r.IntN(2) == 0}
		if n := len(all); n > 0 && r.IntN(2) == 0 {
			in.Above, in.Upto = all[r.IntN(n)].Seq-int64(r.IntN(2)), all[r.IntN(n)].Seq+int64(r.IntN(2))
		}
		wanted := slices.DeleteFunc(slices.Clone(all), func(p postings.Posting) bool { return p.Seq <= in.Above || p.Seq > in.Upto })
		if in.Desc {
			slices.Reverse(wanted)
		}
		most := math.MaxInt
		if r.IntN(3) == 0 {
			most = 1 + r.IntN(5)
			wanted = wanted[:min(most, len(wanted))]
		}
		counts := postings.Counts{}
		for _, p := range all {
			counts[p.Type]++
		}
		counted := func() {
			got, err := c.Counts(ctx, id)
			maps.DeleteFunc(got, func(_, n int64) bool { return n == 0 })
			if err != nil || !maps.Equal(postings.Counts(got), counts) {
				t.Fatalf("%+v: counts %v, want %v (%v)", id, got, counts, err)
			}
		}
		first := r.IntN(2) == 0
		if first {
			counted()
		}
		var got []postings.Posting
		err := c.Postings(ctx, id, in, func(seq, typ int64) bool {
			got = append(got, postings.Posting{Seq: seq, Type: typ})
			return len(got) < most
		})
		if err != nil || !slices.Equal(got, wanted) {
			t.Fatalf("%+v in %+v, the first %d, counted before %v:\n%v, want\n%v (%v)", id, in, most, first, got, wanted, err)
		}
		if !first {
			counted()
		}
		if has, err := c.Has(ctx, id); err != nil || has != (len(all) > 0) {
			t.Fatalf("%+v: has %v, want %v (%v)", id, has, len(all) > 0, err)
		}
	}
}

// sameLeft compares which of all references the writer finds that events have with what the
// rows say.
func sameLeft(t testing.TB, c *Conn) {
	t.Helper()
	if c.tail == nil { // the file has ordered indexes
		return
	}
	var refs, want []int64
	if err := c.Each(context.Background(), "SELECT ref, ref IN (SELECT room FROM events UNION ALL SELECT session FROM events UNION ALL SELECT peer FROM events UNION ALL SELECT user FROM events) FROM names", func(row Scanner) error {
		var ref []byte
		var has bool
		err := row.Scan(&ref, &has)
		refs = append(refs, refNumber(ref))
		if has {
			want = append(want, refNumber(ref))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	refs = append(refs, 1<<40) // nobody's
	found, err := c.had(context.Background(), refs)
	var got []int64
	for ref, has := range found {
		if has {
			got = append(got, ref)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("events have the references %v, want %v (%v)", got, want, err)
	}
}

// everyList is sameLists of a reader, and of the writer in a transaction.
func everyList(t testing.TB, l *Log, r *rand.Rand, known map[ID]bool) {
	t.Helper()
	if err := l.Read(t.Context(), func(c *Conn) error {
		sameLists(t, c, r, known)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.Change(t.Context(), func(_ context.Context, tx Tx) error {
		sameLists(t, tx.Conn, r, known)
		sameLeft(t, tx.Conn)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// Whatever happens to events, in whatever order and however far runs have been put together,
// those of a room, session, peer and user are found: all of them, none that has gone, in
// their order, and counted right.
func TestPostingsAreThoseOfTheRows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			dir := t.TempDir()
			every := 1 + r.IntN(40)
			l := runsOfFew(t, dir, every)
			known := map[ID]bool{}
			for range 40 {
				l.mu.Lock() // one reference in a transaction, so that much happens while runs are put together
				l.runs.mergeFor = time.Duration(r.IntN(2)) * mergeFor
				l.mu.Unlock()
				switch r.IntN(12) {
				case 0, 1, 2, 3, 4:
					if _, err := l.Append(t.Context(), crowd(r, 1+r.IntN(120))); err != nil {
						t.Fatal(err)
					}
				case 5, 6: // events become others, as by a second account of them
					changeSome(t, l, r)
				case 7: // a transaction that fails
					if err := failing(t.Context(), l, r); err != nil {
						t.Fatal(err)
					}
				case 8:
					if _, err := l.Remove(t.Context(), event.Removal{AccountID: "account-1", UserID: fmt.Sprintf("user-%d", r.IntN(30))}); err != nil {
						t.Fatal(err)
					}
				case 9:
					if _, err := l.Remove(t.Context(), event.Removal{AccountID: fmt.Sprintf("account-%d", r.IntN(2)), Oldest: true}); err != nil && r.IntN(2) == 0 {
						t.Fatal(err)
					}
				case 10:
					for range r.IntN(200) {
						if _, err := mergeSome(t.Context(), l); err != nil {
							t.Fatal(err)
						}
					}
				default:
					_ = l.Close()
					l = runsOfFew(t, dir, every)
				}
				everyList(t, l, r, known)
			}
			for n := 1; n > 0; {
				var err error
				if n, err = l.Remove(t.Context(), event.Removal{Before: time.Now().Add(time.Hour)}); err != nil {
					t.Fatal(err)
				}
			}
			everyList(t, l, r, known)
			for more := true; more; {
				var err error
				if more, err = mergeSome(t.Context(), l); err != nil {
					t.Fatal(err)
				}
			}
			for _, table := range []string{"runs", "postings", "postings_changed", "names"} {
				if n := number(t, l, "SELECT count(*) FROM "+table); n != 0 {
					t.Errorf("%d rows of %s are left of nothing", n, table)
				}
			}
		})
	}
}

// changeSome gives some events other ids.
func changeSome(t *testing.T, l *Log, r *rand.Rand) {
	t.Helper()
	err := l.Change(t.Context(), func(ctx context.Context, tx Tx) error {
		for range 1 + r.IntN(20) {
			rows, err := tx.RowsBelow(ctx, 1+r.Int64N(tx.Last()+1), 1)
			if err != nil {
				return err
			}
			for _, was := range rows {
				is := *was.Event
				is.RoomID = fmt.Sprintf("room-%d", r.IntN(30))
				if r.IntN(2) == 0 {
					is.UserID = fmt.Sprintf("user-%d", r.IntN(70))
				}
				if r.IntN(4) == 0 {
					is.SessionID = ""
				}
				if err := l.rewrite(ctx, was, &is); err != nil {
					return err
				}
				if err := l.changed(ctx, &l.was, &l.row); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func number(t testing.TB, l *Log, query string, args ...any) (n int64) {
	t.Helper()
	if err := l.Read(t.Context(), func(c *Conn) error { return c.Row(t.Context(), query, args...).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// Few runs are left of many, however many events there are.
func TestRunsArePutTogether(t *testing.T) {
	t.Parallel()
	l := runsOfFew(t, t.TempDir(), 2)
	r := rand.New(rand.NewPCG(3, 3))
	for range 40 {
		if _, err := l.Append(t.Context(), crowd(r, 50)); err != nil {
			t.Fatal(err)
		}
	}
	for more := true; more; {
		var err error
		if more, err = mergeSome(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if n, most := number(t, l, "SELECT count(*) FROM runs"), int64(maxLevel*(runsTogether-1)+2000/50); n > most {
		t.Errorf("%d runs, want at most %d", n, most)
	}
	if n := number(t, l, "SELECT count(*) FROM (SELECT DISTINCT run FROM postings EXCEPT SELECT run FROM runs)"); n != 0 {
		t.Errorf("%d runs are none any more and take room", n)
	}
	everyList(t, l, r, map[ID]bool{})
}

// A file of before there were runs has ordered indexes and counts, and serves with them
// until it has runs: also when more is stored and removed meanwhile, and the server is
// stopped on the way.
func TestPostingsOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 5))
	dir := t.TempDir()
	l := runsOfFew(t, dir, 1_000_000)
	if _, err := l.Append(t.Context(), crowd(r, 1500)); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	asBefore(t, l.path)
	known := map[ID]bool{}
	for round := 0; ; round++ {
		l = runsOfFew(t, dir, 100)
		everyList(t, l, r, known)
		if _, err := l.Append(t.Context(), crowd(r, 20)); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Remove(t.Context(), event.Removal{AccountID: "account-1", UserID: fmt.Sprintf("user-%d", r.IntN(30))}); err != nil {
			t.Fatal(err)
		}
		changeSome(t, l, r)
		everyList(t, l, r, known)
		if round > 3 {
			break
		}
		_ = l.Close()
	}
	const done = "SELECT (SELECT count(*) FROM meta WHERE key = 'indexed') + (SELECT count(*) FROM counts WHERE scope > 0) + (SELECT count(*) FROM sqlite_master WHERE name IN ('events_room', 'events_session', 'events_peer', 'events_user'))"
	for deadline := time.Now().Add(time.Minute); number(t, l, done) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the indexes are still there")
		}
		everyList(t, l, r, known)
	}
	everyList(t, l, r, known)
}

// asBefore makes a file as the version before had it. Nobody has it open, who would take the
// indexes for some that are left over.
func asBefore(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := newConn(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if _, err := c.ExecContext(t.Context(), `DROP TABLE runs; DROP TABLE postings; DROP TABLE postings_changed;
		CREATE INDEX events_room    ON events(account, room, type)    WHERE room IS NOT NULL;
		CREATE INDEX events_session ON events(account, session, type) WHERE session IS NOT NULL;
		CREATE INDEX events_user    ON events(account, user, type)    WHERE user IS NOT NULL;
		CREATE INDEX events_peer    ON events(peer)                   WHERE peer IS NOT NULL;
		DELETE FROM meta WHERE key IN ('postings', 'runs'); PRAGMA user_version = 6`); err != nil {
		t.Fatal(err)
	}
	tally := Tally{}
	for id, list := range listed(t, c) {
		if scope, kept := scopes[id.Column]; kept {
			for _, p := range list {
				tally[Count{id.Account, scope, p.Type, id.Value}]++
			}
		}
	}
	if err := tally.Write(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// A file whose blocks lie among their keys becomes one in which they do not, with the same
// lists.
func TestBlocksAmongTheirKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := runsOfFew(t, dir, 10)
	r := rand.New(rand.NewPCG(1, 12))
	for range 40 {
		if _, err := l.Append(t.Context(), crowd(r, 30)); err != nil {
			t.Fatal(err)
		}
	}
	lists := func(l *Log) (all map[ID][]postings.Posting) {
		if err := l.Read(t.Context(), func(c *Conn) error { all = listed(t, c); return nil }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	want := lists(l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `ALTER TABLE postings RENAME TO kept;
		CREATE TABLE postings (run INTEGER NOT NULL, ref INTEGER NOT NULL, first INTEGER NOT NULL, block BLOB NOT NULL, PRIMARY KEY (run, ref, first)) WITHOUT ROWID;
		INSERT INTO postings SELECT run, ref, first, block FROM kept; DROP TABLE kept`); err != nil {
		t.Fatal(err)
	}
	if u := Upgrade(t.Context(), filepath.Join(dir, File)); u.Err != nil || len(u.Steps) != 1 || !strings.Contains(u.Steps[0], "lists") {
		t.Errorf("what would be done: %+v", u)
	}
	for range 2 { // the second time there is nothing to do
		l = runsOfFew(t, dir, 10)
		if got := lists(l); !reflect.DeepEqual(got, want) || len(want) < 20 {
			t.Errorf("%d lists, which are not the %d of before", len(got), len(want))
		}
		if n := number(t, l, "SELECT wr FROM pragma_table_list('postings')"); n != 0 {
			t.Error("blocks lie among their keys")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := Check(t.Context(), filepath.Join(dir, File)); err != nil {
			t.Error(err)
		}
	}
}

// A damaged list is told as damage of the store, by who asks for it and by Check.
func TestADamagedList(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := runsOfFew(t, dir, 10)
	r := rand.New(rand.NewPCG(1, 9))
	if _, err := l.Append(t.Context(), crowd(r, 30)); err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), filepath.Join(dir, File)); err != nil {
		t.Fatal(err)
	}
	if err := l.Change(t.Context(), func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, "UPDATE postings SET block = substr(block, 1, 5) || x'ffffffffffffffffffffff'")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	err := l.Read(t.Context(), func(c *Conn) error {
		for id := range listed(t, c) {
			if _, err := c.Counts(t.Context(), id); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, fault.StoreDamaged) {
		t.Errorf("asked for: %v", err)
	}
	if err := Check(t.Context(), filepath.Join(dir, File)); !errors.Is(err, fault.StoreDamaged) {
		t.Errorf("checked: %v", err)
	}
}

// What is erased of somebody with very many events takes no longer at the end than at the
// beginning: what has gone is not gone through again each time.
func TestErasingGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	l := runsOfFew(t, t.TempDir(), 100)
	var events []event.Event
	for i := range 5 * DeletionBatch {
		e := eventtest.Sample(i)
		e.UserID = "ann"
		events = append(events, e)
	}
	if _, err := l.Append(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	ann := event.Removal{AccountID: "acme", UserID: "ann"}
	left, rounds := len(events), 0
	for {
		n, err := l.Remove(t.Context(), ann)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		left, rounds = left-n, rounds+1
		if first := number(t, l, "SELECT coalesce(min(seq), 0) FROM events"); first > 0 && first-l.erasing.above > 2*DeletionBatch {
			t.Errorf("%d are left, the first at %d, and it goes on after %d", left, first, l.erasing.above)
		}
	}
	if left != 0 || rounds < 5 {
		t.Errorf("%d are left after %d rounds", left, rounds)
	}
	// One that was stored, or has become hers, before that place is found all the same.
	if _, err := l.Append(t.Context(), []event.Event{eventtest.Sample(9)}); err != nil {
		t.Fatal(err)
	}
	l.erasing = erasing{id: ID{"user", 1, ann.UserKey()}, above: maxSeq - 1}
	for i := range events[:3] {
		events[i].ID = uuid.NewString()
	}
	if _, err := l.Append(t.Context(), events[:3]); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Remove(t.Context(), ann); n != 3 || err != nil {
		t.Errorf("%d are removed, want 3 (%v)", n, err)
	}
}

// Runs are put together in short transactions, and in longer ones while many wait.
func TestMergingTakesLongerTurnsWhileMuchWaits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ level, n, want int }{
		{0, 0, 1}, {0, 7, 1}, {0, 15, 1}, {0, 16, 2}, {1, 35, 4}, {0, 80, 10}, {0, 8_000, 10}, {maxLevel, 800, 1},
	} {
		r := runs{mergeFor: mergeFor}
		for range c.n {
			r.list = append(r.list, run{level: int64(c.level)})
		}
		if got := r.slice(); got != time.Duration(c.want)*mergeFor {
			t.Errorf("%d runs of level %d: %v, want %d times %v", c.n, c.level, got, c.want, mergeFor)
		}
		r.took = 3 * time.Second // for very many events
		want := time.Second
		if c.want == 1 {
			want = mergeFor
		}
		if got := r.slice(); got != want {
			t.Errorf("%d runs of level %d, after a transaction of %v: %v, want %v", c.n, c.level, r.took, got, want)
		}
	}
}

// Of an id that more is left of than goes the name stays, also where all of it is in one run.
func TestANameStaysForAsLongAsItsEvents(t *testing.T) {
	t.Parallel()
	l := runsOfFew(t, t.TempDir(), 50)
	began := time.Now().Add(-24 * time.Hour)
	var events []event.Event
	for i := range 60 {
		e := eventtest.Sample(i)
		e.Time, e.UserID = began.Add(time.Duration(i)*time.Minute), "ann"
		events = append(events, e)
	}
	if _, err := l.Append(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{30, 10, 0} {
		if _, err := l.Remove(t.Context(), event.Removal{Before: began.Add(time.Duration(60-left) * time.Minute)}); err != nil {
			t.Fatal(err)
		}
		if n := number(t, l, "SELECT count(*) FROM names WHERE kind = 4"); n != int64(min(left, 1)) {
			t.Errorf("%d events are left and %d names of users", left, n)
		}
	}
}
