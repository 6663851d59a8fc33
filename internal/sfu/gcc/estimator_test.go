// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

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
func (l *link) run(e *Estimator, from, seconds, rate float64) (end float64) {
	const size = 1200
	var acks []Ack
	gap := size * 8 / rate
	next := from + 0.1
	for at := from; at < from+seconds; at += gap {
		a := Ack{sent: uint32(at * 1e6), size: size}
		if wait := l.free - at; wait < l.queue && rand.Float64() >= l.loss {
			l.free = max(l.free, at) + size*8/l.rate
			a.arrived = true
			a.received = uint32((l.free + l.delay + l.jitter*rand.Float64()) * 1e6)
		}
		acks = append(acks, a)
		if at >= next {
			e.Feed(acks, int64(at*1e9))
			acks, next = acks[:0], at+0.1
		}
	}
	return from + seconds
}

func TestEstimateFollowsTheLink(t *testing.T) {
	for name, queue := range map[string]float64{"deep queue": 0.5, "shallow queue": 0.02} {
		t.Run(name, func(t *testing.T) {
			e := NewEstimator()
			l := &link{rate: 1e6, queue: queue, delay: 0.04}
			at := l.run(e, 1, 4, 2e6) // twice what fits
			if got := e.Estimate(); got > 1.05e6 || got < 0.4e6 {
				t.Fatalf("estimate %.0f on a link of 1e6", got)
			}
			at = l.run(e, at, 2, 0.5e6) // half of what fits: no further harm
			low := e.Estimate()
			l.run(e, at, 30, 0.5e6)
			if got := e.Estimate(); got < 1.2*low {
				t.Errorf("estimate %.0f did not recover from %.0f", got, low)
			}
			if got := e.Estimate(); got > 10*low {
				t.Errorf("estimate %.0f recovered from %.0f too quickly", got, low)
			}
		})
	}
}

func TestEstimateIgnoresWhatIsHarmless(t *testing.T) {
	e := NewEstimator()
	l := &link{rate: 100e6, queue: 0.5, delay: 0.04, jitter: 0.005}
	at := l.run(e, 1, 10, 1.5e6)
	l.delay = 0.02 // another path, shorter
	at = l.run(e, at, 5, 1.5e6)
	at += 20 // silence
	l.run(e, at, 5, 0.2e6)
	if got := e.Estimate(); got < rateBegin {
		t.Errorf("estimate fell to %.0f", got)
	}
}

// A path that loses packets of any number is not a narrow one: sending less is
// tried, does not help, and is given up. What is lost is chance, so one viewer in six may take longer.
func TestEstimateSeesThroughRandomLoss(t *testing.T) {
	for _, loss := range []float64{0.05, 0.2, 0.4} {
		slow := 0
		for range 6 {
			e := NewEstimator()
			l := &link{rate: 100e6, queue: 0.5, delay: 0.04, loss: loss}
			at, rate := 1.0, 1e6
			within := 0
			for second := range 60 { // three layers, as the estimate allows
				rate = 0.15e6
				for _, r := range []float64{0.4e6, 1e6} {
					if e.Estimate() > 1.15*r {
						rate = r
					}
				}
				if second >= 15 && rate == 1e6 && !e.Losing() {
					within++
				}
				at = l.run(e, at, 1, rate)
			}
			if within < 25 {
				slow++
				t.Logf("%.0f %% loss: all of it was sent for %d of 45 s; inherent %.2f, estimate %.0f", 100*loss, within, e.inherent, e.Estimate())
			}
		}
		if slow > 1 {
			t.Errorf("%.0f %% loss: %d of 6 were sent too little", 100*loss, slow)
		}
	}
}

// A narrow path that is lossy as well is still a narrow path.
func TestEstimateFollowsALossyLink(t *testing.T) {
	e := NewEstimator()
	l := &link{rate: 0.5e6, queue: 0.05, delay: 0.04, loss: 0.1}
	at, sent := 1.0, 0.0
	for second := range 120 {
		rate := 0.15e6
		for _, r := range []float64{0.4e6, 1e6} {
			if e.Estimate() > 1.15*r {
				rate = r
			}
		}
		if second >= 20 && rate == 1e6 {
			sent++
		}
		at = l.run(e, at, 1, rate)
	}
	if sent > 25 {
		t.Errorf("twice what fits was sent for %.0f of 100 s; inherent %.2f, estimate %.0f", sent, e.inherent, e.Estimate())
	}
}

// One false alarm while little is sent does not take the picture away.
func TestEstimateSurvivesAFalseAlarm(t *testing.T) {
	e := NewEstimator()
	l := &link{rate: 100e6, queue: 0.5, delay: 0.04}
	at := l.run(e, 1, 10, 0.2e6)
	before := e.Estimate()
	l.free = at + 0.15 // everything stands still for a moment
	l.run(e, at, 1, 0.2e6)
	if got := e.Estimate(); got < 0.4*before {
		t.Errorf("estimate fell from %.0f to %.0f", before, got)
	}
}

// Attempts that fail become rarer.
func TestEstimateWaitsLongerEachTime(t *testing.T) {
	e := NewEstimator()
	l := &link{rate: 1e6, queue: 0.3, delay: 0.04}
	at := 1.0
	var waits []float64
	for range 4 {
		at = l.run(e, at, 2, 1.6e6)
		begin := at
		for e.Estimate() < 1.6e6/1.15 && at < begin+600 {
			at = l.run(e, at, 1, 0.4e6)
		}
		waits = append(waits, at-begin)
	}
	if waits[3] < 2*waits[0] {
		t.Errorf("waited %.0f s", waits)
	}
}

func TestEstimateFromReports(t *testing.T) {
	e := NewEstimator()
	e.FeedLoss(0.5, int64(time.Second))
	if got := e.Estimate(); got > 0.8*rateBegin {
		t.Errorf("half is lost and the estimate is %.0f", got)
	}
	e.FeedREMB(500e3, 1e6, int64(2*time.Second))
	if got := e.Estimate(); got != 500e3 {
		t.Errorf("estimate %.0f, the receiver says 500000", got)
	}
	e.FeedREMB(500e3, 300e3, int64(3*time.Second)) // not used up
	if got := e.Estimate(); got < 500e3 {
		t.Errorf("estimate %.0f", got)
	}
}

// Feedback messages are read as they were written.
func TestSendLog(t *testing.T) {
	var s SendLog
	for range 5 {
		s.Number(1000, false, int64(time.Second))
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
		RecvDeltas: []*rtcp.RecvDelta{{Type: 1, Delta: 250}, {Type: 1, Delta: 500}, {Type: 2, Delta: 70000}, {Type: 1, Delta: 250}},
	}
	fb.Header = rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: uint16(fb.Len()/4 - 1)}
	b, err := fb.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	acks, ok := s.Read(b, nil)
	if !ok {
		t.Fatal("not read")
	}
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
}

// A path that was thought bad for a while carries what arrives on it: belief catches
// up as soon as nothing is wrong, not by 8 % a second.
func TestWhatArrivesIsBelieved(t *testing.T) {
	e := NewEstimator()
	l := &link{rate: 20e6, queue: 0.5, delay: 0.01, loss: 0.5}
	at := l.run(e, 1, 4, 1.5e6)
	if low := e.Estimate(); low > 1.2e6 || !e.Losing() {
		t.Fatalf("estimate %.0f of a path that loses every second packet, losing %v", low, e.Losing())
	}
	e.rate = rateMin // what several such seconds come to
	l.loss = 0
	l.run(e, at, holdMax.Seconds()/8, 2.5e6)
	if got := e.Estimate(); got < 2.3e6 {
		t.Errorf("estimate %.0f, of 2.5e6 that arrive", got)
	}
}

// Where packets come late and none is lost, which a busy processor does as well, more is
// tried again within 16 s, however often that went wrong; where packets are lost, within 64.
func TestAPathThatIsOnlyLateIsTriedSooner(t *testing.T) {
	for loss, want := range map[float64]time.Duration{0: holdLate, 0.05: holdMax} {
		e := NewEstimator()
		at := time.Second
		for range 8 {
			e.rate, e.lossRate = 1e6, loss
			e.cut(100e3, int64(at))
			at = time.Duration(e.holdUntil) + time.Second
		}
		if e.hold != want {
			t.Errorf("with %.2f lost: %v, want %v", loss, e.hold, want)
		}
	}
}
