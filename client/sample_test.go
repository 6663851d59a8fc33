// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/codec"
)

// picture makes a frame of a codec: whole ones begin a sequence.
func picture(codec string, whole bool, n, size int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(r.IntN(250)) + 3 // no start codes
	}
	switch codec {
	case webrtc.MimeTypeVP8:
		body[0] = 1
		if whole {
			body[0] = 0
		}
	case webrtc.MimeTypeH264:
		if !whole {
			return append([]byte{0, 0, 0, 1, 0x41, 0x9a}, body...)
		}
		return append([]byte{0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0, 0, 0, 1, 0x65, 0x88}, body...)
	case webrtc.MimeTypeAV1:
		frame := append([]byte{0x32, byte(size&0x7f | 0x80), byte(size >> 7)}, body...) // OBU_FRAME with its size
		if !whole {
			return frame
		}
		return append([]byte{0x0a, 0x03, 1, 2, 3}, frame...) // OBU_SEQUENCE_HEADER
	case webrtc.MimeTypeOpus:
		body[0] = 0x78 // 20 ms
	}
	return body
}

func payloader(codec string) rtp.Payloader {
	switch codec {
	case webrtc.MimeTypeVP8:
		return &codecs.VP8Payloader{EnablePictureID: true}
	case webrtc.MimeTypeH264:
		return &codecs.H264Payloader{}
	case webrtc.MimeTypeAV1:
		return &codecs.AV1Payloader{}
	}
	return &codecs.OpusPayloader{}
}

// stream is what a network may do to packets of a track that samples are read of.
type stream struct {
	t      *testing.T
	codec  string
	track  *RemoteTrack
	reader *SampleReader
	pack   rtp.Packetizer
	frames [][]byte
	sent   []*rtp.Packet
}

func newStream(t *testing.T, codec string) *stream {
	clock := uint32(90000)
	if codec == webrtc.MimeTypeOpus {
		clock = 48000
	}
	track := newRemote(nil, "t")
	s := &stream{t: t, codec: codec, track: track, reader: track.Samples(),
		pack: rtp.NewPacketizer(400, 96, 7, payloader(codec), rtp.NewFixedSequencer(65530), clock)}
	s.reader.codec, s.reader.clock, s.reader.ssrc, s.reader.shown = codec, clock, 7, codec == webrtc.MimeTypeOpus
	return s
}

// make packs n frames, every fourth a whole picture, 40 ms apart.
func (s *stream) make(n int) {
	for i := range n {
		size := 130 + 300*(i%5)
		if s.codec == webrtc.MimeTypeOpus {
			size = 60
		}
		f := picture(s.codec, i%4 == 0, i, size)
		s.frames = append(s.frames, f)
		s.sent = append(s.sent, s.pack.Packetize(f, s.reader.clock/25)...)
	}
}

// frameOf is the number of the frame that a packet belongs to.
func (s *stream) frameOf(i int) int {
	n := 0
	for j := 1; j <= i; j++ {
		if s.sent[j].Timestamp != s.sent[j-1].Timestamp {
			n++
		}
	}
	return n
}

// read reads all samples of the packets and tells which frames they are.
func (s *stream) read(packets []*rtp.Packet) (got []int, samples []Sample) {
	for _, p := range packets {
		s.track.take(p)
	}
	s.track.end()
	for {
		one, err := s.reader.Read(context.Background())
		if err != nil {
			return got, samples
		}
		i := slices.IndexFunc(s.frames, func(f []byte) bool { return bytes.Equal(f, one.Data) })
		if i < 0 {
			s.t.Fatalf("a sample of %d bytes is no frame: % x", len(one.Data), one.Data[:min(len(one.Data), 20)])
		}
		if want := i%4 == 0 || s.codec == webrtc.MimeTypeOpus; one.Keyframe != want {
			s.t.Errorf("frame %d: Keyframe is %v", i, one.Keyframe)
		}
		got, samples = append(got, i), append(samples, one)
	}
}

var sampled = []string{webrtc.MimeTypeVP8, webrtc.MimeTypeH264, webrtc.MimeTypeAV1, webrtc.MimeTypeOpus}

func numbers(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func TestSamplesAreWhole(t *testing.T) {
	for _, codec := range sampled {
		t.Run(codec, func(t *testing.T) {
			s := newStream(t, codec)
			s.make(20)
			got, samples := s.read(s.sent)
			if !slices.Equal(got, numbers(0, 20)) {
				t.Fatalf("frames %v", got)
			}
			for i, one := range samples {
				if one.Time != time.Duration(i)*40*time.Millisecond || one.Lost != 0 || one.Codec != codec {
					t.Errorf("sample %d: %v, %d lost, %s", i, one.Time, one.Lost, one.Codec)
				}
			}
		})
	}
}

// TestSamplesInDisorder swaps neighbours and repeats packets.
func TestSamplesInDisorder(t *testing.T) {
	for _, codec := range sampled {
		t.Run(codec, func(t *testing.T) {
			s := newStream(t, codec)
			s.make(20)
			var mixed []*rtp.Packet
			for i := 1; i+1 < len(s.sent); i += 2 { // the first tells where the numbers begin
				mixed = append(mixed, s.sent[i+1], s.sent[i], s.sent[i+1])
			}
			mixed = append([]*rtp.Packet{s.sent[0]}, append(mixed, s.sent[len(s.sent)-1])...)
			if got, _ := s.read(mixed); !slices.Equal(got, numbers(0, 20)) {
				t.Fatalf("frames %v", got)
			}
		})
	}
}

// TestSamplesAfterLoss loses each packet in turn: exactly its frame is missing,
// nothing is damaged, and the sample after it says so.
func TestSamplesAfterLoss(t *testing.T) {
	for _, codec := range sampled {
		t.Run(codec, func(t *testing.T) {
			probe := newStream(t, codec)
			probe.make(12)
			for lost := 1; lost < len(probe.sent); lost++ {
				frame := probe.frameOf(lost)
				if frame == 11 {
					break // nothing comes after it
				}
				synctest.Test(t, func(t *testing.T) {
					s := newStream(t, codec)
					s.make(12)
					s.frames = probe.frames
					// It is waited for in vain.
					for _, p := range s.sent[:lost+1+min(1, len(s.sent)-lost-1)] {
						if p != s.sent[lost] {
							s.track.take(p)
						}
					}
					ctx, cancel := context.WithTimeout(t.Context(), 2*orderedWait)
					defer cancel()
					var got []int
					for {
						one, err := s.reader.Read(ctx)
						if err != nil {
							break
						}
						got = append(got, slices.IndexFunc(s.frames, func(f []byte) bool { return bytes.Equal(f, one.Data) }))
					}
					more, samples := s.read(s.sent[lost+2:])
					got = append(got, more...)
					want := slices.DeleteFunc(numbers(0, 12), func(i int) bool { return i == frame })
					if frame == 0 && codec != webrtc.MimeTypeOpus {
						want = numbers(4, 12) // the next whole picture
					}
					if !slices.Equal(got, want) {
						t.Fatalf("without packet %d of frame %d: frames %v", lost, frame, got)
					}
					total := 0
					for _, one := range samples {
						total += one.Lost
					}
					if total == 0 {
						t.Errorf("without packet %d no sample says that something was lost", lost)
					}
				})
			}
		})
	}
}

// TestSamplesBeginWithKeyframe joins in the middle.
func TestSamplesBeginWithKeyframe(t *testing.T) {
	s := newStream(t, webrtc.MimeTypeVP8)
	s.make(12)
	for i := range s.sent {
		if s.frameOf(i) == 1 {
			if got, _ := s.read(s.sent[i:]); !slices.Equal(got, numbers(4, 12)) {
				t.Fatalf("frames %v", got)
			}
			return
		}
	}
}

// TestSamplesOfRubbish must neither panic nor hang.
func TestSamplesOfRubbish(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, codec := range append(sampled, webrtc.MimeTypeVP9) {
		s := newStream(t, codec)
		for i := range 5000 {
			b := make([]byte, r.IntN(40))
			for j := range b {
				b[j] = byte(r.Uint32())
			}
			s.track.stats.start(codec, 90000)
			s.track.take(&rtp.Packet{Header: rtp.Header{
				SequenceNumber: uint16(i + r.IntN(3)), Timestamp: r.Uint32(), Marker: r.IntN(3) == 0, SSRC: 7}, Payload: b})
			if i%100 == 0 { // read what there is, and no further
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				for len(s.track.packets) > 0 {
					_, _ = s.reader.Read(ctx)
				}
			}
		}
	}
}

func TestOpusDuration(t *testing.T) {
	for _, c := range []struct {
		packet []byte
		want   time.Duration
	}{
		{nil, 0},
		{[]byte{0xf8, 0xff, 0xfe}, 20 * time.Millisecond}, // CELT
		{[]byte{0x80}, 2500 * time.Microsecond},
		{[]byte{0x08}, 20 * time.Millisecond}, // SILK
		{[]byte{0x18}, 60 * time.Millisecond},
		{[]byte{0x60}, 10 * time.Millisecond}, // hybrid
		{[]byte{0x79}, 40 * time.Millisecond}, // two frames
		{[]byte{0xfb, 3}, 60 * time.Millisecond},
		{[]byte{0xfb}, 0},
	} {
		if got := codec.OpusDuration(c.packet); got != c.want {
			t.Errorf("% x lasts %v, want %v", c.packet, got, c.want)
		}
	}
}

// TestOggPages reads a file of an encoder that puts a second into each page.
func TestOggPages(t *testing.T) {
	for _, name := range []string{"testdata/pages.ogg", "pattern/tone.ogg"} {
		r, err := openFile(name)
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		var lasts time.Duration
		n := 0
		for ; ; n++ {
			s, err := r.next()
			if err != nil {
				if fmt.Sprint(err) != "EOF" {
					t.Fatal(err)
				}
				break
			}
			if s.Duration != 20*time.Millisecond || len(s.Data) > 200 {
				t.Fatalf("%s: packet %d has %d bytes and lasts %v", name, n, len(s.Data), s.Duration)
			}
			lasts += s.Duration
		}
		if lasts < 3*time.Second || lasts > 3100*time.Millisecond {
			t.Errorf("%s: %d packets last %v, want 3 s and what the encoder adds", name, n, lasts)
		}
	}
}

// TestSlicesBelongTogether reads pictures of several slices.
func TestSlicesBelongTogether(t *testing.T) {
	var file []byte
	for range 3 {
		for _, n := range [][]byte{{0x67, 1, 2}, {0x68, 1}, {0x65, 0x88, 1}, {0x65, 0x08, 2}, {0x65, 0x04, 3}} {
			file = append(append(file, 0, 0, 0, 1), n...)
		}
		file = append(file, 0, 0, 0, 1, 0x41, 0x9a, 9)
	}
	r, err := newH264(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for {
		s, err := r.next()
		if err != nil {
			break
		}
		sizes = append(sizes, bytes.Count(s.Data, []byte{0, 0, 0, 1}))
	}
	if !slices.Equal(sizes, []int{5, 1, 5, 1, 5, 1}) {
		t.Errorf("pictures of %v units", sizes)
	}
	if _, err := newH264(bytes.NewReader([]byte("x"))); err == nil || errors.Is(err, context.Canceled) {
		t.Error("one byte is an H.264 file")
	}
}
