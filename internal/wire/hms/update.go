// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"time"

	"github.com/redial-rtc/redial/internal/room"
)

// Update implements participant.Wire. What is about peers is withheld until the
// client has the peer list, which holds it already.
func (s *session) Update(u room.Update) {
	switch u := u.(type) {
	case room.StateSync:
		s.tellRoom(u.Snapshot)
	case room.CountsChanged:
		s.tellCounts(u)
	case room.PeerJoined:
		s.notifyListed("on-peer-join", fullPeerOnWire(u.Peer))
	case room.PeerLeft:
		s.notifyListed("on-peer-leave", peerOnWire(u.Peer))
	case room.PeerChanged:
		s.notifyListed("on-peer-update", peerOnWire(u.Peer))
	case room.TracksAdded:
		for _, t := range u.Tracks {
			s.media.withdrawn.tell(t.ID) // as it was before
		}
		s.notifyListed("on-track-add", tracksNotice(u.Peer, u.Tracks))
	case room.TracksChanged:
		s.notifyListed("on-track-update", tracksNotice(u.Peer, u.Tracks))
	case room.TracksRemoved:
		for _, t := range u.Tracks {
			delete(s.media.told, t.ID)
		}
		s.media.withdrawn.take(u)
	case room.RoleChanged:
		s.notify("on-policy-change", policyOnWire(u.Role, s.p.Template()))
	case room.RoleOffered:
		s.notifyReliable("on-role-change-request", map[string]any{
			"requested_by": idOrNothing(u.By), "role": u.Role, "token": u.Token,
		})
	case room.TrackMuteAsked:
		s.notifyReliable("on-track-update-request", map[string]any{
			"requested_by": idOrNothing(u.By), "track_id": u.Track.ID, "stream_id": u.Track.StreamID, "mute": u.Mute,
		})
	case room.MuteAsked:
		ask := map[string]any{"requested_by": idOrNothing(u.By), "value": u.Mute}
		if u.Kind != "" {
			ask["type"] = u.Kind
		}
		if u.Source != "" {
			ask["source"] = u.Source
		}
		s.notifyReliable("on-change-track-mute-state-request", ask)
	case room.Removed:
		s.listed = false
		s.notify("on-peer-leave-request", map[string]any{
			"requested_by": idOrNothing(u.By), "reason": u.Reason, "room_end": u.Ended,
		})
	case room.MessageSent:
		s.notifyReliable("on-broadcast", messageOnWire(u.Message))
	case room.MetadataChanged:
		values := make([]wireEntry, 0, len(u.Entries))
		for _, e := range u.Entries {
			values = append(values, entryOnWire(e))
		}
		s.notifyReliable("on-metadata-change", map[string]any{"values": values})
	case room.SpeakersChanged:
		list := make([]any, 0, len(u.Speakers))
		for _, sp := range u.Speakers {
			list = append(list, map[string]any{"peer_id": sp.PeerID, "track_id": sp.TrackID, "level": sp.Level})
		}
		s.notifyListed("active-speakers", map[string]any{"speaker-list": list})
	case room.QualityChanged:
		peers := make([]any, 0, len(u.Scores))
		for id, score := range u.Scores {
			peers = append(peers, map[string]any{"peer_id": id, "downlink_score": score})
		}
		s.notifyListed("on-connection-quality-update", map[string]any{"peers": peers})
	case room.PollStarted:
		s.notifyReliable("on-poll-start", pollNotice(u.Poll))
	case room.PollStopped:
		s.notifyReliable("on-poll-stop", pollNotice(u.Poll))
	case room.PollStats:
		s.notifyListed("on-poll-stats", statsNotice(u.Result))
	}
}

func tracksNotice(p room.Peer, ts []room.Track) any {
	return map[string]any{"peer": peerOnWire(p), "tracks": tracksOnWire(ts)}
}

// tellRoom gives the client the whole room: after joining, after a lost
// connection and after a move.
func (s *session) tellRoom(snap room.Snapshot) {
	s.notify("room-info", roomInfoOnWire(snap))
	s.notify("peer-list", peerListOnWire(snap, s.p.ID()))
	peers, tracks := snap.Counts()
	s.notify("session-info", sessionInfoOnWire(snap.RoomID, snap.SessionID, peers, tracks))
	s.listed = true
	s.tellPending()
	s.media.start()
}

func (s *session) tellCounts(u room.CountsChanged) {
	info := sessionInfoOnWire(s.p.RoomID(), u.SessionID, u.Peers, u.Tracks)
	if s.p.Joined() {
		s.notifyListed("session-info", info)
		return
	}
	s.notify("session-info", info)
	if snap, ok := s.p.Look(); ok {
		s.tellRoomState(snap)
	}
}

func messageOnWire(m room.Message) any {
	type info struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	return struct {
		Peer      *wirePeer `json:"peer,omitempty"`
		ID        string    `json:"message_id"`
		Timestamp int64     `json:"timestamp"`
		Private   bool      `json:"private"`
		Roles     []string  `json:"roles,omitempty"`
		Info      info      `json:"info"`
	}{peerOrNil(m.From), m.ID, millis(m.At), m.Private, m.Roles, info{m.Type, m.Body}}
}

func millis(t time.Time) int64 { return t.UnixMilli() }
