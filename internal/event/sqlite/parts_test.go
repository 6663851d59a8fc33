// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// TestIndexesAtDifferentPlaces: each index takes in the tail at its own pace. Whatever
// becomes of an event that some have and others have not - a second half, an erasure,
// retention, a restart - in the end each has counted what there is.
func TestIndexesAtDifferentPlaces(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 17))
		dir := t.TempDir()
		s := openStore(t, dir)
		now := time.Now().Add(-20 * time.Hour).Truncate(time.Millisecond)
		var told []event.Event
		apart := false
		for n := range 400 {
			now = now.Add(time.Duration(rng.IntN(60_000)) * time.Millisecond)
			e := population(n)
			e.Key, e.Time, e.Source = "", now, event.FromClient
			e.ID = event.KeyID(fmt.Sprint("part-", seed, n), now)
			e.UserID, e.UserProof, e.PeerID = fmt.Sprint("user-", rng.IntN(12)), event.ProofToken, fmt.Sprint("peer-", rng.IntN(40))
			e.Type, e.Fault = event.Types[rng.IntN(5)], []string{fault.RoomFull.ID, fault.Internal.ID, fault.ICEFailed.ID}[rng.IntN(3)]
			eventtest.Add(t, s, e)
			told = append(told, e)
			switch rng.IntN(12) {
			case 0: // the server's half of one of the latest
				seen := told[len(told)-1-rng.IntN(min(len(told), 3))]
				seen.ID, seen.Source, seen.Time = event.KeyID(fmt.Sprint("seen-", seed, n), now), event.FromServer, now
				eventtest.Add(t, s, seen)
			case 1:
				if _, err := s.Remove(t.Context(), event.Removal{AccountID: "acme", UserID: fmt.Sprint("user-", rng.IntN(12))}); err != nil {
					t.Fatal(err)
				}
			case 2:
				if _, err := s.Remove(t.Context(), event.Removal{Before: now.Add(-time.Hour).Truncate(time.Hour)}); err != nil {
					t.Fatal(err)
				}
			case 3, 4, 5, 6:
				if err := s.Rearrange(t.Context(), func(ctx context.Context, tx eventlog.Tx) error {
					p := s.deferred.list[rng.IntN(3)]
					err := s.deferred.take(ctx, tx.Conn, p, s.deferred.upto()+int64(rng.IntN(60)), rng.IntN(20))
					apart = apart || p.upto != s.deferred.upto()
					return err
				}); err != nil {
					t.Fatal(err)
				}
			case 8: // known already, and what it says of others is nobody's
				again := e
				again.PeerID, again.RoomID, again.UserID = fmt.Sprint("nobody-", n), "nowhere", "nobody"
				if out := eventtest.Add(t, s, again); out[0].State != event.Duplicate {
					t.Fatalf("%+v", out)
				}
			case 7:
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = openStore(t, dir)
			}
			if n%40 == 39 {
				checkNames(t, s)
				counted(t, s, fmt.Sprintf("seed %d, event %d", seed, n))
			}
		}
		if !apart {
			t.Error("the indexes were never at different places")
		}
		checkPeople(t, s)
		checkNames(t, s)
		counted(t, s, fmt.Sprintf("seed %d, in the end", seed))
	}
}
