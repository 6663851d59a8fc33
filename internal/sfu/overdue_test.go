// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestOverdue: what does not come in time is told of once; what came, or is not
// waited for any more, never.
func TestOverdue(t *testing.T) {
	const within = 8 * time.Second
	for _, c := range []struct {
		name string
		do   func(o *overdue, late func())
		want int
	}{
		{"never came", func(o *overdue, late func()) { o.expect(within, late) }, 1},
		{"expected twice", func(o *overdue, late func()) {
			o.expect(within, late)
			time.Sleep(5 * time.Second)
			o.expect(within, late)
		}, 1},
		{"came in time", func(o *overdue, late func()) {
			o.expect(within, late)
			time.Sleep(within - time.Millisecond)
			o.settle()
		}, 0},
		{"came too late", func(o *overdue, late func()) {
			o.expect(within, late)
			time.Sleep(within + time.Millisecond)
			o.settle()
		}, 1},
		{"came before it was expected", func(o *overdue, late func()) { o.settle(); o.expect(within, late) }, 0},
		{"nobody waits", func(*overdue, func()) {}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			told := make(chan time.Duration, 4)
			began := time.Now()
			c.do(&overdue{}, func() { told <- time.Since(began) })
			time.Sleep(time.Minute)
			synctest.Wait()
			if len(told) != c.want {
				t.Fatalf("%s: told %d times, want %d", c.name, len(told), c.want)
			}
			if c.want == 1 && <-told != within {
				t.Errorf("%s: not told after %s", c.name, within)
			}
		})
	}
}
