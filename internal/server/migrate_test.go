// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/clickhouse"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/event/intake"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/report"
)

// migrateVar makes this test binary migrate, so that it can be killed: it holds
// the data directory, the URL and the direction.
const migrateVar = "REDIAL_TEST_MIGRATE"

func init() {
	if args := strings.Fields(os.Getenv(migrateVar)); len(args) == 4 {
		files, err := OpenEventFiles(context.Background(), migrateConfig(args[0], args[1]), slog.New(slog.DiscardHandler))
		if err == nil {
			_, err = files.Migrate(context.Background(), args[2], args[3], func(Progress) {})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func migrateConfig(dir, url string) config.Config {
	cfg := config.Default()
	cfg.Data.Dir = dir
	cfg.Events.ClickHouse.URL = url
	return cfg
}

const clickhouseScript = "../../scripts/clickhouse.sh"

// startClickHouse starts the real server. In CI it is installed, and not to have
// it is a failure.
func startClickHouse(t *testing.T) string {
	t.Helper()
	return startClickHouseIn(t, t.TempDir())
}

// runClickHouse runs the script that starts and ends servers.
func runClickHouse(args ...string) (string, error) {
	c := exec.Command(clickhouseScript, args...)
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, said.String())
	}
	return strings.TrimSpace(string(out)), err
}

// startClickHouseIn is startClickHouse in a directory, where the same server can
// be started again.
func startClickHouseIn(t *testing.T, dir string) string {
	t.Helper()
	run := runClickHouse
	ci := os.Getenv("CI") != ""
	if ci {
		if _, err := run("install"); err != nil {
			t.Fatal(err)
		}
	}
	url, err := run("start", dir)
	if err != nil && !ci && strings.Contains(err.Error(), "clickhouse.sh install") {
		t.Skip("no ClickHouse here, so copying to it is not tested: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = run("kill", dir) })
	return url
}

// population fills a SQLite store with events of all kinds, merged ones too.
func population(t *testing.T, dir string, n int) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, nil, sqlite.Words(report.Vocabulary()))
	if err != nil {
		t.Fatal(err)
	}
	var batch []event.Event
	for i := range n {
		e := eventtest.Sample(i)
		if i%5 == 0 {
			e = eventtest.SampleTrack(i)
		}
		e.PeerID = fmt.Sprint("peer-", i)
		seen := report.Seen(event.PublishFailed, fault.From(fault.ICEFailed.New("stun_seen", true, "tries", 3), fault.OpPublish), e.Subject)
		seen.ID, seen.Time = uuid.NewString(), e.Time
		seen.Evidence = &evidence.Record{V: evidence.Version, At: e.Time, Path: &evidence.Path{Side: "publish", State: "failed", DTLS: "connected",
			Pairs: []evidence.Pair{{Protocol: "udp", Local: "host", Remote: "prflx", Selected: true, In: e.Time}}}}
		switch i % 50 {
		case 2: // the server alone
			e = seen
		case 3: // the client alone, in words of several vendors
			e.Source, e.Dialect = event.FromClient, dialect.Vendors()[i/50%len(dialect.Vendors())].Name
		case 1: // both, and the fault that the client means is another
			e.Fault, e.Dialect = fault.ICEDisconnected.ID, dialect.HMS.Name
			batch = append(batch, seen)
			e.Source, e.Key = event.FromClient, fmt.Sprint("key-", i)
			e.ID = event.KeyID(e.Key, e.ClientTime)
		}
		if batch = append(batch, e); len(batch) >= 1000 || i == n-1 {
			eventtest.Add(t, s, batch...)
			batch = nil
		}
	}
	var joins []event.Join
	for i := range n / 10 {
		e := eventtest.Sample(i)
		joins = append(joins, event.Join{Time: e.Time, Subject: e.Subject})
	}
	if err := s.CountJoins(t.Context(), joins); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func lines(t *testing.T, cfg config.Config, store string) string {
	t.Helper()
	cfg.Events.Store = store
	files, err := OpenEventFiles(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	var b bytes.Buffer
	if _, err := files.Export(t.Context(), &b, func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Events that a server had acknowledged and not stored yet when it was killed, or when it was
// backed up, are exported with the others, once.
func TestWhatOnlyArrivedIsExported(t *testing.T) {
	dir := t.TempDir()
	cfg := migrateConfig(dir, "")
	population(t, dir, 10)
	arrived, err := intake.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	late := eventtest.Sample(1)
	late.ID, late.Time = event.KeyID("late", time.Now()), time.Now().UTC()
	for range 2 { // as when the store had it, and was killed before it left
		if _, err := arrived.Keep(t.Context(), []event.Event{late}); err != nil {
			t.Fatal(err)
		}
	}
	if err := arrived.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		text := lines(t, cfg, "sqlite")
		if n := strings.Count(text, "\n"); n != 11 || strings.Count(text, late.ID) != 1 {
			t.Errorf("%d events, want 11, and %s once", n, late.ID)
		}
	}
}

// TestMigrate kills a migration with SIGKILL half way, there and back, calls it
// again, and wants an exact copy.
func TestMigrate(t *testing.T) {
	url := startClickHouse(t)
	dir := t.TempDir()
	cfg := migrateConfig(dir, url)
	const n = 4000
	population(t, dir, n)
	want := lines(t, cfg, "sqlite")
	if got := strings.Count(want, "\n"); got != n {
		t.Fatalf("%d events to copy, want %d", got, n)
	}
	migrate := func(from, to string) {
		t.Helper()
		killed := exec.Command(os.Args[0])
		killed.Env = append(os.Environ(), strings.Join([]string{migrateVar + "=" + dir, url, from, to}, " "))
		killed.Stderr = os.Stderr
		if err := killed.Start(); err != nil {
			t.Fatal(err)
		}
		note := filepath.Join(dir, "events.migration.json")
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if _, err := os.Stat(note); err == nil {
				break
			}
		}
		_ = killed.Process.Kill()
		if killed.Wait() == nil {
			t.Fatal("it was done before it could be killed")
		}
		files, err := OpenEventFiles(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		var m struct{ After int64 }
		text, err := os.ReadFile(note)
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		if err != nil || m.After == 0 || m.After >= n {
			t.Fatalf("killed at %d, %v", m.After, err)
		}
		var told []Progress
		p, err := files.Migrate(t.Context(), from, to, func(p Progress) { told = append(told, p) })
		if err != nil {
			t.Fatal(err)
		}
		if p.Added+p.Known != n-m.After || p.Done != p.Total || len(told) == 0 || told[0].Done <= m.After {
			t.Errorf("%+v after %d", p, m.After)
		}
		if p, err := files.Migrate(t.Context(), from, to, func(Progress) {}); err != nil || p.Added+p.Known != 0 {
			t.Errorf("a third time: %+v, %v", p, err)
		}
		if err := files.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s to %s: killed at %d, then %d new and %d known", from, to, m.After, p.Added, p.Known)
		if err := os.Remove(note); err != nil {
			t.Fatal(err)
		}
	}
	counted := func(store string) event.Summary {
		t.Helper()
		cfg := cfg
		cfg.Events.Store = store
		s, err := openEvents(t.Context(), store, cfg, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		hour := time.Now().UTC().Truncate(time.Hour)
		sum, err := s.(event.Summarizer).Summarize(t.Context(), event.SummaryQuery{
			AccountID: "acme", By: event.ByRoom, Types: event.Types, Users: true, Bucket: time.Hour, Since: hour.Add(-3 * time.Hour), Until: hour.Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	wantCounts := counted("sqlite")
	if c := wantCounts.Total.Counts; c.Joins != n/10 || c.Events != n {
		t.Fatalf("%+v to copy", c)
	}
	migrate("sqlite", "clickhouse")
	same(t, lines(t, cfg, "clickhouse"), want)
	if got := counted("clickhouse"); !reflect.DeepEqual(got, wantCounts) {
		t.Errorf("ClickHouse counts\n%+v\nwant\n%+v", got, wantCounts)
	}

	// A report that had become part of an event is known there, too.
	ch, err := clickhouse.Open(t.Context(), dir, clickhouse.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	told := eventtest.Sample(1)
	told.PeerID, told.Source, told.Key = "peer-1", event.FromClient, "key-1"
	told.ID = event.KeyID(told.Key, told.ClientTime)
	if out := eventtest.Add(t, ch, told); out[0].State != event.Duplicate {
		t.Errorf("a merged report after the migration: %+v", out)
	}
	if err := ch.Close(); err != nil {
		t.Fatal(err)
	}

	// And back, into a new file.
	for _, name := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(filepath.Join(dir, sqlite.File+name))
	}
	migrate("clickhouse", "sqlite")
	same(t, lines(t, cfg, "sqlite"), want)
	if got := counted("sqlite"); !reflect.DeepEqual(got, wantCounts) {
		t.Errorf("back in SQLite the counts are\n%+v\nwant\n%+v", got, wantCounts)
	}
}

func same(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	if len(g) != len(w) {
		t.Fatalf("%d events, want %d", len(g)-1, len(w)-1)
	}
	for i := range g {
		if g[i] != w[i] {
			t.Fatalf("event %d is\n%swant\n%s", i, g[i], w[i])
		}
	}
}

// TestImport: what was exported comes back, once, and what is no event is named.
func TestImport(t *testing.T) {
	from, to := migrateConfig(t.TempDir(), ""), migrateConfig(t.TempDir(), "")
	population(t, from.Data.Dir, 2500)
	s, err := sqlite.Open(t.Context(), from.Data.Dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	removed, err := s.Remove(t.Context(), event.Removal{AccountID: "acme", UserID: "user-3"}) // places are missing
	if err = errors.Join(err, s.Close()); err != nil || removed == 0 {
		t.Fatal(removed, err)
	}
	exported := lines(t, from, "sqlite")
	for _, part := range []string{`"server":{`, `"evidence":{"v":1`, `"client":{"dialect":"opentok"`, `"also":["`, `"seq":2500}`} {
		if !strings.Contains(exported, part) {
			t.Errorf("no event has %s", part)
		}
	}
	files, err := OpenEventFiles(t.Context(), to, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenEventFiles(t.Context(), to, slog.New(slog.DiscardHandler)); !errors.Is(err, fault.DataDirBusy) {
		t.Errorf("the directory of another: %v", err)
	}
	for i, want := range []Progress{{Added: int64(2500 - removed)}, {Known: int64(2500 - removed)}} {
		p, err := files.Import(t.Context(), strings.NewReader(exported), func(Progress) {})
		if err != nil || p.Added != want.Added || p.Known != want.Known {
			t.Errorf("time %d: %+v, %v", i+1, p, err)
		}
	}
	for name, text := range map[string]string{
		"not JSON":     "\nnonsense\n",
		"no id":        "\n" + `{"timestamp":"2026-01-01T00:00:00Z","type":"client.join.failed"}`,
		"unknown type": "\n" + `{"id":"11111111-1111-4111-8111-111111111111","timestamp":"2026-01-01T00:00:00Z","type":"x"}`,
		"no time":      "\n" + `{"id":"11111111-1111-4111-8111-111111111111","type":"client.join.failed"}`,
		"bad source":   "\n" + `{"id":"11111111-1111-4111-8111-111111111111","timestamp":"2026-01-01T00:00:00Z","type":"client.join.failed","redial":{"source":"x"}}`,
	} {
		if _, err := files.Import(t.Context(), strings.NewReader(text), func(Progress) {}); !errors.Is(err, fault.FieldInvalid) || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, lines(t, to, "sqlite"), exported)
}
