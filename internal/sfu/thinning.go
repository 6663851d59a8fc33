// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// thinning leaves layers of a stream out that has several (SVC), for one subscriber. What
// is forwarded is a decode target of the stream. Another is gone over to at a frame that
// says so and whose own needs were all forwarded: most of the time without a key frame.
type thinning struct {
	numbers rtpbuf.Renumbering

	// of whoever holds busy
	structure *codec.Structure // nil: the next frame begins
	active    uint32
	wanted    point
	rank      int32
	goal      int   // the target that is aimed at
	at        int   // the one that is forwarded
	since     int64 // when they began to differ
	ts        uint32
	frame     uint16 // the latest
	known     bool   // there is one
	keep      bool   // it is forwarded
	decided   [256]verdict

	toldAt int64

	now    atomic.Uint32 // the point that is forwarded
	untold atomic.Bool   // that it has changed
}

// verdict is what became of a frame.
type verdict struct {
	frame uint16
	is    uint8
}

const (
	unseen = iota
	forwarded
	leftOut
)

// impatience is how long a switch may wait for a frame that allows it. Then a key frame,
// which always does, is asked for.
const impatience = int64(time.Second)

// seldom is how soon after one change of layers the owner is told of the next: a publisher
// can bring about one with each frame.
const seldom = int64(200 * time.Millisecond)

// became tells what became of a frame.
func (t *thinning) became(frame uint16) uint8 {
	if v := t.decided[frame%uint16(len(t.decided))]; v.frame == frame {
		return v.is
	}
	return unseen
}

// restart forgets the stream: another begins, or the same one anew.
func (t *thinning) restart() {
	t.numbers.Forget()
	t.structure, t.known = nil, false
	t.decided = [len(t.decided)]verdict{}
}

// thin opens a segment of which packets can be left out.
func (d *DownTrack) thin(s *rtpbuf.Segment[*upstream]) {
	t := d.thinning.Load()
	if t == nil {
		t = &thinning{}
		d.thinning.Store(t)
	}
	t.restart()
	t.now.Store(uint32(wholeStream))
	s.Numbers = &t.numbers
}

// sendPart is send for a stream of which packets may be left out.
func (d *DownTrack) sendPart(l *upstream, p *rtpbuf.Packet) {
	o := d.format(p)
	if o == nil {
		return
	}
	if p.Seq <= d.lastIn {
		d.sendLate(l, o, p)
		return
	}
	if d.seg.Numbers == nil {
		s := d.seg
		s.Out0, s.In0 = d.lastOut+1, p.Seq
		d.thin(&s)
		m := d.maps.Load().Close(d.lastIn).Add(s)
		d.maps.Store(&m)
		d.seg, d.lastIn = s, p.Seq-1
	}
	t := d.thinning.Load()
	if missing := p.Seq - d.lastIn - 1; missing < rtpbuf.HistorySize {
		for in := d.lastIn + 1; in < p.Seq; in++ {
			d.lastOut++
			t.numbers.Reserve(in, d.lastOut)
		}
	}
	d.lastIn = p.Seq
	if p.Start == p.End { // padding only: a probe of the publisher
		return
	}
	keep, marker := d.choose(t, l, p)
	if !keep {
		return
	}
	d.lastOut++
	t.numbers.Put(d.lastOut, rtpbuf.Sent{In: p.Seq, Marker: marker})
	d.sent(p, &d.seg, d.lastOut, marker)
	d.pass(o, p, &d.seg, marker, d.lastOut)
}

// sendLate sends a packet that was missing under the number that was kept for it. One that
// is left out has nothing in it there: the subscriber would ask for it in vain.
func (d *DownTrack) sendLate(l *upstream, o *binding, p *rtpbuf.Packet) {
	seg := d.maps.Load().ByIn(l, p.Seq)
	if seg == nil {
		return
	}
	if seg.Numbers == nil {
		if p.Start < p.End {
			d.pass(o, p, seg, p.Marker, seg.Out(p.Seq))
		}
		return
	}
	t := d.thinning.Load()
	out, ok := t.numbers.Take(p.Seq)
	if !ok {
		return
	}
	f := &p.Frame
	keep := true
	switch is := t.became(f.Number); {
	case p.Start == p.End:
		keep = false
	case f.Structure == nil || f.Structure != t.structure:
	case is == unseen:
		keep = f.Targets>>t.at&1 != 0
		t.note(f.Number, keep)
	default:
		keep = is == forwarded
	}
	sent := rtpbuf.Sent{In: p.Seq, Marker: t.ends(p), Empty: !keep}
	t.numbers.Put(out, sent)
	if keep {
		d.pass(o, p, seg, sent.Marker, out)
		return
	}
	_ = d.emit(seg, o, p, nil, false, p.TS+seg.TS, out) // as good as lost
}

// choose decides about a packet that came in order. marker tells whether it is the last
// that is sent of its picture.
func (d *DownTrack) choose(t *thinning, l *upstream, p *rtpbuf.Packet) (keep, marker bool) {
	f := &p.Frame
	if f.Structure == nil {
		return true, p.Marker
	}
	wanted, rank := point(d.aimed.Load()), d.desired.Load()
	if f.Structure != t.structure || f.Active != t.active || wanted != t.wanted || rank != t.rank {
		t.aim(f, wanted, rank, p.Arrival)
		d.at(t, p.Arrival)
	}
	if !t.known || f.Number != t.frame {
		t.known, t.frame = true, f.Number
		if t.at != t.goal {
			d.approach(t, l, p)
		}
		t.keep = f.Targets>>t.at&1 != 0
		t.note(f.Number, t.keep)
	}
	t.ts = p.TS
	return t.keep, t.ends(p)
}

// ends tells whether a packet is the last that is sent of its picture.
func (t *thinning) ends(p *rtpbuf.Packet) bool {
	f := &p.Frame
	return p.Marker || f.Structure != nil && f.Structure == t.structure && f.Last && f.Spatial == t.structure.Of[t.at].Spatial
}

func (t *thinning) note(frame uint16, keep bool) {
	is := uint8(leftOut)
	if keep {
		is = forwarded
	}
	t.decided[frame%uint16(len(t.decided))] = verdict{frame, is}
}

// aim finds the target for what is wanted, as the stream is now.
func (t *thinning) aim(f *codec.Frame, wanted point, rank int32, at int64) {
	st := f.Structure
	spatial := min(wanted.spatial(), spatialOf(int(rank), st.Spatial))
	goal := st.Target(f.Active, spatial, wanted.temporal())
	switch old := t.structure; {
	case old == nil && len(f.Needs()) == 0:
		t.at = goal
	case old == nil: // all has been forwarded until now
		t.at = st.Target(f.Active, codec.MaxSpatial, codec.MaxTemporal)
	case old != st:
		of := old.Of[t.at]
		t.at = st.Target(st.All(), of.Spatial, of.Temporal)
	}
	t.structure, t.active, t.wanted, t.rank, t.goal, t.since = st, f.Active, wanted, rank, goal, at
}

// approach goes over to the target that is aimed at, if the frame that a packet begins
// allows it, and asks for a key frame if none is to be expected that does.
func (d *DownTrack) approach(t *thinning, l *upstream, p *rtpbuf.Packet) {
	f := &p.Frame
	from, to := t.structure.Of[t.at], t.structure.Of[t.goal]
	fewer := to.Spatial == from.Spatial && to.Temporal <= from.Temporal
	switch {
	case !f.First:
		return
	case fewer && p.TS != t.ts: // a picture that was begun is finished
	case f.Switches>>t.goal&1 != 0, f.Targets>>t.goal&1 != 0 && f.Temporal == 0 && f.Spatial == to.Spatial && to.Temporal <= from.Temporal:
		for _, n := range f.Needs() {
			switch t.became(f.Number - n) {
			case leftOut:
				l.requestKeyframe(false)
				return
			case unseen: // it may be on its way
				return
			}
		}
	default:
		if p.Arrival-t.since > impatience {
			l.requestKeyframe(false)
		}
		return
	}
	if d.frameDone && p.TS+d.seg.TS == d.lastTS {
		return // its end has been sent: nothing can be added to the picture
	}
	t.at = t.goal
	d.at(t, p.Arrival)
}

// at notes what is forwarded now.
func (d *DownTrack) at(t *thinning, at int64) {
	is := pointOf(t.structure.Of[t.at])
	was := point(t.now.Swap(uint32(is)))
	if was != wholeStream && was.spatial() != is.spatial() {
		d.switches.Add(1)
		if at-t.toldAt < seldom && t.toldAt != 0 {
			t.untold.Store(true) // the subscriber's loop will
			return
		}
		t.toldAt = at
		d.sub.layerChanged(d)
	}
}

// now is what is forwarded of a stream that has several layers; of another, all.
func (d *DownTrack) now() point {
	if t := d.thinning.Load(); t != nil {
		return point(t.now.Load())
	}
	return wholeStream
}

// currentLayer is the layer that is forwarded.
func (d *DownTrack) currentLayer() Layer {
	l := d.current.Load()
	if l == nil {
		return LayerNone
	}
	return layerOf(l.rankAt(d.now()))
}

// targetLayer is the layer that is aimed at.
func (d *DownTrack) targetLayer() Layer {
	l := d.target.Load()
	if l == nil {
		return LayerNone
	}
	return layerOf(l.rankAt(point(d.aimed.Load())))
}
