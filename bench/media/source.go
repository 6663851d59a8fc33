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

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// source is a track of packets that no codec made, with as much of a codec's headers as
// a server reads: VP8's descriptor (RFC 7741) and key frames, or levels of sound (RFC 6464).
// Video has 30 pictures a second of five packets of 1,200 bytes, sound a packet of 100
// bytes each 20 ms. A ladder of video has three layers (RFC 8853).
type source struct {
	video  bool
	track  *webrtc.TrackLocalStaticRTP // of the first layer
	layers []*layer                    // the smallest first
	level  atomic.Int32                // number of the header extension, 0 for none
}

// layer is one size of a picture, or all there is of a sound.
type layer struct {
	track        *webrtc.TrackLocalStaticRTP
	size         int         // bytes of a packet
	burst        int         // packets of a picture
	keyBurst     int         // packets of a key frame
	key          atomic.Bool // the next picture is to be a key frame
	mid          string
	midID, ridID uint8 // numbers of the header extensions that tell layers apart (RFC 8852)
	seq          uint16
	pictures     uint32
}

func newSource(video bool, name string) (*source, error) {
	l := layer{size: 100, burst: 1, keyBurst: 1}
	if video {
		l.size, l.burst, l.keyBurst = 1200, 5, 5
	}
	return newLayers(video, name, &l)
}

// newLadder makes a source of 150, 500 and 1,500 kbit/s, whose key frames are four times
// as large as other pictures.
func newLadder(name string) (*source, error) {
	return newLayers(true, name,
		&layer{size: 625, burst: 1, keyBurst: 4},
		&layer{size: 1042, burst: 2, keyBurst: 8},
		&layer{size: 1250, burst: 5, keyBurst: 20},
	)
}

// ladderRates are the layers of a ladder, in bits per second.
var ladderRates = []float64{150e3, 500e3, 1500e3}

func newLayers(video bool, name string, layers ...*layer) (*source, error) {
	c := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
	if video {
		c = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
	}
	for i, l := range layers {
		var is []func(*webrtc.TrackLocalStaticRTP)
		if len(layers) > 1 {
			is = append(is, webrtc.WithRTPStreamID(string("qhf"[i])))
		}
		t, err := webrtc.NewTrackLocalStaticRTP(c, name, "stream-of-"+name, is...)
		if err != nil {
			return nil, err
		}
		l.track, l.seq = t, uint16(rand.Uint32())
		l.key.Store(true)
	}
	return &source{video: video, track: layers[0].track, layers: layers}, nil
}

// add puts a source on a connection.
func (s *source) add(pc *webrtc.PeerConnection) error {
	t, err := pc.AddTransceiverFromTrack(s.track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	sender := t.Sender()
	for _, l := range s.layers[1:] {
		if err := sender.AddEncoding(l.track); err != nil {
			return err
		}
	}
	for _, l := range s.layers {
		go l.watch(sender)
	}
	return nil
}

// negotiated learns how the layers of a ladder are told apart.
func (s *source) negotiated(pc *webrtc.PeerConnection) {
	if len(s.layers) < 2 {
		return
	}
	for _, t := range pc.GetTransceivers() {
		if t.Sender() == nil || t.Sender().Track() != s.track {
			continue
		}
		for _, x := range t.Sender().GetParameters().HeaderExtensions {
			for _, l := range s.layers {
				l.mid = t.Mid()
				switch x.URI {
				case sdp.SDESMidURI:
					l.midID = uint8(x.ID)
				case sdp.SDESRTPStreamIDURI:
					l.ridID = uint8(x.ID)
				}
			}
		}
	}
}

// watch answers requests for a key frame with one.
func (l *layer) watch(sender *webrtc.RTPSender) {
	read := sender.ReadRTCP
	if rid := l.track.RID(); rid != "" {
		read = func() ([]rtcp.Packet, interceptor.Attributes, error) { return sender.ReadSimulcastRTCP(rid) }
	}
	for {
		list, _, err := read()
		if err != nil {
			return
		}
		for _, p := range list {
			switch p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				l.key.Store(true)
			}
		}
	}
}

// refresh makes a picture in a while a key frame, until the context ends.
func (s *source) refresh(ctx context.Context, every time.Duration) {
	for ctx.Err() == nil {
		pause(ctx, every)
		for _, l := range s.layers {
			l.key.Store(true)
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
	every, clock := 20*time.Millisecond, uint32(960)
	if s.video {
		every, clock = time.Second/30, 3000
	}
	payload := make([]byte, 1500)
	for i := range payload {
		payload[i] = byte(rand.Uint32())
	}
	stamp := rand.Uint32()
	for next := time.Now(); ctx.Err() == nil; {
		for i, l := range s.layers {
			s.send(l, i, stamp, payload[:l.size])
		}
		stamp += clock
		next = next.Add(every)
		switch wait := time.Until(next); {
		case wait > 0:
			time.Sleep(wait)
		case wait < -time.Second:
			next = time.Now() // the machine stood still: nothing is made up for
		}
	}
}

// send sends a picture of a layer, or a packet of sound.
func (s *source) send(l *layer, rank int, stamp uint32, payload []byte) {
	key, burst := l.key.Swap(false), l.burst
	if key {
		burst = l.keyBurst
	}
	is := piece{layer: byte(rank), key: key, of: byte(burst), picture: l.pictures}
	l.pictures++
	for i := range burst {
		if s.video {
			describe(payload, uint16(is.picture&0x7fff), i == 0, key)
			is.index, is.sent = byte(i), time.Now()
			is.write(payload)
		}
		p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: l.seq, Timestamp: stamp, Marker: s.video && i == burst-1}, Payload: payload}
		if id := s.level.Load(); id > 0 {
			_ = p.SetExtension(uint8(id), []byte{20}) // -20 dBov: somebody speaks
		}
		if l.midID > 0 && l.ridID > 0 {
			_ = p.SetExtension(l.midID, []byte(l.mid))
			_ = p.SetExtension(l.ridID, []byte(l.track.RID()))
		}
		_ = l.track.WriteRTP(p)
		l.seq++
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
