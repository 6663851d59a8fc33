// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"slices"
	"testing"
	"testing/synctest"
)

// TestCallbacksWaitForJoin queues before and after joining has succeeded.
func TestCallbacksWaitForJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCallbacks()
		go c.run()
		var told []int
		c.post(func() { told = append(told, 1) })
		synctest.Wait()
		if len(told) != 0 {
			t.Error("told while joining could still fail")
		}
		c.begin()
		c.post(func() { told = append(told, 2) })
		c.post(func() { told = append(told, 3) })
		c.finish()
		c.post(func() { told = append(told, 4) })
		<-c.done
		if !slices.Equal(told, []int{1, 2, 3}) {
			t.Errorf("told %v", told)
		}
	})
}

// TestCallbacksOfFailedJoin are never told.
func TestCallbacksOfFailedJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCallbacks()
		go c.run()
		c.post(func() { t.Error("told") })
		synctest.Wait()
		c.close() // which waits for the goroutine
	})
}
