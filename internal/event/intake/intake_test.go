// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/report"
)

func open(t testing.TB, dir string) *Intake {
	t.Helper()
	b, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func again(t *testing.T, b *Intake) *Intake {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, filepath.Dir(b.path))
}

// samples are failures that a client told and the server saw, apart and in one, and tracks.
func samples(n int) (events []event.Event) {
	for i := range n {
		failure, track := eventtest.Sample(i), eventtest.SampleTrack(i)
		seen := failure
		seen.Source = event.FromServer
		both := event.Pair(seen, failure)
		events = append(events, failure, seen, both, track)
	}
	for i := range events {
		events[i].ID, events[i].Time = event.KeyID(fmt.Sprint(i), time.Now()), time.Now().UTC()
	}
	return events
}

// Every event comes back as it went in: the document that a store would keep of it is the
// same to the byte, in words and without.
func TestEventsComeBackAsTheyWere(t *testing.T) {
	b := open(t, t.TempDir())
	events := samples(40)
	last, err := b.Keep(t.Context(), events)
	if err != nil || last != int64(len(events)) {
		t.Fatalf("the last has the number %d, %v", last, err)
	}
	if left := b.Left(); len(left) != 0 {
		t.Errorf("%d were left in a new intake", len(left))
	}
	left := again(t, b).Left()
	if len(left) != len(events) {
		t.Fatalf("%d of %d came back", len(left), len(events))
	}
	for i := range events {
		was, is := &events[i], &left[i]
		if is.Seq != int64(i+1) || is.Key == "" || is.ID != was.ID || !is.Time.Equal(was.Time) || is.UserKey() != was.UserKey() || is.When() != was.When() {
			t.Errorf("%+v became %+v", was, is)
		}
		for _, words := range []event.Vocabulary{nil, report.Vocabulary()} {
			want, got := eventjson.AppendStored(nil, was, words), eventjson.AppendStored(nil, is, words)
			if !bytes.Equal(want, got) {
				t.Errorf("the document\n%s\nbecame\n%s", want, got)
			}
		}
		if want, got := eventjson.AppendWhole(nil, was), eventjson.AppendWhole(nil, is); !bytes.Equal(want, got) {
			t.Errorf("the document\n%s\nbecame\n%s", want, got)
		}
	}
}

// What is removed is gone, the rest stays, and numbers are not given twice while there is
// something left.
func TestWhatIsRemovedIsGone(t *testing.T) {
	b := open(t, t.TempDir())
	events := samples(3)
	for range 2 {
		if _, err := b.Keep(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	for _, span := range [][2]int64{{1, 4}, {7, 20}, {100, 200}} {
		if err := b.Remove(t.Context(), span[0], span[1]); err != nil {
			t.Fatal(err)
		}
	}
	b = again(t, b)
	var left []int64
	for _, e := range b.Left() {
		left = append(left, e.Seq)
	}
	if fmt.Sprint(left) != "[5 6 21 22 23 24]" {
		t.Errorf("left are %d", left)
	}
	if last, err := b.Keep(t.Context(), events[:1]); err != nil || last != 25 {
		t.Errorf("the next has the number %d, %v", last, err)
	}
	if err := b.Remove(t.Context(), 1, math.MaxInt64); err != nil {
		t.Fatal(err)
	}
	if left := again(t, b).Left(); len(left) != 0 {
		t.Errorf("%d are left", len(left))
	}
}

// A document that was damaged from outside is told of, put aside and kept, and holds no
// other up.
func TestADamagedDocumentIsPutAside(t *testing.T) {
	b := open(t, t.TempDir())
	if _, err := b.Keep(t.Context(), samples(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.conn.ExecContext(t.Context(), "UPDATE arrived SET doc = 'x' || n WHERE n IN (2, 3)"); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	for range 2 {
		again, err := Open(t.Context(), filepath.Dir(b.path), slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		left := again.Left()
		if len(left) != 2 || left[0].Seq != 1 || left[1].Seq != 4 {
			t.Errorf("%+v", left)
		}
		var aside string
		if err := again.conn.QueryRowContext(t.Context(), "SELECT group_concat(doc) FROM arrived WHERE n < 0").Scan(&aside); err != nil || aside != "x3,x2" {
			t.Errorf("put aside is %q, %v", aside, err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "put aside"); n != 2 {
		t.Errorf("it is told %d times:\n%s", n, &log)
	}
}

func TestAnIntakeThatIsClosed(t *testing.T) {
	b := open(t, t.TempDir())
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Keep(t.Context(), samples(1)); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("%v", err)
	}
	if err := b.Remove(t.Context(), 1, 2); !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("%v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	b = again(t, open(t, filepath.Dir(b.path)))
	if _, err := b.Keep(ended, samples(1)); err == nil {
		t.Error("kept for who has gone")
	}
}

// A file of a later version is left as it is.
func TestALaterVersionIsRefused(t *testing.T) {
	b := open(t, t.TempDir())
	if u := Upgrade(t.Context(), b.path); u.Err != nil || u.From != schemaVersion || u.To != schemaVersion {
		t.Errorf("%+v", u)
	}
	if _, err := b.conn.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), filepath.Dir(b.path), nil); !errors.Is(err, fault.StoreUnavailable) || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("%v", err)
	}
	if u := Upgrade(t.Context(), filepath.Join(t.TempDir(), File)); u.Err == nil && u.To != schemaVersion {
		t.Errorf("%+v", u)
	}
	if err := datafile.Check(t.Context(), b.path); err != nil {
		t.Error(err)
	}
}

// BenchmarkKeep is what it takes until a report is on disk, and out again.
func BenchmarkKeep(bench *testing.B) {
	for _, n := range []int{1, 16} {
		bench.Run(fmt.Sprint(n), func(bench *testing.B) {
			b := open(bench, bench.TempDir())
			events := samples(n)[:n]
			bench.ReportAllocs()
			for i := 0; bench.Loop(); i++ {
				last, err := b.Keep(bench.Context(), events)
				if err == nil && i%64 == 63 {
					err = b.Remove(bench.Context(), 1, last)
				}
				if err != nil {
					bench.Fatal(err)
				}
			}
		})
	}
}
