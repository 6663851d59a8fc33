// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

var replicas = flag.Bool("replicas", false, "also run two servers that are replicas of each other")

// documented gives the statements that make the replicated tables and the options
// of the URL, as docs/clickhouse.md has them.
func documented(t *testing.T) (statements []string, options string) {
	t.Helper()
	page, err := os.ReadFile("../../../docs/clickhouse.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "**Replicated**, on every node:\n\n```sql\n")
	sql, text, ends := strings.Cut(text, "```")
	_, text, has := strings.Cut(text, "\n```\nclickhouse://")
	url, _, _ := strings.Cut(text, "\n")
	_, options, asks := strings.Cut(url, "?")
	if !found || !ends || !has || !asks {
		t.Fatal("docs/clickhouse.md has no statements and URL for replicas")
	}
	columns := map[string]string{}
	for _, m := range regexp.MustCompile(`(?s)CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\n\) ENGINE`).FindAllStringSubmatch(schema, -1) {
		columns[m[1]] = m[2]
	}
	name := regexp.MustCompile(`^\s*CREATE TABLE redial\.(\w+)`)
	for statement := range strings.SplitSeq(sql, ";") {
		if m := name.FindStringSubmatch(statement); m != nil {
			statement = strings.Replace(statement, "/* the columns of schema.sql */", columns[m[1]], 1)
			delete(columns, m[1])
		}
		if strings.TrimSpace(statement) != "" {
			statements = append(statements, statement)
		}
	}
	if len(columns) > 0 {
		t.Fatalf("docs/clickhouse.md does not say how these tables are replicated: %v", columns)
	}
	return statements, options
}

// TestReplicas: two servers hold the same tables, made as documented. Each is killed
// once while events are shipped, and comes back: what was acknowledged is there once,
// in both.
func TestReplicas(t *testing.T) {
	if !*replicas {
		t.Skip("two servers and a ZooKeeper are started by make clickhouse-replicated")
	}
	dir := t.TempDir()
	both, err := run("replicas", dir)
	t.Cleanup(func() {
		for _, name := range []string{"a", "b", "zookeeper"} {
			_, _ = run("kill", filepath.Join(dir, name))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	statements, options := documented(t)
	at, err := driver.ParseDSN(both)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := driver.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	_ = admin.Close()

	data := t.TempDir()
	open := func(url string) *Store {
		return openAt(t, url+"?"+options, data, func(c *Config) { c.Database = "redial" })
	}
	s := open(both)
	var taken []event.Event
	take := func(batches int) {
		for range batches {
			var batch []event.Event
			for range 50 {
				batch = append(batch, eventtest.Sample(len(taken)+len(batch)))
			}
			eventtest.Add(t, s, batch...)
			taken = append(taken, batch...)
		}
	}
	shippingNow := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			for ctx.Err() == nil {
				_ = s.Flush(ctx) // fails while a replica is away
			}
		})
		return func() { cancel(); wait.Wait() }
	}
	take(5)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := len(taken)
	for _, name := range []string{"a", "b"} {
		stop := shippingNow()
		var wait sync.WaitGroup
		wait.Go(func() {
			time.Sleep(50 * time.Millisecond) // somewhere within
			if _, err := run("kill", filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		})
		take(20)
		wait.Wait()
		take(5)
		// What was confirmed by both is read from the other.
		if page, err := s.Query(t.Context(), event.Query{Limit: 10}); err != nil || len(page.Events) != 10 || page.Events[9].ID != taken[9].ID || page.Total < first {
			t.Errorf("without %s: a page of %d, %v", name, len(page.Events), err)
		}
		if _, err := run("start", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		stop()
		soon(t, name+" came back", func() error { return s.Flush(t.Context()) })
	}

	other := openAt(t, both+"?"+options, t.TempDir(), func(c *Config) { c.Database, c.Shared = "redial", true })
	flush(t, other, s)
	got, total := eventtest.All(t, other, event.Query{Limit: 100})
	if total != len(taken) || len(got) != len(taken) {
		t.Errorf("another server finds %d events, total %d, want %d", len(got), total, len(taken))
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}

	zookeeper := filepath.Join(dir, "zookeeper")
	if _, err := run("stop", zookeeper); err != nil {
		t.Fatal(err)
	}
	take(1)
	short, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	if err := s.Flush(short); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("shipping without ZooKeeper: %v", err)
	}
	cancel()
	if out, err := exec.Command("../../../scripts/zookeeper.sh", "start", zookeeper).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	soon(t, "ZooKeeper came back", func() error { return s.Flush(t.Context()) })

	// An insert whose answer was lost is not there twice.
	take(1)
	records, err := s.spool.Records(t.Context(), int64(len(taken)-50), int64(len(taken)), 50)
	if err == nil {
		err = s.insert(t.Context(), records)
	}
	if err == nil {
		err = s.insert(t.Context(), records)
	}
	if err == nil {
		err = s.Flush(t.Context())
	}
	if n := scalar(t, s, "SELECT count() FROM events WHERE seq > 0"); err != nil || n != uint64(len(taken)) {
		t.Errorf("%d events, want %d; %v", n, len(taken), err)
	}

	erased := taken[7]
	if n, err := s.Remove(t.Context(), event.Removal{AccountID: erased.AccountID, UserID: erased.UserID}); err != nil || n == 0 {
		t.Errorf("erased %d, %v", n, err)
	}
	taken = slices.DeleteFunc(taken, func(e event.Event) bool { return e.UserID == erased.UserID })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	var pages [2][]string
	for i, url := range strings.Split(strings.TrimPrefix(both, "clickhouse://"), ",") {
		s = open("clickhouse://" + url)
		soon(t, url+" was told of the erasure", func() error {
			if n := scalar(t, s, "SELECT count() FROM events WHERE seq > 0"); n != uint64(len(taken)) {
				return fmt.Errorf("%d events, want %d", n, len(taken))
			}
			return nil
		})
		got, total := eventtest.All(t, s, event.Query{Limit: 100})
		if total != len(taken) {
			t.Errorf("%s: total %d, want %d", url, total, len(taken))
		}
		for _, e := range got {
			pages[i] = append(pages[i], e.ID)
		}
		for query, want := range map[string]int{
			"SELECT count() FROM events WHERE seq > 0":                      len(taken),
			"SELECT uniqExact(id) FROM events WHERE seq > 0":                len(taken),
			"SELECT uniqExact(seq) FROM events_keys WHERE seq > 0":          len(taken),
			"SELECT count() FROM system.replicas WHERE is_readonly":         0,
			"SELECT count() FROM system.replicas WHERE database = 'redial'": len(statements) - 1,
		} {
			if n := scalar(t, s, query); n != uint64(want) {
				t.Errorf("%s: %s: %d, want %d", url, query, n, want)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for _, e := range taken {
		want = append(want, e.ID)
	}
	if !slices.Equal(pages[0], want) || !slices.Equal(pages[1], want) {
		t.Errorf("%d events were taken, %d are in one and %d in the other", len(want), len(pages[0]), len(pages[1]))
	}
}

// soon repeats what has to work within a minute of something.
func soon(t *testing.T, after string, f func() error) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a minute after %s: %v", after, err)
		}
	}
}
