// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/codec"
)

// Sample is one encoded picture, or one packet of sound: what a decoder takes.
type Sample struct {
	// Data is a VP8 or VP9 frame, an H.264 access unit in the byte stream format
	// (ITU-T H.264, annex B), an AV1 temporal unit in the low overhead format, or
	// an Opus packet. It is the app's to keep.
	Data []byte
	// Codec is the MIME type, such as "video/VP8".
	Codec string
	// Keyframe is true when decoding can begin here; always for sound.
	Keyframe bool
	// Time is when to present the sample, counted from the first one that the
	// reader returned. It never goes back, not by a reconnection either.
	Time time.Duration
	// Duration is how long the sample lasts: for Opus what the packet says (RFC
	// 6716, 3.1), for video the time since the picture before, 0 for the first.
	Duration time.Duration
	// Timestamp is that of the RTP packets. It begins anew at reconnections.
	Timestamp uint32
	// Lost is how many packets between the sample before and this one never came
	// or belonged to a picture that was not whole. A video decoder shows damage
	// from here until the next keyframe, which has been asked for.
	Lost int
}

// SampleReader makes samples of the packets of a track; see
// [RemoteTrack.Samples]. It is for one goroutine at a time.
type SampleReader struct {
	t *RemoteTrack

	order  ordered
	codec  string // of what is being read; "" before the first packet
	clock  uint32
	ssrc   uint32
	ready  []Sample
	next   uint16 // the sequence number that is to follow
	begun  bool   // next means something
	whole  bool   // nothing of the frame is missing so far
	frame  []*rtp.Packet
	lost   int
	shown  bool // a keyframe was returned, or it is sound
	asked  time.Time
	origin uint32        // timestamp of the first sample of this stream
	offset time.Duration // presentation time of that sample
	timed  bool          // origin and offset mean something
	wall   time.Time     // when the latest sample was returned
	last   time.Duration // presentation time of the latest sample
}

// Samples returns a reader that puts the packets of the track together. It
// takes the place of [RemoteTrack.ReadRTP]: a packet goes to one of both. Packets
// that arrive in another order are put right, and a picture of which a part does
// not come within a quarter of a second is left out. Video begins with a keyframe,
// which is asked for at once and again after every loss.
func (t *RemoteTrack) Samples() *SampleReader { return &SampleReader{t: t} }

// keyframePause is how long a publisher is given to answer before it is asked
// for another whole picture.
const keyframePause = time.Second

// Read returns the next sample. It waits while none comes, through mute, pauses
// and reconnections. It fails with io.EOF once the track has ended, with the error
// of ctx, and with fault.CodecUnsupported for anything but VP8, VP9, H.264, AV1
// and Opus.
func (s *SampleReader) Read(ctx context.Context) (Sample, error) {
	for len(s.ready) == 0 {
		p, err := s.t.ReadRTP(ctx)
		if errors.Is(err, io.EOF) && len(s.order.held) > 0 {
			for _, p := range s.order.rest() {
				s.take(p)
			}
			continue
		}
		if err != nil {
			return Sample{}, err
		}
		if err := s.stream(p); err != nil {
			return Sample{}, err
		}
		for _, p := range s.order.push(p) {
			s.take(p)
		}
		if s.codec != "" && !s.shown && !s.sound() || s.lost > 0 {
			s.ask()
		}
	}
	out := s.ready[0]
	s.ready = s.ready[1:]
	return out, nil
}

func (s *SampleReader) sound() bool { return s.codec == webrtc.MimeTypeOpus }

// ask asks for a whole picture, now and then.
func (s *SampleReader) ask() {
	if now := time.Now(); !s.sound() && now.Sub(s.asked) > keyframePause {
		s.asked = now
		s.t.RequestKeyframe()
	}
}

// stream begins anew with another stream: after a reconnection everything may be
// numbered differently, even the codec may be another.
func (s *SampleReader) stream(p *rtp.Packet) error {
	if s.codec != "" && p.SSRC == s.ssrc {
		return nil
	}
	c, ok := s.t.Codec()
	if !ok && s.codec == "" {
		return nil // detached meanwhile; what comes next will tell
	}
	if ok {
		known := codecName(c.MimeType)
		if known == "" {
			return asFault(fault.CodecUnsupported.New("codec", c.MimeType, "what", "samples"), fault.OpSubscribe)
		}
		s.codec, s.clock = known, c.ClockRate
	}
	s.lost += len(s.frame)
	s.ssrc, s.frame, s.begun, s.timed, s.order = p.SSRC, nil, false, false, ordered{}
	s.shown = s.sound()
	return nil
}

// take adds a packet; they come in order, some may be missing.
func (s *SampleReader) take(p *rtp.Packet) {
	if s.codec == "" {
		return
	}
	gap := int(int16(p.SequenceNumber - s.next))
	if !s.begun {
		gap = 0
	}
	broken := !s.begun || gap != 0
	s.begun, s.next = true, p.SequenceNumber+1
	if gap > 0 {
		s.lost += gap
		s.abandon() // what is missing may have been its end
	}
	if len(p.Payload) == 0 {
		return // padding, which measures the network
	}
	if len(s.frame) > 0 && s.frame[0].Timestamp != p.Timestamp {
		s.finish() // some senders mark no end
	}
	if len(s.frame) == 0 {
		s.whole = !broken || codec.First(s.codec, p.Payload)
	}
	s.frame = append(s.frame, p)
	if p.Marker || s.sound() {
		s.finish()
	}
}

// abandon gives up the frame that is being put together.
func (s *SampleReader) abandon() {
	s.lost += len(s.frame)
	s.frame = nil
}

// finish makes a sample of the frame.
func (s *SampleReader) finish() {
	frame := s.frame
	if !s.whole {
		s.abandon()
		return
	}
	s.frame = nil
	out := Sample{Codec: s.codec, Timestamp: frame[0].Timestamp, Keyframe: s.sound()}
	d := depacketizer(s.codec)
	for _, p := range frame {
		b, err := d.Unmarshal(p.Payload)
		if err != nil {
			s.lost += len(frame)
			return
		}
		out.Keyframe = out.Keyframe || codec.Begins(s.codec, p.Payload)
		out.Data = append(out.Data, b...)
	}
	if len(out.Data) == 0 || !s.shown && !out.Keyframe {
		return // nothing a decoder could begin with
	}
	s.shown = true
	s.time(&out)
	out.Lost, s.lost = s.lost, 0
	s.ready = append(s.ready, out)
}

// time says when a sample is due. A new stream goes on where the clock is.
func (s *SampleReader) time(out *Sample) {
	now := time.Now()
	if !s.timed {
		s.timed, s.origin = true, out.Timestamp
		if !s.wall.IsZero() {
			s.offset = s.last + now.Sub(s.wall)
		}
	}
	since := time.Duration(int32(out.Timestamp-s.origin)) * time.Second / time.Duration(s.clock)
	if since > time.Hour { // long before the difference overflows
		s.origin, s.offset, since = out.Timestamp, s.offset+since, 0
	}
	out.Time = max(s.last, s.offset+since)
	switch {
	case s.sound():
		out.Duration = codec.OpusDuration(out.Data)
	case !s.wall.IsZero():
		out.Duration = out.Time - s.last
	}
	s.wall, s.last = now, out.Time
}

func depacketizer(codec string) rtp.Depacketizer {
	switch codec {
	case webrtc.MimeTypeVP8:
		return &codecs.VP8Packet{}
	case webrtc.MimeTypeVP9:
		return &codecs.VP9Packet{}
	case webrtc.MimeTypeH264:
		return &codecs.H264Packet{}
	case webrtc.MimeTypeAV1:
		return &codecs.AV1Depacketizer{}
	}
	return &codecs.OpusPacket{}
}
