// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/datafile"
)

const (
	retryEvery = time.Second // how often is tried what could not be written
	// A failure that nothing has confirmed for so long is over, as far as anybody
	// can tell without writing.
	troubleLasts = 10 * time.Second
)

// unwritten is what the store could not take because of the disk. Nobody waits for
// it. It counts as waiting, so the bounds of the queue hold for it as well. Only the
// writer touches items.
type unwritten struct {
	items []item

	mu    sync.Mutex
	err   error // why the last try failed; nil when it did not
	at    time.Time
	count int // len(items), for Healthy
}

func (u *unwritten) note(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.err, u.at = nil, time.Now(); datafile.Mendable(err) {
		u.err = err
	}
}

func (u *unwritten) counted() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count = len(u.items)
}

// Healthy fails while events cannot be stored because of the disk.
func (r *Recorder) Healthy(context.Context) error {
	r.unwritten.mu.Lock()
	defer r.unwritten.mu.Unlock()
	if r.unwritten.count == 0 && time.Since(r.unwritten.at) > troubleLasts {
		return nil
	}
	return r.unwritten.err
}

// next waits for an item, and tries meanwhile to write what could not be; false
// when the recorder is closed.
func (r *Recorder) next() (item, bool) {
	for {
		var again <-chan time.Time
		if len(r.unwritten.items) > 0 {
			again = time.After(retryEvery)
		}
		select {
		case it, ok := <-r.taken:
			return it, ok
		case <-again:
			r.writeHeld()
		}
	}
}

// hold keeps an item that could not be written because of the disk, or that was
// acknowledged; false when it was written or is to be dropped.
func (r *Recorder) hold(it item, err error) bool {
	if err == nil || it.number == 0 && !datafile.Mendable(err) {
		return false
	}
	if len(r.unwritten.items) == 0 {
		r.cfg.Log.Error("events cannot be stored; they are kept in memory and tried again", "fault", fault.From(err, fault.OpReport))
	}
	stamp(it.events) // when it was told, not when there is room again
	r.unwritten.items = append(r.unwritten.items, it)
	r.unwritten.counted()
	return true
}

// writeHeld writes what is held, oldest first, until that fails.
func (r *Recorder) writeHeld() {
	n, most := 0, maxBatch
	for len(r.unwritten.items) > 0 {
		var batch []Event
		taken := 0
		for _, it := range r.unwritten.items {
			if taken > 0 && len(batch)+len(it.events) > most {
				break
			}
			batch, taken = append(batch, it.events...), taken+1
		}
		_, err := r.appendOutcomes(batch)
		switch {
		case datafile.Mendable(err):
			return
		case err != nil && taken > 1:
			most = 1 // so that one that cannot be stored stands in no other's way
			continue
		case err != nil && r.unwritten.items[0].number > 0:
			r.cfg.Log.Error("acknowledged events cannot be stored; they stay in the intake until the next start", "events", len(batch), "fault", fault.From(err, fault.OpReport))
		case err != nil:
			r.drop(len(batch), err)
		default:
			r.forget(r.unwritten.items[:taken])
		}
		n += len(batch)
		r.release(taken)
	}
	if n > 0 {
		r.cfg.Log.Info("events that waited for the store are stored", "events", n)
	}
}

// release forgets the oldest items that are held.
func (r *Recorder) release(n int) {
	for _, it := range r.unwritten.items[:n] {
		r.leave(it)
	}
	clear(r.unwritten.items[:n])
	r.unwritten.items = r.unwritten.items[n:]
	r.unwritten.counted()
}

// giveUp tries what is held a last time, and counts what is lost.
func (r *Recorder) giveUp() {
	r.writeHeld()
	lost, left := 0, 0
	for _, it := range r.unwritten.items {
		if it.number == 0 {
			lost += len(it.events)
		} else {
			left += len(it.events)
		}
	}
	if lost > 0 {
		r.drop(lost, r.unwritten.err)
	}
	if left > 0 {
		r.cfg.Log.Warn("acknowledged events stay in the intake; the next start stores them", "events", left)
	}
	r.release(len(r.unwritten.items))
}
