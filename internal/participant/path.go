// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/sfu"
)

// rateEvery is how often the quality of a peer's downlink is judged.
const rateEvery = 4 * time.Second

// path is what is known of a connection's way through the network.
type path struct {
	op     fault.Op
	failed event.Type // what is recorded when it fails
	slow   bool       // it did not come up in time and is not up yet
	cut    bool       // it failed and that was recorded
	lost   bool       // it was lost and is not back
	opened time.Time  // when it was wanted
	traced bool       // the trace of the join has it

	trouble func(*fault.Error) // tells the client of what keeps it from coming up; nil: nobody does
	moves   bool               // the client builds it anew when it is told to
	shut    func()             // ends it
	ended   bool               // it was shut, or is no longer the client's

	evidence func() *evidence.Path // what is known of it now
}

// pathChanged hears how a media path is. A path that failed is recorded once
// until it works again: the client may be unable to say so itself.
func (m *Media) pathChanged(at *path, st sfu.State, err error) {
	m.p.log.Debug("media path", "op", string(at.op), "state", string(st), "err", err)
	switch st {
	case sfu.StateConnecting:
		if err != nil && m.p.joined && !m.p.leaving {
			m.slow(at, fault.From(err, at.op))
		}
	case sfu.StateConnected:
		if at.slow {
			m.p.log.Info("a media path that was slow is up", "op", string(at.op))
		}
		if !at.traced {
			at.traced = true
			m.p.join.Step("path "+string(at.op), at.opened, nil)
		}
		if err != nil && m.p.joined && !m.p.leaving {
			m.p.events.recordPath(at, fault.From(err, at.op))
			return
		}
		delete(m.rebuilt, at.op)
		was := at.blocked()
		at.slow, at.cut, at.lost = false, false, false
		if was && m.p.joined {
			m.rate()
		}
		// The client mends its publish side by itself and soon after the network
		// is back; that is the moment to mend the other side, too.
		if at.op == fault.OpPublish {
			m.restart(func(s *Subscription) bool { return s.lost })
		}
	case sfu.StateDisconnected:
		at.lost = true
		if m.p.joined && !m.p.leaving {
			m.p.events.remember(at.failed)
		}
	case sfu.StateFailed:
		if err == nil {
			err = fault.ICEFailed.New()
		}
		if !at.traced {
			at.traced = true
			m.p.join.Step("path "+string(at.op), at.opened, fault.From(err, at.op))
		}
		if !at.cut && m.p.joined && !m.p.leaving {
			at.cut = true
			m.p.events.recordPath(at, fault.From(err, at.op))
			m.rate()
		}
		at.lost = true
		if sfu.Secured(err) || at.ended || m.p.leaving {
			return
		}
		m.troubled(at, fault.From(err, at.op))
		if !sfu.Unanswered(err) || !m.overTCP() {
			m.replace(at)
		}
	}
}

// slow records and tells that a path is not up in time.
func (m *Media) slow(at *path, f *fault.Error) {
	at.slow = true
	m.p.events.recordPath(at, f)
	m.rate()
	m.troubled(at, f)
}

// troubled tells the client what keeps a path from coming up.
func (m *Media) troubled(at *path, f *fault.Error) {
	m.p.s.met.warn(f)
	if at.trouble != nil {
		at.trouble(f)
	}
}

// rebuildMost is how often in a row connections are built anew because a handshake
// failed. After that the network, or the client, is what has to change first.
const rebuildMost = 3

// replace ends a connection whose handshake failed, which is made once for each, and
// lets the client build another.
func (m *Media) replace(at *path) {
	if !at.moves {
		at.end()
		return
	}
	tries := m.rebuilt[at.op]
	if tries >= rebuildMost {
		m.p.log.Warn("media connections are not built anew again", "op", string(at.op), "tries", tries)
		return
	}
	m.rebuilt[at.op]++
	wait := m.p.s.cfg.Rebuild << tries
	var again func()
	again = func() {
		switch {
		case at.ended || m.p.leaving:
		case m.p.socket == nil: // nobody is there to be told
			m.p.After(wait, again)
		case m.rebuild(MediaMoved):
			m.p.log.Info("media connections are built anew after a failed handshake", "op", string(at.op))
		}
	}
	m.p.After(wait, again)
}

// overTCP lets the client build its connections anew, without UDP: its packets
// pass only as long as they are small. Done once, which it tells; TCP cuts packets to size.
func (m *Media) overTCP() bool {
	if m.tcpOnly || m.p.leaving || m.p.s.cfg.Media.TCPPort() == 0 {
		return false
	}
	m.tcpOnly = true
	if !m.rebuild(MediaMoved) {
		return false
	}
	m.p.log.Info("media goes on over TCP")
	return true
}

// Mend restarts the receiving connections, which only we can, when the client
// shows that its media path is lost.
func (m *Media) Mend() {
	for _, s := range m.subs {
		if s.started {
			_ = s.Mend()
		}
	}
}

// restart restarts the receiving connections that are chosen.
func (m *Media) restart(chosen func(*Subscription) bool) {
	for _, s := range m.subs {
		if chosen(s) {
			_ = s.RestartICE()
		}
	}
}

// resendOffers repeats offers a lost socket may have swallowed.
func (m *Media) resendOffers() {
	for _, s := range m.subs {
		_ = s.Resend()
	}
}

// watch judges the quality from now on, until stop.
func (m *Media) watch() {
	if m.rater == nil {
		m.rater = m.p.After(rateEvery, m.judge)
	}
}

func (m *Media) stop() {
	if m.rater != nil {
		m.rater.Stop()
	}
}

// judge says every few seconds how the peer's connections are.
func (m *Media) judge() {
	if !m.p.joined || m.p.leaving {
		return
	}
	m.rate()
	for _, s := range m.subs {
		s.judge()
	}
	m.rater = m.p.After(rateEvery, m.judge)
}

// starvedFor is for how long a picture waits for a key frame before that is recorded:
// publishers send one within a second of being asked.
const starvedFor = 8 * time.Second

// judge records, once each, the tracks that wait for a key frame.
func (s *Subscription) judge() {
	now := map[string]bool{}
	for _, id := range s.Starving(starvedFor) {
		if now[id] = true; !s.starved[id] {
			s.m.p.events.recordPath(&s.path, fault.From(fault.KeyframeMissing.New("track", id, "waited_seconds", starvedFor.Seconds()), fault.OpSubscribe))
		}
	}
	s.starved = now
}

// comesThrough is the score of a peer whose media comes through again while there is
// nothing yet to tell how well.
const comesThrough = 3

// rate says how well the peer receives: as well as on its worst connection, and not
// at all while one of them is not up. Clients show that where they show the quality
// of connections, also those that believe themselves connected.
func (m *Media) rate() {
	score, blocked := -1, false
	for _, b := range m.pubs {
		blocked = blocked || b.blocked()
	}
	for _, s := range m.subs {
		blocked = blocked || s.blocked()
		if q := s.Quality(); q.Score >= 0 && (score < 0 || q.Score < score) { // negative: nothing to judge by yet
			score = q.Score
		}
	}
	switch {
	case blocked:
		score = 0
	case m.blocked && score < 0:
		score = comesThrough
	}
	m.blocked = blocked
	if score >= 0 {
		m.p.room.Quality().Set(m.p.ctx, m.p.key.peer, score)
	}
}

func (at *path) end() {
	at.ended = true
	at.shut()
}

// blocked tells whether nothing comes through, as was recorded.
func (at *path) blocked() bool { return at.slow || at.cut }
