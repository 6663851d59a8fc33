// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"strconv"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
)

const (
	// reasonRejoined is why a peer left whose client has joined anew.
	reasonRejoined = "rejoined"
	// probePatience is more than twice the time between two pings of a client.
	probePatience = 8 * time.Second
	// rejoinWindow is for how long the end of such a socket may be heard of: what
	// was on its way when the client was lost still arrives, and counts as a sign of
	// life, after which a socket may be silent for 20 s.
	rejoinWindow = probePatience + 25*time.Second
)

// hold keeps the place of a peer that has lost its socket, until it comes back,
// gives way to a newer one of the same token, or has been away for too long.
type hold struct {
	p          *Participant
	from       time.Time // when the peer was last away
	code       websocket.StatusCode
	grace      *time.Timer // runs while the peer is away
	rejoinedBy time.Time   // until when a lost socket is taken for that of a client that has come anew
}

// begin starts to wait for a peer whose socket has ended with this code.
func (h *hold) begin(code websocket.StatusCode) {
	h.from, h.code = time.Now(), code
	h.p.s.met.held.Inc()
	h.p.log.Info("peer is away", "code", int(code), "held", h.p.s.cfg.Hold)
	h.grace = h.p.After(h.p.s.cfg.Hold, h.expire)
}

// end stops waiting, if it was under way.
func (h *hold) end() {
	if h.grace != nil {
		h.grace.Stop()
		h.grace = nil
		h.p.s.met.held.Dec()
	}
}

// resumed counts, logs and records that a joined peer has a new socket, if it was
// away. The client may never have been able to tell what ended the old one.
func (h *hold) resumed() {
	if h.from.IsZero() {
		return
	}
	away := time.Since(h.from).Round(time.Millisecond)
	h.p.log.Info("peer resumed", "away", away)
	h.p.events.mended(fault.SignalLost.New("away_seconds", away.Seconds(), "close_code", int(h.code), "resumed", true))
	h.from = time.Time{}
	h.p.s.met.resumed.WithLabelValues(strconv.FormatBool(h.p.inject.Tampered())).Inc()
}

// expire ends a hold nobody came back to.
func (h *hold) expire() {
	if h.p.socket != nil || h.grace == nil {
		return
	}
	f := fault.From(fault.SignalLost.New("away_seconds", int(h.p.s.cfg.Hold.Seconds()), "close_code", int(h.code)), fault.OpReconnect)
	h.p.events.Record(event.Disconnected, f)
	h.p.Leave("lost")
}

// giveWay ends a peer that is away. One that is connected stays, since somebody
// may open two tabs on purpose; but it has to show soon that its socket leads
// to anybody.
func (h *hold) giveWay() {
	switch p := h.p; {
	case !p.joined || p.leaving:
	case p.socket == nil:
		p.log.Info("a peer that was away has joined anew", "away", time.Since(h.from).Round(time.Millisecond))
		p.Leave(reasonRejoined)
	default:
		h.rejoinedBy = time.Now().Add(rejoinWindow)
		p.socket.Probe(probePatience)
	}
}

// rejoined tells whether the end of this socket is that of a page whose client has
// joined anew: it led nowhere any more. One that was closed says nothing of the
// kind, least of all when this server closed it, as it does to all when it stops.
func (h *hold) rejoined(c Socket) bool {
	if !time.Now().Before(h.rejoinedBy) {
		return false
	}
	switch c.Evidence().How {
	case evidence.HowReset, evidence.HowSilence, evidence.HowStuck:
		return true
	}
	return false
}

// rejoined lets the peers of a room give way that came in with the token of one
// that has just joined: a page that crashed or was loaded again comes under a new
// id, and would be shown beside what is held of it.
func (s *Service) rejoined(by *Participant) {
	s.mu.Lock()
	for _, p := range s.peers {
		if p != by && p.key.room == by.key.room && p.belongsTo(by.claims) {
			p.Post(p.hold.giveWay)
		}
	}
	s.mu.Unlock()
	if s.cfg.Rejoined != nil && by.claims.Digest != "" {
		s.cfg.Rejoined(by.key.room, by.key.peer, by.claims.Digest)
	}
}
