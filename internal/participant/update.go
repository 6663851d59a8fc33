// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

// Notify implements [room.Member]. A client that falls too far behind loses its
// socket and resumes with the full state.
func (p *Participant) Notify(u room.Update, all *room.Shared) {
	if p.in.postUpdate(func() { p.onUpdate(u, all) }) {
		return
	}
	p.Post(func() {
		if p.socket != nil {
			p.socket.Slow("updates")
		}
	})
}

// onUpdate does the participant's own part of an update and hands it on to the
// wire.
func (p *Participant) onUpdate(u room.Update, all *room.Shared) {
	switch u := u.(type) {
	case room.StateSync:
		p.stateSynced(u)
		return
	case room.Removed:
		p.removed(u)
		return
	case room.SourceReady:
		p.media.sourceReady(u)
	case room.SourceGone:
		p.media.sourceGone(u.TrackID)
	case room.CountsChanged:
		p.events.session = u.SessionID
	case room.TracksRemoved:
		p.media.forget(u.Tracks)
	case room.RoleChanged:
		p.role = u.Role
		p.inject.Rename(p.name, p.role)
	}
	p.wire.Update(u, all)
}

// stateSynced brings what is forwarded in line with the whole room, after
// joining, after a lost connection and after a move.
func (p *Participant) stateSynced(u room.StateSync) {
	p.events.session = u.Snapshot.SessionID
	p.join.Session(u.Snapshot.SessionID)
	if p.events.recovered { // now that its session is known
		p.events.recovered = false
		p.events.mended(fault.SignalLost.New("resumed", true, "restarted", true))
	}
	p.media.keepSources(u.Snapshot.Sources)
	if p.socket == nil {
		return
	}
	p.wire.Update(u, nil)
	for _, src := range u.Snapshot.Sources {
		p.media.forward(src)
	}
}
