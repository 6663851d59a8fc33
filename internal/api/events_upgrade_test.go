// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/spool"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/report"
)

const ofVersion1 = "testdata/events-v1"

func unpacked(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(ofVersion1, name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestEventsOfVersion1 opens a directory that a server of the version before
// wrote. What is read is what that server gave, to the byte, while the
// documents are being written anew, afterwards, and after a restart; and no
// document of the version before is left.
func TestEventsOfVersion1(t *testing.T) {
	for _, isSpool := range []bool{false, true} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, sqlite.File), unpacked(t, "events.db"), 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := os.ReadFile(filepath.Join(ofVersion1, "events.key"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "events.key"), key, 0o600); err != nil {
			t.Fatal(err)
		}
		want := unpacked(t, "events.ndjson")
		outdated := -1
		for n := range 3 { // at once, when all is done, and after a restart
			store := openEvents(t, dir, isSpool)
			if got := exported(t, store); !bytes.Equal(got, want) {
				t.Fatalf("spool %v, opening %d: read as\n%s\nwant\n%s", isSpool, n, firstDifference(got, want), firstDifference(want, got))
			}
			for deadline := time.Now().Add(30 * time.Second); outdated != 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
				outdated = countOutdated(t, dir)
			}
			if outdated != 0 {
				t.Fatalf("spool %v: %d documents are still of the version before", isSpool, outdated)
			}
			if got := exported(t, store); !bytes.Equal(got, want) {
				t.Fatalf("spool %v, written anew: read as\n%s\nwant\n%s", isSpool, firstDifference(got, want), firstDifference(want, got))
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// events is an open file of events, as the embedded store or as the spool.
type events interface {
	Close() error
}

func openEvents(t *testing.T, dir string, isSpool bool) (s events) {
	t.Helper()
	var err error
	if isSpool {
		s, err = spool.Open(t.Context(), dir, nil, report.Vocabulary())
	} else {
		s, err = sqlite.Open(t.Context(), dir, nil, sqlite.Words(report.Vocabulary()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// exported is what GET /v2/analytics/events writes of a page as NDJSON.
func exported(t *testing.T, s events) []byte {
	t.Helper()
	q := event.Query{AccountID: "fixture", Limit: event.MaxLimit}
	var list []event.Event
	switch s := s.(type) {
	case *sqlite.Store:
		page, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		list = page.Events
	case *spool.Spool:
		part, err := s.Part(t.Context(), &q, 0, math.MaxInt64, q.Limit, true)
		if err != nil {
			t.Fatal(err)
		}
		list = part.Events
	}
	var lines []byte
	for i := range list {
		lines = append(eventjson.Append(lines, &list[i]), '\n')
	}
	return lines
}

func countOutdated(t *testing.T, dir string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlite.File)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(`SELECT count(*) FROM events WHERE doc LIKE '{"version":"2.0"%'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func firstDifference(a, b []byte) string {
	other := strings.Split(string(b), "\n")
	for i, line := range strings.Split(string(a), "\n") {
		if i >= len(other) || line != other[i] {
			return line
		}
	}
	return "(nothing more)"
}
