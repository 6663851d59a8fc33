// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"slices"
	"testing"
	"testing/synctest"
)

// Who came first has the lock first, also before somebody who comes just when it is free.
func TestALockInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mu := newInTurn()
		var had []int
		mu.Lock()
		for n := range 5 {
			go func() {
				mu.Lock()
				had = append(had, n)
				mu.Unlock()
			}()
			synctest.Wait() // it is waiting
		}
		mu.Unlock()
		mu.Lock()
		had = append(had, 5)
		mu.Unlock()
		if want := []int{0, 1, 2, 3, 4, 5}; !slices.Equal(had, want) {
			t.Errorf("in the order %v, want %v", had, want)
		}
	})
}
