// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/testlog"
)

// sized is an event whose document has some n bytes, which packing makes no fewer.
func sized(account string, n int) event.Event {
	var noise strings.Builder
	for range n {
		noise.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[rand.IntN(64)])
	}
	return event.Event{
		ID: uuid.NewString(), Type: event.JoinFailed, Source: event.FromClient, Subject: event.Subject{AccountID: account, UserID: "u", RoomID: "r"},
		Failure: event.Failure{Code: 1, Message: noise.String()},
	}
}

// A flood of one account evicts the oldest of its own events and none of
// another's, though those are older; the file stays within its bound, and both
// the log and the store remember.
func TestAFloodEvictsItsOwnEvents(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var log testlog.Buffer
	const bound = 4 << 20
	r := event.NewRecorder(s, event.RecorderConfig{MaxBytes: bound, Log: slog.New(slog.NewTextHandler(&log, nil))})
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	put := func(account string, n, size int) {
		t.Helper()
		var batch []event.Event
		for range n {
			batch = append(batch, sized(account, size))
		}
		if err := r.Append(t.Context(), batch...); err != nil {
			t.Fatal(err)
		}
	}
	put("calm", 300, 500)
	for range 40 {
		put("flood", 100, 3000) // some 12 MB in all
	}
	evicted := func(account string) int64 {
		n, err := s.Evicted(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	until(t, func() bool {
		size, err := s.Size(t.Context())
		return err == nil && size.Bytes <= bound && evicted("flood") > 0
	})
	total := func(account string) int {
		p, err := s.Query(t.Context(), event.Query{AccountID: account, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		return p.Total
	}
	if n := total("calm"); n != 300 || evicted("calm") != 0 {
		t.Errorf("%d of 300 events of another account are left", n)
	}
	if n, gone := total("flood"), evicted("flood"); n == 0 || int64(n)+gone != 4000 {
		t.Errorf("%d are left and %d evicted of 4000", n, gone)
	}
	until(t, func() bool { return strings.Contains(log.String(), "events evicted") })
	if said := log.String(); !strings.Contains(said, "account=flood") || strings.Contains(said, "account=calm") {
		t.Errorf("the log says %s", said)
	}
}

// The bytes of an account are those of its documents, whatever was appended,
// merged and removed, and are found out for a file that has none.
func TestSizeFollowsTheEvents(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		size, err := s.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var want int64
		if err := s.Read(t.Context(), func(c *eventlog.Conn) error {
			rows, err := eventlog.RowsAbove(t.Context(), c, nil, 0)
			for i := range rows {
				want += int64(rows[i].Size)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got := size.Accounts["a"]; got != want || size.Bytes < want {
			t.Errorf("%s: %d bytes are counted, %d are there, %d on disk", when, got, want, size.Bytes)
		}
	}
	seen := sized("a", 10)
	seen.Source, seen.PeerID = event.FromServer, "p"
	told := sized("a", 2000)
	told.PeerID = "p"
	var batch []event.Event
	for _, e := range []event.Event{seen, told, sized("a", 700), sized("a", 1)} {
		e.Time = time.Now().UTC()
		batch = append(batch, e)
	}
	if _, err := s.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	check("after appending")
	if n, err := s.Remove(t.Context(), event.Removal{AccountID: "a", Oldest: true}); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	check("after removing")
	if _, err := s.Append(t.Context(), []event.Event{func() event.Event { e := sized("a", 99); e.Time = time.Now().UTC(); return e }()}); err != nil {
		t.Fatal(err)
	}
	alter(t, s, "DELETE FROM counts WHERE scope = 4; DELETE FROM meta WHERE key = 'bytes'")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	check("in a file that had none")
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never")
		}
	}
}
