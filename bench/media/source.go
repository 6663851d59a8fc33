// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// source is a track of packets that no codec made, with as much of a codec's headers as
// a server reads: VP8's descriptor (RFC 7741) and key frames, or levels of sound (RFC 6464).
// Video has 30 pictures a second of five packets of 1,200 bytes, sound a packet of 100
// bytes each 20 ms.
type source struct {
	video bool
	track *webrtc.TrackLocalStaticRTP
	key   atomic.Bool  // the next picture is to be a key frame
	level atomic.Int32 // number of the header extension, 0 for none
}

func newSource(video bool, name string) (*source, error) {
	c := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
	if video {
		c = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
	}
	t, err := webrtc.NewTrackLocalStaticRTP(c, name, "stream-of-"+name)
	if err != nil {
		return nil, err
	}
	s := &source{video: video, track: t}
	s.key.Store(true)
	return s, nil
}

// watch answers requests for a key frame with one.
func (s *source) watch(sender *webrtc.RTPSender) {
	for {
		list, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range list {
			switch p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				s.key.Store(true)
			}
		}
	}
}

// levels finds the header extension of audio levels in an offer.
func (s *source) levels(offer string) {
	for line := range strings.SplitSeq(offer, "\r\n") {
		rest, ok := strings.CutPrefix(line, "a=extmap:")
		if !ok || s.video || !strings.HasSuffix(line, sdp.AudioLevelURI) {
			continue
		}
		number, _, _ := strings.Cut(rest, " ")
		if id, err := strconv.Atoi(number); err == nil {
			s.level.Store(int32(id))
		}
	}
}

// run sends until the context ends.
func (s *source) run(ctx context.Context) {
	size, burst, every, clock := 100, 1, 20*time.Millisecond, uint32(960)
	if s.video {
		size, burst, every, clock = 1200, 5, time.Second/30, 3000
	}
	payload := make([]byte, size)
	for i := range payload {
		payload[i] = byte(rand.Uint32())
	}
	seq, stamp, picture := uint16(rand.Uint32()), rand.Uint32(), uint16(rand.Uint32()&0x7fff)
	for next := time.Now(); ctx.Err() == nil; {
		key := s.key.Swap(false)
		for i := range burst {
			if s.video {
				describe(payload, picture, i == 0, key)
			}
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: stamp, Marker: s.video && i == burst-1}, Payload: payload}
			if id := s.level.Load(); id > 0 {
				_ = p.SetExtension(uint8(id), []byte{20}) // -20 dBov: somebody speaks
			}
			_ = s.track.WriteRTP(p)
			seq++
		}
		stamp += clock
		picture = (picture + 1) & 0x7fff
		next = next.Add(every)
		switch wait := time.Until(next); {
		case wait > 0:
			time.Sleep(wait)
		case wait < -time.Second:
			next = time.Now() // the machine stood still: nothing is made up for
		}
	}
}

// describe writes VP8's payload descriptor and, where a picture begins, its frame tag.
func describe(b []byte, picture uint16, first, key bool) {
	b[0], b[1], b[2], b[3] = 0x80, 0x80, 0x80|byte(picture>>8), byte(picture)
	switch {
	case !first:
		return
	case key: // the start code and 1280x720
		copy(b[4:], []byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02})
	default:
		copy(b[4:], []byte{0x11, 0x02, 0x00})
	}
	b[0] |= 0x10
}
