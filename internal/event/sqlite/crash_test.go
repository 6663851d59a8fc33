// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package sqlite

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/event/intake"
)

var kills = flag.Int("kills", 4, "how often the writer is killed")

// Roles of this test binary when it runs itself.
const (
	roleVar = "REDIAL_EVENTS_TEST_ROLE"
	dirVar  = "REDIAL_EVENTS_TEST_DIR"
)

func TestMain(m *testing.M) {
	flag.Parse()
	switch os.Getenv(roleVar) {
	case "writer":
		writeUntilKilled(os.Getenv(dirVar))
	case "upgrader":
		if _, err := Open(context.Background(), os.Getenv(dirVar), nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("open")
		select {}
	case "full disk":
		if err := fillDisk(os.Getenv(dirVar)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// again is a command that runs this binary in a role.
func again(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), roleVar+"="+role, dirVar+"="+dir)
	c.Stderr = os.Stderr
	return c
}

// opened is what the writer prints first.
const opened = "open"

// writeUntilKilled appends events from several sides, as a busy server does,
// and prints the key of each once it is acknowledged.
func writeUntilKilled(dir string) {
	ctx := context.Background()
	s, err := Open(ctx, dir, nil, inRunsOf(50), inGroupsOf(1))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	arrived, err := intake.Open(ctx, dir, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(opened)
	r := event.NewRecorder(s, event.RecorderConfig{Retention: time.Hour, Account: "acme", Intake: arrived})
	run := os.Getpid()
	go func() {
		for { // as is done with what is old
			if _, err := s.Seal(ctx, time.Now().Add(time.Hour), 0); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			time.Sleep(time.Millisecond)
		}
	}()
	for w := range 6 {
		go func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d-%d-%d", run, w, n)
				report := clientReport(key)
				events := []event.Event{report}
				switch n % 4 {
				case 1: // the server saw it too
					seen := report
					seen.ID, seen.Key, seen.Source = "", "", event.FromServer
					events = []event.Event{seen, report}
				case 2: // sent twice
					events = []event.Event{report, report}
				case 3: // something old, which retention will remove
					old := eventtest.SampleTrack(n)
					old.ID, old.Time = "", time.Now().Add(-2*time.Hour)
					events = []event.Event{old, report}
				}
				var err error
				if w%3 == 0 {
					_, err = r.Keep(ctx, events...) // the store has them
				} else {
					err = r.Append(ctx, events...) // the intake has them
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Println(key) // one write(2), so a line is whole or absent
			}
		}()
	}
	select {}
}

func clientReport(key string) event.Event {
	e := eventtest.Sample(0)
	e.ID, e.Time = "", time.Time{}
	e.Source, e.Key, e.PeerID = event.FromClient, key, "peer-"+key
	return e
}

// TestKilled kills the writer at random points. Whatever it acknowledged is
// there, once, and every count is right.
func TestKilled(t *testing.T) {
	t.Parallel()
	var dir string
	var acknowledged map[string]bool
	total, amidst, arrived, withSome := 0, 0, 0, 0
	for round := range *kills {
		if round%10 == 0 { // a new file now and then, since all of it is read each time
			dir, acknowledged = t.TempDir(), map[string]bool{}
			fullBlocks(t, dir)
		}
		before := len(acknowledged)
		c := again(t, "writer", dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var kill sync.Once
		die := func(within int) {
			kill.Do(func() {
				time.AfterFunc(time.Duration(rand.IntN(within))*time.Millisecond, func() { _ = c.Process.Kill() })
			})
		}
		for lines.Scan() {
			if lines.Text() != opened {
				acknowledged[lines.Text()] = true
				die(400)
			} else if round%10 == 0 { // while it puts sets together, or soon after
				die(100)
			}
		}
		if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("round %d: the writer ended by itself: %v", round, err)
		}
		between, left := verify(t, dir, acknowledged)
		if between {
			amidst++
		}
		if arrived += left; left > 0 {
			withSome++
		}
		total += len(acknowledged) - before
	}
	s, err := Open(t.Context(), dir, nil, inGroupsOf(1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var blocks, runs, level int
	if err := ask(t.Context(), s, "SELECT (SELECT count(*) FROM doc_blocks), count(*), coalesce(max(level), 0) FROM runs", &blocks, &runs, &level); err != nil {
		t.Fatal(err)
	}
	if withSome == 0 && *kills > 3 {
		t.Error("no life left anything in the intake: this test sees little")
	}
	t.Logf("%d events acknowledged in %d lives, of which %d ended while sets were put together, and %d with %d events in the intake; %d blocks of documents and %d runs, up to level %d, in the last file", total, *kills, amidst, withSome, arrived, blocks, runs, level)
}

// others are the SDKs of another account.
const others = 400

// fullBlocks stores events of another account in whole blocks, whose sets are put together
// by whoever opens the file next with such groups.
func fullBlocks(t *testing.T, dir string) {
	t.Helper()
	s := openWith(t, dir, inGroupsOf(1000), inRunsOf(50))
	events := make([]event.Event, 2*blockSize+100)
	for i := range events {
		events[i] = eventtest.SampleTrack(i)
		events[i].ID, events[i].Time, events[i].Subject = uuid.Must(uuid.NewV7()).String(), time.Now(), event.Subject{AccountID: "other"}
		events[i].Agent = event.ParseAgent(fmt.Sprintf("os:any,sdk:kit-%d", i%others))
	}
	eventtest.Add(t, s, events...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkSets compares what filters find with what the rows have.
func checkSets(t *testing.T, s *Store) {
	t.Helper()
	for n := 0; n < others; n += 37 {
		q := event.Query{AccountID: "other", SDK: fmt.Sprint("kit-", n), Limit: 100}
		list, total := eventtest.All(t, s, q)
		var want int
		if err := ask(t.Context(), s, fmt.Sprintf("SELECT count(*) FROM events NOT INDEXED WHERE sdk = '%s'", q.SDK), &want); err != nil || len(list) != want || total != want || want == 0 {
			t.Errorf("by %s: %d events and a total of %d, want %d (%v)", q.SDK, len(list), total, want, err)
		}
	}
}

// verify checks a file whose writer was killed, and tells whether that was while it put sets
// together.
func verify(t *testing.T, dir string, acknowledged map[string]bool) (amidst bool, arrived int) {
	t.Helper()
	s, err := Open(t.Context(), dir, nil, inGroupsOf(1))
	if err != nil {
		t.Fatalf("the file does not open: %v", err)
	}
	defer s.Close()
	var apart, grouped int
	if err := ask(t.Context(), s, "SELECT (SELECT count(*) FROM block_sets WHERE block < 2), (SELECT count(*) FROM group_sets)", &apart, &grouped); err != nil {
		t.Fatal(err)
	}
	arrived = empty(t, s, dir)
	checkSets(t, s)
	checkPeople(t, s)
	checkNames(t, s)
	var verdict string
	if err := ask(t.Context(), s, "PRAGMA integrity_check", &verdict); err != nil || verdict != "ok" {
		t.Fatalf("the file is damaged: %s, %v", verdict, err)
	}
	found := map[string]int{}
	all, total := eventtest.All(t, s, event.Query{AccountID: "acme", Errors: true, Limit: 100})
	if total != len(all) {
		t.Errorf("total %d, but there are %d events", total, len(all))
	}
	for _, e := range all {
		found[strings.TrimPrefix(e.PeerID, "peer-")]++
	}
	for key := range acknowledged {
		if found[key] != 1 {
			t.Errorf("%s was acknowledged and is there %d times", key, found[key])
		}
	}
	for key, n := range found {
		if n != 1 {
			t.Errorf("%s is there %d times", key, n)
		}
	}
	checkLists(t, s, found)
	for _, q := range []event.Query{{RoomID: "room-0"}, {UserID: "user-0"}, {SessionID: "session-0"}, {Types: []event.Type{event.TrackAdded}}} {
		q.AccountID, q.Limit = "acme", 100
		if list, total := eventtest.All(t, s, q); total != len(list) {
			t.Errorf("%+v: total %d, but there are %d events", q, total, len(list))
		}
	}
	return apart > 0 && grouped > 0, arrived
}

// empty has a store take what is in the intake, as the next process does, and tells how many
// events that was. All of it is done again after the intake was not emptied, as when the
// process is killed just then: each counts once.
func empty(t *testing.T, s *Store, dir string) int {
	t.Helper()
	arrived, err := intake.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer arrived.Close()
	left := arrived.Left()
	for range 2 {
		r := event.NewRecorder(s, event.RecorderConfig{Account: "acme", Intake: leftIn{arrived, left}})
		r.Settle(t.Context())
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return len(left)
}

// leftIn is an intake with what was left in it.
type leftIn struct {
	*intake.Intake
	left []event.Event
}

func (l leftIn) Left() []event.Event { return l.left }

// inRunsOf has the lists of rooms, sessions, peers and users written every so many events.
func inRunsOf(events int) Option { return func(s *Store) { s.runEvery = events } }

// checkLists compares what is found by an id with what the rows have.
func checkLists(t *testing.T, s *Store, peers map[string]int) {
	t.Helper()
	rows := func(column string, kind int, id string) (n int) {
		t.Helper()
		if err := ask(t.Context(), s, fmt.Sprintf("SELECT count(*) FROM events NOT INDEXED WHERE %s = (SELECT ref FROM names WHERE kind = %d AND value = '%s')", column, kind, id), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	same := func(what string, want int, q event.Query) {
		t.Helper()
		q.AccountID, q.Limit = "acme", 100
		if list, total := eventtest.All(t, s, q); len(list) != want || total != want {
			t.Errorf("by %s: %d events and a total of %d, want %d", what, len(list), total, want)
		}
	}
	same("room", rows("room", 1, "room-0"), event.Query{RoomID: "room-0"})
	same("session", rows("session", 2, "session-0"), event.Query{SessionID: "session-0"})
	same("user", rows("user", 4, "user-0"), event.Query{UserID: "user-0"})
	looked := 0
	for key := range peers {
		if looked++; looked > 100 {
			break
		}
		same("peer "+key, 1, event.Query{PeerID: "peer-" + key})
	}
	var wrong int
	if err := ask(t.Context(), s, "SELECT count(*) FROM runs WHERE changed <> (SELECT count(*) FROM postings_changed WHERE postings_changed.run = runs.run)", &wrong); err != nil || wrong != 0 {
		t.Errorf("%d runs count what has changed wrongly (%v)", wrong, err)
	}
}

// TestFullDisk takes the room to write away and gives it back.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if out, err := again(t, "full disk", t.TempDir()).Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// fillDisk limits the size of this process's files (RLIMIT_FSIZE), which makes
// write(2) fail as a full disk does, in a process of its own since the limit is
// the process's.
func fillDisk(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	ctx := context.Background()
	s, err := Open(ctx, dir, nil, inRunsOf(50))
	if err != nil {
		return err
	}
	defer s.Close()
	var free syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &free); err != nil {
		return err
	}
	n, acknowledged := 0, map[string]bool{}
	add := func() error {
		var batch []event.Event
		for range 20 {
			e := clientReport(fmt.Sprint(n))
			e.ID, e.Time = event.KeyID(e.Key, e.ClientTime), time.Now()
			batch = append(batch, e)
			n++
		}
		_, err := s.Append(ctx, batch)
		if err == nil {
			for _, e := range batch {
				acknowledged[e.ID] = true
			}
		}
		return err
	}
	for range 3 {
		full := free
		full.Cur = 600 << 10
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
			return err
		}
		refused := 0
		for range 200 {
			if err := add(); errors.Is(err, fault.StoreUnavailable) {
				if refused++; refused == 5 {
					break
				}
			} else if err != nil {
				return fmt.Errorf("a full disk is told as: %w", err)
			}
		}
		if refused == 0 {
			return errors.New("the disk never got full")
		}
		// Reading goes on.
		if _, err := s.Query(ctx, event.Query{Limit: 1}); err != nil {
			return fmt.Errorf("reading while the disk is full: %w", err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &free); err != nil {
			return err
		}
		if err := add(); err != nil {
			return fmt.Errorf("with space again: %w", err)
		}
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s, err = Open(ctx, dir, nil); err != nil {
		return err
	}
	for id := range acknowledged {
		if _, err := s.Get(ctx, id); err != nil {
			return fmt.Errorf("an acknowledged event is lost: %w", err)
		}
	}
	page, err := s.Query(ctx, event.Query{Limit: 1})
	if err != nil || page.Total != len(acknowledged) {
		return fmt.Errorf("total %d, want %d, %v", page.Total, len(acknowledged), err)
	}
	var verdict string
	if err := ask(ctx, s, "PRAGMA integrity_check", &verdict); err != nil || verdict != "ok" {
		return fmt.Errorf("the file is damaged: %s, %w", verdict, err)
	}
	return nil
}
