// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// readAhead is how many packets of a track wait for a reader; the oldest give
// way to new ones.
const readAhead = 512

// RemoteTrack is a track that somebody else publishes. It stays valid from
// OnTrack to OnTrackEnd, reconnections included. Its methods may be called from
// any goroutine.
type RemoteTrack struct {
	session *session
	id      string

	mu           sync.Mutex
	info         TrackInfo
	known        bool // announced to the app
	gone         bool
	desiredLayer Layer
	silent       bool
	on           connection
	rtc          *webrtc.TrackRemote
	packets      chan *rtp.Packet // nil until one comes or is waited for; see queue
	ended        chan struct{}
	stats        reception
}

func newRemote(s *session, id string) *RemoteTrack {
	return &RemoteTrack{session: s, id: id, info: TrackInfo{ID: id}, ended: make(chan struct{})}
}

// queue is where packets wait for a reader. Most tracks of a large room never have one.
// It is called with t.mu held.
func (t *RemoteTrack) queue() chan *rtp.Packet {
	if t.packets == nil {
		t.packets = make(chan *rtp.Packet, readAhead)
	}
	return t.packets
}

// Info returns what is known of the track now.
func (t *RemoteTrack) Info() TrackInfo {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.info
}

// ID returns the track's id.
func (t *RemoteTrack) ID() string { return t.id }

// Codec returns how the media is encoded; false until media has arrived.
func (t *RemoteTrack) Codec() (webrtc.RTPCodecParameters, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rtc == nil {
		return webrtc.RTPCodecParameters{}, false
	}
	return t.rtc.Codec(), true
}

// SetLayer asks the server for a layer of a video track, LayerNone to pause it.
// The choice is kept across reconnections. It returns nil once the server has
// agreed, or at once while there is no connection to ask over: the choice is
// told as soon as there is. Fails with fault.ArgumentInvalid for audio or an
// unknown layer, fault.TrackNotFound for a track that has ended, and
// fault.DataChannelFailed when the server does not answer.
func (t *RemoteTrack) SetLayer(ctx context.Context, l Layer) error {
	switch l {
	case LayerNone, LayerLow, LayerMedium, LayerHigh:
	default:
		return argument(fault.OpSubscribe, "layer", "none, low, medium or high")
	}
	t.mu.Lock()
	if t.info.Kind == "audio" {
		t.mu.Unlock()
		return argument(fault.OpSubscribe, "track", "a video track")
	}
	t.desiredLayer = l
	gone := t.gone
	t.mu.Unlock()
	if gone {
		return asFault(fault.TrackNotFound.New("track", t.ID()), fault.OpSubscribe)
	}
	return t.tell(ctx)
}

// SetSubscribed says whether an audio track is wanted; it is unless said
// otherwise. It returns and fails like SetLayer.
func (t *RemoteTrack) SetSubscribed(ctx context.Context, wanted bool) error {
	t.mu.Lock()
	if t.info.Kind != "audio" {
		t.mu.Unlock()
		return argument(fault.OpSubscribe, "track", "an audio track")
	}
	t.silent = !wanted
	t.mu.Unlock()
	return t.tell(ctx)
}

// tell tells the server what is wished.
func (t *RemoteTrack) tell(ctx context.Context) error {
	m := t.session.currentMedia()
	if m == nil {
		return nil
	}
	t.mu.Lock()
	method, params := "prefer-audio-track-state", map[string]any{"track_id": t.info.ID, "subscribed": !t.silent}
	if t.info.Kind == "video" {
		layer := t.desiredLayer
		if layer == "" {
			layer = LayerNone
		}
		method, params = "prefer-video-track-state", map[string]any{"track_id": t.info.ID, "max_spatial_layer": layer}
	}
	t.mu.Unlock()
	ctx, cancel := t.session.bound(ctx)
	defer cancel()
	_, err := m.ask(ctx, method, params)
	if err != nil {
		return asFault(err, fault.OpSubscribe)
	}
	return nil
}

// hasSubscription tells whether the server has to be told anything about the track.
func (t *RemoteTrack) hasSubscription() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.silent || t.desiredLayer != "" && t.desiredLayer != LayerNone
}

// ReadRTP returns the next packet of the track. It waits while none arrives,
// through mute, pauses and reconnections. Packets come in the order in which the
// network brought them. It fails with io.EOF once the track has ended and with
// the error of ctx. When nobody reads, the oldest packets are dropped; see
// [TrackStats.Unread].
func (t *RemoteTrack) ReadRTP(ctx context.Context) (*rtp.Packet, error) {
	t.mu.Lock()
	packets := t.queue()
	t.mu.Unlock()
	select {
	case p := <-packets:
		return p, nil
	default:
	}
	select {
	case p := <-packets:
		return p, nil
	case <-t.ended:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// RequestKeyframe asks the publisher for a whole picture, as a decoder needs
// that joins in the middle. It does nothing while no media arrives.
func (t *RemoteTrack) RequestKeyframe() {
	t.mu.Lock()
	on, rtc := t.on, t.rtc
	t.mu.Unlock()
	if rtc != nil {
		_ = on.keyframe(uint32(rtc.SSRC()))
	}
}

func (t *RemoteTrack) attach(on connection, rtc *webrtc.TrackRemote) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on, t.rtc = on, rtc
	t.stats.start(codecName(rtc.Codec().MimeType), rtc.Codec().ClockRate)
}

func (t *RemoteTrack) detach(rtc *webrtc.TrackRemote) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rtc == rtc {
		t.on, t.rtc = connection{}, nil
	}
}

// take keeps a packet for the reader.
func (t *RemoteTrack) take(p *rtp.Packet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.packet(p, time.Now())
	packets := t.queue()
	for {
		select {
		case packets <- p:
			return
		default:
		}
		select {
		case <-packets:
			t.stats.Unread++
		default:
		}
	}
}

func (t *RemoteTrack) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.gone {
		t.gone = true
		close(t.ended)
	}
}

// argument is a mistake of the app.
func argument(op fault.Op, field, want string) error {
	return asFault(fault.ArgumentInvalid.New("field", field, "want", want), op)
}
