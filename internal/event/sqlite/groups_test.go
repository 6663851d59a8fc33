// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// inGroupsOf chooses how many blocks a group has.
func inGroupsOf(n int64) Option { return func(s *Store) { s.bitmaps.together = n } }

// putTogether has everything that can be in a group put into one now.
func putTogether(t testing.TB, s *Store) {
	t.Helper()
	if err := s.fold(t.Context(), s.deferred.list...); err != nil {
		t.Fatal(err)
	}
	if err := s.grouper.run(t.Context(), s.Log, s.bitmaps, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, s *Store, what string) (n int) {
	t.Helper()
	if err := ask(t.Context(), s, "SELECT count(*) FROM "+what, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// fillBlocks stores events of so many blocks, a fault in each of them.
func fillBlocks(t testing.TB, s *Store, blocks int) {
	t.Helper()
	at := count(t, s, "events")
	for n := at; n < at+blocks*blockSize; n += 1024 {
		batch := make([]event.Event, 1024)
		for i := range batch {
			batch[i] = population(n + i)
			batch[i].Key, batch[i].ID = "", event.KeyID(fmt.Sprint("grouped-", n+i), batch[i].Time)
			batch[i].Type, batch[i].Fault, batch[i].SessionID = event.JoinFailed, fault.Internal.ID, ""
			batch[i].RoomID, batch[i].UserID, batch[i].PeerID = "", "", ""
			if (n+i)%blockSize == 7 {
				batch[i].Fault = fault.RoomFull.ID
			}
		}
		eventtest.Add(t, s, batch...)
	}
}

var full = event.Query{AccountID: "acme", Faults: []string{fault.RoomFull.ID}, Limit: 100}

func totalOf(t testing.TB, s *Store, q event.Query) int {
	t.Helper()
	page, err := s.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Events) != min(page.Total, q.Limit) {
		t.Errorf("%d events of %d", len(page.Events), page.Total)
	}
	return page.Total
}

// TestSetsOfFullBlocksArePutTogether: blocks of a full group have no rows of their own any
// more, the others do; filters find the same.
func TestSetsOfFullBlocksArePutTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openWith(t, dir, inGroupsOf(2))
	fillBlocks(t, s, 5)
	putTogether(t, s)
	check := func(want int) {
		t.Helper()
		if n := count(t, s, "block_sets WHERE block < 4"); n != 0 {
			t.Errorf("%d sets of full groups have rows of their own", n)
		}
		if n := count(t, s, "block_sets WHERE block >= 4"); n == 0 {
			t.Error("the sets of a group that is not full have no rows of their own")
		}
		if n := totalOf(t, s, full); n != want {
			t.Errorf("%d events were found, want %d", n, want)
		}
	}
	check(5)
	if n := count(t, s, "group_sets WHERE dim = 2 AND value = '"+fault.RoomFull.ID+"'"); n != 2 {
		t.Errorf("a fault has %d groups, want 2", n)
	}
	_ = s.Close()
	s = openWith(t, dir, inGroupsOf(2))
	check(5)
	fillBlocks(t, s, 1)
	check(6)
}

// TestWhatChangesInAGroup: an event of a group that goes is found no more, at once and when
// its set has become part of the group again; and so with the last of a set.
func TestWhatChangesInAGroup(t *testing.T) {
	t.Parallel()
	s := openWith(t, t.TempDir(), inGroupsOf(2))
	s.grouper.stop() // it is done here
	fillBlocks(t, s, 5)
	putTogether(t, s)
	page, err := s.Query(t.Context(), full)
	if err != nil {
		t.Fatal(err)
	}
	remove := func(e *event.Event) {
		t.Helper()
		if err := s.Change(t.Context(), func(ctx context.Context, tx eventlog.Tx) error {
			records, err := s.ReadRecords(ctx, tx.Conn, e.Seq-1, e.Seq, 1)
			if err != nil {
				return err
			}
			return tx.Evict(ctx, &records[0])
		}); err != nil {
			t.Fatal(err)
		}
	}
	internal := event.Query{AccountID: "acme", Faults: []string{fault.Internal.ID}, Limit: 1}
	before := totalOf(t, s, internal)
	for i := range 3 {
		remove(&page.Events[i])
		for _, together := range []bool{false, true} {
			if together {
				putTogether(t, s)
			}
			if n := totalOf(t, s, full); n != 4-i {
				t.Errorf("%d events were found once %d had gone, want %d", n, i+1, 4-i)
			}
			if n := totalOf(t, s, internal); n != before {
				t.Errorf("%d other events, %d before", n, before)
			}
			if n := count(t, s, "block_sets WHERE block < 4 AND n = 0"); (n > 0) == together {
				t.Errorf("%d sets that a group has are told to be empty; put together: %t", n, together)
			}
		}
	}
	if n := count(t, s, "group_sets WHERE dim = 2 AND value = '"+fault.RoomFull.ID+"' AND blocks = 0"); n != 0 {
		t.Error("a group without a set is kept")
	}
}

// TestSetsOfAnEarlierVersion: a file whose sets all have rows of their own is one of this
// version when it is opened, and they are put together meanwhile.
func TestSetsOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openWith(t, dir, inGroupsOf(8))
	fillBlocks(t, s, 5)
	if err := s.Settle(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "group_sets"); n != 0 {
		t.Fatalf("%d groups, of which none is full", n)
	}
	alter(t, s, "PRAGMA user_version = 5; DROP TABLE group_sets")
	_ = s.Close()
	s = openWith(t, dir, inGroupsOf(2))
	if n := totalOf(t, s, full); n != 5 {
		t.Errorf("%d events were found, want 5", n)
	}
	until(t, func() bool { return count(t, s, "block_sets WHERE block < 4") == 0 })
	if n := totalOf(t, s, full); n != 5 {
		t.Errorf("%d events were found when sets were put together, want 5", n)
	}
	if n := count(t, s, "pragma_user_version WHERE user_version = 7"); n != 1 {
		t.Error("the file is still of the version before")
	}
}

// TestADamagedGroup: what of it can be read is found, and nothing else breaks.
func TestADamagedGroup(t *testing.T) {
	t.Parallel()
	for name, packed := range map[string][]byte{
		"empty":                {},
		"a byte":               {0},
		"a length without end": {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"longer than it is":    {0, 5, 1, 2},
		"a block it has not":   {77, 2, 0xff, 0xff},
	} {
		eachInGroup(packed, func(i int64, bits []byte) {
			if name != "a block it has not" {
				t.Errorf("%s: block %d of %d bytes", name, i, len(bits))
			}
		})
	}
	s := openWith(t, t.TempDir(), inGroupsOf(2))
	fillBlocks(t, s, 5)
	putTogether(t, s)
	alter(t, s, "UPDATE group_sets SET sets = x'4d02ffff' WHERE dim = 2 AND value = '"+fault.RoomFull.ID+"' AND blocks = 1")
	if n := totalOf(t, s, full); n != 3 {
		t.Errorf("%d events were found, want the 3 of what is whole", n)
	}
}

func TestPackGroup(t *testing.T) {
	t.Parallel()
	sets := map[int64][]byte{0: {1, 2, 3}, 3: bytes.Repeat([]byte{9}, 300), 4: {}, 7: {5, 5}}
	got := map[int64][]byte{}
	eachInGroup(packGroup(sets, 8), func(i int64, bits []byte) { got[i] = bits })
	delete(sets, 4) // which is empty
	if len(got) != len(sets) {
		t.Errorf("%d sets, want %d", len(got), len(sets))
	}
	for i, bits := range sets {
		if !bytes.Equal(got[i], bits) {
			t.Errorf("block %d: %v, want %v", i, got[i], bits)
		}
	}
	if packed := packGroup(nil, 8); packed != nil {
		t.Errorf("no sets are %v", packed)
	}
}

// FuzzGroup reads what is or is not a group: nothing breaks, all that is handed over lies in
// it, and what is packed again is read as the same.
func FuzzGroup(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{77, 2, 0xff, 0xff})
	f.Add(packGroup(map[int64][]byte{0: {1, 2, 3}, 15: bytes.Repeat([]byte{9}, 300)}, groupSize))
	f.Fuzz(func(t *testing.T, packed []byte) {
		sets, size := map[int64][]byte{}, 0
		eachInGroup(packed, func(i int64, bits []byte) {
			if size += 2 + len(bits); i < groupSize && len(bits) > 0 {
				sets[i] = bits
			}
		})
		if size > len(packed) {
			t.Fatalf("%d bytes of %d", size, len(packed))
		}
		again := map[int64][]byte{}
		eachInGroup(packGroup(sets, groupSize), func(i int64, bits []byte) { again[i] = bits })
		if !maps.EqualFunc(sets, again, bytes.Equal) {
			t.Fatalf("%v is read as %v", sets, again)
		}
	})
}
