package inject

import (
	"sync/atomic"
	"time"
)

// Wire stands between one media connection of a peer and the network.
type Wire struct {
	peer   *Peer
	side   string
	active atomic.Pointer[[]*packetRule] // nil when packets pass untouched
}

// packetRule is a rule on one wire, with its token buckets.
type packetRule struct {
	*rule
	seen   atomic.Bool
	bucket [2]bucket // in, out
}

// Wires returns what stands before the publish and the subscribe connection.
func (x *Peer) Wires() (pub, sub *Wire) {
	if x == nil {
		return nil, nil
	}
	return &x.sides[0], &x.sides[1]
}

func (w *Wire) concern(mine []*rule) {
	var was []*packetRule
	if p := w.active.Load(); p != nil {
		was = *p
	}
	var list []*packetRule
next:
	for _, r := range mine {
		if !r.mech.packets || r.spec.Side != "" && r.spec.Side != w.side || r.spec.At == AtKeyframes && w.side != publish {
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
		if !r.about(out, packet) {
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
func (r *packetRule) about(out bool, b []byte) bool {
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
	}
	return true
}
