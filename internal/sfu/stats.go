// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"time"

	"github.com/pion/webrtc/v4"
)

// Quality judges a subscriber's downlink.
type Quality struct {
	Score    int     // 0 (nothing arrives) to 5 (excellent); -1 before there is anything to judge
	Loss     float64 // share of packets lost, 0 to 1, over the last seconds
	Estimate uint64  // what the downlink can carry, in bits per second; 0 when unknown
	RTT      time.Duration
}

// StateChange is one entry of a connection's history.
type StateChange struct {
	At    time.Time
	What  string // "ice", "dtls" or "connection"
	State string
}

// CandidatePair is the path in use.
type CandidatePair struct {
	Local, Remote         string // host:port
	LocalType, RemoteType string // host, srflx, prflx, relay
	Protocol              string // udp or tcp
}

// ConnectionStats describes the media path of a connection.
type ConnectionStats struct {
	State            State
	Pair             *CandidatePair // nil while there is none
	History          []StateChange  // oldest first, bounded
	RemoteCandidates int            // candidates the peer sent
	STUNSeen         bool           // a connectivity check of the peer has arrived
	STUNFirst        time.Time      // when the first one arrived
	Restarts         int            // ICE restarts since the start
}

// LayerStats describes one received layer.
type LayerStats struct {
	Layer          Layer
	SSRC           uint32
	Packets, Bytes uint64
	Lost           uint64 // sequence numbers that never arrived
	NACKs          uint64 // packets asked for again
	Bitrate        uint64 // bits per second, lately
	Keyframes      uint64
	KeyframeAsks   uint64 // PLI or FIR sent
	LastPacket     time.Time
}

// TrackStats describes a published track.
type TrackStats struct {
	ID, StreamID string
	Kind         webrtc.RTPCodecType
	Codec        string
	Subscribers  int
	Layers       []LayerStats
}

// PublisherStats describes a publishing connection.
type PublisherStats struct {
	Connection ConnectionStats
	Tracks     []TrackStats
}

// ForwardState says why a subscription forwards or does not.
type ForwardState string

// The forwarding states.
const (
	ForwardNegotiating       ForwardState = "negotiating" // the peer has not answered yet
	ForwardUnsupported       ForwardState = "unsupported" // the peer cannot decode it
	ForwardPaused            ForwardState = "paused"      // the peer does not want it now
	ForwardPausedByBandwidth ForwardState = "starved"     // the network cannot carry even the lowest layer
	ForwardKeyframe          ForwardState = "keyframe"    // waiting for a key frame
	ForwardSilent            ForwardState = "silent"      // the publisher sends nothing
	ForwardOpen              ForwardState = "open"        // packets flow
	ForwardEnded             ForwardState = "ended"       // the published track is gone
)

// DownTrackStats describes one forwarded track.
type DownTrackStats struct {
	TrackID         string
	Kind            webrtc.RTPCodecType
	Mid             string
	State           ForwardState
	Since           time.Time // since when; zero: it has just begun
	Desired         Layer     // what the peer asked for
	Target          Layer     // what we aim at
	Current         Layer     // what is being forwarded
	Packets, Bytes  uint64
	NACKs           uint64 // packets asked for again
	Retransmissions uint64 // packets sent again
	KeyframeAsks    uint64 // PLI and FIR of the peer
	Keyframes       uint64 // forwarded
	Switches        uint64 // of the layer
	Dropped         uint64 // left out because of congestion
	Loss            float64
	Jitter          time.Duration
}

// SubscriberStats describes a receiving connection.
type SubscriberStats struct {
	Connection ConnectionStats
	Quality    Quality
	Tracks     []DownTrackStats
}

// Quality judges how well the peer receives.
func (s *Subscriber) Quality() Quality {
	q := Quality{Score: -1, Estimate: uint64(s.estimate.Estimate())}
	state, _ := s.conn.current()
	if state != StateConnected {
		if state != StateConnecting {
			q.Score = 0
		}
		return q
	}
	var streams, starved int
	for _, d := range s.list() {
		if d.pausedByBandwidth.Load() {
			starved++
		}
		loss, _, trip, known := d.report.read()
		if known && d.current.Load() != nil {
			streams++
			q.Loss += loss
			q.RTT = max(q.RTT, trip)
		}
	}
	if streams == 0 && starved == 0 {
		return q
	}
	if streams > 0 {
		q.Loss /= float64(streams)
	}
	q.Score = score(q.Loss, q.RTT, starved)
	return q
}

// score is 5 for a path nobody notices, and 1 for one that barely works.
func score(loss float64, rtt time.Duration, starved int) int {
	s := 5
	for _, limit := range []float64{0.01, 0.03, 0.08, 0.20} {
		if loss > limit {
			s--
		}
	}
	if rtt > 400*time.Millisecond {
		s--
	}
	if starved > 0 {
		s = min(s-1, 3)
	}
	return max(s, 1)
}

// Stats describes the connection and what is forwarded on it at this moment.
func (s *Subscriber) Stats() SubscriberStats {
	out := SubscriberStats{Connection: s.conn.stats(), Quality: s.Quality()}
	for _, d := range s.list() {
		out.Tracks = append(out.Tracks, d.stats())
	}
	return out
}

func (d *DownTrack) stats() DownTrackStats {
	loss, jitter, _, _ := d.report.read()
	s := DownTrackStats{
		TrackID: d.track.id, Kind: d.track.kind, State: d.forwardState(), Since: wallTime(d.stateSince.Load()),
		Desired: layerOf(int(d.desired.Load())), Target: d.targetLayer(), Current: d.currentLayer(),
		Packets: d.packets.Load(), Bytes: d.bytes.Load(),
		NACKs: d.rtx.asked.Load(), Retransmissions: d.rtx.repeated.Load(),
		KeyframeAsks: d.asks.Load(), Keyframes: d.keyframes.Load(),
		Switches: d.switches.Load(), Dropped: d.dropped.Load(), Loss: loss,
	}
	if f := d.track.format.Load(); f.Clock != 0 {
		s.Jitter = time.Duration(jitter) * time.Second / time.Duration(f.Clock)
	}
	if o := d.binding.Load(); o != nil {
		s.Mid = o.mid
	}
	return s
}

// Starving lists the tracks that have waited for a key frame of their publisher for so
// long, while the connection is up and packets of the track arrive.
func (s *Subscriber) Starving(after time.Duration) (ids []string) {
	if state, since := s.conn.current(); state != StateConnected || since < after {
		return nil
	}
	at := now()
	for _, d := range s.list() {
		target := d.target.Load()
		if d.waits.Load() && time.Duration(at-d.stateSince.Load()) >= after && target != nil && d.forwardState() == ForwardKeyframe &&
			time.Duration(at-target.lastPacket.Load()) < stillSending {
			ids = append(ids, d.track.id)
		}
	}
	return ids
}

// stillSending is how lately a packet of a layer came that is sent.
const stillSending = time.Second

func (d *DownTrack) forwardState() ForwardState {
	select {
	case <-d.track.done:
		return ForwardEnded
	default:
	}
	current, target := d.current.Load(), d.target.Load()
	switch {
	case d.bad.Load():
		return ForwardUnsupported
	case d.binding.Load() == nil:
		return ForwardNegotiating
	case d.desired.Load() == 0:
		return ForwardPaused
	case d.pausedByBandwidth.Load():
		return ForwardPausedByBandwidth
	case current == nil && target != nil && target.hist != nil:
		return ForwardKeyframe
	case current == nil:
		return ForwardSilent
	}
	return ForwardOpen
}
