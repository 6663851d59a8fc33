// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package limit

import "sync/atomic"

// Bytes counts what is held in memory on behalf of many, up to a limit.
type Bytes struct {
	most int64
	used atomic.Int64
}

// NewBytes returns an account of nothing yet.
func NewBytes(most int) *Bytes { return &Bytes{most: int64(most)} }

// Take books n bytes and tells whether they were below the limit. They are
// booked in either case.
func (b *Bytes) Take(n int) bool { return b.used.Add(int64(n)) <= b.most }

// Give returns n bytes.
func (b *Bytes) Give(n int) { b.used.Add(-int64(n)) }

// Used is how many bytes are booked.
func (b *Bytes) Used() int64 { return b.used.Load() }

// Over tells whether more is booked than may be.
func (b *Bytes) Over() bool { return b.used.Load() > b.most }
