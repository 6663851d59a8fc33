// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// lowWatermarks say for each account before which time its events are gone, whatever
// ClickHouse still has of them. They only rise. An account without one of its
// own goes by that of all others.
type lowWatermarks struct {
	mu   sync.RWMutex
	all  int64 // Unix nanoseconds
	own  map[string]int64
	save func(ctx context.Context, name string, n int64) error // keeps one
	drop func(ctx context.Context, name string) error          // forgets one
}

const (
	lowWatermarkKey     = "floor"
	accountWatermarkKey = "floor:" // and the account
)

// of is the low watermark of an account.
func (f *lowWatermarks) of(account string) int64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.get(account)
}

func (f *lowWatermarks) get(account string) int64 {
	if n, ok := f.own[account]; ok {
		return n
	}
	return f.all
}

// lowest is the time before which nobody has events.
func (f *lowWatermarks) lowest() int64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	low := f.all
	for _, n := range f.own {
		low = min(low, n)
	}
	return low
}

// seqRange is what of an account, or of all without a low watermark of their own, has
// just gone: from the old low watermark to the new.
type seqRange struct {
	account  string   // empty: of all
	but      []string // except these
	from, to int64
}

// raise raises the low watermark of an account.
func (f *lowWatermarks) raise(ctx context.Context, account string, to int64) ([]seqRange, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := f.get(account)
	if to <= from {
		return nil, nil
	}
	if err := f.save(ctx, accountWatermarkKey+account, to); err != nil {
		return nil, err
	}
	f.own[account] = to
	return []seqRange{{account: account, from: from, to: to}}, nil
}

// raiseAll raises the low watermark of all accounts but some. Those stay where they are,
// which from now on is a low watermark of their own.
func (f *lowWatermarks) raiseAll(ctx context.Context, to int64, but []string) (gone []seqRange, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if to <= f.all {
		for account, n := range f.own { // somebody gave a lower one of their own up
			if !slices.Contains(but, account) && n < to {
				if err := f.save(ctx, accountWatermarkKey+account, to); err != nil {
					return gone, err
				}
				gone = append(gone, seqRange{account: account, from: n, to: to})
				f.own[account] = to
			}
		}
		return gone, nil
	}
	for _, account := range but {
		if _, ok := f.own[account]; !ok {
			if err := f.save(ctx, accountWatermarkKey+account, f.all); err != nil {
				return nil, err
			}
			f.own[account] = f.all
		}
	}
	var own []string
	for account, n := range f.own {
		own = append(own, account)
		if !slices.Contains(but, account) && n < to {
			gone = append(gone, seqRange{account: account, from: n, to: to})
		}
	}
	slices.Sort(own)
	gone = append(gone, seqRange{but: own, from: f.all, to: to})
	if err := f.save(ctx, lowWatermarkKey, to); err != nil {
		return nil, err
	}
	f.all = to
	for account, n := range f.own {
		if !slices.Contains(but, account) && n <= to {
			if err := f.drop(ctx, accountWatermarkKey+account); err != nil {
				return gone, err
			}
			delete(f.own, account)
		}
	}
	return gone, nil
}

// bound adds the low watermark to the conditions on rows of an account, or of all.
func (f *lowWatermarks) bound(w *where, account string, since int64) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if account != "" || len(f.own) == 0 {
		if since = max(since, f.get(account)); since > 0 {
			w.and("time >= ?", since)
		}
		return
	}
	low := f.all
	var each strings.Builder
	var args []any
	for account, n := range f.own {
		low = min(low, n)
		each.WriteString("account = ?, " + strconv.FormatInt(n, 10) + ", ")
		args = append(args, account)
	}
	if since = max(since, low); since > 0 {
		w.and("time >= ?", since)
	}
	w.and("time >= multiIf("+each.String()+strconv.FormatInt(f.all, 10)+")", args...)
}
