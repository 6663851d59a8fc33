// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpbuf

import "sync/atomic"

// History keeps the latest packets of one layer, for the subscribers that ask
// for them again. One goroutine puts; any may get.
type History struct {
	slots []atomic.Pointer[Packet]
}

// HistorySize is about three seconds of a good picture; a power of two.
const HistorySize = 512

// NewHistory returns an empty history.
func NewHistory() *History {
	return &History{slots: make([]atomic.Pointer[Packet], HistorySize)}
}

func (h *History) slot(seq uint64) *atomic.Pointer[Packet] {
	return &h.slots[seq%uint64(len(h.slots))]
}

// Put keeps a share of p and lets go of the packet it displaces.
func (h *History) Put(p *Packet) {
	if !p.hold() {
		return
	}
	if old := h.slot(p.Seq).Swap(p); old != nil {
		old.Drop()
	}
}

// Has tells the putting goroutine whether seq is kept.
func (h *History) Has(seq uint64) bool {
	p := h.slot(seq).Load()
	return p != nil && p.Seq == seq
}

// Get returns a share of the packet, which the caller must drop, or nil.
func (h *History) Get(seq uint64) *Packet {
	p := h.slot(seq).Load()
	if p == nil || !p.hold() {
		return nil
	}
	// Between the load and the hold the packet may have been given back and
	// used again; holding it, its fields stand still.
	if p.Seq != seq {
		p.Drop()
		return nil
	}
	return p
}

// Clear lets go of everything.
func (h *History) Clear() {
	for i := range h.slots {
		if old := h.slots[i].Swap(nil); old != nil {
			old.Drop()
		}
	}
}
