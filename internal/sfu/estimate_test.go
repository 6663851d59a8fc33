package sfu

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// link is a bottleneck: packets queue for it and are lost when the queue is full.
type link struct {
	rate   float64 // bits per second
	queue  float64 // seconds that fit
	free   float64 // when it is idle again, seconds
	delay  float64
	jitter float64
	loss   float64 // share of packets it loses whatever comes
}

// run sends at a rate for a while and feeds back every 100 ms.
func (l *link) run(e *estimator, from, seconds, rate float64) (end float64) {
	const size = 1200
	var acks []ack
	gap := size * 8 / rate
	next := from + 0.1
	for at := from; at < from+seconds; at += gap {
		a := ack{sent: uint32(at * 1e6), size: size}
		if wait := l.free - at; wait < l.queue && rand.Float64() >= l.loss {
			l.free = max(l.free, at) + size*8/l.rate
			a.arrived = true
			a.received = uint32((l.free + l.delay + l.jitter*rand.Float64()) * 1e6)
		}
		acks = append(acks, a)
		if at >= next {
			e.feed(acks, int64(at*1e9))
			acks, next = acks[:0], at+0.1
		}
	}
	return from + seconds
}

func TestEstimateFollowsTheLink(t *testing.T) {
	for name, queue := range map[string]float64{"deep queue": 0.5, "shallow queue": 0.02} {
		t.Run(name, func(t *testing.T) {
			e := newEstimator()
			l := &link{rate: 1e6, queue: queue, delay: 0.04}
			at := l.run(e, 1, 4, 2e6) // twice what fits
			if got := e.estimate(); got > 1.05e6 || got < 0.4e6 {
				t.Fatalf("estimate %.0f on a link of 1e6", got)
			}
			at = l.run(e, at, 2, 0.5e6) // half of what fits: no further harm
			low := e.estimate()
			l.run(e, at, 30, 0.5e6)
			if got := e.estimate(); got < 1.2*low {
				t.Errorf("estimate %.0f did not recover from %.0f", got, low)
			}
			if got := e.estimate(); got > 10*low {
				t.Errorf("estimate %.0f recovered from %.0f too quickly", got, low)
			}
		})
	}
}

func TestEstimateIgnoresWhatIsHarmless(t *testing.T) {
	e := newEstimator()
	l := &link{rate: 100e6, queue: 0.5, delay: 0.04, jitter: 0.005}
	at := l.run(e, 1, 10, 1.5e6)
	l.delay = 0.02 // another path, shorter
	at = l.run(e, at, 5, 1.5e6)
	at += 20 // silence
	l.run(e, at, 5, 0.2e6)
	if got := e.estimate(); got < rateBegin {
		t.Errorf("estimate fell to %.0f", got)
	}
}

// A path that loses packets of any number is not a narrow one: sending less is
// tried, does not help, and is given up.
func TestEstimateSeesThroughRandomLoss(t *testing.T) {
	for _, loss := range []float64{0.05, 0.2, 0.4} {
		e := newEstimator()
		l := &link{rate: 100e6, queue: 0.5, delay: 0.04, loss: loss}
		at, rate := 1.0, 1e6
		within := 0
		for second := range 60 { // three layers, as the estimate allows
			rate = 0.15e6
			for _, r := range []float64{0.4e6, 1e6} {
				if e.estimate() > 1.15*r {
					rate = r
				}
			}
			if second >= 15 && rate == 1e6 && !e.losing() {
				within++
			}
			at = l.run(e, at, 1, rate)
		}
		if within < 25 {
			t.Errorf("%.0f %% loss: all of it was sent for %d of 45 s; inherent %.2f, estimate %.0f", 100*loss, within, e.inherent, e.estimate())
		}
	}
}

// A narrow path that is lossy as well is still a narrow path.
func TestEstimateFollowsALossyLink(t *testing.T) {
	e := newEstimator()
	l := &link{rate: 0.5e6, queue: 0.05, delay: 0.04, loss: 0.1}
	at, sent := 1.0, 0.0
	for second := range 120 {
		rate := 0.15e6
		for _, r := range []float64{0.4e6, 1e6} {
			if e.estimate() > 1.15*r {
				rate = r
			}
		}
		if second >= 20 && rate == 1e6 {
			sent++
		}
		at = l.run(e, at, 1, rate)
	}
	if sent > 25 {
		t.Errorf("twice what fits was sent for %.0f of 100 s; inherent %.2f, estimate %.0f", sent, e.inherent, e.estimate())
	}
}

// One false alarm while little is sent does not take the picture away.
func TestEstimateSurvivesAFalseAlarm(t *testing.T) {
	e := newEstimator()
	l := &link{rate: 100e6, queue: 0.5, delay: 0.04}
	at := l.run(e, 1, 10, 0.2e6)
	before := e.estimate()
	l.free = at + 0.15 // everything stands still for a moment
	l.run(e, at, 1, 0.2e6)
	if got := e.estimate(); got < 0.4*before {
		t.Errorf("estimate fell from %.0f to %.0f", before, got)
	}
}

// Attempts that fail become rarer.
func TestEstimateWaitsLongerEachTime(t *testing.T) {
	e := newEstimator()
	l := &link{rate: 1e6, queue: 0.3, delay: 0.04}
	at := 1.0
	var waits []float64
	for range 4 {
		at = l.run(e, at, 2, 1.6e6)
		begin := at
		for e.estimate() < 1.6e6/keep && at < begin+600 {
			at = l.run(e, at, 1, 0.4e6)
		}
		waits = append(waits, at-begin)
	}
	if waits[3] < 2*waits[0] {
		t.Errorf("waited %.0f s", waits)
	}
}

func TestEstimateFromReports(t *testing.T) {
	e := newEstimator()
	e.feedLoss(0.5, int64(time.Second))
	if got := e.estimate(); got > 0.8*rateBegin {
		t.Errorf("half is lost and the estimate is %.0f", got)
	}
	e.feedREMB(500e3, 1e6, int64(2*time.Second))
	if got := e.estimate(); got != 500e3 {
		t.Errorf("estimate %.0f, the receiver says 500000", got)
	}
	e.feedREMB(500e3, 300e3, int64(3*time.Second)) // not used up
	if got := e.estimate(); got < 500e3 {
		t.Errorf("estimate %.0f", got)
	}
}

// Feedback messages are read as they were written.
func TestSendLog(t *testing.T) {
	var s sendLog
	for range 5 {
		s.number(1000)
	}
	fb := &rtcp.TransportLayerCC{
		BaseSequenceNumber: 1, PacketStatusCount: 5, ReferenceTime: 10,
		PacketChunks: []rtcp.PacketStatusChunk{
			&rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 2},
			&rtcp.StatusVectorChunk{SymbolSize: rtcp.TypeTCCSymbolSizeTwoBit, SymbolList: []uint16{
				rtcp.TypeTCCPacketNotReceived, rtcp.TypeTCCPacketReceivedLargeDelta, rtcp.TypeTCCPacketReceivedSmallDelta,
				rtcp.TypeTCCPacketNotReceived, // beyond the count
			}},
		},
		RecvDeltas: []*rtcp.RecvDelta{{Delta: 250}, {Delta: 500}, {Delta: 70000}, {Delta: 250}},
	}
	acks := s.read(fb, nil)
	want := []struct {
		arrived  bool
		received uint32
	}{{true, 640250}, {true, 640750}, {false, 0}, {true, 710750}, {true, 711000}}
	if len(acks) != len(want) {
		t.Fatalf("%d acks", len(acks))
	}
	for i, a := range acks {
		if a.arrived != want[i].arrived || a.received != want[i].received || a.size != 1000 {
			t.Errorf("ack %d: %+v", i, a)
		}
	}
	fb.RecvDeltas = nil // fewer deltas than it claims
	s.read(fb, nil)
	fb.PacketChunks = []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: 1, RunLength: 8191}}
	fb.PacketStatusCount = 65535
	s.read(fb, nil)
}

func TestShare(t *testing.T) {
	l := func(rank int) *layer { return &layer{rank: rank} }
	three := func() []option { return []option{{l(1), 100}, {l(2), 300}, {l(3), 1000}} }
	for name, test := range map[string]struct {
		budget float64
		wants  []*want
		at     []int
	}{
		"plenty":              {10000, []*want{{rank: 3, options: three()}, {rank: 3, options: three()}}, []int{2, 2}},
		"one raised":          {800, []*want{{rank: 3, options: three()}, {rank: 3, options: three()}}, []int{1, 1}},
		"the large one first": {1300, []*want{{rank: 1, options: three()[:1]}, {rank: 3, options: three()}}, []int{2, 0}},
		"not for all":         {250, []*want{{rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}}, []int{0, 0, -1}},
		"the first always":    {10, []*want{{rank: 1, options: three()[:1]}, {rank: 1, options: three()[:1]}}, []int{0, -1}},
		"nothing wanted":      {1000, []*want{{rank: 0}}, []int{-1}},
	} {
		share(test.wants, test.budget, true)
		for i, w := range test.wants {
			if w.at != test.at[i] || w.starved != (w.at < 0 && len(w.options) > 0) {
				t.Errorf("%s: choice %d is %d (starved %v), want %d", name, i, w.at, w.starved, test.at[i])
			}
		}
	}
	// Packets that are late but not lost cost layers, not pictures.
	one := func() *want { return &want{rank: 1, options: three()[:1]} }
	late := []*want{one(), one(), one()}
	share(late, 10, false)
	for i, w := range late {
		if w.at != 0 || w.starved {
			t.Errorf("late: choice %d is %d (starved %v), want 0", i, w.at, w.starved)
		}
	}
	// One that was withheld stays so until there is room.
	out := one()
	out.d = &Down{}
	out.d.starved.Store(true)
	share([]*want{one(), out}, 10, false)
	if out.at != -1 || !out.starved {
		t.Errorf("withheld: choice is %d (starved %v), want none", out.at, out.starved)
	}
}
