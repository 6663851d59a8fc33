// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// counting is a memory that counts joins as well.
type counting struct {
	memory
	joinsMu sync.Mutex
	joins   []Join
	failing error
}

func (c *counting) Summarize(context.Context, SummaryQuery) (Summary, error) { return Summary{}, nil }

func (c *counting) CountJoins(_ context.Context, joins []Join) error {
	c.joinsMu.Lock()
	defer c.joinsMu.Unlock()
	if c.failing == nil {
		c.joins = append(c.joins, joins...)
	}
	return c.failing
}

func (c *counting) count(failing error) int {
	c.joinsMu.Lock()
	defer c.joinsMu.Unlock()
	c.failing = failing
	return len(c.joins)
}

// TestJoins: joins are written soon, once, and not lost while the store fails.
func TestJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counting{failing: errors.New("no disk")}
		r := NewRecorder(c, RecorderConfig{Account: "acme"})
		for range 3 {
			r.Joined(Subject{RoomID: strings.Repeat("r", 1000)})
		}
		time.Sleep(2 * joinsEvery)
		synctest.Wait()
		if n := c.count(nil); n != 0 {
			t.Errorf("%d joins were written by a store that fails", n)
		}
		time.Sleep(2 * joinsEvery)
		synctest.Wait()
		if n := c.count(nil); n != 3 || c.joins[0].AccountID != "acme" || len(c.joins[0].RoomID) != maxID || c.joins[0].Time.IsZero() {
			t.Errorf("%d joins, the first %+v", n, c.joins)
		}
		r.Joined(Subject{AccountID: "other"})
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := c.count(nil); n != 4 || c.joins[3].AccountID != "other" {
			t.Errorf("after Close %d joins, want 4", n)
		}
	})
}
