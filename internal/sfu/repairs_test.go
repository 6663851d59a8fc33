// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/rtpseq"
)

const testTWCC = 5 // the id of the header extension

// link is a downlink that loses packets at random, both ways, and delays the others by
// half a round trip; behind it is a receiver. Time passes a millisecond at a time.
type link struct {
	t            *testing.T
	b            *bench
	loss         float64
	trip         time.Duration
	rand         *rand.Rand
	mu           sync.Mutex // of what follows, as packets leave on goroutines of their own
	later        []event    // in order, as all take as long
	needed, sent int        // packets
	bytes        int        // of the packets sent again

	got   int // packets, each once
	have  map[uint64]bool
	seq   rtpseq.Unwrapper
	queue rtpseq.NACKQueue
	twcc  *twcc.Recorder
}

type event struct {
	at time.Time
	do func()
}

func newLink(t *testing.T, loss float64, trip time.Duration) *link {
	rtx := webrtc.RTPCodecParameters{
		PayloadType:        97,
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"},
	}
	l := &link{
		t: t, loss: loss, trip: trip, rand: rand.New(rand.NewPCG(1, 2)), have: map[uint64]bool{}, twcc: twcc.NewRecorder(9),
		b: newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params, rtx}),
	}
	o := l.b.d.binding.Load()
	o.w, o.twccID = l, testTWCC
	o.prepare(&o.main)
	o.prepare(&o.rtx)
	l.b.d.sub.routes = map[uint32]*DownTrack{}
	l.b.d.sub.route(o.ssrc, o.rtxSSRC, l.b.d)
	return l
}

// pass carries something over the link, unless it is lost.
func (l *link) pass(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rand.Float64() >= l.loss {
		l.later = append(l.later, event{time.Now().Add(l.trip / 2), do})
	}
}

// WriteRTP is what the DownTrack sends.
func (l *link) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	p := rtp.Packet{Header: h.Clone(), Payload: append([]byte(nil), payload...)}
	l.mu.Lock()
	l.sent++
	if p.SSRC == 1000 {
		l.needed++
	} else {
		l.bytes += p.MarshalSize()
	}
	l.mu.Unlock()
	l.pass(func() { l.receive(&p) })
	return p.MarshalSize(), nil
}

func (l *link) Write([]byte) (int, error) { panic("not used") }

func (l *link) receive(p *rtp.Packet) {
	l.twcc.Record(1000, binary.BigEndian.Uint16(p.GetExtension(testTWCC)), time.Now().UnixMicro())
	seq := p.SequenceNumber
	if p.SSRC == 2000 {
		seq = binary.BigEndian.Uint16(p.Payload)
	}
	begun, highest := l.seq.Begun, l.seq.Highest
	x := l.seq.Extend(seq)
	if begun {
		l.queue.Arrived(x, highest, now())
	}
	if !l.have[x] {
		l.have[x] = true
		l.got++
	}
}

// tell sends RTCP to the server.
func (l *link) tell(ssrc uint32, packets ...rtcp.Packet) {
	b, err := rtcp.Marshal(packets)
	if err != nil {
		l.t.Fatal(err)
	}
	l.pass(func() { l.b.d.sub.feedback(ssrc, b) })
}

func (l *link) nack(seqs []uint16) {
	if len(seqs) > 0 {
		l.tell(1000, &rtcp.TransportLayerNack{MediaSSRC: 1000, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs)})
	}
}

// report has the server learn the round trip.
func (l *link) report() {
	sr := l.b.d.senderReport(time.Now())
	if sr == nil {
		return
	}
	l.pass(func() {
		l.tell(1000, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 1000, LastSenderReport: uint32(sr.NTPTime >> 16)}}})
	})
}

// run sends 30 pictures a second of five packets each, and has the receiver ask at
// each millisecond.
func (l *link) run(lasts time.Duration, ask func(ms int)) {
	s := l.b.layer(3, vp8Params)
	l.b.d.target.Store(s.l)
	for ms := range int(lasts / time.Millisecond) {
		if ms%33 == 0 {
			for i := range 5 {
				payload := append(vp8Head(i == 0, ms == 0, s.pid, s.tl0), make([]byte, 1180)...)
				l.b.feed(s, raw(96, s.seq, s.ts, i == 4, payload))
				s.seq++
			}
			s.next()
		}
		if ms%1000 == 500 {
			l.report()
		}
		if ms%100 == 50 {
			if fb := l.twcc.BuildFeedbackPacket(); len(fb) > 0 {
				l.tell(1000, fb...)
			}
		}
		ask(ms)
		time.Sleep(time.Millisecond)
		for next := l.due(); next != nil; next = l.due() {
			next()
		}
	}
	synctest.Wait()
}

// due is the next thing to do now, nil for none.
func (l *link) due() func() {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.later) == 0 || time.Now().Before(l.later[0].at) {
		return nil
	}
	next := l.later[0]
	l.later = l.later[1:]
	return next.do
}

// missing is what has not come of the latest packets, up to n of them.
func (l *link) missing(n uint64) (seqs []uint16) {
	for x := l.seq.Highest - min(n, l.seq.Highest); x < l.seq.Highest; x++ {
		if l.seq.Begun && !l.have[x] {
			seqs = append(seqs, uint16(x))
		}
	}
	return seqs
}

// TestRepairsStayNearWhatIsNeeded loses one packet in twenty, towards the viewer and
// of what it says. What is sent in all is at most 1.1 times the pictures, whoever asks:
// a receiver that sees what has come back, and one that does not notice and asks for
// it every 100 ms, as the interceptor of a known library does.
func TestRepairsStayNearWhatIsNeeded(t *testing.T) {
	for _, trip := range []time.Duration{4, 150} {
		for name, blind := range map[string]bool{"sees repairs": false, "does not see repairs": true} {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, 0.05, trip*time.Millisecond)
				main := map[uint16]bool{} // lost, and repaired where nobody looks
				l.run(20*time.Second, func(ms int) {
					if !blind {
						seqs, _ := l.queue.Due(now())
						l.nack(seqs)
						return
					}
					for _, seq := range l.missing(8) {
						main[seq] = true
					}
					if ms%100 == 0 {
						var seqs []uint16
						for x := l.seq.Highest - min(512, l.seq.Highest); l.seq.Begun && x < l.seq.Highest; x++ {
							if main[uint16(x)] {
								seqs = append(seqs, uint16(x))
							}
						}
						l.nack(seqs)
					}
				})
				ratio := float64(l.sent) / float64(l.needed)
				t.Logf("%d ms, %s: %d packets for %d, %.3f times; %d never came", trip, name, l.sent, l.needed, ratio, l.needed-l.got)
				if ratio > 1.1 {
					t.Errorf("%d ms, %s: %.3f times what is needed was sent, want 1.1 at most", trip, name, ratio)
				}
				if never := l.needed - l.got; never > l.needed/100 {
					t.Errorf("%d ms, %s: %d of %d packets never came", trip, name, never, l.needed)
				}
			})
		}
	}
}

// TestRepairsAreBounded has a hostile subscriber ask for the last 400 packets a hundred
// times a second, whether it has them or not. It gets each three times more at most.
func TestRepairsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 0, 20*time.Millisecond)
		l.run(5*time.Second, func(ms int) {
			if ms%10 == 0 {
				l.nack(l.last(400))
			}
		})
		if l.sent > 4*l.needed {
			t.Errorf("%d packets sent for %d: some were sent again more than three times", l.sent, l.needed)
		}
		for why := range refusals {
			if refused := l.b.d.rtx.refused[why].Load(); refused == 0 && why != refusedBudget && why != refusedPast {
				t.Errorf("nothing was refused as %s", refusalNames[why])
			}
		}
	})
}

// TestRepairsKeepToTheirBudget asks, over a path thought to be thin, for as much as there
// is.
func TestRepairsKeepToTheirBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 0, 20*time.Millisecond)
		sub := l.b.d.sub
		sub.estimate.FeedREMB(400e3, 1e6, now())
		thin := sub.estimate.Estimate()
		l.twcc = twcc.NewRecorder(9) // it says nothing
		const lasts = 5 * time.Second
		l.run(lasts, func(ms int) {
			if ms%10 == 0 {
				l.nack(l.last(400))
			}
		})
		most := int(0.5*max(thin, sub.estimate.Estimate())/8*lasts.Seconds()) + minRepairBurst
		t.Logf("%d bytes were sent again of %d allowed; estimate %.0f", l.bytes, most, sub.estimate.Estimate())
		if l.bytes > most {
			t.Errorf("%d bytes were sent again, the budget is %d", l.bytes, most)
		}
		if l.b.d.rtx.refused[refusedBudget].Load() == 0 {
			t.Error("the budget refused nothing")
		}
		if rate := sub.repairs.rate(now(), thin); rate == 0 {
			t.Error("the layers do not learn what repairs take")
		}
		if rate := sub.repairs.rate(now(), 150e3); rate > 75e3 { // it has fallen: they take no more than half of that from now on
			t.Errorf("of 150 kbit/s repairs are said to take %.0f", rate)
		}
		time.Sleep(3 * time.Second)
		if rate := sub.repairs.rate(now(), thin); rate != 0 {
			t.Errorf("repairs that have ended are said to take %.0f bit/s", rate)
		}
	})
}

// last are the numbers of the latest n packets.
func (l *link) last(n uint64) (seqs []uint16) {
	for x := l.seq.Highest - min(n, l.seq.Highest); l.seq.Begun && x <= l.seq.Highest; x++ {
		seqs = append(seqs, uint16(x))
	}
	return seqs
}

// A compound of reports about several streams, a NACK and requests for key frames comes
// once for each of these streams. Each part counts once, and for its own stream only.
func TestCompoundCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, 0, 20*time.Millisecond)
		l.run(100*time.Millisecond, func(int) {})
		d := l.b.d
		b, err := rtcp.Marshal([]rtcp.Packet{
			&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 1000}, {SSRC: 2000}, {SSRC: 3000}}},
			&rtcp.TransportLayerNack{MediaSSRC: 1000, Nacks: rtcp.NackPairsFromSequenceNumbers(l.last(3))},
			&rtcp.PictureLossIndication{MediaSSRC: 3000},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, ssrc := range []uint32{1000, 2000} { // the stream and its retransmissions
			d.sub.feedback(ssrc, b)
		}
		if asked := d.rtx.asked.Load(); asked != 4 {
			t.Errorf("%d packets were asked for, want 4", asked)
		}
		if asks := d.asks.Load(); asks != 0 {
			t.Errorf("%d key frames were asked for, of another stream", asks)
		}
		d.sub.feedback(1000, pli(t, 1000))
		if asks := d.asks.Load(); asks != 1 {
			t.Errorf("%d key frames were asked for, want 1", asks)
		}
	})
}

func pli(t *testing.T, ssrc uint32) []byte {
	t.Helper()
	b, err := (&rtcp.PictureLossIndication{MediaSSRC: ssrc}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// While much is lost, nothing is repaired that the key frame of a later layer has made
// needless; of a path that is sound everything is.
func TestNothingOfThePastIsRepaired(t *testing.T) {
	for name, losing := range map[string]bool{"losing": true, "sound": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params, vp8RTX})
			for _, rank := range []int{3, 1} {
				s := b.layer(rank, vp8Params)
				b.d.target.Store(s.l)
				for _, p := range s.frame(true, 3) {
					b.feed(s, p)
				}
			}
			sent := b.w.sent
			b.w.sent = nil
			if losing {
				b.d.sub.estimate.FeedLoss(0.5, now())
			}
			ask := func(p rtp.Packet) int {
				b.w.sent = nil
				b.d.retransmit(&rtcp.TransportLayerNack{MediaSSRC: 1000, Nacks: []rtcp.NackPair{{PacketID: p.SequenceNumber}}})
				return len(b.w.sent)
			}
			if was, is := ask(sent[0]), ask(sent[3]); is != 1 || (was == 0) != losing {
				t.Errorf("%d packets of the layer of before and %d of that which flows were sent again", was, is)
			}
			if refused := b.d.rtx.refused[refusedPast].Load() > 0; refused != losing {
				t.Errorf("refused as past: %v", refused)
			}
		})
	}
}
