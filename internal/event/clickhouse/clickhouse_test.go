// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

const script = "../../../scripts/clickhouse.sh"

// server is the real ClickHouse that most tests share, each with a database of
// its own.
var server struct {
	once     sync.Once
	dir, url string
	err      error
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir, os.Getenv(writerURL)))
		os.Exit(1)
	}
	code := m.Run()
	if server.dir != "" {
		_, _ = run("kill", server.dir)
		_ = os.RemoveAll(server.dir)
	}
	os.Exit(code)
}

func run(args ...string) (string, error) {
	c := exec.Command(script, args...)
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", script, strings.Join(args, " "), err, said.String())
	}
	return strings.TrimSpace(string(out)), err
}

// start starts a server in a directory. Where the tests must be complete it
// installs it first and fails when it cannot; elsewhere it says why it skips.
func start(t testing.TB, dir string) string {
	t.Helper()
	ci := os.Getenv("CI") != ""
	if ci {
		if _, err := run("install"); err != nil {
			t.Fatal(err)
		}
	}
	url, err := run("start", dir)
	if err != nil && !ci && strings.Contains(err.Error(), "clickhouse.sh install") {
		t.Skip("no ClickHouse here, so the store behind it is not tested: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func shared(t testing.TB) string {
	t.Helper()
	server.once.Do(func() {
		if server.dir, server.err = os.MkdirTemp("", "redial-clickhouse-"); server.err == nil {
			server.url = start(t, server.dir)
		}
	})
	if server.url == "" {
		t.Fatal("ClickHouse was not started: ", server.err)
	}
	return server.url
}

// database is a name of its own for a data directory.
func database(dir string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(dir))
	return fmt.Sprintf("events_%x", h.Sum64())
}

func openAt(t testing.TB, url, dir string, change func(*Config)) *Store {
	t.Helper()
	cfg := Config{URL: url, Database: database(dir)}
	if change != nil {
		change(&cfg)
	}
	s, err := Open(t.Context(), dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// shipping is a store whose events are all in ClickHouse whenever it is read.
type shipping struct {
	*Store
	looked *atomic.Bool // by Summarize, since events came or went
}

func (s shipping) Query(ctx context.Context, q event.Query) (event.Page, error) {
	if err := s.Flush(ctx); err != nil {
		return event.Page{}, err
	}
	return s.Store.Query(ctx, q)
}

func (s shipping) Get(ctx context.Context, id string) (event.Event, error) {
	if err := s.Flush(ctx); err != nil {
		return event.Event{}, err
	}
	return s.Store.Get(ctx, id)
}

func (s shipping) Remove(ctx context.Context, r event.Removal) (int, error) {
	defer s.looked.Store(false)
	if err := s.Flush(ctx); err != nil {
		return 0, err
	}
	return s.Store.Remove(ctx, r)
}

// Summarize asks ClickHouse alone, and leaves the rows in the spool for accounts
// that may yet join them.
func (s shipping) Summarize(ctx context.Context, q event.SummaryQuery) (event.Summary, error) {
	if s.looked.CompareAndSwap(false, true) {
		s.ship.mu.Lock()
		s.ship.shipped = s.evicted // what was joined since is looked at again
		s.ship.mu.Unlock()
		if err := s.step(ctx, 0, time.Hour); err != nil {
			return event.Summary{}, err
		}
	}
	return s.Store.Summarize(ctx, q)
}

func (s shipping) Append(ctx context.Context, events []event.Event) ([]event.Outcome, error) {
	defer s.looked.Store(false)
	return s.Store.Append(ctx, events)
}

// TestBehaviours: a store behaves the same wherever its events are.
func TestBehaviours(t *testing.T) {
	t.Parallel()
	url := shared(t)
	t.Run("in the spool", func(t *testing.T) {
		t.Parallel()
		eventtest.Run(t, func(t testing.TB, dir string) event.Store { return openAt(t, url, dir, nil) })
	})
	t.Run("in ClickHouse", func(t *testing.T) {
		t.Parallel()
		eventtest.Run(t, func(t testing.TB, dir string) event.Store {
			return shipping{openAt(t, url, dir, nil), new(atomic.Bool)}
		})
	})
	t.Run("in both, beside another server", func(t *testing.T) {
		t.Parallel()
		eventtest.Run(t, func(t testing.TB, dir string) event.Store {
			return half{besideAnother(t, url, dir)}
		})
	})
}

// half is a store whose older half has been shipped and evicted whenever it is read.
type half struct{ *Store }

func (s half) Query(ctx context.Context, q event.Query) (event.Page, error) {
	if err := s.shipHalf(ctx); err != nil {
		return event.Page{}, err
	}
	return s.Store.Query(ctx, q)
}

func (s half) Summarize(ctx context.Context, q event.SummaryQuery) (event.Summary, error) {
	if err := s.shipHalf(ctx); err != nil {
		return event.Summary{}, err
	}
	return s.Store.Summarize(ctx, q)
}

func (s half) Remove(ctx context.Context, r event.Removal) (int, error) {
	if err := s.shipHalf(ctx); err != nil {
		return 0, err
	}
	return s.Store.Remove(ctx, r)
}

func (s half) shipHalf(ctx context.Context) error {
	last, err := s.Last(ctx)
	if err != nil {
		return err
	}
	s.ship.mu.Lock()
	defer s.ship.mu.Unlock()
	if s.evicted >= last/2 {
		return nil
	}
	for s.evicted < last/2 {
		if err := s.letGo(ctx, last/2); err != nil {
			return err
		}
	}
	s.ship.shipped = max(s.ship.shipped, s.evicted)
	return nil
}

// conn asks ClickHouse itself.
func conn(t testing.TB, s *Store) driver.Conn {
	t.Helper()
	return s.conn
}

func scalar(t testing.TB, s *Store, query string) uint64 {
	t.Helper()
	var n uint64
	if err := conn(t, s).QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestOutage stops ClickHouse while events are being taken, once by kill -9:
// nothing that was acknowledged is lost, nothing is there twice, and appending
// goes on.
func TestOutage(t *testing.T) {
	t.Parallel()
	server := t.TempDir()
	url := start(t, server)
	t.Cleanup(func() { _, _ = run("kill", server) })
	dir := t.TempDir()
	s := openAt(t, url, dir, func(c *Config) { c.Settle, c.Keep = time.Nanosecond, time.Nanosecond })

	var acknowledged []event.Event
	var slowest time.Duration
	n := 0
	take := func(batches int) {
		for range batches {
			var batch []event.Event
			for range 50 {
				batch = append(batch, eventtest.Sample(n))
				n++
			}
			began := time.Now()
			eventtest.Add(t, s, batch...)
			slowest = max(slowest, time.Since(began))
			acknowledged = append(acknowledged, batch...)
		}
	}
	flushing := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			for ctx.Err() == nil {
				_ = s.Flush(ctx) // fails while ClickHouse is away
			}
		})
		return func() { cancel(); wait.Wait() }
	}
	for _, how := range []string{"stop", "kill"} {
		take(5)
		stop := flushing()
		var ending sync.WaitGroup
		ending.Go(func() {
			time.Sleep(30 * time.Millisecond) // somewhere within
			_, _ = run(how, server)
		})
		take(20)
		ending.Wait()
		for _, err := run("stop", server); err == nil; _, err = run("stop", server) {
		} // until it is gone for certain
		take(5)
		stop()
		if evicted := s.spool.EvictedUpTo(); evicted > 0 {
			if _, err := s.Query(t.Context(), event.Query{}); !errors.Is(err, fault.StoreUnavailable) {
				t.Errorf("a page that cannot be whole: %v", err)
			}
		}
		if _, err := s.Query(t.Context(), event.Query{Tail: true, After: int64(n - 1)}); err != nil {
			t.Errorf("what is in the spool cannot be followed: %v", err)
		}
		if err := s.Close(); err != nil { // the server restarts, too
			t.Fatal(err)
		}
		s = openAt(t, url, dir, nil)
		take(1)
		if again := start(t, server); again != url {
			t.Fatalf("ClickHouse came back at %s instead of %s", again, url)
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, err := s.spool.Count(t.Context()); err != nil || left != 0 {
			t.Errorf("%d events are left in the spool, %v", left, err)
		}
		got, total := eventtest.All(t, s, event.Query{Limit: 100})
		if len(got) != len(acknowledged) || total != len(acknowledged) {
			t.Fatalf("after %s: %d events, total %d, want %d", how, len(got), total, len(acknowledged))
		}
		for i := range got {
			if got[i].ID != acknowledged[i].ID {
				t.Fatalf("after %s: event %d is %s, want %s", how, i, got[i].ID, acknowledged[i].ID)
			}
		}
	}
	t.Logf("%d events; the slowest append of 50 took %v", n, slowest)
}

// TestForwarder: events go to ClickHouse by themselves and leave the spool.
func TestForwarder(t *testing.T) {
	s := openAt(t, shared(t), t.TempDir(), func(c *Config) { c.Settle, c.Keep = time.Millisecond, time.Millisecond })
	eventtest.Add(t, s, eventtest.Sample(1), eventtest.Sample(2))
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left, err := s.spool.Count(t.Context()); err != nil {
			t.Fatal(err)
		} else if left == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the events are still in the spool")
		}
	}
	if n := scalar(t, s, "SELECT count() FROM events"); n != 2 {
		t.Errorf("%d events in ClickHouse", n)
	}
}

// TestDoubtfulInsert: an insert that arrived although its answer did not, and
// one that lost half of it, end as exactly one of each.
func TestDoubtfulInsert(t *testing.T) {
	s := openAt(t, shared(t), t.TempDir(), nil)
	var want []event.Event
	for n := range 10 {
		want = append(want, eventtest.Sample(n))
	}
	eventtest.Add(t, s, want...)
	records, err := s.spool.Records(t.Context(), 0, 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.insert(t.Context(), records); err != nil { // unknown to the forwarder
		t.Fatal(err)
	}
	if err := s.insert(t.Context(), records[:4]); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, total := eventtest.All(t, s, event.Query{})
	if len(got) != 10 || total != 10 || scalar(t, s, "SELECT count() FROM events") != 10 {
		t.Errorf("%d events, total %d", len(got), total)
	}
}

// TestLostWrites: what ClickHouse loses after it took it, as by a power cut, is
// shipped again while the spool still has it.
func TestLostWrites(t *testing.T) {
	s := openAt(t, shared(t), t.TempDir(), nil)
	eventtest.Add(t, s, eventtest.Sample(0), eventtest.Sample(1), eventtest.Sample(2))
	if err := s.step(t.Context(), 0, time.Hour); err != nil { // shipped, and kept
		t.Fatal(err)
	}
	if err := s.mutate(t.Context(), "events", "seq = 2"); err != nil {
		t.Fatal(err)
	}
	if n := scalar(t, s, "SELECT count() FROM events"); n != 2 {
		t.Fatalf("%d events in ClickHouse", n)
	}
	if err := s.step(t.Context(), 0, 0); err != nil { // lets go, having looked
		t.Fatal(err)
	}
	if got, total := eventtest.All(t, s, event.Query{}); len(got) != 3 || total != 3 {
		t.Errorf("%d events, total %d", len(got), total)
	}
}

// TestMergedAfterShipping: a second account that comes after shipping is in the
// event that ClickHouse ends up with.
func TestMergedAfterShipping(t *testing.T) {
	s := openAt(t, shared(t), t.TempDir(), nil)
	seen := eventtest.Sample(1)
	seen.Source = event.FromServer
	told := eventtest.Sample(1)
	told.Source, told.Key = event.FromClient, "k"
	told.ID = event.KeyID(told.Key, told.ClientTime)
	eventtest.Add(t, s, seen)
	if err := s.step(t.Context(), 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if out := eventtest.Add(t, s, told); out[0].State != event.Merged {
		t.Fatalf("%+v", out)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := eventtest.All(t, s, event.Query{}); len(got) != 1 || got[0].Source != event.FromBoth {
		t.Errorf("%+v", got)
	}
	if out := eventtest.Add(t, s, told); out[0].State != event.Duplicate || out[0].Seq != 1 {
		t.Errorf("the report again: %+v", out)
	}
	if e, err := s.Get(t.Context(), told.ID); err != nil || e.ID != seen.ID {
		t.Errorf("by the report's own id: %v, %v", e.ID, err)
	}
}

// TestOwners: a second data directory is refused; one that takes over goes on
// where the first stopped and knows its reports; the first one then stops.
func TestOwners(t *testing.T) {
	first := t.TempDir()
	s := openAt(t, shared(t), first, nil)
	e := eventtest.Sample(1)
	eventtest.Add(t, s, e, eventtest.Sample(2))
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := Config{URL: shared(t), Database: database(first)}
	second := t.TempDir()
	if _, err := Open(t.Context(), second, other); !errors.Is(err, fault.StoreUnavailable) || !strings.Contains(err.Error(), "take_over") {
		t.Errorf("a second data directory: %v", err)
	}
	heir := openAt(t, shared(t), second, func(c *Config) { c.Database, c.TakeOver = other.Database, true })
	if out := eventtest.Add(t, heir, e, eventtest.Sample(3)); out[0].State != event.Duplicate || out[0].Seq != 1 || out[1].Seq != 3 {
		t.Errorf("the heir: %+v", out)
	}
	if got, total := eventtest.All(t, heir, event.Query{}); len(got) != 3 || total != 3 {
		t.Errorf("the heir has %d events, total %d", len(got), total)
	}
	eventtest.Add(t, s, eventtest.Sample(4))
	if err := s.Flush(t.Context()); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("the first one ships on: %v", err)
	}
}

// TestRetention drops whole days and hides the rest of one.
func TestRetention(t *testing.T) {
	s := openAt(t, shared(t), t.TempDir(), nil)
	now := time.Now().UTC()
	for d := range 5 {
		e := eventtest.Sample(d)
		e.Time = now.Add(-time.Duration(5-d) * 24 * time.Hour)
		eventtest.Add(t, s, e)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	days := func() uint64 {
		return scalar(t, s, "SELECT uniqExact(partition) FROM system.parts WHERE database = currentDatabase() AND table = 'events' AND active")
	}
	if n := days(); n != 5 {
		t.Fatalf("%d days", n)
	}
	if n, err := s.Remove(t.Context(), event.Removal{Before: now.Add(-3*24*time.Hour + time.Second)}); err != nil || n != 3 {
		t.Errorf("removed %d, %v", n, err)
	}
	if n := days(); n != 3 {
		t.Errorf("%d days are left, want the two and the one that the limit cuts", n)
	}
	if got, total := eventtest.All(t, s, event.Query{}); len(got) != 2 || total != 2 {
		t.Errorf("%d events, total %d", len(got), total)
	}
	if n, err := s.Remove(t.Context(), event.Removal{Before: now.Add(-3 * 24 * time.Hour)}); err != nil || n != 0 {
		t.Errorf("removed %d again, %v", n, err)
	}
}

// TestNeedsClickHouseOnce: only a new spool must reach ClickHouse.
func TestNeedsClickHouseOnce(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(t.Context(), dir, Config{URL: "clickhouse://127.0.0.1:1"}); !errors.Is(err, fault.StoreUnavailable) {
		t.Fatalf("a new spool without ClickHouse: %v", err)
	}
	if err := openAt(t, shared(t), dir, nil).Close(); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, "clickhouse://127.0.0.1:1", dir, nil)
	eventtest.Add(t, s, eventtest.Sample(1))
	if got, total := eventtest.All(t, s, event.Query{}); len(got) != 1 || total != 1 {
		t.Errorf("%d events, total %d", len(got), total)
	}
	if _, err := os.Stat(filepath.Join(dir, Dir)); err != nil {
		t.Error(err)
	}
}

// TestOddTexts: nothing in a filter is taken for SQL.
func TestOddTexts(t *testing.T) {
	s := openAt(t, shared(t), t.TempDir(), nil)
	odd := []string{`'`, `\`, `\'`, `?`, `a' OR 1 --`, "\x00", "ü\n", `{x:String}`, `$1`, `@a`}
	var all []event.Event
	for i, text := range odd {
		e := eventtest.Sample(i)
		e.UserID, e.RoomID = text, "room "+text
		all = append(all, e)
	}
	eventtest.Add(t, s, all...)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, text := range odd {
		got, total := eventtest.All(t, s, event.Query{UserID: text, RoomID: "room " + text})
		if len(got) != 1 || total != 1 || got[0].ID != all[i].ID {
			t.Errorf("%q: %d events, total %d", text, len(got), total)
		}
	}
}

// TestDaysOfOthers: what one account keeps for less long than another leaves the
// disk as well, whole days at a time, and its totals are known without counting.
func TestDaysOfOthers(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, shared(t), dir, nil)
	now := time.Now().UTC()
	for d := range 6 {
		var batch []event.Event
		for n, account := range []string{"short", "short", "ever"} {
			e := eventtest.Sample(n)
			e.AccountID, e.Time = account, now.Add(-time.Duration(d)*event.Day)
			e.Type = event.Types[n]
			batch = append(batch, e)
		}
		eventtest.Add(t, s, batch...)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	check := func(when string, want map[string]int) {
		t.Helper()
		for account, want := range want {
			q := event.Query{AccountID: account, Types: event.Types[:3]}
			s.edge.RLock()
			whole, cut, known := s.days.total(&q, &s.lowWatermarks)
			s.edge.RUnlock()
			if !known {
				t.Fatalf("%s: the days of %s are not known", when, account)
			}
			for _, c := range cut {
				n, err := s.left(t.Context(), &s.days, c, q.Types, reach{s.number: s.evicted})
				if err != nil {
					t.Fatal(err)
				}
				whole += n
			}
			counted, err := s.count(t.Context(), &q, func(w *where) { s.number.span(w, 0, s.evicted) })
			if err != nil || int(whole) != want || counted != want {
				t.Errorf("%s: %s has %d by day and %d counted, want %d; %v", when, account, whole, counted, want, err)
			}
		}
	}
	if err := s.learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("at first", map[string]int{"short": 12, "ever": 6, "": 18, "nobody": 0})
	more := eventtest.Sample(1)
	more.AccountID, more.Time = "ever", now
	eventtest.Add(t, s, more)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("with one more", map[string]int{"short": 12, "ever": 7, "": 19})
	if n, err := s.Remove(t.Context(), event.Removal{Before: now.Add(-3 * event.Day), Except: []string{"ever"}}); err != nil || n != 4 {
		t.Errorf("removed %d, %v; want 4", n, err)
	}
	check("after retention", map[string]int{"short": 8, "ever": 7, "": 15})
	// Of the day that is cut, the event at the very time of the cut stays.
	if n := scalar(t, s, "SELECT count() FROM events WHERE account = 'short'"); n != 8 {
		t.Errorf("%d events of the short account are on the disk, want 8", n)
	}
	if n := scalar(t, s, "SELECT uniqExact(seq) FROM events_keys WHERE account = 'short'"); n != 8 {
		t.Errorf("%d events of the short account have keys, want 8", n)
	}
	if n, err := s.Remove(t.Context(), event.Removal{AccountID: "ever", UserID: "user-2"}); err != nil || n != 6 {
		t.Errorf("erased %d, %v; want 6", n, err)
	}
	check("after an erasure", map[string]int{"short": 8, "ever": 1, "": 9})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, shared(t), dir, nil)
	if err := s.learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("after a restart", map[string]int{"short": 8, "ever": 1, "": 9})
}

// TestLostKeys: keys that ClickHouse loses after it took them, as by a power cut,
// are written again before the spool lets go of their events.
func TestLostKeys(t *testing.T) {
	s := openAt(t, shared(t), t.TempDir(), nil)
	var all []event.Event
	for n := range 5 {
		all = append(all, eventtest.Sample(n))
	}
	eventtest.Add(t, s, all...)
	if err := s.step(t.Context(), 0, time.Hour); err != nil { // shipped, and kept
		t.Fatal(err)
	}
	if err := s.mutate(t.Context(), "events_keys", "seq IN (2, 4) OR seq = 3 AND scope = 'user'"); err != nil {
		t.Fatal(err)
	}
	if err := s.step(t.Context(), 0, 0); err != nil { // lets go, having looked
		t.Fatal(err)
	}
	for _, e := range all {
		got, total := eventtest.All(t, s, event.Query{UserID: e.UserID})
		if len(got) != 1 || total != 1 || got[0].ID != e.ID {
			t.Errorf("of %s: %d events, total %d", e.UserID, len(got), total)
		}
	}
}

// TestFailedJoinIsRemembered: a peer that fails to join once more, after the event
// of the first failure has left the spool, has still failed once.
func TestFailedJoinIsRemembered(t *testing.T) {
	s := openAt(t, shared(t), t.TempDir(), nil)
	fails := func(n int, peer string) event.Event {
		e := eventtest.Sample(n)
		e.Type, e.PeerID, e.Failure.Terminal = event.JoinFailed, peer, true
		return e
	}
	check := func(want int64) {
		t.Helper()
		hour := time.Now().UTC().Truncate(time.Hour)
		sum, err := s.Summarize(t.Context(), event.SummaryQuery{AccountID: "acme", By: event.ByRole, Since: hour.Add(-2 * time.Hour), Until: hour.Add(time.Hour)})
		if err != nil || sum.Total.Counts.FailedJoins != want {
			t.Errorf("%+v, %v; want %d failed joins", sum.Total.Counts, err, want)
		}
	}
	eventtest.Add(t, s, fails(0, "p1"))
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventtest.Add(t, s, fails(1, "p1"), fails(2, "p2"))
	check(2)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(2)
}
