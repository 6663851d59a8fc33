// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpbuf

import "sync/atomic"

// Renumbering remembers under which numbers the packets of a stream were sent of which
// any may be left out: the latest [HistorySize] of them, however many are left out. The
// forwarding loop writes; anybody may ask what was sent.
type Renumbering struct {
	sent     [HistorySize]atomic.Uint64 // by the number sent
	reserved [HistorySize]uint64        // by the layer's number, of the forwarding loop
}

// Sent is what was sent under a number: the layer's packet In, with this marker. An empty
// one only fills a number that had been kept for a packet which was then left out.
type Sent struct {
	In     uint64
	Marker bool
	Empty  bool
}

const (
	inBits    = 40 // of a layer's number: enough for centuries
	inMask    = 1<<inBits - 1
	markerBit = 1 << inBits
	emptyBit  = 1 << (inBits + 1)
	outShift  = inBits + 2
	outMask   = 1<<(64-outShift) - 1
)

// Put notes what is sent under a number.
func (r *Renumbering) Put(out uint64, s Sent) {
	v := out&outMask<<outShift | s.In&inMask
	if s.Marker {
		v |= markerBit
	}
	if s.Empty {
		v |= emptyBit
	}
	r.sent[out%HistorySize].Store(v)
}

// Get is what was sent under a number, if that is still known.
func (r *Renumbering) Get(out uint64) (Sent, bool) {
	v := r.sent[out%HistorySize].Load()
	if v == 0 || v>>outShift != out&outMask {
		return Sent{}, false
	}
	return Sent{In: v & inMask, Marker: v&markerBit != 0, Empty: v&emptyBit != 0}, true
}

// Reserve keeps a number for a packet of the layer that is missing and may yet come.
func (r *Renumbering) Reserve(in, out uint64) {
	r.reserved[in%HistorySize] = in&outMask<<outShift | out&inMask
}

// Take gives the number that is kept for a packet of the layer, once.
func (r *Renumbering) Take(in uint64) (out uint64, ok bool) {
	v := r.reserved[in%HistorySize]
	if v == 0 || v>>outShift != in&outMask {
		return 0, false
	}
	r.reserved[in%HistorySize] = 0
	return v & inMask, true
}

// Forget gives up all numbers that are kept: another layer's packets come next.
func (r *Renumbering) Forget() { clear(r.reserved[:]) }
