// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/internal/sfu/gcc"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// pacer spreads the packets of large pictures over a path that has shown a limit, as a key
// frame that leaves at once overruns a short queue on the way. On any other path all leave
// at once. It keeps no packets: those that wait are in the histories of their layers, from
// where they are taken when they leave.
type pacer struct {
	layers atomic.Uint64 // bits per second that those take that are aimed at
	on     atomic.Bool   // packets may have to wait

	mu   sync.Mutex
	rate float64 // bytes a nanosecond; 0: nothing has to wait
	free int64   // when the path is done with what has left, at that rate

	waiting []paced // in order
	bytes   int     // of these
	leaving bool    // one of them is being sent
	timer   *time.Timer
	room    *[receiveMTU]byte // where what is being sent is made ready; nil before something has waited
}

// paced is a packet that waits.
type paced struct {
	d    *DownTrack
	out  uint64 // its number, as sent
	size int
	by   int64 // it leaves, whatever the rate
}

const (
	paceBurst = int64(20 * time.Millisecond)  // of the rate may leave at once
	paceDelay = int64(200 * time.Millisecond) // a packet waits at most; what waits is spread over as long
	paceMost  = rtpbuf.HistorySize            // packets wait at most: no layer keeps more
)

// follow takes the rate from an estimate.
func (p *pacer) follow(e *gcc.Estimator, at int64) { p.set(e.Pace(float64(p.layers.Load()), at)) }

// set takes a rate in bits per second, infinite for none.
func (p *pacer) set(rate float64) {
	if math.IsInf(rate, 1) && !p.on.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rate == 0 {
		p.free = now()
	}
	if p.rate = rate / 8e9; math.IsInf(rate, 1) {
		p.rate = 0
	}
	p.on.Store(p.rate > 0 || len(p.waiting) > 0 || p.leaving)
}

var errPaceFull = errors.New("too much waits for the path")

// admit tells whether a packet of a picture waits: it is sent later, in order. It fails with
// errPaceFull.
func (p *pacer) admit(d *DownTrack, out uint64, size int, at int64) (waits bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.waiting) == 0 && !p.leaving && p.due(at) <= 0:
		p.spend(size, at)
		return false, nil
	case len(p.waiting) == paceMost:
		return false, errPaceFull
	}
	if p.room == nil {
		p.room = new([receiveMTU]byte)
	}
	p.waiting = append(p.waiting, paced{d, out, size, at + paceDelay})
	p.bytes += size
	if len(p.waiting) == 1 && !p.leaving {
		p.wake(p.due(at))
	}
	return true, nil
}

// spent notes what leaves before all others.
func (p *pacer) spent(size int, at int64) {
	if p.on.Load() {
		p.mu.Lock()
		p.spend(size, at)
		p.mu.Unlock()
	}
}

// due is how long the next packet waits. p.mu is held.
func (p *pacer) due(at int64) time.Duration {
	if p.rate == 0 {
		return 0
	}
	when := p.free - paceBurst
	if len(p.waiting) > 0 {
		when = min(when, p.waiting[0].by)
	}
	return time.Duration(when - at)
}

// spend takes in that a packet leaves. p.mu is held.
func (p *pacer) spend(size int, at int64) {
	if p.rate > 0 {
		p.free = max(p.free, at) + int64(float64(size)/max(p.rate, float64(p.bytes)/float64(paceDelay)))
		p.free = min(p.free, at+paceDelay) // what left late does not hold up what comes
	}
}

func (p *pacer) wake(after time.Duration) {
	if p.timer == nil {
		p.timer = time.AfterFunc(after, p.leave)
		return
	}
	p.timer.Reset(after)
}

// leave sends what is due. The timer calls it, on a goroutine of its own.
func (p *pacer) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leaving { // who sends goes on
		return
	}
	for len(p.waiting) > 0 {
		at := now()
		if due := p.due(at); due > 0 {
			p.wake(due)
			return
		}
		next := p.waiting[0]
		if p.waiting = p.waiting[1:]; len(p.waiting) == 0 {
			p.waiting = nil
		}
		p.spend(next.size, at)
		p.bytes -= next.size
		p.leaving = true
		p.mu.Unlock()
		next.d.release(next.out, p.room)
		p.mu.Lock()
		p.leaving = false
	}
	p.on.Store(p.rate > 0)
}

// forget drops what waits.
func (p *pacer) forget(d *DownTrack) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(w paced) bool {
		gone := d == nil || w.d == d
		if gone {
			p.bytes -= w.size
		}
		return gone
	})
}

// queue has a packet of a layer wait, unless it leaves now, by itself: what waits in a batch
// would be overtaken.
func (d *DownTrack) queue(l *upstream, out uint64, size int) (waits bool, err error) {
	if !d.spread {
		d.spread = true
		l.batch.Flush()
	}
	return d.sub.pacer.admit(d, out, size, now())
}

// release sends a packet that waited.
func (d *DownTrack) release(out uint64, room *[receiveMTU]byte) {
	o := d.binding.Load()
	if o == nil || !d.sub.up.Load() {
		return
	}
	k, ok := d.keeps(o, *d.maps.Load(), out)
	if !ok {
		d.dropped.Add(1)
		return
	}
	defer k.p.Drop()
	if o.paced == nil {
		o.paced = &headers{}
		o.prepare(o.paced)
	}
	payload := k.payload(d, room[:])
	flags, one := d.flags(k.p, k.how)
	hdr := o.header(o.paced, k.p, k.seg, flags, one, d.sub.number(flags, len(payload), true))
	hdr.Marker, hdr.PayloadType, hdr.SequenceNumber = k.marker, k.how.pt, uint16(out)
	hdr.Timestamp, hdr.SSRC = k.p.TS+k.seg.TS, o.ssrc
	n, err := o.w.WriteRTP(hdr, payload)
	if err != nil {
		d.dropped.Add(1)
		return
	}
	d.packets.Add(1)
	d.bytes.Add(uint64(n))
}
