// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"sync"
	"time"
)

// overdue tells, once, that something has not come within its time.
type overdue struct {
	mu      sync.Mutex
	timer   *time.Timer
	settled bool // it came, or nobody waits any more
}

// expect begins to wait, unless that was begun before or is over.
func (o *overdue) expect(within time.Duration, late func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer == nil && !o.settled {
		o.timer = time.AfterFunc(within, late)
	}
}

// settle ends the wait for good; false when that was done before.
func (o *overdue) settle() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.settled
	o.settled = true
	if o.timer != nil {
		o.timer.Stop()
	}
	return !before
}
