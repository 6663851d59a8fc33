// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Retentions tells which accounts keep their events for a time of their own, 0
// for ever. While it fails nothing is removed: what is gone cannot be brought
// back.
type Retentions func(context.Context) (map[string]time.Duration, error)

const (
	sweepEvery = 10 * time.Minute      // how often old events are looked for
	sweepPause = 20 * time.Millisecond // between two bites, so that appends get their turn
)

// Sweep looks for old events now and not in ten minutes, without waiting for
// it: somebody has changed for how long they are kept.
func (r *Recorder) Sweep() { signal(r.kick) }

// sweep removes what is older than it is to be kept, until the context ends.
func (r *Recorder) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		n, err := r.expire(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			r.cfg.Log.Error("old events could not be removed", "fault", fault.From(err, fault.OpReport))
		case n > 0:
			r.cfg.Log.Info("old events removed", "events", n)
		}
		if err := r.fit(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Log.Error("room for events could not be made", "fault", fault.From(err, fault.OpReport))
		}
		select {
		case <-tick.C:
		case <-r.kick:
		case <-ctx.Done():
			return
		}
	}
}

// expire removes what is old by now: of the accounts with a time of their own,
// and of all others.
func (r *Recorder) expire(ctx context.Context) (int, error) {
	own := map[string]time.Duration{}
	if r.cfg.Retentions != nil {
		var err error
		if own, err = r.cfg.Retentions(ctx); err != nil {
			return 0, err
		}
	}
	now := time.Now()
	accounts := slices.Sorted(maps.Keys(own))
	total := 0
	if r.cfg.Retention > 0 {
		n, err := r.remove(ctx, Removal{Before: now.Add(-r.cfg.Retention), Except: accounts})
		if total += n; err != nil {
			return total, err
		}
	}
	for _, account := range accounts {
		if own[account] <= 0 {
			continue
		}
		n, err := r.remove(ctx, Removal{AccountID: account, Before: now.Add(-own[account])})
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}

func (r *Recorder) remove(ctx context.Context, what Removal) (int, error) {
	total := 0
	for {
		n, err := r.store.Remove(ctx, what)
		total += n
		r.m.remove(n)
		if err != nil || n == 0 {
			return total, err
		}
		select {
		case <-time.After(sweepPause):
		case <-ctx.Done():
			return total, ctx.Err()
		}
	}
}
