// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Rate{PerSecond: 2, Burst: 3})
		for i := range 3 {
			if wait := c.Take("ann"); wait != 0 {
				t.Fatalf("call %d waits %v", i, wait)
			}
		}
		for range 5 { // a call that has to wait uses nothing up
			if wait := c.Take("ann"); wait != 500*time.Millisecond {
				t.Fatalf("waits %v", wait)
			}
		}
		if wait := c.Take("bob"); wait != 0 {
			t.Errorf("bob waits %v for ann", wait)
		}
		time.Sleep(500 * time.Millisecond)
		if wait := c.Take("ann"); wait != 0 {
			t.Errorf("still waits %v", wait)
		}
	})
	if New(Rate{PerSecond: 1}).Take("ann") == 0 {
		t.Error("a burst of none lets somebody through")
	}
}

// However many come, as many are remembered, and those who come most are.
func TestMemoryIsBounded(t *testing.T) {
	c := New(Rate{PerSecond: 0.001, Burst: 1})
	c.Take("ann")
	for i := range 3 * most {
		c.Take(fmt.Sprint(i))
		if i%1000 == 0 && c.Take("ann") == 0 {
			t.Fatal("ann was forgotten")
		}
	}
	if c.buckets.Len() != most {
		t.Errorf("%d are remembered", c.buckets.Len())
	}
}

func TestKey(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7":              "192.0.2.7",
		"::ffff:192.0.2.7":       "192.0.2.7",
		"2001:db8:1:2:3:4:5:6":   "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::":    "2001:db8:1:2::/64",
		"fe80::1%eth0":           "fe80::/64",
		"2001:db8:1:3:3:4:5:6":   "2001:db8:1:3::/64",
		"::ffff:198.51.100.1%e0": "198.51.100.1",
	} {
		if got := Key(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is %s, want %s", addr, got, want)
		}
	}
	if Key(netip.Addr{}) != "invalid IP" {
		t.Errorf("nobody is %s", Key(netip.Addr{}))
	}
}
