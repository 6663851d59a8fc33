// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
)

// asked is a track's list of losses, and a function that tells what it has asked for since
// it was last called.
func asked() (n *nacks, since func() []uint16) {
	var mu sync.Mutex
	var out []uint16
	n = &nacks{ssrc: 7, write: func(list []rtcp.Packet) error {
		mu.Lock()
		defer mu.Unlock()
		for _, p := range list {
			for _, pair := range p.(*rtcp.TransportLayerNack).Nacks {
				out = append(out, pair.PacketList()...)
			}
		}
		return nil
	}}
	return n, func() []uint16 {
		mu.Lock()
		defer mu.Unlock()
		was := out
		out = nil
		return was
	}
}

// pass lets time pass, and what happens in it end.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// What has come back is not asked for again, whichever stream it came back on, and
// nothing is asked for before packets had the time to overtake each other.
func TestAsksUntilItHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, since := asked()
		defer n.end()
		for _, seq := range []uint16{65533, 65534, 1} { // 65535 and 0 are lost
			n.arrived(seq)
		}
		pass(5 * time.Millisecond)
		if got := since(); len(got) != 0 {
			t.Fatalf("asked for %v at once", got)
		}
		pass(20 * time.Millisecond)
		if got := since(); !slices.Equal(got, []uint16{65535, 0}) {
			t.Fatalf("asked for %v, want 65535 and 0", got)
		}
		n.arrived(65535)
		pass(200 * time.Millisecond)
		if got := since(); len(got) == 0 || slices.Contains(got, 65535) {
			t.Errorf("asked again for %v, want 0 alone", got)
		}
		n.arrived(0)
		pass(time.Minute)
		if got := since(); len(got) != 0 {
			t.Errorf("asked for %v, which has come", got)
		}
	})
}

// A loss is asked for in time while an earlier one waits for its answer.
func TestAsksForANewLossWhileAnOldOneWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, since := asked()
		defer n.end()
		n.arrived(1)
		n.arrived(3)
		pass(15 * time.Millisecond)
		n.arrived(5)
		pass(15 * time.Millisecond)
		if got := since(); !slices.Equal(got, []uint16{2, 4}) {
			t.Errorf("asked for %v, want 2 and 4", got)
		}
	})
}

// A packet that never comes is given up, and the track's end ends it all.
func TestGivesUpAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, since := asked()
		n.arrived(1)
		n.arrived(3)
		pass(time.Minute)
		if got := since(); len(got) == 0 || len(got) > 10 {
			t.Errorf("asked %d times, want 1 to 10", len(got))
		}
		n.arrived(5)
		n.end()
		pass(time.Minute)
		n.arrived(7)
		pass(time.Minute)
		if got := since(); len(got) != 0 {
			t.Errorf("asked for %v after the end", got)
		}
	})
}
