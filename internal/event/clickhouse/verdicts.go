// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"sync"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// Verdicts are given in the spool, and shipped with their events. What is shipped
// without one, because verdicts were behind for long, is written to ClickHouse again
// when it leaves the spool, if it has one by then.

// maxBehind is how long events wait for verdicts to be shipped with them.
const maxBehind = 10 * time.Minute

// turns is how far verdicts have come, as far as this process knows.
type turns struct {
	mu     sync.Mutex
	given  bool      // somebody gives verdicts
	upto   int64     // failures up to this place have had their turn
	behind time.Time // since when verdicts are behind what could be shipped; zero when they are not
}

// note notes that failures up to a place have had their turn.
func (t *turns) note(upto int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.given, t.upto = true, max(t.upto, upto)
}

// withVerdicts is up to where of what is ready can be shipped: what has had its turn,
// or all of it where nobody gives verdicts or they have been behind for long.
func (s *Store) withVerdicts(ready int64, now time.Time) int64 {
	t := &s.ship.diagnosed
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.given || t.upto >= ready {
		t.behind = time.Time{}
		return ready
	}
	if t.behind.IsZero() {
		t.behind = now
	}
	if now.Sub(t.behind) >= maxBehind {
		return ready
	}
	return t.upto
}

// Undiagnosed gives the next failures without a verdict.
func (s *Store) Undiagnosed(ctx context.Context, before time.Time, n int) (event.Undiagnosed, error) {
	u, err := s.spool.Undiagnosed(ctx, before, n)
	if err != nil {
		return u, err
	}
	s.ship.diagnosed.note(0)
	if len(u.Events) == 0 {
		s.ship.diagnosed.note(u.Upto)
	}
	return u, nil
}

// CountUndiagnosed is how many failures have had no turn.
func (s *Store) CountUndiagnosed(ctx context.Context) (int, time.Time, error) {
	return s.spool.CountUndiagnosed(ctx)
}

// Diagnose keeps verdicts. One of a failure that has left the spool is not kept.
func (s *Store) Diagnose(ctx context.Context, verdicts []event.Verdict, upto int64) error {
	err := s.spool.Diagnose(ctx, verdicts, upto)
	if err == nil {
		s.ship.diagnosed.note(upto)
	}
	return err
}

// DiagnosedUpTo is the place that verdicts have come to.
func (s *Store) DiagnosedUpTo(ctx context.Context) (int64, error) { return s.spool.DiagnosedUpTo(ctx) }
