// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package gcc

import (
	"slices"
	"testing"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// reported is feedback about n packets of which every fifth is lost and every ninth
// comes very late, as a receiver writes it.
func reported(t testing.TB, n int) []byte {
	r := twcc.NewRecorder(1)
	at := int64(1e9)
	for seq := range n {
		at += 300
		if seq%9 == 8 {
			at += 90_000
		}
		if seq%5 != 4 {
			r.Record(2, uint16(seq+1), at)
		}
	}
	packets := r.BuildFeedbackPacket()
	if len(packets) != 1 {
		t.Fatalf("%d packets of feedback", len(packets))
	}
	b, err := packets[0].Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// known is a log in which the first n packets were sent.
func known(n int) *SendLog {
	s := &SendLog{}
	for i := range n {
		s.Number(1000+i, i%3 == 0, int64(i+1)*1e6)
	}
	return s
}

// decoded is what the library reads in the same feedback.
func decoded(fb *rtcp.TransportLayerCC) (acks []Ack) {
	seq, clock, deltas := fb.BaseSequenceNumber, fb.ReferenceTime*64000, fb.RecvDeltas
	one := func(symbol uint16) {
		if len(acks) == int(fb.PacketStatusCount) {
			return // the last chunk may say more
		}
		a := Ack{}
		if symbol == rtcp.TypeTCCPacketReceivedSmallDelta || symbol == rtcp.TypeTCCPacketReceivedLargeDelta {
			clock += uint32(deltas[0].Delta)
			a.received, a.arrived, deltas = clock, true, deltas[1:]
		}
		acks = append(acks, a)
		seq++
	}
	for _, c := range fb.PacketChunks {
		switch c := c.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				one(c.PacketStatusSymbol)
			}
		case *rtcp.StatusVectorChunk:
			for _, symbol := range c.SymbolList {
				one(symbol)
			}
		}
	}
	return acks
}

// Feedback is read as a library reads it that knows nothing of us.
func TestReadsFeedback(t *testing.T) {
	for _, n := range []int{1, 7, 8, 20, 300} {
		b := reported(t, n)
		fb := &rtcp.TransportLayerCC{}
		if err := fb.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		s := known(n)
		got, ok := s.Read(b, nil)
		if !ok {
			t.Fatalf("%d packets: not read", n)
		}
		want := decoded(fb)
		for i := range want {
			want[i].sent, want[i].size, want[i].paced = uint32(i+1)*1000, 1000+i, i%3 == 0
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d packets:\n got %v\nwant %v", n, got, want)
		}
		for i, a := range want {
			if s.Arrived(uint16(i+1)) != a.arrived {
				t.Errorf("packet %d: arrived is not %v", i+1, a.arrived)
			}
		}
	}
}

// Whatever is cut short or says more than it holds is refused.
func TestRefusesBrokenFeedback(t *testing.T) {
	b := reported(t, 40)
	for n := range b {
		if _, ok := known(40).Read(b[:n], nil); ok {
			t.Errorf("the first %d bytes are read", n)
		}
	}
	more := slices.Clone(b)
	more[14], more[15] = 0xff, 0xff // packets
	if _, ok := known(40).Read(more, nil); ok {
		t.Error("more packets than there are chunks are read")
	}
}

// A packet that a receiver takes from one stream after it has reported later ones of
// others was not lost, and what it tells again with it is not news.
func TestLatePacketIsNotLost(t *testing.T) {
	s, e, r := known(40), NewEstimator(), twcc.NewRecorder(1)
	var all []Ack
	report := func() (acks []Ack) {
		t.Helper()
		for _, p := range r.BuildFeedbackPacket() {
			b, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			got, ok := s.Read(b, nil)
			if !ok {
				t.Fatal("feedback is not read")
			}
			acks = append(acks, got...)
		}
		e.Feed(acks, 2e9)
		all = append(all, acks...)
		return acks
	}
	late := func(seq int) bool { return seq >= 10 && seq < 20 }
	for seq := 1; seq <= 30; seq++ {
		if !late(seq) {
			r.Record(2, uint16(seq), int64(seq)*1000)
		}
	}
	missed := 0
	for _, a := range report() {
		if !a.arrived {
			missed++
		}
	}
	if missed != 10 || e.lost != 10 {
		t.Fatalf("%d packets are missed, %d counted as lost, of 10", missed, e.lost)
	}
	for seq := 1; seq <= 40; seq++ {
		if late(seq) || seq > 30 {
			r.Record(3, uint16(seq), int64(50+seq)*1000)
		}
	}
	found := 0
	for _, a := range report() {
		if a.late && a.arrived {
			found++
		}
	}
	if found != 10 || len(all) != 50 || e.lost != 0 || e.seen != 40 {
		t.Errorf("%d late packets of 10, %d acks of 50, %d lost of none, %d seen of 40", found, len(all), e.lost, e.seen)
	}
	for seq := 1; seq <= 40; seq++ {
		if !s.Arrived(uint16(seq)) {
			t.Errorf("packet %d has not arrived", seq)
		}
	}
}

// untold is a log as it was before any feedback.
func untold(s *SendLog) {
	for i := range s.slots {
		s.slots[i].And(^(arrivedBit | missedBit))
	}
}

func TestReadingFeedbackAllocatesNothing(t *testing.T) {
	b, s, acks := reported(t, 100), known(100), make([]Ack, 0, 100)
	n := testing.AllocsPerRun(100, func() {
		untold(s)
		acks, _ = s.Read(b, acks[:0])
	})
	if n != 0 || len(acks) == 0 {
		t.Errorf("%v allocations for %d packets", n, len(acks))
	}
}

// BenchmarkReadFeedback reads what a subscriber says of 100 packets.
func BenchmarkReadFeedback(b *testing.B) {
	fb, s, acks := reported(b, 100), known(100), make([]Ack, 0, 100)
	b.ReportAllocs()
	for b.Loop() {
		for i := range 101 { // as before any feedback
			s.slots[i].And(^(arrivedBit | missedBit))
		}
		acks, _ = s.Read(fb, acks[:0])
	}
}

// FuzzFeedback: whatever comes, nothing is read that the library reads differently,
// and never more than it tells of.
func FuzzFeedback(f *testing.F) {
	f.Add(reported(f, 7))
	f.Add(reported(f, 300))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := known(sendLogSize)
		acks, ok := s.Read(b, nil)
		if !ok {
			return
		}
		if len(acks) > 1<<16 {
			t.Fatalf("%d packets", len(acks))
		}
		fb := &rtcp.TransportLayerCC{}
		if fb.Unmarshal(b) != nil {
			return // it is stricter about what follows the last delta
		}
		arrived := 0
		for _, a := range decoded(fb) {
			if a.arrived {
				arrived++
			}
		}
		for _, a := range acks {
			if a.arrived {
				arrived--
			}
		}
		if arrived < 0 {
			t.Error("more packets are read as arrived than by the library")
		}
	})
}
