// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package background

import (
	"runtime"
	"testing"
)

// TestReserve: the threads are more, the processors as many as before, however often it is
// called.
func TestReserve(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	before := runtime.GOMAXPROCS(0)
	defer func() {
		spare.Store(0)
		runtime.GOMAXPROCS(before)
	}()
	extra := wanted(before, runtime.NumCPU(), "")
	Reserve()
	Reserve()
	if n := runtime.GOMAXPROCS(0); n != before+extra {
		t.Errorf("%d threads may run, want %d", n, before+extra)
	}
	if n := Processors(); n != before {
		t.Errorf("there are %d processors, want %d", n, before)
	}
}

// TestWhereThreadsAreReserved: where processors are few and all of them may be used, unless
// somebody said how many.
func TestWhereThreadsAreReserved(t *testing.T) {
	for _, c := range []struct {
		name            string
		may, processors int
		set             string
		want            int
	}{
		{"two processors", 2, 2, "", threads},
		{"one", 1, 1, "", threads},
		{"as many as are few", few, few, "", threads},
		{"many", few + 1, few + 1, "", 0},
		{"a control group's share", 2, 64, "", 0},
		{"what the environment says", 2, 2, "2", 0},
	} {
		if n := wanted(c.may, c.processors, c.set); n != c.want {
			t.Errorf("%s: %d, want %d", c.name, n, c.want)
		}
	}
}
