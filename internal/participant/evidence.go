// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
)

// witness is what is remembered of a participant's sockets.
type witness struct {
	sockets int              // that it has had, the present one included
	door    *evidence.Door   // of the latest
	gone    *evidence.Socket // the latest one that has ended, nil before
}

// attached hears of a new socket, and the request that it came of.
func (e *Events) attached(door *evidence.Door) {
	e.witness.sockets++
	e.witness.door = door
}

// detached keeps what is known of a socket that has ended.
func (e *Events) detached(c Socket) {
	e.witness.gone = e.socket(c)
	if e.p.joined {
		e.remember(event.Disconnected)
	}
}

func (e *Events) socket(c Socket) *evidence.Socket {
	s := c.Evidence()
	s.Door, s.Before = e.witness.door, e.witness.sockets-1
	return s
}

// evidence is what is known of the peer's connection at this moment.
func (e *Events) evidence() *evidence.Record {
	r := &evidence.Record{V: evidence.Version, At: evidence.Millis(time.Now()), Socket: e.witness.gone, Self: e.p.s.cfg.Self(), Notes: slices.Clone(e.notes.list)}
	if at := e.p.present.Load(); at != nil {
		r.Same = e.p.s.sameUser(e.p.user, e.p, at.address, at.agent)
	}
	if c := e.p.socket; c != nil {
		r.Socket = e.socket(c)
	}
	return r
}

// replaced records that a joined peer has come on a new socket, by this request,
// while the old one was open: for its client that one had ended.
func (e *Events) replaced(old Socket, by *evidence.Door) {
	e.detached(old)
	if e.p.joined {
		e.witness.door = by
		e.mended(fault.SignalLost.New("resumed", true, "replaced", true))
	}
}

// mended records the end of a socket whose peer has come back on another: the
// evidence is that of the one that ended, and the request by which the peer came back.
func (e *Events) mended(err error) {
	e.record(event.Disconnected, fault.From(err, fault.OpReconnect), func(lost *event.Event) {
		lost.Failure.Terminal = false
		lost.Evidence.Socket, lost.Evidence.Door = e.witness.gone, e.witness.door
		if gone := e.witness.gone; gone != nil && time.Since(gone.Ended) >= event.Late {
			lost.Happened = gone.Ended
		}
	})
}

// recordPath is recordTry for a media connection that failed, with what is known
// of it.
func (e *Events) recordPath(at *path, f *fault.Error) {
	e.record(at.failed, f, func(failed *event.Event) {
		failed.Failure.Terminal = false
		failed.Evidence = e.evidence()
		e.ofPath(failed.Evidence, at)
		e.notes.take()
		e.recall.keep(at.failed, failed.Evidence)
	})
}

// ofPath adds what is known of a media connection.
func (e *Events) ofPath(r *evidence.Record, at *path) {
	r.Path = at.evidence()
	r.Path.Side = string(at.op)
	if r.Reach = e.p.s.cfg.Media.Reach(); e.p.test() {
		r.Reach = e.p.s.cfg.Media.ReachOfTests()
	}
	r.Turn = e.relayed()
}

// evidence is what is known of a visitor who is refused: the way they came, what a
// token that is genuine says of its own times, and who of its user is inside.
func (s *Service) evidence(v *Visitor) *evidence.Record {
	now := evidence.Millis(time.Now())
	r := &evidence.Record{V: evidence.Version, At: now, Door: v.Door, Self: s.cfg.Self()}
	if c := v.Claims; c.Digest != "" {
		r.Same = s.sameUser(v.userKey(), v.Peer, v.Address, v.Agent.String)
		r.Token = &evidence.Token{IssuedAt: c.IssuedAt.UTC(), NotBefore: c.NotBefore.UTC(), Expires: c.ExpiresAt.UTC(), Now: now}
		s.issuers.tell(r.Token, c)
	}
	return r
}

// relayed is what the TURN listeners saw of the peer; nil where there are none.
func (e *Events) relayed() *evidence.Turn {
	if e.p.s.cfg.Relayed == nil {
		return nil
	}
	var from string
	if at := e.p.present.Load(); at != nil {
		from = at.address
	}
	return e.p.s.cfg.Relayed(e.p.key.room, string(e.p.key.peer), from)
}
