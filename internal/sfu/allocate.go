// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"math"
	"slices"
	"time"

	"github.com/pion/webrtc/v4"
)

// allocate decides which layer of each video is aimed at: what the peer asked
// for, within what the network can carry. Everybody gets the lowest layer first;
// then all are raised in turn. It runs on the subscriber's loop.
func (s *Subscriber) allocate() {
	at := now()
	estimate := s.estimate.Estimate()
	budget := estimate*0.95 - s.repairs.rate(at, estimate)
	var videos []*demand
	for _, d := range s.list() {
		d.watch(at)
		if t := d.thinning.Load(); t != nil && t.untold.Swap(false) {
			s.layerChanged(d)
		}
		if d.binding.Load() == nil || d.bad.Load() {
			continue
		}
		rank := int(d.desired.Load())
		if d.track.kind != webrtc.RTPCodecTypeVideo {
			budget -= s.allocateAudio(d, rank, at)
			continue
		}
		w := &demand{d: d, rank: rank}
		if rank > 0 {
			w.options = d.track.options(rank, at)
		}
		videos = append(videos, w)
	}
	losing := s.estimate.Losing()
	spent := 0.95*estimate - budget // for audio and repairs
	try := s.resumption.due(losing, at)
	got := allocate(videos, budget, math.Inf(1), losing, try)
	if got.raised {
		if carried := s.padder.carries(s, at); spent+budget-got.left > carried {
			got = allocate(videos, budget, carried-spent, losing, try)
		}
	}
	s.pacer.layers.Store(uint64(max(spent+budget-got.left, 0)))
	s.pacer.follow(s.estimate, at)
	if got.short {
		s.padder.ask(s, spent+got.wanted, at)
	}
	if got.tried {
		s.resumption.used(at)
	}
	for _, w := range videos {
		d := w.d
		changed := d.pausedByBandwidth.Swap(w.pausedByBandwidth) != w.pausedByBandwidth
		if !s.aim(d, w.chosen(), w.point()) && changed {
			s.layerChanged(d)
		}
	}
}

// demand is one video that competes for the downlink.
type demand struct {
	d                 *DownTrack
	rank              int
	options           []option // lowest first
	at                int      // index of the choice, -1 for none
	pausedByBandwidth bool
}

// option is a stream, or some layers of one that has several.
type option struct {
	l     *upstream
	rate  float64
	most  float64 // that the rate has been lately
	point point
}

// above tells whether an option is more than what a DownTrack aims at.
func (o *option) above(d *DownTrack) bool {
	at := d.target.Load()
	switch {
	case at == nil:
		return true
	case at == o.l:
		return point(d.aimed.Load()) < o.point
	}
	return at.rank < o.l.rank
}

// flows is what the layers cost that flow above the choice.
func (w *demand) flows() (rate float64) {
	if w.at < 0 || w.d == nil {
		return 0
	}
	for i := w.at + 1; i < len(w.options) && !w.options[i].above(w.d); i++ {
		rate += max(w.options[i].rate-w.options[i-1].rate, 0)
	}
	return rate
}

func (w *demand) chosen() *upstream {
	if w.at < 0 || len(w.options) == 0 {
		return nil
	}
	return w.options[w.at].l
}

// point is which layers of the choice, all of nothing.
func (w *demand) point() point {
	if w.chosen() == nil {
		return wholeStream
	}
	return w.options[w.at].point
}

// options are the layers up to a rank that are alive, or the next best thing.
func (t *Track) options(rank int, at int64) []option {
	var out []option
	for r := 1; r <= rank; r++ {
		if l := t.layers[r].Load(); l != nil && l.alive(at) {
			out = l.options(rank, at, out)
		}
	}
	if len(out) == 0 {
		if l := t.pick(rank, at); l != nil {
			out = l.options(rank, at, out)
		}
	}
	return out
}

// hysteresis is how much dearer something new must be able to be, and how much dearer what
// already flows may be, so that the choice does not flutter: a key frame alone makes a
// layer dearer for a moment.
const hysteresis = 1.15

// allocate deals the budget out. Delay alone takes layers away but never the last
// one: on a busy machine packets are late for other reasons than the network,
// and little is known of a path on which little is sent. A video is paused by bandwidth
// when packets are being lost, and then until there is room for it or one may be
// tried. What does not flow yet is raised up to what the path is known to carry.
func allocate(videos []*demand, budget, carried float64, losing, try bool) (got dealt) {
	// Those who ask for more are looked at more closely: serve them first.
	slices.SortStableFunc(videos, func(a, b *demand) int { return b.rank - a.rank })
	left := budget
	first := true // of those that there is something of
	for _, w := range videos {
		w.at, w.pausedByBandwidth = -1, false
		if len(w.options) == 0 {
			continue
		}
		best := &w.options[len(w.options)-1]
		got.wanted += max(best.rate, best.most)
		cost := w.options[0].rate
		need := cost
		if w.d != nil && w.d.target.Load() == nil {
			need *= hysteresis
		}
		if paused := w.d != nil && w.d.pausedByBandwidth.Load(); !first && need > left && (losing || paused) {
			if !try || got.tried || !paused {
				w.pausedByBandwidth = true
				continue
			}
			got.tried = true
		}
		w.at, first = 0, false
		left -= cost
	}
	flows := 0.0 // that is not dealt out yet
	for _, w := range videos {
		flows += w.flows()
	}
	for raised := true; raised; {
		raised = false
		for _, w := range videos {
			if w.at < 0 || w.at+1 >= len(w.options) {
				continue
			}
			next := w.options[w.at+1]
			more := max(next.rate-w.options[w.at].rate, 0)
			need, above := more, w.d == nil || next.above(w.d)
			if above { // pictures differ in size, and each way up may cost a key frame
				need = max(need*hysteresis, next.most-w.options[w.at].rate)
			} else {
				need /= hysteresis
			}
			if need > left || above && budget-left+flows+more > carried {
				continue
			}
			if !above {
				flows -= more
			}
			got.raised = got.raised || above
			w.at++
			left -= more
			raised = true
		}
	}
	for _, w := range videos {
		got.short = got.short || w.at+1 < len(w.options)
	}
	got.left = left
	return got
}

// dealt is what became of a budget.
type dealt struct {
	left   float64
	wanted float64 // for the best of each video
	short  bool    // not all of that is given
	tried  bool    // a video that was paused by bandwidth is tried
	raised bool    // something that does not flow yet is aimed at, above the lowest layer
}

// resumption says when a video that is paused by bandwidth may be tried: the estimate can
// be far too low, as after packets that were lost or late because this machine was
// busy, and only what is sent shows what can be. One goes on at a time. Each that
// packets are lost after doubles the time that has to pass without loss before the next.
type resumption struct {
	wait    int64
	next    int64 // when one may be tried, if nothing is lost until then
	triedAt int64
}

const (
	retryMin   = int64(2 * time.Second)
	retryMax   = int64(time.Minute)
	retryBlame = int64(10 * time.Second) // loss so soon after a try is for the try
)

// due looks at the path, at a time in nanoseconds.
func (r *resumption) due(losing bool, at int64) bool {
	switch {
	case r.wait == 0:
		r.wait = retryMin
	case losing && r.triedAt != 0 && at-r.triedAt < retryBlame:
		r.wait, r.triedAt = min(2*r.wait, retryMax), 0
	case !losing && at-r.next > 2*retryMax: // all is well for long
		r.wait = retryMin
	}
	if losing {
		r.next = at + r.wait
	}
	return !losing && at >= r.next
}

// used hears that a video is being tried.
func (r *resumption) used(at int64) { r.triedAt, r.next = at, at+r.wait }

// allocateAudio lets audio through unless the peer paused it; it returns what it
// costs.
func (s *Subscriber) allocateAudio(d *DownTrack, rank int, at int64) float64 {
	if rank == 0 {
		s.aim(d, nil, wholeStream)
		return 0
	}
	l := d.track.pick(rank, at)
	s.aim(d, l, wholeStream)
	if l == nil {
		return 0
	}
	return float64(l.bitrate(at))
}

// aim sets what a DownTrack aims at and tells whether that is new.
func (s *Subscriber) aim(d *DownTrack, l *upstream, at point) bool {
	was := d.targetLayer()
	d.aimed.Store(uint32(at))
	if old := d.target.Swap(l); old == l {
		if d.targetLayer() == was {
			return false
		}
		s.layerChanged(d)
		return true
	}
	if l != nil && d.current.Load() != l && s.up.Load() { // else once the path is up
		d.requestKeyframe(l)
	}
	s.layerChanged(d)
	return true
}
