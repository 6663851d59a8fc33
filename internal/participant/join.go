// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/room"
)

// Preview lets the peer look at its room before it joins, if it has not: what
// it may know of the room now, and a [room.CountsChanged] whenever that
// changes. It fails when the room cannot be opened.
func (p *Participant) Preview() (room.Snapshot, error) {
	r, err := p.s.cfg.Hub.Open(p.roomRecord.Spec)
	if err != nil {
		return room.Snapshot{}, err
	}
	snap, err := r.Watch(p.ctx, p)
	if err != nil {
		return room.Snapshot{}, err
	}
	p.room = r
	return snap, nil
}

// Look is the room as it is now, for a peer that looks at a preview; false when
// nobody is there.
func (p *Participant) Look() (room.Snapshot, bool) {
	r := p.s.cfg.Hub.Active(p.key.room)
	if r == nil {
		return room.Snapshot{}, false
	}
	snap, err := r.Snapshot(p.ctx)
	return snap, err == nil
}

// Profile is what a peer says of itself as it joins.
type Profile struct {
	Name string
	Data string // the app's own text about the peer

	Mode       room.Mode
	UniqueName bool // nobody else in the room may be called the same
	Watches    bool // its app has a player that follows the leader's
}

// Join brings the peer into its room; one that is inside leaves first and
// starts over. The client's side comes first and the others' last:
//
//  1. the profile is checked, and whether the room still takes anybody;
//  2. negotiate opens whatever media connections the client asked for; it is
//     nil when the client asked for none;
//  3. the room decides on its limits, lets the peer in and tells the others.
//
// What negotiate opened is closed again when the join fails: with its error,
// with a refusal, or with fault.FieldInvalid for the profile.
func (p *Participant) Join(ctx context.Context, who Profile, negotiate func() error) (err error) {
	began := time.Now()
	defer func() {
		p.join.Step("call", began, err)
		if err != nil {
			p.join.Failed(err)
		}
	}()
	if err := room.CheckProfile(&who.Name, &who.Data); err != nil {
		return err
	}
	if p.joined {
		p.events.tracksGone()
		p.room.Leave(ctx, p.key.peer, "joined again")
		p.media.close(MediaOver)
		p.joined = false
	}
	// The room may have been locked or disabled while the peer looked on.
	record, err := p.s.cfg.Directory.RoomRecord(ctx, p.key.room)
	if err != nil {
		return err
	}
	p.roomRecord.Enabled, p.roomRecord.Locked = record.Enabled, record.Locked
	if err := p.s.open(Visitor{ID: p.key.peer, Claims: p.claims, Record: p.roomRecord}); err != nil {
		return err
	}
	p.name, p.data = who.Name, who.Data
	defer func() {
		if err != nil {
			p.media.close(MediaOver)
		}
	}()
	if negotiate != nil {
		if err := negotiate(); err != nil {
			return err
		}
	}
	r, err := p.s.cfg.Hub.Join(ctx, p.roomRecord.Spec, p, room.Peer{
		ID: p.key.peer, UserID: p.claims.UserID, UserProof: p.claims.UserProof, Resume: p.claims.Digest,
		Name: p.name, Data: p.data, Role: p.role, Mode: who.Mode, UniqueName: who.UniqueName, Watches: who.Watches,
	})
	if err != nil {
		return err
	}
	p.inside(r)
	p.s.rejoined(p)
	p.s.met.joined.Inc()
	p.s.cfg.Events.Joined(p.events.Subject())
	return nil
}

// inside marks the peer as joined. What it may receive is known from here on, so that
// its first offer need not wait for the rest of the room.
func (p *Participant) inside(r *room.Room) {
	p.room, p.joined = r, true
	p.inject.Rename(p.name, p.role)
	p.roomRecord.Spec.Template = r.Template()
	p.media.watch()
	if all, err := r.Sources(p.ctx, p.key.peer); err == nil {
		p.media.keepSources(all)
	}
}

// Refresh asks the room for its present state, which arrives as
// [room.StateSync], in order with the other updates.
func (p *Participant) Refresh() {
	if p.joined && p.room != nil {
		_ = p.room.SyncState(p.ctx, p.key.peer)
	}
}

// recover brings back a peer an earlier process held. Its media is gone; its
// first offer starts it anew.
func (p *Participant) recover(was room.Peer) {
	was.ID = p.key.peer
	p.name, p.data, p.role = was.Name, was.Data, was.Role
	if !was.JoinedAt.IsZero() {
		p.events.since = was.JoinedAt
	}
	r, err := p.s.cfg.Hub.Join(p.ctx, p.roomRecord.Spec, p, was)
	if err != nil {
		p.events.Record(event.Disconnected, fault.From(err, fault.OpReconnect))
		p.leaving = true
		p.end()
		return
	}
	p.inside(r)
	p.events.recovered = true
	p.log.Info("peer recovered from an earlier process")
}

// Rename notes what the peer calls itself now.
func (p *Participant) Rename(who Profile) { p.name, p.data = who.Name, who.Data }
