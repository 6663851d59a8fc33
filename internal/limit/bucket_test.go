// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package limit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/internal/limit"
)

func TestBucketWaitsOnlyForDebt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := limit.NewBucket(10, 100)
		b.Spend(100)
		if w := b.Wait(); w != 0 {
			t.Fatalf("waits %v with nothing owed", w)
		}
		b.Spend(20)
		if w := b.Wait(); w != 2*time.Second {
			t.Fatalf("waits %v for 20 at 10 a second", w)
		}
		time.Sleep(2 * time.Second)
		if w := b.Wait(); w != 0 {
			t.Fatalf("waits %v after the debt was paid", w)
		}
		time.Sleep(time.Hour)
		b.Spend(101)
		if b.Wait() == 0 {
			t.Fatal("holds more than it can")
		}
	})
}

func TestBytesAreCountedPastTheLimit(t *testing.T) {
	b := limit.NewBytes(10)
	if !b.Take(10) || b.Take(1) || !b.Over() || b.Used() != 11 {
		t.Fatalf("used %d", b.Used())
	}
	b.Give(11)
	if b.Used() != 0 || b.Over() {
		t.Fatalf("used %d", b.Used())
	}
}
