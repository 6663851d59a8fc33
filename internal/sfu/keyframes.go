// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"time"

	"github.com/pion/rtcp"

	"github.com/redial-rtc/redial/internal/rtpseq"
)

// Key frame requests are merged per layer and repeated until a key frame comes:
// quickly while the publisher sends, slowly while it is silent. They are asked for
// sooner while somebody waits for a first picture than for one whose picture is
// damaged. A key frame costs everybody in the room, so that there is a least time
// between two requests, whoever waits.
const (
	keyFirst = 150 * time.Millisecond
	keyEvery = 500 * time.Millisecond
	keySlow  = 5 * time.Second
)

// requestKeyframe may be called from anywhere, for every packet. first tells that
// somebody has no picture yet.
func (l *upstream) requestKeyframe(first bool) {
	if l.rank == 0 || l.hist == nil {
		return
	}
	sooner := first && !l.wantFirst.Load() && l.wantFirst.CompareAndSwap(false, true)
	if !l.wantKey.Load() && l.wantKey.CompareAndSwap(false, true) || sooner {
		kick(l.track.pub.askKick)
	}
}

// keyframeCame ends the requests that a key frame answers.
func (l *upstream) keyframeCame() {
	l.wantFirst.Store(false)
	l.keyAnswered.Store(true)
	l.wantKey.Store(false)
}

// keyframeGap is how long after one request the next may follow. Repeats of one
// that is not answered are sent less and less often: the answer may take long.
func (l *upstream) keyframeGap() time.Duration {
	switch {
	case l.unheard > 10 && !l.alive(now()):
		return keySlow
	case l.wantFirst.Load():
		return min(keyFirst*time.Duration(1+l.unheard), keyEvery)
	}
	return keyEvery
}

// askLoop asks one publisher for key frames and lost packets.
func (p *Publisher) askLoop() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-p.askKick:
		case <-timer.C:
		}
		next := rtpseq.Sooner(p.askKeyframes(time.Now()), p.askLosses())
		timer.Reset(rtpseq.Sooner(next, time.Hour))
	}
}

// askKeyframes sends what is due and tells when to look again; 0 is never.
func (p *Publisher) askKeyframes(at time.Time) (next time.Duration) {
	var asks []rtcp.Packet
	for _, t := range p.Tracks() {
		for i := range t.layers {
			l := t.layers[i].Load()
			if l == nil {
				continue
			}
			if l.keyAnswered.Swap(false) {
				l.unheard = 0
			}
			if !l.wantKey.Load() {
				continue
			}
			every := l.keyframeGap()
			if wait := every - at.Sub(l.askedAt); wait > 0 {
				next = rtpseq.Sooner(next, wait)
				continue
			}
			l.askedAt = at
			l.unheard++
			l.asks.Add(1)
			asks = append(asks, l.keyframeAsk())
			next = rtpseq.Sooner(next, l.keyframeGap())
		}
	}
	if len(asks) > 0 {
		_ = p.writeRTCP(asks) // repeated anyway
	}
	return next
}

// keyframeAsk is a PLI where the publisher understands it (RFC 4585, section
// 6.3.1), else a FIR (RFC 5104, section 4.3.1).
func (l *upstream) keyframeAsk() rtcp.Packet {
	fir := false
	for _, fb := range l.track.Codec().RTCPFeedback {
		if fb.Type == "nack" && fb.Parameter == "pli" {
			return &rtcp.PictureLossIndication{MediaSSRC: l.ssrc}
		}
		fir = fir || fb.Type == "ccm" && fb.Parameter == "fir"
	}
	if fir {
		return &rtcp.FullIntraRequest{
			FIR: []rtcp.FIREntry{{SSRC: l.ssrc, SequenceNumber: uint8(l.asks.Load())}},
		}
	}
	return &rtcp.PictureLossIndication{MediaSSRC: l.ssrc}
}

// askLosses asks for what is missing of every layer and tells when to look
// again; 0 is never.
func (p *Publisher) askLosses() (next time.Duration) {
	at := now()
	var asks []rtcp.Packet
	for _, t := range p.Tracks() {
		for i := range t.layers {
			l := t.layers[i].Load()
			if l == nil || l.hist == nil {
				continue
			}
			seqs, wait := l.nackQueue.Due(at)
			next = rtpseq.Sooner(next, wait)
			if len(seqs) > 0 {
				l.nacks.Add(uint64(len(seqs)))
				asks = append(asks, &rtcp.TransportLayerNack{
					MediaSSRC: l.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs),
				})
			}
		}
	}
	if len(asks) > 0 {
		_ = p.writeRTCP(asks) // repeated anyway
	}
	return next
}
