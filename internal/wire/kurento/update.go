// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"strconv"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

// Update implements participant.Wire. What is about peers is withheld until the
// client knows who is inside.
func (s *session) Update(u room.Update) {
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
	}
	if !s.listed {
		return
	}
	s.h.style.update(s, u)
	switch u := u.(type) {
	case room.PeerJoined:
		s.tellPeer(u.Peer)
	case room.PeerLeft:
		s.tellGone(u.Peer.ID, goneFor(u.Reason))
	case room.TracksAdded:
		s.tellTracks(u.Peer)
	case room.TracksRemoved:
		s.tellTracks(u.Peer)
	case room.TracksChanged:
		s.tellTracks(u.Peer)
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
	here := map[room.PeerID]bool{}
	for _, p := range snap.Peers {
		if here[p.ID] = true; p.ID != s.p.ID() {
			s.h.style.update(s, room.ModeChanged{Peer: p})
			s.tellPeer(p)
		}
	}
	for id := range s.told {
		if !here[peerOf(id)] {
			s.tellGone(peerOf(id), goneFor("lost"))
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
// publishes, and what it has muted of that.
func (s *session) tellPeer(p room.Peer) {
	all := s.views(p)
	for _, v := range all {
		if _, known := s.told[v.ID]; !known {
			s.told[v.ID] = told{}
			s.notify("participantJoined", v.connection)
		}
		s.tellStream(v)
		s.tellChanges(v)
	}
	if len(all) == 1 {
		s.gone(p.ID+ScreenSuffix, "disconnect")
	}
}

// tellTracks tells what has changed of the tracks of a peer that the client knows.
func (s *session) tellTracks(p room.Peer) {
	if _, known := s.told[p.ID]; known {
		s.tellPeer(p)
	}
}

// tellGone tells that a peer has left.
func (s *session) tellGone(id room.PeerID, why string) {
	s.gone(id+ScreenSuffix, why)
	s.gone(id, why)
}

// gone tells that a connection has ended, if the client knows it.
func (s *session) gone(id room.PeerID, why string) {
	if _, known := s.told[id]; !known {
		return
	}
	delete(s.told, id)
	delete(s.early, id)
	s.publisherLeft(id)
	s.notify("participantLeft", map[string]any{"connectionId": id, "reason": why})
}

// tellStream tells of what a connection publishes now, if that is another stream
// than before.
func (s *session) tellStream(v view) {
	was := s.told[v.ID].stream
	if was.ID == v.stream.ID {
		return
	}
	s.told[v.ID] = told{stream: v.stream}
	if was.ID != "" {
		s.drop(v.ID)
		s.notify("participantUnpublished", map[string]any{"connectionId": v.ID, "reason": "unpublish"})
	}
	if v.stream.ID != "" {
		s.notify("participantPublished", v.published())
	}
}

// tellChanges tells what is muted or unmuted of a stream that the client knows,
// and what size its picture has.
func (s *session) tellChanges(v view) {
	was, now := s.told[v.ID], v.stream
	s.told[v.ID] = told{now, was.taken}
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
