// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"time"
)

// grow has the size looked at whenever another hundredth of what may be kept has
// been stored.
func (r *Recorder) grow(batch []Event) {
	if r.cfg.MaxBytes <= 0 {
		return
	}
	for i := range batch {
		r.grown += int64(batch[i].size())
	}
	if r.grown >= r.cfg.MaxBytes/100 {
		r.grown = 0
		r.Sweep()
	}
}

// fit removes the oldest events of whichever account holds most until the store
// is a twentieth below its bound, so that a flood evicts its own account's events
// and never another's.
func (r *Recorder) fit(ctx context.Context) error {
	store, ok := r.store.(Sized)
	if !ok || r.cfg.MaxBytes <= 0 {
		return nil
	}
	size, err := store.Size(ctx)
	if err != nil {
		return err
	}
	r.m.size(size.Bytes)
	if size.Bytes <= r.cfg.MaxBytes {
		return nil
	}
	gone := map[string]int{}
	defer func() {
		for account, n := range gone {
			r.cfg.Log.Warn("events evicted, the store was larger than it may be", "account", account, "events", n, "max_bytes", r.cfg.MaxBytes)
		}
	}()
	for size.Bytes > r.cfg.MaxBytes-r.cfg.MaxBytes/20 {
		account, most := "", int64(0)
		for name, n := range size.Accounts {
			if n > most {
				account, most = name, n
			}
		}
		if most == 0 {
			return nil // what is left is not events
		}
		n, err := r.store.Remove(ctx, Removal{AccountID: account, Oldest: true})
		gone[account] += n
		r.m.evict(n)
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-time.After(sweepPause):
		case <-ctx.Done():
			return ctx.Err()
		}
		if size, err = store.Size(ctx); err != nil {
			return err
		}
		r.m.size(size.Bytes)
	}
	return nil
}
