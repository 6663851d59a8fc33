// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/rtpseq"
)

// nacks asks for the lost packets of one received track (RFC 4585, section 6.2.1).
// The library's own interceptor sits below the place where retransmission streams
// (RFC 4588) are merged into their track: it never sees that a packet has come back,
// and asks for it until it is out of its window.
type nacks struct {
	ssrc  uint32
	write func([]rtcp.Packet) error
	seq   rtpseq.Unwrapper // of the loop that reads the track
	queue rtpseq.NACKQueue

	mu    sync.Mutex
	timer *time.Timer // nil before the first loss
	done  bool
}

// newNACKs returns nil for a track whose packets are not sent again.
func newNACKs(t *webrtc.TrackRemote, write func([]rtcp.Packet) error) *nacks {
	for _, fb := range t.Codec().RTCPFeedback {
		if fb.Type == webrtc.TypeRTCPFBNACK && fb.Parameter == "" {
			return &nacks{ssrc: uint32(t.SSRC()), write: write}
		}
	}
	return nil
}

// epoch anchors the clock of losses, which only grows.
var epoch = time.Now()

// arrived notes a packet of the track, repaired or not.
func (n *nacks) arrived(seq uint16) {
	if n == nil {
		return
	}
	begun, highest := n.seq.Begun, n.seq.Highest
	if x := n.seq.Extend(seq); begun && n.queue.Arrived(x, highest, int64(time.Since(epoch))) {
		n.wake()
	}
}

// wake has the queue looked at.
func (n *nacks) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.done:
	case n.timer == nil:
		n.timer = time.AfterFunc(0, n.ask)
	default:
		n.timer.Reset(0)
	}
}

// ask asks for what is due, and comes back when more will be.
func (n *nacks) ask() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.done {
		return
	}
	missing, next := n.queue.Due(int64(time.Since(epoch)))
	if len(missing) > 0 {
		_ = n.write([]rtcp.Packet{&rtcp.TransportLayerNack{ // asked again anyway
			MediaSSRC: n.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(missing),
		}})
	}
	if next > 0 {
		n.timer.Reset(next)
	}
}

// end asks for nothing any more.
func (n *nacks) end() {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.done = true
	if n.timer != nil {
		n.timer.Stop()
	}
}

// configureNACK offers to ask for lost packets and answers those that the server asks
// for.
func configureNACK(m *webrtc.MediaEngine, in *interceptor.Registry) error {
	for _, parameter := range []string{"", "pli"} {
		m.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBNACK, Parameter: parameter}, webrtc.RTPCodecTypeVideo)
	}
	responder, err := nack.NewResponderInterceptor()
	if err != nil {
		return err
	}
	in.Add(responder)
	return nil
}
