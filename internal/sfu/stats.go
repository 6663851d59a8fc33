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

// GateState says why a subscription forwards or does not.
type GateState string

// The gate states.
const (
	GateNegotiating GateState = "negotiating" // the peer has not answered yet
	GateUnsupported GateState = "unsupported" // the peer cannot decode it
	GatePaused      GateState = "paused"      // the peer does not want it now
	GateStarved     GateState = "starved"     // the network cannot carry even the lowest layer
	GateKeyframe    GateState = "keyframe"    // waiting for a key frame
	GateOpen        GateState = "open"        // packets flow
	GateEnded       GateState = "ended"       // the published track is gone
)

// DownStats describes one forwarded track.
type DownStats struct {
	TrackID         string
	Kind            webrtc.RTPCodecType
	Mid             string
	Gate            GateState
	Wanted          Layer // what the peer asked for
	Target          Layer // what we aim at
	Current         Layer // what is being forwarded
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
	Tracks     []DownStats
}
