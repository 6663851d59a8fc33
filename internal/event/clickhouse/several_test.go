// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// joining opens a server beside others that write to a database.
func joining(t testing.TB, url, database string) *Store {
	t.Helper()
	return openAt(t, url, t.TempDir(), func(c *Config) { c.Database, c.Shared = database, true })
}

// servers opens some that write to one database.
func servers(t testing.TB, url string, n int) (list []*Store) {
	t.Helper()
	dir := t.TempDir()
	list = append(list, openAt(t, url, dir, nil))
	for range n - 1 {
		list = append(list, joining(t, url, database(dir)))
	}
	return list
}

// flush ships what servers have, and has each hear of the others.
func flush(t testing.TB, list ...*Store) {
	t.Helper()
	for range 2 {
		for _, s := range list {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// besideAnother opens a server that is not the first of its database.
func besideAnother(t testing.TB, url, dir string) *Store {
	t.Helper()
	name := database(dir)
	first := joining(t, url, name)
	s := openAt(t, url, dir, func(c *Config) { c.Shared = true })
	if s.number == first.number {
		t.Fatal("two servers have one number")
	}
	return s
}

// history makes events of a few days and accounts, each second one taken by another
// server, some of them at the same time.
func history(n int) (list []event.Event) {
	began := time.Now().UTC().Truncate(time.Hour).Add(-5 * event.Day)
	for i := range n {
		e := eventtest.Sample(i)
		e.ID, e.Key = event.KeyID(fmt.Sprint("event-", i), began), ""
		e.Time = began.Add(time.Duration(i/2) * 4 * event.Day / time.Duration(n/2+1))
		e.AccountID = []string{"acme", "acme", "other"}[i%3]
		e.RoomID, e.UserID, e.PeerID = fmt.Sprint("room-", i%4), fmt.Sprint("user-", i%7), fmt.Sprint("peer-", i)
		e.Type = event.Types[i%5]
		list = append(list, e)
	}
	return list
}

// TestServersShareADatabase: every page, total, event and summary that one of several
// servers gives is what one server gives that has all of their events.
func TestServersShareADatabase(t *testing.T) {
	t.Parallel()
	url := shared(t)
	list := servers(t, url, 3)
	alone := openAt(t, url, t.TempDir(), nil)
	events := history(240)
	for i, e := range events {
		eventtest.Add(t, list[i%3], e)
		eventtest.Add(t, alone, e)
	}
	joins := func(s *Store, n int) {
		var done []event.Join
		for i := range n {
			done = append(done, event.Join{Time: events[i].Time, Subject: event.Subject{AccountID: "acme", RoomID: fmt.Sprint("room-", i%4)}})
		}
		if err := s.CountJoins(t.Context(), done); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range list {
		joins(s, i+3)
		joins(alone, i+3)
	}
	for _, s := range list { // as a minute later
		s.ship.mu.Lock()
		s.joins.next = time.Time{}
		s.ship.mu.Unlock()
	}
	flush(t, append(list, alone)...)
	since, until := events[50].Time, events[180].Time
	queries := map[string]event.Query{
		"all": {}, "of an account": {AccountID: "acme"}, "of a room": {AccountID: "acme", RoomID: "room-1"}, "of a user": {UserID: "user-3"},
		"of a type": {AccountID: "other", Types: []event.Type{event.JoinFailed}}, "of a fault": {Faults: []string{events[0].Fault}},
		"of a window": {AccountID: "acme", Since: since, Until: until}, "of a room in a window": {RoomID: "room-2", Since: since, Until: until},
		"of nobody": {AccountID: "nobody"}, "of a peer": {PeerID: "peer-77"}, "of a room and a user": {RoomID: "room-1", UserID: "user-5"},
	}
	ids := func(events []event.Event) (list []string) {
		for i := range events {
			list = append(list, events[i].Time.Format(time.RFC3339Nano)+" "+events[i].ID)
		}
		slices.Sort(list) // of one time, each server has its own first
		return list
	}
	for name, q := range queries {
		for _, desc := range []bool{false, true} {
			q.Desc, q.Limit = desc, 17
			want, count := eventtest.All(t, alone, q)
			for i, s := range list[:2] { // the first, and one that joined
				got, total := eventtest.All(t, s, q)
				if total != count || !slices.Equal(ids(got), ids(want)) {
					t.Errorf("%s, newest first %v: server %d has %d, total %d; want %d, %d", name, desc, i, len(got), total, len(want), count)
				}
				in := slices.IsSortedFunc(got, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
				if desc {
					in = slices.IsSortedFunc(got, func(a, b event.Event) int { return b.Time.Compare(a.Time) })
				}
				if !in {
					t.Errorf("%s, newest first %v: server %d does not have them in order", name, desc, i)
				}
			}
		}
	}
	for i := range 6 {
		for n, s := range list {
			want, err := alone.Get(t.Context(), events[i].ID)
			got, bad := s.Get(t.Context(), events[i].ID)
			if got.Seq, want.Seq = 0, 0; err != nil || bad != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("event %d by its id at server %d: %v, %v", i, n, bad, err)
			}
		}
	}
	hour := time.Now().UTC().Truncate(time.Hour)
	for _, by := range []event.Dimension{event.ByNothing, event.ByRoom, event.ByType, event.ByFault} {
		q := event.SummaryQuery{AccountID: "acme", By: by, Types: event.Types[:5], Since: hour.Add(-6 * event.Day), Until: hour.Add(time.Hour), Bucket: event.Day, Users: true}
		want, err := alone.Summarize(t.Context(), q)
		if err != nil || want.Total.Counts.Events == 0 || want.Total.Counts.Joins == 0 {
			t.Fatalf("%+v %v", want, err)
		}
		for i, s := range list {
			if got, err := s.Summarize(t.Context(), q); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("by %q server %d counts %+v, want %+v; %v", by, i, got, want, err)
			}
		}
	}
}

// TestPagesOfASnapshotStay: what a server ships while somebody pages at another is not
// among these pages, however old it is, and is there for whoever begins then.
func TestPagesOfASnapshotStay(t *testing.T) {
	t.Parallel()
	list := servers(t, shared(t), 3)
	events := history(300)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(events), func(i, k int) { events[i], events[k] = events[k], events[i] })
	had := map[string]bool{}
	add := func(n int) {
		for range n {
			s := random.IntN(len(list))
			eventtest.Add(t, list[s], events[0])
			events = events[1:]
		}
	}
	everything := func(s *Store) (ids []string) {
		all, total := eventtest.All(t, s, event.Query{Limit: 100})
		for i := range all {
			ids = append(ids, all[i].ID)
		}
		if total != len(ids) {
			t.Errorf("%d are told, %d are there", total, len(ids))
		}
		return ids
	}
	for round := range 6 {
		add(15)
		if round%3 == 0 {
			flush(t, list...)
		}
		reader := list[random.IntN(len(list))]
		want := slices.Sorted(slices.Values(everything(reader)))
		q := event.Query{Limit: 1 + random.IntN(9), Desc: round%2 == 1}
		var got []string
		for {
			page, err := reader.Query(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for i := range page.Events {
				got = append(got, page.Events[i].ID)
			}
			if page.Total != len(want) {
				t.Fatalf("round %d: the total is %d, was %d", round, page.Total, len(want))
			}
			if q.Start = page.Next; q.Start == "" {
				break
			}
			if len(got) < 40 && len(events) > 2 {
				add(1)
				flush(t, list[random.IntN(len(list))], reader)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) { // as it has them, which here is not by time
			t.Errorf("round %d, newest first %v: pages have %d events, their snapshot %d", round, q.Desc, len(got), len(want))
		}
		for _, id := range want {
			had[id] = true
		}
	}
	flush(t, list...)
	if n := len(everything(list[0])); n < len(had) || n == 0 {
		t.Errorf("%d at last, %d were seen", n, len(had))
	}
}

// TestServersHaveNumbersOfTheirOwn: whoever joins is asked whether that is meant; of many
// that do at once each has a number; one whose process ended before it was done gets its own.
func TestServersHaveNumbersOfTheirOwn(t *testing.T) {
	t.Parallel()
	url, dir := shared(t), t.TempDir()
	first := openAt(t, url, dir, nil)
	name := database(dir)
	if _, err := Open(t.Context(), t.TempDir(), Config{URL: url, Database: name}); err == nil || !strings.Contains(err.Error(), "events.clickhouse.shared") {
		t.Errorf("a second server that does not say so: %v", err)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	numbers := map[number]bool{first.number: true}
	for range 6 {
		all.Go(func() {
			s, err := Open(t.Context(), t.TempDir(), Config{URL: url, Database: name, Shared: true})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			mu.Lock()
			defer mu.Unlock()
			if numbers[s.number] {
				t.Errorf("two servers have the number %d", s.number)
			}
			numbers[s.number] = true
		})
	}
	all.Wait()
	if _, err := Open(t.Context(), t.TempDir(), Config{URL: url, Database: name, TakeOver: true}); err == nil || !strings.Contains(err.Error(), "servers") {
		t.Errorf("one that takes over several: %v", err)
	}
	again := t.TempDir()
	s := openAt(t, url, again, func(c *Config) { c.Database, c.Shared = name, true })
	for _, done := range []string{"writer", "number"} {
		if err := s.spool.DropMeta(t.Context(), done); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if heir := openAt(t, url, again, func(c *Config) { c.Database = name }); heir.number != s.number || heir.writer != s.writer {
		t.Errorf("it was %d and is %d", s.number, heir.number)
	}
	flush(t, first)
}

// TestANumberThatNobodyKept is no hindrance: two that began at once have both left the
// first.
func TestANumberThatNobodyKept(t *testing.T) {
	t.Parallel()
	url, dir := shared(t), t.TempDir()
	s := openAt(t, url, dir, nil)
	for _, statement := range []string{"TRUNCATE TABLE events_writers", "TRUNCATE TABLE events_progress", "INSERT INTO events_writers SELECT number + 1, toInt64(1), toUInt16(0), toUInt8(1) FROM system.numbers LIMIT 2"} {
		if err := s.conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var list []*Store
	for i := range 3 {
		list = append(list, joining(t, url, s.cfg.Database))
		eventtest.Add(t, list[i], history(3)[i])
	}
	flush(t, list...)
	for _, s := range list {
		if got, total := eventtest.All(t, s, event.Query{}); len(got) != 3 || total != 3 || s.number == 0 {
			t.Errorf("server %d has %d, total %d", s.number, len(got), total)
		}
	}
}

// TestADatabaseOfBeforeIsShared: a database of a version that wrote alone takes others as
// soon as its own server has a version that does.
func TestADatabaseOfBeforeIsShared(t *testing.T) {
	t.Parallel()
	url, dir := shared(t), t.TempDir()
	s := openAt(t, url, dir, nil)
	eventtest.Add(t, s, history(10)...)
	if err := s.CountJoins(t.Context(), []event.Join{{Time: time.Now(), Subject: event.Subject{AccountID: "acme"}}}); err != nil {
		t.Fatal(err)
	}
	flush(t, s)
	for _, statement := range []string{
		"DROP TABLE events_progress", "DROP TABLE events_erasures",
		"RENAME TABLE events_joins TO joins", "CREATE TABLE events_joins (account String, dimension String, hour Int64, value String, n Int64) ENGINE = ReplacingMergeTree(n) PARTITION BY intDiv(hour, 24) ORDER BY (account, dimension, hour, value)",
		"INSERT INTO events_joins SELECT account, dimension, hour, value, n FROM joins", "DROP TABLE joins",
		"RENAME TABLE events_writers TO writers", "CREATE TABLE events_writers (writer UInt64, since Int64) ENGINE = MergeTree PARTITION BY tuple() ORDER BY since",
		"INSERT INTO events_writers SELECT writer, since FROM writers", "DROP TABLE writers",
	} {
		if err := s.conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	join := Config{URL: url, Database: database(dir), Shared: true}
	if _, err := Open(t.Context(), t.TempDir(), join); err == nil || !strings.Contains(err.Error(), "upgrade") {
		t.Errorf("beside a version that writes alone: %v", err)
	}
	s = openAt(t, url, dir, nil)
	flush(t, s)
	other := joining(t, url, database(dir))
	eventtest.Add(t, other, history(11)[10])
	flush(t, other, s)
	for i, s := range []*Store{s, other} {
		if got, total := eventtest.All(t, s, event.Query{}); len(got) != 11 || total != 11 {
			t.Errorf("server %d has %d, total %d", i, len(got), total)
		}
		hour := time.Now().UTC().Truncate(time.Hour)
		sum, err := s.Summarize(t.Context(), event.SummaryQuery{AccountID: "acme", Since: hour.Add(-time.Hour), Until: hour.Add(2 * time.Hour)})
		if err != nil || sum.Total.Counts.Joins != 1 {
			t.Errorf("server %d has %d joins, %v", i, sum.Total.Counts.Joins, err)
		}
	}
}

// TestAUserIsErasedEverywhere: what is erased at one server does not come back from
// another, which still has it or was away.
func TestAUserIsErasedEverywhere(t *testing.T) {
	t.Parallel()
	url, dir := shared(t), t.TempDir()
	list := servers(t, url, 3)
	away := openAt(t, url, dir, func(c *Config) { c.Database, c.Shared = list[0].cfg.Database, true })
	all := append(slices.Clone(list), away)
	for i, e := range history(80) {
		eventtest.Add(t, all[i%4], e)
	}
	for _, s := range all { // some of it shipped, all of it in the spools
		if err := s.step(t.Context(), 0, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	for i, e := range history(120)[80:] { // and some not shipped
		eventtest.Add(t, all[i%4], e)
	}
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	flush(t, list[0])
	for n := 1; n > 0; {
		var err error
		if n, err = list[0].Remove(t.Context(), event.Removal{UserID: "user-3"}); err != nil {
			t.Fatal(err)
		}
	}
	left := func(s *Store) (n int) {
		events, _ := eventtest.All(t, s, event.Query{Limit: 100})
		for i := range events {
			if events[i].UserID == "user-3" {
				n++
			}
		}
		return n
	}
	if n := left(list[0]); n != 0 {
		t.Errorf("%d events of the user are left where it was erased", n)
	}
	flush(t, list...)
	away = openAt(t, url, dir, func(c *Config) { c.Database = list[0].cfg.Database })
	all[3] = away
	flush(t, all...)
	flush(t, all...)
	for i, s := range all {
		events, total := eventtest.All(t, s, event.Query{Limit: 100})
		if n := left(s); n != 0 || total != len(events) || total != 120-17 {
			t.Errorf("server %d: %d of the user are left, %d events, total %d", i, n, len(events), total)
		}
	}
	if n := scalar(t, away, "SELECT count() FROM events WHERE user = 'user-3'") + scalar(t, away, "SELECT count() FROM events_keys WHERE key = 'user-3'"); n != 0 {
		t.Errorf("%d rows of the user are in ClickHouse", n)
	}
}

// TestServersKeepTheirOwn: a day goes when no server keeps it any more; what one keeps for
// less long than another goes by itself, and one that is no more keeps nothing.
func TestServersKeepTheirOwn(t *testing.T) {
	t.Parallel()
	list := servers(t, shared(t), 3)
	now := time.Now().UTC()
	for d := range 6 {
		for i, s := range list {
			e := eventtest.Sample(d*3 + i)
			e.ID, e.Key, e.Time = event.KeyID(fmt.Sprint(d, i), now), "", now.Add(-time.Duration(d)*event.Day-time.Minute)
			eventtest.Add(t, s, e)
		}
	}
	flush(t, list...)
	keep := func(s *Store, days int) {
		t.Helper()
		for n := 1; n > 0; {
			var err error
			if n, err = s.Remove(t.Context(), event.Removal{Before: now.Add(-time.Duration(days) * event.Day)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	of := func(s *Store) uint64 {
		w := &where{}
		s.number.span(w, 0, lastPlace)
		return scalar(t, s, "SELECT count() FROM events WHERE "+w.text.String())
	}
	days := func() uint64 {
		return scalar(t, list[0], "SELECT uniqExact(partition) FROM system.parts WHERE database = currentDatabase() AND table = 'events' AND active")
	}
	keep(list[0], 2)
	flush(t, list...)
	if own, theirs := of(list[0]), of(list[1]); days() != 6 || own > 3 || theirs != 6 {
		t.Errorf("%d days, %d events of the server that keeps two days, %d of one that keeps all", days(), own, theirs)
	}
	keep(list[1], 4)
	flush(t, list...)
	if days() != 6 {
		t.Error("a day is gone that the third server keeps")
	}
	if _, total := eventtest.All(t, list[2], event.Query{}); total != int(of(list[0])+of(list[1])+6) {
		t.Errorf("the third server has %d in all", total)
	}
	if err := list[2].Close(); err != nil { // and is never heard of again
		t.Fatal(err)
	}
	for _, s := range list[:2] {
		s.others.mu.Lock()
		p := s.others.list[list[2].number]
		p.at = now.Add(-2 * silent).UnixNano()
		s.others.list[list[2].number] = p
		s.others.mu.Unlock()
	}
	keep(list[1], 3)
	if n := days(); n > 4 {
		t.Errorf("%d days are left of which somebody keeps three", n)
	}
}

// TestOnlyItsOwnNewsAreTold: a reader who follows a server is told of what that takes, at
// once, and not of what others ship.
func TestOnlyItsOwnNewsAreTold(t *testing.T) {
	t.Parallel()
	list := servers(t, shared(t), 2)
	events := history(20)
	for i, e := range events {
		eventtest.Add(t, list[i%2], e)
		if i == 9 {
			flush(t, list...)
		}
	}
	for i, s := range list {
		page, err := s.Query(t.Context(), event.Query{Tail: true, Limit: 100})
		if err != nil || len(page.Events) != 10 {
			t.Fatalf("server %d tells of %d, %v", i, len(page.Events), err)
		}
		for n, e := range page.Events {
			if e.ID != events[2*n+i].ID || e.Seq != int64(n+1) {
				t.Errorf("server %d tells of %s at %d", i, e.ID, e.Seq)
			}
		}
		if list, err := s.Records(t.Context(), 0, 100); err != nil || len(list) != 10 || !slices.IsSortedFunc(list, func(a, b eventlog.Record) int { return cmp.Compare(a.Seq, b.Seq) }) {
			t.Errorf("server %d has %d records, %v", i, len(list), err)
		}
	}
}

// TestAServerHearsOfOthersByItself: one that has nothing to ship finds what others have,
// also after a start.
func TestAServerHearsOfOthersByItself(t *testing.T) {
	t.Parallel()
	url, dir := shared(t), t.TempDir()
	s := openAt(t, url, dir, nil)
	name := s.cfg.Database
	other := joining(t, url, name)
	eventtest.Add(t, other, history(10)...)
	flush(t, other)
	for range 2 {
		var got []event.Event
		var total int
		// It looks every ten seconds, and may just have looked when the other had shipped nothing.
		for began := time.Now(); total != 10 && time.Since(began) < time.Minute; time.Sleep(100 * time.Millisecond) {
			if err := s.step(t.Context(), event.PairWindow, time.Hour); err != nil {
				t.Fatal(err)
			}
			got, total = eventtest.All(t, s, event.Query{})
		}
		if len(got) != 10 || total != 10 {
			t.Errorf("%d events, total %d", len(got), total)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openAt(t, url, dir, func(c *Config) { c.Database = name })
	}
	if got, total := eventtest.All(t, s, event.Query{}); len(got) != 10 || total != 10 { // before it has looked
		t.Errorf("after a start: %d events, total %d", len(got), total)
	}
}
