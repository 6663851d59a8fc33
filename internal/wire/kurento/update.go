// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

// Update implements participant.Wire. What is about peers is withheld until the
// client knows who is inside.
func (s *session) Update(u room.Update, _ *room.Shared) {
	switch u := u.(type) {
	case room.StateSync:
		s.synced(u.Snapshot)
	case room.Removed:
		why, kind := "forceDisconnectByServer", fault.PeerRemoved
		switch {
		case u.Ended:
			why, kind = "sessionClosedByServer", fault.RoomEnded
		case u.By != nil:
			why = "forceDisconnectByUser"
		}
		s.evict(why, fault.From(kind.New("peer", s.p.ID()), fault.OpJoin))
	case room.SourceReady:
		s.sourceReady(u.PeerID)
	case room.MessageSent:
		s.tellMessage(u.Message)
	case room.TrackMuteAsked: // also of a peer that is away
		s.h.style.update(s, u)
		return
	}
	if !s.listed {
		return
	}
	s.h.style.update(s, u)
	switch u := u.(type) {
	case room.PeerJoined:
		s.tellPeer(u.Peer, "")
	case room.PeerLeft:
		s.tellGone(u.Peer.ID, goneFor(u.Reason))
	case room.TracksAdded:
		s.tellTracks(u.Peer, "")
	case room.TracksRemoved:
		s.tellTracks(u.Peer, u.Why)
	case room.TracksChanged:
		s.tellTracks(u.Peer, "")
	case room.QualityChanged:
		tellQuality(s, u.Scores)
	case room.RoleChanged:
		s.narrowed()
		s.notify("connectionPropertyChanged", map[string]any{"property": "role", "newValue": s.role()})
	}
}

// synced brings what the client knows in line with the room, after joining and
// after a lost connection.
func (s *session) synced(snap room.Snapshot) {
	if s.joining != nil {
		s.answerJoin(snap)
		return
	}
	s.listed = true
	s.h.style.update(s, room.RulesChanged{Rules: snap.Rules})
	s.h.style.update(s, room.LeaderChanged{PeerID: snap.Leader})
	s.h.style.update(s, room.HushChanged{Hushed: snap.Hushed})
	here := map[room.PeerID]bool{}
	for _, p := range snap.Peers {
		if here[p.ID] = true; p.ID != s.p.ID() {
			s.h.style.update(s, room.ModeChanged{Peer: p})
			s.tellPeer(p, "")
		}
	}
	for id, t := range s.told {
		if !here[t.owner] {
			s.gone(id, goneFor("lost"))
		}
	}
	s.tellPending()
}

// goneFor words why a peer is gone.
func goneFor(reason string) string {
	switch reason {
	case "lost":
		return "networkDisconnect"
	case "removed":
		return "forceDisconnectByUser"
	}
	return "disconnect"
}

// tellPeer tells what is new to the client of a peer: that it is there, what it
// publishes, and what it has muted of that; why is said of what it publishes no
// more. What has ended is told first, as another stream may have taken its place.
func (s *session) tellPeer(p room.Peer, why string) {
	all := s.views(p)
	for key, t := range s.told {
		if t.owner == p.ID && !slices.ContainsFunc(all, func(v view) bool { return v.key == key }) {
			s.gone(key, cmp.Or(why, "disconnect"))
		}
	}
	for _, v := range all {
		if _, known := s.told[v.key]; !known {
			s.told[v.key] = told{owner: v.owner, conn: v.ID}
			if !v.part() {
				s.notify("participantJoined", v.connection)
			}
		}
		s.tellStream(v, why)
		s.tellChanges(v)
	}
}

// tellTracks tells what has changed of the tracks of a peer that the client knows.
func (s *session) tellTracks(p room.Peer, why string) {
	if _, known := s.told[p.ID]; known {
		s.tellPeer(p, why)
	}
}

// tellGone tells that a peer has left, the last of it its own connection.
func (s *session) tellGone(id room.PeerID, why string) {
	for key, t := range s.told {
		if t.owner == id && key != id {
			s.gone(key, why)
		}
	}
	s.gone(id, why)
}

// gone tells that a connection, or one of its streams, has ended, if the client
// knows it.
func (s *session) gone(key room.PeerID, why string) {
	t, known := s.told[key]
	if !known {
		return
	}
	delete(s.told, key)
	delete(s.rated, key)
	delete(s.early, key)
	s.publisherLeft(key)
	if t.conn != key {
		s.notify("participantUnpublished", map[string]any{"connectionId": t.conn, "streamId": t.stream.ID, "reason": why})
		return
	}
	s.notify("participantLeft", map[string]any{"connectionId": key, "reason": why})
}

// tellStream tells of what a connection publishes now, if that is another stream
// than before. The same stream may come over other tracks, once its publisher has
// built its connection anew.
func (s *session) tellStream(v view, why string) {
	t := s.told[v.key]
	was := t.stream
	if was.ID == v.stream.ID {
		if sub := s.subs[v.key]; sub != nil && !slices.Equal(was.tracks(), v.stream.tracks()) {
			moved(s, sub, v.stream)
		}
		return
	}
	t.stream, t.taken = v.stream, false
	s.told[v.key] = t
	if was.ID != "" {
		s.drop(v.key)
		s.notify("participantUnpublished", map[string]any{"connectionId": v.ID, "reason": cmp.Or(why, "unpublish")})
	}
	if v.stream.ID != "" {
		s.notify("participantPublished", v.published())
	}
}

// tellChanges tells what is muted or unmuted of a stream that the client knows,
// and what size its picture has.
func (s *session) tellChanges(v view) {
	was, now := s.told[v.key], v.stream
	t := was
	t.stream = now
	s.told[v.key] = t
	// The value is JSON as text, in which the size is text again.
	tell := func(property, reason, value string) {
		s.notify("streamPropertyChanged", map[string]any{
			"connectionId": v.ID, "streamId": now.ID, "property": property, "newValue": value, "reason": reason,
		})
	}
	if now.AudioActive != was.stream.AudioActive {
		tell("audioActive", "publishAudio", strconv.FormatBool(now.AudioActive))
	}
	if now.VideoActive != was.stream.VideoActive {
		tell("videoActive", "publishVideo", strconv.FormatBool(now.VideoActive))
	}
	if now.Dimensions != was.stream.Dimensions && now.Dimensions != "" {
		reason := "deviceRotated"
		if now.TypeOfVideo == screen {
			reason = "screenResized"
		}
		tell("videoDimensions", reason, strconv.Quote(now.Dimensions))
	}
}
