// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject

import (
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Wire stands between one media connection of a peer and the network.
type Wire struct {
	peer    *Peer
	side    string
	network string
	video   *payloads
	active  atomic.Pointer[[]*packetRule] // nil when packets pass untouched
}

// packetRule is a rule on one wire, with its token buckets.
type packetRule struct {
	*rule
	seen   atomic.Bool
	bucket [2]bucket // in, out
}

// The networks a connection can go over, and how the wires are numbered.
const (
	udp = "udp"
	tcp = "tcp"
)

var (
	sideOf    = [2]string{publish, subscribe}
	networkOf = [2]string{udp, tcp}
)

// Wires returns what stands before the publish and the subscribe connection,
// where they go over UDP.
func (x *Peer) Wires() (pub, sub *Wire) {
	if x == nil {
		return nil, nil
	}
	return &x.wires[0], &x.wires[1]
}

// TCPWires are Wires where they go over TCP.
func (x *Peer) TCPWires() (pub, sub *Wire) {
	if x == nil {
		return nil, nil
	}
	return &x.wires[2], &x.wires[3]
}

// Tampered tells whether what happens to this connection may have been provoked.
func (w *Wire) Tampered() bool { return w.peer.Tampered() }

func (w *Wire) refresh(mine []*rule) {
	var was []*packetRule
	if p := w.active.Load(); p != nil {
		was = *p
	}
	var list []*packetRule
next:
	for _, r := range mine {
		if !r.mech.packets || r.spec.Side != "" && r.spec.Side != w.side ||
			r.spec.Network != "" && r.spec.Network != w.network || r.spec.At == AtKeyframes && w.side != publish {
			continue
		}
		for _, o := range was {
			if o.rule == r {
				list = append(list, o)
				continue next
			}
		}
		list = append(list, &packetRule{rule: r})
	}
	if list == nil {
		w.active.Store(nil)
		return
	}
	w.active.Store(&list)
}

// Pass says what becomes of a packet: dropped, damaged, late, or nothing of it.
// out is from the server to the client. The packet is not changed or kept.
func (w *Wire) Pass(out bool, packet []byte) (drop, corrupt bool, delay time.Duration) {
	rules := w.active.Load()
	if rules == nil {
		return false, false, 0
	}
	for _, r := range *rules {
		if !r.about(out, packet, w.video) {
			continue
		}
		switch r.spec.At {
		case AtBlackhole, AtLoss:
			if !r.chance() {
				continue
			}
			drop = true
		case AtKeyframes:
			drop = true
		case AtBandwidth:
			i := 0
			if out {
				i = 1
			}
			if r.bucket[i].take(len(packet), r.spec.Rate) {
				continue
			}
			drop = true
		case AtCorrupt:
			if !r.chance() {
				continue
			}
			corrupt = true
		case AtDelay:
			if !r.chance() {
				continue
			}
			delay = max(delay, r.spec.Delay)
		}
		r.effects.Add(1)
		w.peer.plan.effects.WithLabelValues(r.kind.ID, r.spec.At).Inc()
		if !r.seen.Swap(true) {
			w.peer.plan.touch(r.rule, w.peer.Who())
		}
	}
	return drop, corrupt, delay
}

// about tells whether a packet is among those a rule wants. Packets are told
// apart by their first bytes (RFC 7983; RFC 5761 for RTCP), which encryption
// leaves in the clear.
func (r *packetRule) about(out bool, b []byte, video *payloads) bool {
	if r.spec.Direction == "in" && out || r.spec.Direction == "out" && !out || len(b) < 2 {
		return false
	}
	stun, dtls := b[0] < 4, b[0] >= 20 && b[0] < 64
	media := b[0] >= 128 && b[0] < 192
	rtcp := media && b[1] >= 192 && b[1] < 224
	if r.spec.At == AtKeyframes {
		// Payload-specific feedback (RFC 4585, section 6.3): PLI and FIR.
		return out && rtcp && b[1] == 206
	}
	switch r.spec.Packets {
	case "stun":
		return stun
	case "dtls":
		return dtls
	case "rtp":
		return media && !rtcp
	case "rtcp":
		return rtcp
	case "media":
		return media
	case "video":
		return media && !rtcp && video.has(b[1]&0x7f)
	case "audio":
		return media && !rtcp && !video.has(b[1]&0x7f)
	}
	return true
}

// packetKinds are the kinds of packets that can be meant.
var packetKinds = []string{"stun", "dtls", "rtp", "rtcp", "media", "audio", "video"}

// parts are the kinds that others are made of.
var parts = map[string][]string{"rtp": {"audio", "video"}, "media": {"audio", "video", "rtcp"}}

// kindsMeet tells whether a packet could be of both kinds, "" being all.
func kindsMeet(a, b string) bool {
	of := func(kind string) []string {
		if p := parts[kind]; p != nil {
			return p
		}
		return []string{kind}
	}
	return a == "" || b == "" || slices.ContainsFunc(of(a), func(x string) bool { return slices.Contains(of(b), x) })
}

// payloads are the payload types of video, a bit for each. RTP headers name them
// in the clear; which they are is agreed by session descriptions.
type payloads struct{ low, high atomic.Uint64 }

func (p *payloads) has(n byte) bool {
	if n < 64 {
		return p.low.Load()&(1<<n) != 0
	}
	return p.high.Load()&(1<<(n-64)) != 0
}

// learn reads the media lines of video (RFC 8866, section 5.14).
func (p *payloads) learn(sdp string) {
	var low, high uint64
	for line := range strings.Lines(sdp) {
		rest, ok := strings.CutPrefix(line, "m=video ")
		if !ok {
			continue
		}
		for i, word := range strings.Fields(rest) {
			n, err := strconv.ParseUint(word, 10, 7)
			switch {
			case i < 2 || err != nil:
			case n < 64:
				low |= 1 << n
			default:
				high |= 1 << (n - 64)
			}
		}
	}
	p.low.Store(low)
	p.high.Store(high)
}

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}
