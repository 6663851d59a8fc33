// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

func open(t testing.TB, dir string) event.Store { return openWith(t, dir) }

func openWith(t testing.TB, dir string, options ...Option) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// indexAt chooses how many events are indexed at once, while the store is at work.
func indexAt(t testing.TB, s *Store, events int) {
	t.Helper()
	if err := s.Change(t.Context(), func(context.Context, eventlog.Tx) error { s.deferred.at = events; return nil }); err != nil {
		t.Fatal(err)
	}
}

// indexed has the indexes take in all events.
func indexed(t *testing.T, s *Store) {
	t.Helper()
	if err := s.fold(t.Context(), s.deferred.list...); err != nil {
		t.Fatal(err)
	}
}

// checkNames compares the ids of events with the names that there are: each column refers
// to one of its account, and none is left of which there is no event.
func checkNames(t testing.TB, s *Store) {
	t.Helper()
	for kind, column := range []string{"room", "session", "peer", "user"} {
		for what, query := range map[string]string{
			"without a name":    "SELECT count(*) FROM events e WHERE " + column + " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM names n WHERE n.ref = e." + column + " AND n.account = e.account AND n.kind = %d)",
			"that no event has": "SELECT count(*) FROM names n WHERE kind = %d AND NOT EXISTS (SELECT 1 FROM events e WHERE e." + column + " = n.ref AND e.account = n.account)",
		} {
			var n int
			if err := ask(t.Context(), s, fmt.Sprintf(query, kind+1), &n); err != nil || n != 0 {
				t.Errorf("%d ids of a %s %s (%v)", n, column, what, err)
			}
		}
	}
}

// ask reads one row of the file.
func ask(ctx context.Context, s *Store, query string, into ...any) error {
	return s.Read(ctx, func(c *eventlog.Conn) error { return c.Row(ctx, query).Scan(into...) })
}

// alter makes the file another than a store leaves it.
func alter(t testing.TB, s *Store, statements string) {
	t.Helper()
	if err := s.Change(t.Context(), func(ctx context.Context, tx eventlog.Tx) error {
		_, err := tx.ExecContext(ctx, statements)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestBehaviours runs the suite with counts that are written and sets that are
// used early, since its events are few.
func TestBehaviours(t *testing.T) {
	eventtest.Run(t, func(t testing.TB, dir string) event.Store {
		s := openWith(t, dir, keysFrom(3))
		s.lookedAt = 0
		indexAt(t, s, 5)
		return s
	})
}

// TestReadable: an operator with any tool finds what the API gives.
func TestReadable(t *testing.T) {
	s := open(t, t.TempDir()).(*Store)
	e := eventtest.Sample(3)
	eventtest.Add(t, s, e)
	var id, at, account, typ, room, user string
	err := ask(t.Context(), s, "SELECT id, time, account, type, room, user FROM readable", &id, &at, &account, &typ, &room, &user)
	if err != nil {
		t.Fatal(err)
	}
	if id != e.ID || at != e.Time.Format("2006-01-02T15:04:05.000Z") || account != "acme" || typ != string(e.Type) || room != e.RoomID || user != e.UserID {
		t.Errorf("%s %s %s %s %s %s", id, at, account, typ, room, user)
	}
}

// TestUnfitFiles: what is not ours is refused and left alone.
func TestUnfitFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir).(*Store)
	alter(t, s, "PRAGMA user_version = 99")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	junk := t.TempDir()
	if err := os.WriteFile(filepath.Join(junk, File), []byte("this is not a database, and it is long enough to be taken for one"), 0o600); err != nil {
		t.Fatal(err)
	}
	short := t.TempDir()
	if err := os.WriteFile(filepath.Join(short, "events.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"another version": dir, "not a database": junk, "a broken key": short, "no directory": filepath.Join(junk, "none")} {
		if s, err := Open(t.Context(), dir, nil); !errors.Is(err, fault.StoreUnavailable) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}
