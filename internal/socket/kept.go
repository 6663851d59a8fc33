// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// kept is what must not be missed of all clients together: frames that were
// written and not confirmed, and those for clients that are away. Beyond its
// bound those with the most lose their oldest, whoever came last.
type kept struct {
	most int

	mu    sync.Mutex
	bytes map[keeper]int
	all   int
}

// keeper keeps frames for one client.
type keeper interface {
	// shrink drops the oldest frames until no more than so many bytes are left, and
	// books that. It tells how many frames went.
	shrink(to int) int
}

func newKept(most int) *kept { return &kept{most: most, bytes: map[keeper]int{}} }

// add books how much more a keeper keeps, or less, and tells how many frames were
// dropped for it. It is called without the keeper's lock.
func (k *kept) add(by keeper, n int) (dropped int) {
	if n == 0 {
		return 0
	}
	for who, level := range k.book(by, n) {
		dropped += who.shrink(level)
	}
	return dropped
}

// book does what add does, and finds who has to shrink, and to what.
func (k *kept) book(by keeper, n int) map[keeper]int {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all += n
	if k.bytes[by] += n; k.bytes[by] == 0 {
		delete(k.bytes, by)
	}
	if k.all <= k.most {
		return nil
	}
	// All are cut to one level, at which an eighth is free again: so this is not
	// done for every frame, and who keeps little loses nothing.
	sizes := slices.SortedFunc(maps.Values(k.bytes), func(a, b int) int { return cmp.Compare(b, a) })
	rest, level := k.all, 0 // rest: of those that come after
	for i, size := range sizes {
		rest -= size
		level = (k.most - k.most/8 - rest) / (i + 1)
		if i+1 == len(sizes) || level >= sizes[i+1] {
			break
		}
	}
	over := map[keeper]int{}
	for who, size := range k.bytes {
		if size > level {
			over[who] = max(0, level)
		}
	}
	return over
}

func (k *kept) used() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all
}

// Backlog keeps frames for a client that is away, oldest first.
type Backlog struct {
	set  *Set
	most int

	mu     sync.Mutex
	frames [][]byte
	bytes  int
	lost   int    // frames that were to be kept
	limit  string // the setting by which the last of them was lost
}

// NewBacklog returns an empty backlog. Take empties it, which is due at the end.
func (s *Set) NewBacklog() *Backlog { return &Backlog{set: s, most: s.cfg.Bounds.Away} }

// Keep keeps a frame, unless too much is kept for this client already.
func (b *Backlog) Keep(frame []byte) {
	b.mu.Lock()
	if len(b.frames) >= MaxUnacked || b.bytes+len(frame) > b.most {
		b.lost, b.limit = b.lost+1, awaySetting
		b.mu.Unlock()
		b.set.Limited(awaySetting)
		return
	}
	b.frames = append(b.frames, frame)
	b.bytes += len(frame)
	b.mu.Unlock()
	b.set.keep(b, len(frame))
}

// Precede puts frames ahead of those that are kept, of which some more are lost.
func (b *Backlog) Precede(frames [][]byte, lost int) {
	since, before, limit := b.Take()
	for _, f := range append(frames, since...) {
		b.Keep(f)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if lost > 0 {
		limit = keptSetting
	}
	b.lost, b.limit = b.lost+before+lost, cmp.Or(limit, b.limit)
}

// Take takes everything out, and tells how many frames were lost by which setting.
func (b *Backlog) Take() (frames [][]byte, lost int, limit string) {
	b.mu.Lock()
	frames, lost, limit = b.frames, b.lost, b.limit
	had := b.bytes
	b.frames, b.bytes, b.lost, b.limit = nil, 0, 0, ""
	b.mu.Unlock()
	b.set.keep(b, -had)
	return frames, lost, limit
}

func (b *Backlog) shrink(to int) int {
	b.mu.Lock()
	n, freed := 0, 0
	for ; n < len(b.frames) && b.bytes-freed > to; n++ {
		freed += len(b.frames[n])
		b.frames[n] = nil
	}
	b.frames = b.frames[n:]
	b.bytes -= freed
	if n > 0 {
		b.lost, b.limit = b.lost+n, keptSetting
	}
	b.mu.Unlock()
	b.set.kept.add(b, -freed)
	return n
}

// The settings by which frames are lost.
const (
	awaySetting = "limits.away_bytes"
	keptSetting = "limits.kept_bytes"
)

// keep books what a keeper keeps, and counts what is dropped for it.
func (s *Set) keep(by keeper, n int) {
	if dropped := s.kept.add(by, n); dropped > 0 {
		s.limited.WithLabelValues(keptSetting).Add(float64(dropped))
	}
}
