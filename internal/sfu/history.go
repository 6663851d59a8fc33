package sfu

import "sync/atomic"

// history keeps the latest packets of one layer, for the subscribers that ask
// for them again. One goroutine puts; any may get.
type history struct {
	slots []atomic.Pointer[packet]
}

// historySize is about three seconds of a good picture; a power of two.
const historySize = 512

func newHistory() *history {
	return &history{slots: make([]atomic.Pointer[packet], historySize)}
}

func (h *history) slot(seq uint64) *atomic.Pointer[packet] {
	return &h.slots[seq%uint64(len(h.slots))]
}

// put keeps a share of p and lets go of the packet it displaces.
func (h *history) put(p *packet) {
	if !p.hold() {
		return
	}
	if old := h.slot(p.seq).Swap(p); old != nil {
		old.drop()
	}
}

// has tells the putting goroutine whether seq is kept.
func (h *history) has(seq uint64) bool {
	p := h.slot(seq).Load()
	return p != nil && p.seq == seq
}

// get returns a share of the packet, which the caller must drop, or nil.
func (h *history) get(seq uint64) *packet {
	p := h.slot(seq).Load()
	if p == nil || !p.hold() {
		return nil
	}
	// Between the load and the hold the packet may have been given back and
	// used again; holding it, its fields stand still.
	if p.seq != seq {
		p.drop()
		return nil
	}
	return p
}

// clear lets go of everything.
func (h *history) clear() {
	for i := range h.slots {
		if old := h.slots[i].Swap(nil); old != nil {
			old.drop()
		}
	}
}
