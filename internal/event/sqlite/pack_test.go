// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package sqlite

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/docpack"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// Directories of earlier versions.
const (
	ofVersion2 = "testdata/events-v2"
	ofVersion4 = "testdata/events-v4"
)

func gunzip(t *testing.T, dir, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name+".gz"))
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

// exported is every event with both halves.
func exported(t *testing.T, s *Store) (lines []byte) {
	t.Helper()
	list, err := s.Records(t.Context(), 0, math.MaxInt64, math.MaxInt32)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		lines = append(eventjson.AppendWhole(lines, &list[i].Event), '\n')
	}
	return lines
}

// answers compares what filters find with what there is.
func answers(t *testing.T, s *Store) {
	t.Helper()
	all, err := s.Records(t.Context(), 0, math.MaxInt64, math.MaxInt32)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(all); i += 60 {
		one := &all[i].Event
		for name, of := range map[string]func(*event.Event) string{
			"room": func(e *event.Event) string { return e.RoomID }, "session": func(e *event.Event) string { return e.SessionID },
			"peer": func(e *event.Event) string { return e.PeerID }, "user": func(e *event.Event) string { return e.UserKey() },
		} {
			q := event.Query{AccountID: one.AccountID, Limit: event.MaxLimit}
			switch name {
			case "room":
				q.RoomID = one.RoomID
			case "session":
				q.SessionID = one.SessionID
			case "peer":
				q.PeerID = one.PeerID
			case "user":
				q.UserID, q.UserProof = one.UserID, one.UserProof
			}
			want := 0
			for j := range all {
				if of(&all[j].Event) == of(one) && all[j].AccountID == one.AccountID {
					want++
				}
			}
			if got, total := eventtest.All(t, s, q); len(got) != want || total != want {
				t.Fatalf("by %s %q: %d events and a total of %d, want %d", name, of(one), len(got), total, want)
			}
		}
	}
}

// TestEventsOfEarlierVersions opens directories that earlier versions wrote, and kills the
// process that writes one anew, again and again. What is read is what that version gave,
// to the byte, and found by the same filters, on the way and in the end.
func TestEventsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	for _, written := range []string{ofVersion2, ofVersion4} {
		t.Run(filepath.Base(written), func(t *testing.T) {
			t.Parallel()
			renewed(t, written)
		})
	}
}

func renewed(t *testing.T, written string) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File), gunzip(t, written, "events.db"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := gunzip(t, ofVersion2, "events.ndjson") // the same events
	same := func(s *Store, when string) {
		t.Helper()
		if got := exported(t, s); !bytes.Equal(got, want) {
			t.Fatalf("%s other documents are read, %d bytes in place of %d", when, len(got), len(want))
		}
		answers(t, s)
	}
	var left int64
	for round := 0; ; round++ {
		c := again(t, "upgrader", dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fscan(out, new(string)) // open
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		_ = c.Process.Kill()
		_ = c.Wait()
		s, err := Open(t.Context(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		left = s.Upgrading()
		same(s, fmt.Sprintf("after %d lives, %d to go", round+1, left))
		if round >= 3 {
			for deadline := time.Now().Add(time.Minute); s.Upgrading() > 0 && time.Now().Before(deadline); {
				time.Sleep(5 * time.Millisecond)
			}
		}
		left = s.Upgrading()
		if left == 0 {
			same(s, "written anew")
			var plain, text int64
			if err := ask(t.Context(), s, "SELECT count(*) FROM events WHERE doc <> ''", &plain); err != nil {
				t.Fatal(err)
			}
			if err := ask(t.Context(), s, "SELECT count(*) FROM events WHERE typeof(peer) = 'text' AND length(peer) = 36 OR typeof(room) = 'text' AND length(room) = 24", &text); err != nil {
				t.Fatal(err)
			}
			if plain+text > 0 {
				t.Errorf("%d documents are still plain, %d ids still text", plain, text)
			}
			checkNames(t, s)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
	}
}

// packedStore has events enough for several blocks.
func packedStore(t *testing.T, dir string, n int) *Store {
	t.Helper()
	s := openStore(t, dir)
	var batch []event.Event
	for i := range n {
		e := eventtest.Sample(i)
		e.UserName = fmt.Sprintf("secret-%04d", i)
		e.UserID = fmt.Sprintf("someone-%d", i%50)
		batch = append(batch, e)
	}
	if _, err := s.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	return s
}

func openStore(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// A block that is damaged is told with the events that cannot be read, as damage of the
// store. Others are read, of the same block too; and what is in it can still be removed and counted.
func TestADamagedBlockIsNamed(t *testing.T) {
	const events = 2*docpack.BlockDocs + 22
	dir := t.TempDir()
	s := packedStore(t, dir, events)
	if err := eventlog.Check(t.Context(), filepath.Join(dir, File)); err != nil {
		t.Fatal(err)
	}
	var blocks, first, last int64
	if err := ask(t.Context(), s, "SELECT count(*) FROM doc_blocks", &blocks); err != nil || blocks != 3 {
		t.Fatalf("%d blocks, %v", blocks, err)
	}
	if err := ask(t.Context(), s, "SELECT max(first) FROM doc_blocks", &first); err != nil {
		t.Fatal(err)
	}
	if err := ask(t.Context(), s, "SELECT max(last) FROM doc_blocks", &last); err != nil {
		t.Fatal(err)
	}
	alter(t, s, fmt.Sprintf("UPDATE doc_blocks SET docs = substr(docs, 1, 200) || CASE substr(docs, 201, 1) WHEN x'00' THEN x'ff' ELSE x'00' END || substr(docs, 202) WHERE first = %d", first))
	_, err := s.Query(t.Context(), event.Query{Tail: true, After: first - 1, Limit: 5})
	if want := fmt.Sprintf("events %d to %d", first, first+15); !errors.Is(err, fault.StoreDamaged) || !errors.Is(err, fault.StoreUnavailable) || !strings.Contains(err.Error(), want) {
		t.Fatalf("a damaged block is told as %v, want %q", err, want)
	}
	if err := eventlog.Check(t.Context(), filepath.Join(dir, File)); !errors.Is(err, fault.StoreDamaged) || !strings.Contains(err.Error(), fmt.Sprintf("events %d to %d", first, last)) || strings.Count(err.Error(), "the documents of") != 1 {
		t.Errorf("a check tells a damaged block as %v", err)
	}
	for _, desc := range []bool{false, true} {
		if p, err := s.Query(t.Context(), event.Query{Limit: 5, Desc: desc}); err != nil || len(p.Events) != 5 || p.Total != events {
			t.Errorf("the others: %d of %d, %v", len(p.Events), p.Total, err)
		}
	}
	if _, err := s.Append(t.Context(), []event.Event{eventtest.Sample(999)}); err != nil {
		t.Errorf("appending: %v", err)
	}
	removed := 0
	for {
		n, err := s.Remove(t.Context(), event.Removal{Before: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if removed += n; n == 0 {
			break
		}
	}
	if err := ask(t.Context(), s, "SELECT count(*) + (SELECT count(*) FROM docs) FROM doc_blocks", &blocks); err != nil || blocks != 0 || removed != events+1 {
		t.Errorf("%d were removed, documents of %d rows are left, %v", removed, blocks, err)
	}
}

// Whoever is erased is in no block any more, and the others are as they were.
func TestErasedUsersLeaveNoDocument(t *testing.T) {
	dir := t.TempDir()
	s := packedStore(t, dir, 300)
	before := bytes.Split(exported(t, s), []byte("\n"))
	removed := 0
	for {
		n, err := s.Remove(t.Context(), event.Removal{AccountID: eventtest.Sample(0).AccountID, UserID: "someone-7"})
		if err != nil {
			t.Fatal(err)
		}
		if removed += n; n == 0 {
			break
		}
	}
	var want [][]byte
	for _, line := range before {
		if !bytes.Contains(line, []byte(`"someone-7"`)) {
			want = append(want, line)
		}
	}
	if got := exported(t, s); removed != 6 || !bytes.Equal(got, bytes.Join(want, []byte("\n"))) {
		t.Errorf("%d were removed; what is left differs: %v", removed, !bytes.Equal(got, bytes.Join(want, []byte("\n"))))
	}
	var n int64
	if err := ask(t.Context(), s, "SELECT sum(n) FROM doc_blocks", &n); err != nil || n != 294 {
		t.Errorf("blocks have %d documents of 294, %v", n, err)
	}
	if err := ask(t.Context(), s, "SELECT count(*) FROM names WHERE value = 'someone-7'", &n); err != nil || n != 0 {
		t.Errorf("the id of whoever was erased is still there, %v", err)
	}
	checkNames(t, s)
}
