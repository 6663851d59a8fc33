// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// piece is what a packet of video says of itself, at the end of its payload.
type piece struct {
	sent    time.Time
	picture uint32 // of its layer, from 0
	layer   byte
	key     bool
	index   byte // of the packet in its picture
	of      byte // packets that its picture has
}

const (
	pieceSize = 20
	pieceMark = 0x5e1f
)

func (p piece) write(payload []byte) {
	b := payload[len(payload)-pieceSize:]
	binary.BigEndian.PutUint16(b, pieceMark)
	binary.BigEndian.PutUint64(b[2:], uint64(p.sent.UnixNano()))
	binary.BigEndian.PutUint32(b[10:], p.picture)
	b[14], b[15], b[16], b[17] = p.layer, 0, p.index, p.of
	if p.key {
		b[15] = 1
	}
}

// readPiece reads it; a packet that only fills the line has none.
func readPiece(payload []byte) (p piece, ok bool) {
	if len(payload) < pieceSize {
		return p, false
	}
	b := payload[len(payload)-pieceSize:]
	if binary.BigEndian.Uint16(b) != pieceMark || b[17] == 0 || b[16] >= b[17] {
		return p, false
	}
	return piece{
		sent: time.Unix(0, int64(binary.BigEndian.Uint64(b[2:]))), picture: binary.BigEndian.Uint32(b[10:]),
		layer: b[14], key: b[15] == 1, index: b[16], of: b[17],
	}, true
}

// freeze is the gap between two pictures from which a person sees that the video stands
// still: of 30 a second, what browsers count as one (freezeCount, W3C webrtc-stats).
const freeze = 200 * time.Millisecond

// screen shows a video as a decoder would: whole pictures, each after the one before it,
// or a key frame.
type screen struct {
	parts    map[pictureID]*parts
	showing  bool
	next     pictureID // what would be shown next
	newest   time.Time // when the latest picture shown was sent
	shown    time.Time // when that was
	frozen   time.Duration
	switches int // from one layer to another
}

type pictureID struct {
	layer byte
	n     uint32
}

type parts struct {
	have map[byte]bool
	of   byte
	key  bool
	sent time.Time
}

func (p *parts) whole() bool { return len(p.have) == int(p.of) }

func newScreen(now time.Time) *screen {
	return &screen{shown: now, parts: map[pictureID]*parts{}}
}

// add takes a packet that has arrived.
func (s *screen) add(p piece, now time.Time) {
	id := pictureID{p.layer, p.picture}
	if s.showing && (p.sent.Before(s.newest) || id.layer == s.next.layer && id.n < s.next.n) {
		return // it is over
	}
	of := s.parts[id]
	if of == nil {
		of = &parts{have: map[byte]bool{}, of: p.of, key: p.key, sent: p.sent}
		s.parts[id] = of
	}
	of.have[p.index] = true
	if !of.whole() {
		return
	}
	if of.key {
		if s.showing && id.layer != s.next.layer {
			s.switches++
		}
		s.next, s.showing = id, true
	}
	for of := s.parts[s.next]; s.showing && of != nil && of.whole(); of = s.parts[s.next] {
		s.show(now, of)
	}
}

func (s *screen) show(now time.Time, of *parts) {
	s.count(now)
	s.shown, s.newest = now, of.sent
	s.next.n++
	for id, old := range s.parts {
		if old.sent.Before(s.newest) || old == of {
			delete(s.parts, id)
		}
	}
}

// count counts the time since the last picture, if it was long.
func (s *screen) count(now time.Time) {
	if gap := now.Sub(s.shown); gap > freeze {
		s.frozen += gap
	}
}

// viewer sees every video of a room, each on a screen of its own.
type viewer struct {
	begun time.Time

	mu      sync.Mutex // of what follows
	screens []*screen
	bins    []float64 // bits that arrived, by time
	delays  []float64 // milliseconds from the publisher to the viewer
	ended   bool
}

const (
	binOf    = 500 * time.Millisecond
	askAgain = 500 * time.Millisecond // a decoder that has nothing to show asks for a key frame
)

// take watches a video until it ends.
func (v *viewer) take(pc *webrtc.PeerConnection, t *webrtc.TrackRemote) {
	v.mu.Lock()
	s := newScreen(time.Now())
	v.screens = append(v.screens, s)
	v.mu.Unlock()
	over := make(chan struct{})
	defer close(over)
	go v.ask(pc, uint32(t.SSRC()), s, over)
	b := make([]byte, 1600)
	for {
		n, _, err := t.Read(b)
		if err != nil {
			return
		}
		var p rtp.Packet
		if p.Unmarshal(b[:n]) == nil {
			v.packet(s, p.Payload, n, time.Now())
		}
	}
}

func (v *viewer) packet(s *screen, payload []byte, size int, now time.Time) {
	p, ok := readPiece(payload)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !ok || v.ended {
		return
	}
	bin := int(now.Sub(v.begun) / binOf)
	for len(v.bins) <= bin {
		v.bins = append(v.bins, 0)
	}
	v.bins[bin] += float64(size) * 8
	v.delays = append(v.delays, float64(now.Sub(p.sent).Microseconds())/1000)
	s.add(p, now)
}

// ask asks for a key frame while there is nothing to show.
func (v *viewer) ask(pc *webrtc.PeerConnection, ssrc uint32, s *screen, over chan struct{}) {
	for tick := time.Tick(askAgain); ; {
		select {
		case <-over:
			return
		case now := <-tick:
			v.mu.Lock()
			stands := now.Sub(s.shown) > askAgain
			v.mu.Unlock()
			if stands {
				_ = pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}})
			}
		}
	}
}

// end closes the account.
func (v *viewer) end(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	for _, s := range v.screens {
		s.count(now)
	}
}
