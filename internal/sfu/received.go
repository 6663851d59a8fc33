package sfu

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// layer is one received stream of a track: its only one, or one simulcast
// encoding. Its read loop hands every packet to the track's receivers.
type layer struct {
	track    *Track
	rank     int
	ssrc     uint32
	remote   *webrtc.TrackRemote
	receiver *webrtc.RTPReceiver
	ids      extIDs
	hist     *history // nil for audio, which is not repeated
	lost     losses

	// of the read loop
	seq       unwrapper
	formats   [128]*format
	began     uint64 // first extended sequence number
	lastSeq   uint64
	lastTS    uint32
	lastKeyTS uint32
	keyed     bool
	window    rateWindow

	// written by the read loop, read by anyone
	packets, bytes, keyframes, nacks atomic.Uint64
	expected                         atomic.Uint64
	rate                             atomic.Uint64 // bits per second
	lastPacket                       atomic.Int64
	report                           atomic.Pointer[senderReport]

	// key frame requests, see keyframes.go
	wantKey atomic.Bool
	asks    atomic.Uint64
	askedAt time.Time // of the publisher's loop
	unheard int
}

// senderReport relates the publisher's clock to the media clock (RFC 3550,
// section 6.4.1).
type senderReport struct {
	ntp     time.Time
	rtp     uint32
	arrival int64
}

const silent = int64(2 * time.Second)

// alive tells whether packets arrived lately.
func (l *layer) alive(at int64) bool {
	last := l.lastPacket.Load()
	return last != 0 && at-last < silent
}

// bitrate is the recent rate in bits per second, 0 when nothing arrives.
func (l *layer) bitrate(at int64) uint64 {
	if !l.alive(at) {
		return 0
	}
	return l.rate.Load()
}

// read runs until the stream ends.
func (l *layer) read() {
	failures := 0
	for {
		p := newPacket()
		n, _, err := l.remote.Read(p.buf[:])
		if err != nil {
			packets.Put(p)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
				return
			}
			// A packet of a payload type that was not negotiated, or one that is
			// too long: trouble of that packet only.
			l.track.pub.engine.totals.badPackets.Add(1)
			if failures++; failures > 1000 {
				return
			}
			continue
		}
		failures = 0
		if !l.receive(p, n) {
			packets.Put(p)
			continue
		}
		p.publish()
		if l.hist != nil {
			l.hist.put(p)
		}
		l.track.forward(l, p)
		p.drop()
	}
}

// receive fills in what the fan-out must know. It reports false for a packet
// that goes nowhere.
func (l *layer) receive(p *packet, n int) bool {
	seq16, ok := p.parse(n, l.ids)
	if !ok {
		l.track.pub.engine.totals.badPackets.Add(1)
		return false
	}
	f := l.formats[p.pt]
	if f == nil {
		c := l.remote.Codec()
		if uint8(c.PayloadType) != p.pt {
			l.track.pub.engine.totals.badPackets.Add(1)
			return false
		}
		f = newFormat(c)
		l.formats[p.pt] = f
	}
	p.codec = f
	if l.track.format.Load() != f {
		l.track.format.Store(f)
	}
	p.arrival = now()
	first, highest := !l.seq.begun, l.seq.highest
	p.seq = l.seq.extend(seq16)
	if first {
		l.began = p.seq
	}
	if l.hist != nil && (p.seq+historySize <= l.seq.highest || l.hist.has(p.seq)) {
		return false // too late for anybody, or a probe that repeats what we have
	}
	switch {
	case first || l.hist == nil:
	case p.seq > highest+1:
		l.lost.gap(highest+1, p.seq, p.arrival)
		kick(l.track.pub.askKick)
	case p.seq < highest:
		l.lost.filled(p.seq, p.arrival)
	}
	if l.wantKey.Load() && !l.alive(p.arrival) {
		kick(l.track.pub.askKick) // it was asked seldom while it was silent
	}
	l.count(p)
	l.mark(p, first)
	return true
}

func (l *layer) count(p *packet) {
	l.packets.Add(1)
	l.bytes.Add(uint64(p.size))
	l.expected.Store(l.seq.highest - l.began + 1)
	l.lastPacket.Store(p.arrival)
	if rate, ok := l.window.add(p.arrival, p.size); ok {
		l.rate.Store(rate)
	}
}

// mark decides whether the packet begins a key frame.
func (l *layer) mark(p *packet, first bool) {
	if p.codec.inspect == nil {
		p.key = true
		if p.hasLevel {
			l.track.hear(p.level&0x7f, p.arrival)
		}
		return
	}
	hint := keyNone
	if p.start < p.end {
		hint, p.desc = p.codec.inspect(p.payload())
	}
	// A stream that can only be told apart by its picture must show where the
	// picture begins: right after the last packet of another one.
	begins := first || p.seq == l.lastSeq+1 && p.ts != l.lastTS
	if hint == keyStart || hint == keyPart && begins {
		if !l.keyed || p.ts != l.lastKeyTS {
			p.key = true
			l.keyed, l.lastKeyTS = true, p.ts
			l.keyframes.Add(1)
			l.wantKey.Store(false)
		}
	}
	if p.seq >= l.lastSeq {
		l.lastSeq, l.lastTS = p.seq, p.ts
	}
}

// reports reads the publisher's sender reports until the stream ends. Reading is
// also what lets the receiver reports be written.
func (l *layer) reports() {
	b := make([]byte, receiveMTU)
	rid := l.remote.RID()
	for {
		var n int
		var err error
		if rid == "" {
			n, _, err = l.receiver.Read(b)
		} else {
			n, _, err = l.receiver.ReadSimulcast(b, rid)
		}
		if err != nil {
			return
		}
		l.reported(b[:n])
	}
}

// reported takes a compound packet of the publisher; of one that cannot be read
// nothing is kept.
func (l *layer) reported(b []byte) {
	list, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, pkt := range list {
		if sr, ok := pkt.(*rtcp.SenderReport); ok && sr.SSRC == l.ssrc {
			r := &senderReport{ntp: ntpTime(sr.NTPTime), rtp: sr.RTPTime, arrival: now()}
			l.track.pub.clock.see(r)
			l.report.Store(r)
		}
	}
}

// rateWindow measures a bit rate over half a second at a time.
type rateWindow struct {
	since int64
	bytes int
	rate  float64
}

const rateSpan = int64(500 * time.Millisecond)

func (w *rateWindow) add(at int64, size int) (rate uint64, changed bool) {
	if w.since == 0 {
		w.since = at
	}
	w.bytes += size
	span := at - w.since
	if span < rateSpan {
		return 0, false
	}
	latest := float64(w.bytes) * 8 * float64(time.Second) / float64(span)
	if w.rate == 0 || span > 4*rateSpan {
		w.rate = latest
	} else {
		w.rate += (latest - w.rate) / 2
	}
	w.since, w.bytes = at, 0
	return uint64(w.rate), true
}
