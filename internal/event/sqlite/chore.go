// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"time"

	"github.com/redial-rtc/redial/internal/background"
)

// chore is work that is done beside everything else.
type chore struct {
	stopping, done chan struct{}
}

// start does the work, and again when it is woken or as long after as it says; 0 is only
// when it is woken.
func (g *chore) start(wake <-chan struct{}, work func() time.Duration) {
	g.stopping, g.done = make(chan struct{}), make(chan struct{})
	go func() {
		background.Thread()
		defer close(g.done)
		for {
			var again <-chan time.Time
			if after := work(); after > 0 {
				again = time.After(after)
			}
			select {
			case <-g.stopping:
				return
			case <-again:
			case <-wake:
			}
		}
	}()
}

// stop returns when nothing more is done.
func (g *chore) stop() {
	if g.stopping != nil {
		close(g.stopping)
		<-g.done
		g.stopping = nil
	}
}
