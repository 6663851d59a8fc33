// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
)

// Track is one published track with all its layers.
type Track struct {
	id, stream, mid string
	kind            webrtc.RTPCodecType
	pub             *Publisher
	format          atomic.Pointer[codec.Format] // what is sent now; before that, what the answer put first
	layers          [4]atomic.Pointer[upstream]
	simulcast       atomic.Bool

	downTracks atomic.Pointer[[]*DownTrack] // replaced whole
	mu         sync.Mutex                   // held to replace down tracks
	done       chan struct{}
	once       sync.Once
	announced  time.Time
	arrived    atomic.Int64 // when its first packet came, by now()
	keyed      atomic.Int64 // when its first key frame did

	loudness     atomic.Uint32 // -dBov in 1/256
	loudnessSeen atomic.Int64
	warning      atomic.Pointer[fault.Error]
}

func newTrack(p *Publisher, id, stream, mid string, kind webrtc.RTPCodecType, f *codec.Format) *Track {
	t := &Track{id: id, stream: stream, mid: mid, kind: kind, pub: p, done: make(chan struct{}), announced: time.Now()}
	t.format.Store(f)
	t.downTracks.Store(&[]*DownTrack{})
	t.loudness.Store(127 << 8)
	return t
}

// ID is the track id of the publisher's description (the second word of
// a=msid, RFC 8830).
func (t *Track) ID() string { return t.id }

// StreamID is the first word of a=msid.
func (t *Track) StreamID() string { return t.stream }

// Kind tells audio from video.
func (t *Track) Kind() webrtc.RTPCodecType { return t.kind }

// Codec is what the publisher sends now; before the first packet, what it was
// asked to send.
func (t *Track) Codec() webrtc.RTPCodecParameters { return t.format.Load().Params }

// Level is the loudness of an audio track in -dBov, 0 (loudest) to 127
// (RFC 6464), smoothed; 127 when silent or when nothing arrived lately. Of audio
// that does not tell its level it is an estimate: that of quiet speech where Opus
// says that there is voice.
func (t *Track) Level() uint8 {
	if now()-t.loudnessSeen.Load() > int64(500*time.Millisecond) {
		return 127
	}
	return uint8(t.loudness.Load() >> 8)
}

// Arrives tells whether a packet of the track has ever come.
func (t *Track) Arrives() bool { return t.arrived.Load() != 0 }

// begins hears of the first packet of a layer.
func (t *Track) begins(at int64) {
	if t.arrived.CompareAndSwap(0, max(at, 1)) && t.pub.cfg.OnMedia != nil {
		t.pub.conn.callbacks.post(func() { t.pub.cfg.OnMedia(t) })
	}
}

// voiceLevel stands for the level of speech whose level is not told: audible, and
// below what people who talk into a microphone reach.
const voiceLevel = 45

// Warning is what is amiss with a track that is forwarded all the same, or nil:
// fault.AudioLevelMissing for audio that does not tell its level.
func (t *Track) Warning() *fault.Error { return t.warning.Load() }

// levelMissing warns, once, that the audio does not tell its level.
func (t *Track) levelMissing(reason string) {
	w := fault.From(fault.AudioLevelMissing.New("track", t.id, "reason", reason, "extension", extAudioLevel), fault.OpPublish)
	if t.warning.CompareAndSwap(nil, w) && t.pub.cfg.OnTrackWarning != nil {
		t.pub.conn.callbacks.post(func() { t.pub.cfg.OnTrackWarning(t) })
	}
}

// hear smooths the level: quick to rise, slow to fall. Called by what delivers packets.
func (t *Track) hear(level uint8, at int64) {
	old, latest := t.loudness.Load(), uint32(level)<<8
	if latest < old {
		latest = old - (old-latest)/2
	} else {
		latest = old + (latest-old)/8
	}
	t.loudness.Store(latest)
	t.loudnessSeen.Store(at)
}

// Layers are the layers that have been seen, worst first: simulcast encodings, or the
// spatial layers of a stream that has several (SVC); else one.
func (t *Track) Layers() []Layer {
	var out []Layer
	for rank := 1; rank < len(t.layers); rank++ {
		l := t.layers[rank].Load()
		if l == nil {
			continue
		}
		several := l.ranks()
		for _, rank := range several {
			out = append(out, layerOf(rank))
		}
		if several == nil {
			out = append(out, layerOf(rank))
		}
	}
	return out
}

// RequestKeyframe asks the publisher for a key frame on every layer. Requests
// are merged and repeated until one comes.
func (t *Track) RequestKeyframe() {
	for i := range t.layers {
		if l := t.layers[i].Load(); l != nil {
			l.requestKeyframe(false)
		}
	}
}

// Done is closed when the track has ended.
func (t *Track) Done() <-chan struct{} { return t.done }

// forward hands a packet to everybody who receives the track. It runs where the layer's
// packets are delivered: no lock, no log, nothing allocated.
func (t *Track) forward(l *upstream, p *rtpbuf.Packet) {
	for _, d := range *t.downTracks.Load() {
		d.write(l, p)
	}
	l.batch.End(p.Marker || l.hist == nil)
}

func (t *Track) attach(d *DownTrack) {
	t.mu.Lock()
	old := *t.downTracks.Load()
	if slices.Contains(old, d) {
		t.mu.Unlock()
		return
	}
	list := append(slices.Clone(old), d)
	t.downTracks.Store(&list)
	t.mu.Unlock()
}

func (t *Track) detach(d *DownTrack) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(*t.downTracks.Load()), func(x *DownTrack) bool { return x == d })
	t.downTracks.Store(&list)
}

// start adds a received stream.
func (t *Track) start(l *upstream) {
	t.layers[l.rank].Store(l)
	for _, d := range *t.downTracks.Load() {
		d.sub.kickAllocation()
	}
	l.remote.Deliver(l)
}

// end is called once the track was withdrawn or its connection closed.
func (t *Track) end() (first bool) {
	t.once.Do(func() {
		first = true
		close(t.done)
	})
	return first
}

// pick chooses the layer for a wanted rank: the best that is not above it and
// alive, else the best above, else whatever there is.
func (t *Track) pick(rank int, at int64) *upstream {
	var fallback *upstream
	for r := rank; r >= 1; r-- {
		if l := t.layers[r].Load(); l != nil {
			if l.alive(at) {
				return l
			}
			if fallback == nil {
				fallback = l
			}
		}
	}
	for r := rank + 1; r < len(t.layers); r++ {
		if l := t.layers[r].Load(); l != nil {
			if l.alive(at) {
				return l
			}
			if fallback == nil {
				fallback = l
			}
		}
	}
	return fallback
}

func (t *Track) stats() TrackStats {
	s := TrackStats{
		ID: t.id, StreamID: t.stream, Kind: t.kind,
		Codec: codecName(t.Codec().MimeType), Subscribers: len(*t.downTracks.Load()),
	}
	at := now()
	for rank := range t.layers {
		l := t.layers[rank].Load()
		if l == nil {
			continue
		}
		ls := LayerStats{
			Layer: layerOf(rank), SSRC: l.ssrc, Packets: l.packets.Load(), Bytes: l.bytes.Load(),
			NACKs: l.nacks.Load(), Bitrate: l.bitrate(at), Keyframes: l.keyframes.Load(), KeyframeAsks: l.asks.Load(),
		}
		ls.Lost = l.expected.Load() - min(l.expected.Load(), ls.Packets)
		if last := l.lastPacket.Load(); last != 0 {
			ls.LastPacket = epoch.Add(time.Duration(last))
		}
		s.Layers = l.split(s.Layers, ls)
	}
	return s
}
