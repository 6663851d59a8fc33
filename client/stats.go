// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"time"

	"github.com/pion/rtp"

	"github.com/redial-rtc/redial/internal/codec"
)

// TrackStats is what was received of a track since it was announced.
type TrackStats struct {
	Packets   uint64
	Bytes     uint64        // of payload
	Lost      uint64        // packets missing in the sequence and not come since
	Jitter    time.Duration // interarrival jitter (RFC 3550, 6.4.1)
	Unread    uint64        // dropped because the app did not read
	FirstAt   time.Time     // the first packet; zero when there was none
	LastAt    time.Time
	Keyframes uint64 // whole pictures that began
}

// reception counts as RFC 3550, appendix A, says.
type reception struct {
	TrackStats
	codec   string
	clock   uint32
	begun   bool
	highest uint16
	transit float64
	jitter  float64
}

// start begins a new sequence: another connection numbers anew.
func (s *reception) start(codec string, clock uint32) {
	s.codec, s.clock, s.begun = codec, clock, false
}

func (s *reception) packet(p *rtp.Packet, now time.Time) {
	s.Packets++
	s.Bytes += uint64(len(p.Payload))
	s.LastAt = now
	if s.FirstAt.IsZero() {
		s.FirstAt = now
	}
	ahead := int16(p.SequenceNumber - s.highest)
	switch {
	case !s.begun:
		s.begun = true
		s.highest = p.SequenceNumber
		s.transit = 0
	case ahead > 0:
		s.Lost += uint64(ahead - 1)
		s.highest = p.SequenceNumber
	case s.Lost > 0:
		s.Lost-- // late, but here
	}
	if codec.Begins(s.codec, p.Payload) {
		s.Keyframes++
	}
	if s.clock == 0 {
		return
	}
	transit := float64(now.UnixNano())/1e9*float64(s.clock) - float64(p.Timestamp)
	if s.transit != 0 {
		d := transit - s.transit
		if d < 0 {
			d = -d
		}
		if d < float64(s.clock) { // a new time base is no jitter
			s.jitter += (d - s.jitter) / 16
		}
	}
	s.transit = transit
	s.Jitter = time.Duration(s.jitter / float64(s.clock) * float64(time.Second))
}

// Stats returns what was received of the track so far.
func (t *RemoteTrack) Stats() TrackStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats.TrackStats
}

// Stats is a session in numbers.
type Stats struct {
	State       State
	PacketsSent uint64 // by all publications
	Tracks      map[string]TrackStats
	Reconnects  int           // how often the session was reconnecting
	Outage      time.Duration // how long in all, the present outage not counted
}
