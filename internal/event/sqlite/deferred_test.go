// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// TestAnAppendTakesInSomeOfALongTail: where nothing folds beside it, the tail stays bounded,
// and no append has to take in much more than it brings.
func TestAnAppendTakesInSomeOfALongTail(t *testing.T) {
	t.Parallel()
	s := openWith(t, t.TempDir())
	s.folding.end()
	const most, batch = 100, 10
	indexAt(t, s, most)
	people := s.deferred.list[ofPeople]
	for i := range 50 {
		var list []event.Event
		for k := range batch {
			e := eventtest.Sample(i*batch + k)
			e.ID, e.Key, e.PeerID, e.Time = event.KeyID(fmt.Sprint("tail-", i, "-", k), time.Now()), "", fmt.Sprint("peer-", i, "-", k), time.Now().UTC()
			list = append(list, e)
		}
		before := people.upto
		eventtest.Add(t, s, list...)
		if n := people.upto - before; n > 2*batch {
			t.Fatalf("append %d, of %d, took in %d", i, batch, n)
		}
		if n := len(s.deferred.unindexed); n >= most+batch {
			t.Fatalf("after append %d the tail has %d", i, n)
		}
	}
}
