// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/sfu/gcc"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// wire records what a DownTrack sends.
type wire struct {
	sent []rtp.Packet
	fail error
}

func (w *wire) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	if w.fail != nil {
		return 0, w.fail
	}
	p := rtp.Packet{Header: h.Clone(), Payload: slices.Clone(payload)}
	w.sent = append(w.sent, p)
	return p.MarshalSize(), nil
}

func (w *wire) Write([]byte) (int, error) { panic("not used") }

var vp8Params = webrtc.RTPCodecParameters{
	PayloadType:        96,
	RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000},
}

// bench is a DownTrack without a connection around it.
type bench struct {
	t      testing.TB
	track  *Track
	d      *DownTrack
	w      *wire
	layers [4]*stream
}

// stream makes the packets of one layer.
type stream struct {
	l      *upstream
	seq    uint16
	ts     uint32
	pid    uint16
	tl0    uint8
	frames int
}

func newBench(t testing.TB, kind webrtc.RTPCodecType, codecs []webrtc.RTPCodecParameters) *bench {
	pub := &Publisher{engine: &Engine{cfg: Config{Retransmits: 3}}, askKick: make(chan struct{}, 1)}
	sub := &Subscriber{conn: &conn{callbacks: newCallbackQueue()}, estimate: gcc.NewEstimator(), repairs: newRepairBudget(50), engine: pub.engine}
	sub.up.Store(true)
	b := &bench{t: t, w: &wire{}}
	b.track = newTrack(pub, "id", "stream", "0", kind, codec.NewFormat(codecs[0]))
	b.d = newDownTrack(sub, b.track)
	o := &binding{w: b.w, ssrc: 1000, rtxSSRC: 2000, codecs: codecs}
	for _, h := range []*headers{&o.main, &o.rtx, &o.pad} {
		for i := range h.sets {
			h.sets[i].Version = 2
		}
	}
	b.d.binding.Store(o)
	b.track.attach(b.d)
	return b
}

// layer adds a layer whose counters begin anywhere.
func (b *bench) layer(rank int, params webrtc.RTPCodecParameters) *stream {
	l := &upstream{track: b.track, rank: rank, ssrc: uint32(rank)}
	if b.track.kind == webrtc.RTPCodecTypeVideo {
		l.hist = rtpbuf.NewHistory()
	}
	l.formats[params.PayloadType] = codec.NewFormat(params)
	b.track.layers[rank].Store(l)
	b.layers[rank] = &stream{
		l: l, seq: uint16(rand.Uint32()), ts: rand.Uint32(), pid: uint16(rand.Uint32() & 0x7fff), tl0: uint8(rand.Uint32()),
	}
	return b.layers[rank]
}

// raw builds the bytes of one packet.
func raw(pt uint8, seq uint16, ts uint32, marker bool, payload []byte) []byte {
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: seq, Timestamp: ts, Marker: marker, SSRC: 7},
		Payload: payload,
	}
	b, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// frame gives the packets of the next picture.
func (s *stream) frame(key bool, n int) [][]byte {
	var out [][]byte
	for i := range n {
		payload := append(vp8Head(i == 0, key, s.pid, s.tl0), byte(s.l.rank), byte(s.frames), byte(i))
		out = append(out, raw(96, s.seq, s.ts, i == n-1, payload))
		s.seq++
	}
	s.next()
	return out
}

func (s *stream) next() {
	s.frames++
	s.ts += 3000
	s.pid = (s.pid + 1) & 0x7fff
	s.tl0++
}

// feed passes a packet through the layer as its read loop would.
func (b *bench) feed(s *stream, packet []byte) {
	p := rtpbuf.New()
	n := copy(p.Buf[:], packet)
	if !s.l.receive(p, n) {
		return
	}
	p.Publish()
	if s.l.hist != nil {
		s.l.hist.Put(p)
	}
	b.track.forward(s.l, p)
	p.Drop()
}

// continuous fails unless what was sent is one unbroken stream.
func continuous(t *testing.T, sent []rtp.Packet) {
	t.Helper()
	for i := 1; i < len(sent); i++ {
		a, b := sent[i-1], sent[i]
		if b.SequenceNumber != a.SequenceNumber+1 {
			t.Fatalf("packet %d: number %d after %d", i, b.SequenceNumber, a.SequenceNumber)
		}
		_, da := codec.VP8(a.Payload)
		hint, db := codec.VP8(b.Payload)
		newPicture := b.Timestamp != a.Timestamp
		if newPicture && int32(b.Timestamp-a.Timestamp) <= 0 {
			t.Fatalf("packet %d: time goes back by %d", i, int32(a.Timestamp-b.Timestamp))
		}
		want := da.PID
		wantTL0 := da.TL0
		if newPicture {
			want = (want + 1) & 0x7fff
			wantTL0++
		}
		if db.PID != want || db.TL0 != wantTL0 {
			t.Fatalf("packet %d: picture %d/%d after %d/%d", i, db.PID, db.TL0, da.PID, da.TL0)
		}
		if rankOf(a) != rankOf(b) && hint != codec.KeyStart {
			t.Fatalf("packet %d: layer %d begins without a key frame", i, rankOf(b))
		}
		if b.SSRC != 1000 || b.PayloadType != 96 {
			t.Fatalf("packet %d sent as %d/%d", i, b.SSRC, b.PayloadType)
		}
	}
}

func rankOf(p rtp.Packet) int { return int(p.Payload[7]) }

// A publisher reports some seconds after its first packet. Until then our own
// reports go by the time that has passed, in the numbers the viewer sees.
func TestReportsBeforeThePublishersFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
		low, high := b.layer(1, vp8Params), b.layer(3, vp8Params)
		for _, s := range []*stream{low, high} { // the second is shifted to continue the first
			b.d.target.Store(s.l)
			for i := range 3 {
				for _, p := range s.frame(i == 0, 2) {
					b.feed(s, p)
				}
			}
			for range 40 { // hours, in which timestamps wrap
				time.Sleep(90*time.Minute + 7*time.Millisecond)
				sr := b.d.senderReport(time.Now())
				passed := time.Duration(now() - s.l.lastPacket.Load())
				sent := b.w.sent[len(b.w.sent)-1].Timestamp
				want := sent + uint32(passed.Milliseconds()*90)
				if off := int32(sr.RTPTime - want); off < -1 || off > 1 {
					t.Fatalf("rank %d: %v after timestamp %d the report says %d, want %d", s.l.rank, passed, sent, sr.RTPTime, want)
				}
			}
		}
	})
}

// Whatever layer is aimed at and whenever it is paused, the viewer gets one
// unbroken stream.
func TestSwitchingIsSeamless(t *testing.T) {
	for round := range 50 {
		b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
		for rank := 1; rank <= 3; rank++ {
			b.layer(rank, vp8Params)
		}
		seen := map[int]bool{}
		for frame := range 400 {
			switch {
			case frame%37 == 0:
				b.d.target.Store(b.layers[1+(round+frame/37)%3].l)
			case frame%101 == 0:
				b.d.target.Store(nil)
			}
			for rank := 1; rank <= 3; rank++ {
				s := b.layers[rank]
				key := s.l.wantKey.Load() && rand.IntN(3) == 0
				for _, p := range s.frame(key, 1+rand.IntN(4)) {
					b.feed(s, p)
				}
			}
		}
		for _, p := range b.w.sent {
			seen[rankOf(p)] = true
		}
		if len(b.w.sent) < 200 || len(seen) != 3 {
			t.Fatalf("round %d sent %d packets of %d layers", round, len(b.w.sent), len(seen))
		}
		continuous(t, b.w.sent)
	}
}

// A picture that was begun is finished before a pause.
func TestPauseEndsWithThePicture(t *testing.T) {
	b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
	s := b.layer(3, vp8Params)
	b.d.target.Store(s.l)
	for i, p := range s.frame(true, 4) {
		if i == 2 {
			b.d.target.Store(nil)
		}
		b.feed(s, p)
	}
	for _, p := range s.frame(false, 4) {
		b.feed(s, p)
	}
	if n := len(b.w.sent); n != 4 || !b.w.sent[3].Marker {
		t.Errorf("%d packets sent", n)
	}
	if b.d.current.Load() != nil {
		t.Error("still open")
	}
}

// Loss and disorder of the publisher reach the viewer as they are, in numbers of
// its own, and nothing is sent twice.
func TestDisorderPassesThrough(t *testing.T) {
	b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
	s := b.layer(3, vp8Params)
	b.d.target.Store(s.l)
	var packets [][]byte
	for i := range 300 {
		packets = append(packets, s.frame(i == 0, 3)...)
	}
	first := binary.BigEndian.Uint16(packets[0][2:])
	lost := map[uint16]bool{}
	order := slices.Clone(packets)
	for i := 3; i+8 < len(order); i += 8 {
		rand.Shuffle(8, func(a, b int) { order[i+a], order[i+b] = order[i+b], order[i+a] })
	}
	for i, p := range order {
		if i > 10 && i%29 == 0 {
			lost[binary.BigEndian.Uint16(p[2:])-first] = true
			continue
		}
		b.feed(s, p)
		b.feed(s, p) // a probe repeats it
	}
	base := b.w.sent[0].SequenceNumber
	seen := map[uint16]bool{}
	for _, p := range b.w.sent {
		n := p.SequenceNumber - base
		if seen[n] {
			t.Fatalf("number %d sent twice", n)
		}
		if lost[n] {
			t.Fatalf("number %d was lost", n)
		}
		seen[n] = true
		in := packets[n]
		if p.Timestamp != binary.BigEndian.Uint32(in[4:]) || p.Payload[8] != in[12+8] || p.Payload[9] != in[12+9] {
			t.Fatalf("number %d is another packet", n)
		}
	}
	if len(seen)+len(lost) != len(packets) {
		t.Errorf("%d sent, %d lost of %d", len(seen), len(lost), len(packets))
	}
}

// Every packet sent can be had again exactly as it was, across changes.
func TestRetransmit(t *testing.T) {
	rtx := webrtc.RTPCodecParameters{
		PayloadType:        97,
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"},
	}
	for name, codecs := range map[string][]webrtc.RTPCodecParameters{
		"rtx": {vp8Params, rtx}, "plain": {vp8Params},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, webrtc.RTPCodecTypeVideo, codecs)
			b.layer(1, vp8Params)
			b.layer(3, vp8Params)
			for i := range 120 {
				if i%20 == 0 {
					b.d.target.Store(b.layers[1+i/20%2*2].l)
				}
				for _, rank := range []int{1, 3} {
					s := b.layers[rank]
					for _, p := range s.frame(s.l.wantKey.Load(), 3) {
						b.feed(s, p)
					}
				}
			}
			sent := slices.Clone(b.w.sent)
			continuous(t, sent)
			b.w.sent = nil
			for i := range sent {
				b.d.retransmit(&rtcp.TransportLayerNack{
					MediaSSRC: 1000, Nacks: []rtcp.NackPair{{PacketID: sent[i].SequenceNumber}},
				})
			}
			if len(b.w.sent) != len(sent) {
				t.Fatalf("%d of %d repeated", len(b.w.sent), len(sent))
			}
			for i, got := range b.w.sent {
				want := sent[i]
				if name == "rtx" {
					if got.SSRC != 2000 || got.PayloadType != 97 || got.SequenceNumber != uint16(i) {
						t.Fatalf("repeated as %d/%d number %d", got.SSRC, got.PayloadType, got.SequenceNumber)
					}
					got.SSRC, got.PayloadType = 1000, 96
					got.SequenceNumber = binary.BigEndian.Uint16(got.Payload)
					got.Payload = got.Payload[2:]
				}
				a, _ := got.Marshal()
				w, _ := want.Marshal()
				if !slices.Equal(a, w) {
					t.Fatalf("packet %d repeated differently\n%x\n%x", i, a, w)
				}
			}
			// Twice at once: too soon. Never sent: nothing.
			b.w.sent = nil
			last := sent[len(sent)-1].SequenceNumber
			b.d.rtx.sent = nil
			b.d.retransmit(&rtcp.TransportLayerNack{MediaSSRC: 1000, Nacks: []rtcp.NackPair{
				{PacketID: last}, {PacketID: last}, {PacketID: last + 1}, {PacketID: sent[0].SequenceNumber - 1},
			}})
			if len(b.w.sent) != 1 {
				t.Errorf("%d packets repeated, want 1", len(b.w.sent))
			}
		})
	}
}

// The picture of a new layer is shown when its publisher took it, by the
// sender reports of both layers.
func TestTimestampsFollowTheReports(t *testing.T) {
	b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
	low, high := b.layer(1, vp8Params), b.layer(3, vp8Params)
	at := time.Now()
	low.l.report.Store(&senderReport{ntp: at, rtp: low.ts})
	high.l.report.Store(&senderReport{ntp: at, rtp: high.ts})
	b.d.target.Store(low.l)
	for _, p := range low.frame(true, 2) {
		b.feed(low, p)
	}
	for _, p := range high.frame(true, 2) { // the same picture, not aimed at
		b.feed(high, p)
	}
	b.d.target.Store(high.l)
	for _, p := range low.frame(false, 2) {
		b.feed(low, p)
	}
	for _, p := range high.frame(true, 2) { // the same picture as the one before
		b.feed(high, p)
	}
	for _, p := range high.frame(false, 2) {
		b.feed(high, p)
	}
	var steps []uint32
	for i := 1; i < len(b.w.sent); i++ {
		if d := b.w.sent[i].Timestamp - b.w.sent[i-1].Timestamp; d != 0 {
			steps = append(steps, d)
		}
	}
	if !slices.Equal(steps, []uint32{3000, 1, 3000}) {
		t.Errorf("steps %v", steps)
	}
	continuous(t, b.w.sent)
}

// A send that fails costs the rest of the picture; the next key frame goes on.
func TestFailedSend(t *testing.T) {
	b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
	s := b.layer(3, vp8Params)
	b.d.target.Store(s.l)
	for i := range 20 {
		b.w.fail = nil
		if i == 5 {
			b.w.fail = webrtc.ErrConnectionClosed
		}
		for _, p := range s.frame(i == 0 || i == 10, 3) {
			b.feed(s, p)
		}
	}
	if n := len(b.w.sent); n != 15*3 {
		t.Errorf("%d packets", n)
	}
	if !s.l.keyed || b.d.dropped.Load() != 1 {
		t.Errorf("%d dropped", b.d.dropped.Load())
	}
}

// Padding of the publisher's probes is left out without a gap.
func TestPaddingIsLeftOut(t *testing.T) {
	b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
	s := b.layer(3, vp8Params)
	b.d.target.Store(s.l)
	for i := range 20 {
		for _, p := range s.frame(i == 0, 2) {
			b.feed(s, p)
		}
		pad := raw(96, s.seq, s.ts-3000, false, nil)
		pad[0] |= 0x20
		b.feed(s, append(pad, 0, 0, 0, 4))
		s.seq++
	}
	if len(b.w.sent) != 40 {
		t.Errorf("%d packets", len(b.w.sent))
	}
	continuous(t, b.w.sent)
}

// Redundant audio is passed on as it is to those who negotiated it, and unpacked
// for the others.
func TestRedundantAudio(t *testing.T) {
	red := webrtc.RTPCodecParameters{PayloadType: 63, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: codec.MimeRED, ClockRate: 48000, Channels: 2}}
	opus := webrtc.RTPCodecParameters{PayloadType: 109, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}}
	packet := []byte{0x80 | 111, 0x03, 0xc0, 0x02, 111, 'o', 'l', 'n', 'e', 'w'} // one old block of 2 bytes
	for name, test := range map[string]struct {
		codecs []webrtc.RTPCodecParameters
		want   []byte
		pt     uint8
	}{
		"kept":     {[]webrtc.RTPCodecParameters{red, opus}, []byte{0x80 | 109, 0x03, 0xc0, 0x02, 109, 'o', 'l', 'n', 'e', 'w'}, 63},
		"unpacked": {[]webrtc.RTPCodecParameters{opus}, []byte("new"), 109},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, webrtc.RTPCodecTypeAudio, test.codecs)
			s := b.layer(3, red)
			b.d.target.Store(s.l)
			b.feed(s, raw(63, s.seq, s.ts, false, packet))
			if len(b.w.sent) != 1 || !slices.Equal(b.w.sent[0].Payload, test.want) || b.w.sent[0].PayloadType != test.pt {
				t.Errorf("sent %+v", b.w.sent)
			}
		})
	}
}

// What redundant audio repeats of packets that did not come is sent to those who have
// no redundant audio: once, and only under the numbers that are missing.
func TestRedundantAudioFillsGaps(t *testing.T) {
	red := webrtc.RTPCodecParameters{PayloadType: 63, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: codec.MimeRED, ClockRate: 48000, Channels: 2}}
	opus := webrtc.RTPCodecParameters{PayloadType: 109, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}}
	// Each packet is its letter, with the two before it in front.
	packet := func(n int) []byte {
		head := func(older int) []byte { return []byte{0x80 | 111, byte(older >> 6), byte(older << 2), 1} }
		return slices.Concat(head(2*960), head(960), []byte{111}, []byte{'a' + byte(n-2), 'a' + byte(n-1), 'a' + byte(n)})
	}
	for name, test := range map[string]struct {
		codecs []webrtc.RTPCodecParameters
		come   []int
		want   string
	}{
		"none is missing":              {[]webrtc.RTPCodecParameters{opus}, []int{2, 3, 4}, "cde"},
		"one":                          {[]webrtc.RTPCodecParameters{opus}, []int{2, 4, 5}, "cdef"},
		"two":                          {[]webrtc.RTPCodecParameters{opus}, []int{2, 5, 6}, "cdefg"},
		"more than is repeated":        {[]webrtc.RTPCodecParameters{opus}, []int{2, 8}, "cghi"},
		"what is late has been sent":   {[]webrtc.RTPCodecParameters{opus}, []int{2, 4, 3, 5}, "cdef"},
		"one late that was not":        {[]webrtc.RTPCodecParameters{opus}, []int{2, 6, 3, 7}, "cefgdh"},
		"one far too late":             {[]webrtc.RTPCodecParameters{opus}, []int{2, 22, 3}, "cuvw"},
		"nothing is there from before": {[]webrtc.RTPCodecParameters{opus}, []int{5, 6}, "fg"},
		"they repeat it themselves":    {[]webrtc.RTPCodecParameters{red, opus}, []int{2, 4}, "ce"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, webrtc.RTPCodecTypeAudio, test.codecs)
			s := b.layer(3, red)
			b.d.target.Store(s.l)
			for _, n := range test.come {
				b.feed(s, raw(63, s.seq+uint16(n), s.ts+960*uint32(n), false, packet(n)))
			}
			got := ""
			for i, p := range b.w.sent {
				letter := p.Payload[len(p.Payload)-1]
				got += string(letter)
				first := b.w.sent[0]
				away := int(letter) - int(first.Payload[len(first.Payload)-1])
				if p.SequenceNumber != first.SequenceNumber+uint16(away) || p.Timestamp != first.Timestamp+960*uint32(away) {
					t.Errorf("packet %d, %q, is %d numbers and %d ticks after the first", i, letter, p.SequenceNumber-first.SequenceNumber, p.Timestamp-first.Timestamp)
				}
			}
			if got != test.want {
				t.Errorf("sent %q, want %q", got, test.want)
			}
		})
	}
}

// Requests for a key frame are merged, throttled, and repeated until one comes.
func TestKeyframeRequests(t *testing.T) {
	b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
	s := b.layer(3, vp8Params)
	p := b.track.pub
	p.tracks = []*Track{b.track}
	var asked []rtcp.Packet
	p.writeRTCP = func(list []rtcp.Packet) error { asked = append(asked, list...); return nil }
	start := time.Now()
	at := func(after time.Duration) int {
		asked = nil
		p.askKeyframes(start.Add(after))
		return len(asked)
	}
	if n := at(0); n != 0 {
		t.Errorf("%d requests for nothing", n)
	}
	for range 100 {
		s.l.requestKeyframe(false)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{
		{0, 1}, {100 * time.Millisecond, 0}, {499 * time.Millisecond, 0},
		{500 * time.Millisecond, 1}, {600 * time.Millisecond, 0}, {time.Second, 1},
	} {
		if n := at(step.after); n != step.want {
			t.Errorf("after %v: %d requests, want %d", step.after, n, step.want)
		}
	}
	for _, packet := range s.frame(true, 2) {
		b.feed(s, packet)
	}
	if n := at(10 * time.Second); n != 0 {
		t.Error("asked although it has come")
	}
	// Within half a second of the last one the next has to wait.
	s.l.requestKeyframe(false)
	if n := at(10 * time.Second); n != 1 {
		t.Error("not asked again")
	}
	s.l.requestKeyframe(false)
	b.track.format.Load().Params.RTCPFeedback = []webrtc.RTCPFeedback{{Type: "ccm", Parameter: "fir"}}
	if at(11*time.Second) != 1 {
		t.Fatal("not repeated")
	}
	if _, ok := asked[0].(*rtcp.FullIntraRequest); !ok {
		t.Errorf("asked with %T", asked[0])
	}
	// Who has no picture yet waits less, and is not forgotten behind one that is asked
	// for later; without an answer the publisher is asked less and less often.
	for _, packet := range s.frame(true, 2) {
		b.feed(s, packet)
	}
	if at(11*time.Second+100*time.Millisecond) != 0 {
		t.Error("asked although it has come")
	}
	s.l.requestKeyframe(false)
	s.l.requestKeyframe(true)
	asks := 0
	for ms := 150; ms <= 2000; ms += 10 {
		n := at(11*time.Second + time.Duration(ms)*time.Millisecond)
		if first := ms == 150; first && n != 1 {
			t.Errorf("%d requests for a first picture, want 1", n)
		}
		asks += n
	}
	if asks != 5 { // at 150, 450, 900, 1400 and 1900 ms
		t.Errorf("%d requests for a first picture in two seconds, want 5", asks)
	}
	for _, packet := range s.frame(true, 2) {
		b.feed(s, packet)
	}
	at(13*time.Second + 200*time.Millisecond)
	s.l.requestKeyframe(false)
	if at(13*time.Second+500*time.Millisecond) != 1 || at(13*time.Second+650*time.Millisecond) != 0 {
		t.Error("a damaged picture is asked for as often as a first one")
	}
	// A publisher that is silent is asked seldom, and at once when it is back.
	s.l.lastPacket.Store(now() - 2*silent)
	s.l.unheard = 20
	if at(14*time.Second) != 0 || at(19*time.Second) != 1 || at(20*time.Second) != 0 {
		t.Error("a silent publisher is asked too often")
	}
	<-p.askKick
	for _, packet := range s.frame(false, 1) {
		b.feed(s, packet)
	}
	select {
	case <-p.askKick:
	default:
		t.Error("nobody looks again")
	}
	if at(20*time.Second) != 1 {
		t.Error("not asked although it is back")
	}
}
