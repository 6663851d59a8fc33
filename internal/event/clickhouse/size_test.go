// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/testlog"
)

// noise is text that no codec makes smaller by much.
func noise(n int) string {
	b := make([]byte, n*3/4)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// TestAFloodEvictsItsOwnEvents: as of the embedded store, wherever the events
// are: in ClickHouse, in the spool, or in both.
func TestAFloodEvictsItsOwnEvents(t *testing.T) {
	t.Parallel()
	for where, move := range map[string]func(context.Context, *Store) error{
		"in ClickHouse": func(ctx context.Context, s *Store) error { return s.step(ctx, 0, 0) },
		"in the spool":  func(context.Context, *Store) error { return nil },
		"in both":       func(ctx context.Context, s *Store) error { return s.step(ctx, 0, time.Hour) },
	} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			s := openAt(t, shared(t), t.TempDir(), func(c *Config) { c.Settle = time.Hour })
			var ids []string // of the flood
			put := func(account string, n, size int) {
				t.Helper()
				var batch []event.Event
				for range n {
					batch = append(batch, event.Event{
						ID: uuid.NewString(), Time: time.Now().UTC(), Type: event.JoinFailed, Source: event.FromClient,
						Subject: event.Subject{AccountID: account, UserID: "u", RoomID: "r"}, Failure: event.Failure{Code: 1, Message: noise(size)},
					})
				}
				for _, e := range batch {
					if account == "flood" {
						ids = append(ids, e.ID)
					}
				}
				eventtest.Add(t, s, batch...)
			}
			put("calm", 100, 500)
			for range 20 {
				put("flood", 100, 2000) // some 4 MB in all
			}
			if err := move(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			size := func() int64 {
				t.Helper()
				size, err := s.Size(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return size.Bytes
			}
			bound := size() * 3 / 4
			var log testlog.Buffer
			r := event.NewRecorder(s, event.RecorderConfig{MaxBytes: bound, Log: slog.New(slog.NewTextHandler(&log, nil))})
			for end := time.Now().Add(2 * time.Minute); !strings.Contains(log.String(), "events evicted"); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("nothing is evicted: %s", log.String())
				}
			}
			if err := r.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			if said := log.String(); !strings.Contains(said, "account=flood") || strings.Contains(said, "account=calm") {
				t.Errorf("the log says %s", said)
			}
			if got := size(); got > bound {
				t.Errorf("%d bytes are left of %d", got, bound)
			}
			check := func(when string) {
				t.Helper()
				if _, n := eventtest.All(t, s, event.Query{AccountID: "calm", Limit: 100}); n != 100 {
					t.Errorf("%s: %d of 100 events of another account are left", when, n)
				}
				left, n := eventtest.All(t, s, event.Query{AccountID: "flood", Limit: 100})
				gone, err := s.Evicted(t.Context(), "flood")
				if err != nil || n == 0 || gone == 0 || int64(n)+gone != 2000 {
					t.Errorf("%s: %d are left and %d evicted of 2000, %v", when, n, gone, err)
				}
				if len(left) != n || n > 0 && (left[0].ID != ids[2000-n] || left[n-1].ID != ids[1999]) {
					t.Errorf("%s: what is left are not the newest", when)
				}
			}
			check("at once")
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			check("once all has left the spool")
		})
	}
}

// TestAnOlderTableIsMeasured opens a database whose table has no column of sizes.
func TestAnOlderTableIsMeasured(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openAt(t, shared(t), dir, nil)
	eventtest.Add(t, s, eventtest.Sample(1), eventtest.Sample(2))
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := s.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.conn.Exec(t.Context(), "ALTER TABLE events DROP COLUMN bytes"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, shared(t), dir, nil)
	eventtest.Add(t, s, eventtest.Sample(3))
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := s.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if after.Accounts["acme"] <= before.Accounts["acme"] || before.Accounts["acme"] == 0 || before.Bytes == 0 {
		t.Errorf("%+v before and %+v after", before, after)
	}
}
