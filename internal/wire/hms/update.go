// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"time"

	"github.com/redial-rtc/redial/internal/room"
)

// Update implements participant.Wire. What is about peers is withheld until the
// client has the peer list, which holds it already.
func (s *session) Update(u room.Update, all *room.Shared) {
	switch u := u.(type) {
	case room.StateSync:
		s.tellRoom(u.Snapshot)
	case room.CountsChanged:
		s.tellCounts(u, all)
	case room.PeerJoined:
		s.notifyListed(all, "on-peer-join", func() any { return fullPeerOnWire(u.Peer) })
	case room.PeerLeft:
		s.notifyListed(all, "on-peer-leave", func() any { return peerOnWire(u.Peer) })
	case room.PeerChanged:
		s.notifyListed(all, "on-peer-update", func() any { return peerOnWire(u.Peer) })
	case room.TracksAdded:
		for _, t := range u.Tracks {
			s.media.withdrawn.tell(t.ID) // as it was before
		}
		s.notifyListed(all, "on-track-add", func() any { return tracksNotice(u.Peer, u.Tracks) })
	case room.TracksChanged:
		s.notifyListed(all, "on-track-update", func() any { return tracksNotice(u.Peer, u.Tracks) })
	case room.TracksRemoved:
		for _, t := range u.Tracks {
			delete(s.media.told, t.ID)
		}
		s.media.withdrawn.take(u, all)
	case room.RoleChanged:
		s.notify("on-policy-change", policyOnWire(u.Role, s.p.Template()))
	case room.RoleOffered:
		s.notifyReliable(all, "on-role-change-request", func() any {
			return map[string]any{"requested_by": idOrNothing(u.By), "role": u.Role, "token": u.Token}
		})
	case room.TrackMuteAsked:
		s.notifyReliable(all, "on-track-update-request", func() any {
			return map[string]any{"requested_by": idOrNothing(u.By), "track_id": u.Track.ID, "stream_id": u.Track.StreamID, "mute": u.Mute}
		})
	case room.MuteAsked:
		s.notifyReliable(all, "on-change-track-mute-state-request", func() any { return muteNotice(u) })
	case room.Removed:
		s.listed = false
		s.notify("on-peer-leave-request", map[string]any{
			"requested_by": idOrNothing(u.By), "reason": u.Reason, "room_end": u.Ended,
		})
	case room.MessageSent:
		s.notifyReliable(all, "on-broadcast", func() any { return messageOnWire(u.Message) })
	case room.MetadataChanged:
		s.notifyReliable(all, "on-metadata-change", func() any { return entriesNotice(u.Entries) })
	case room.SpeakersChanged:
		s.notifyListed(all, "active-speakers", func() any { return speakersNotice(u.Speakers) })
	case room.QualityChanged:
		s.notifyListed(all, "on-connection-quality-update", func() any { return qualityNotice(u.Scores) })
	case room.PollStarted:
		s.notifyReliable(all, "on-poll-start", func() any { return pollNotice(u.Poll) })
	case room.PollStopped:
		s.notifyReliable(all, "on-poll-stop", func() any { return pollNotice(u.Poll) })
	case room.PollStats:
		s.notifyListed(all, "on-poll-stats", func() any { return statsNotice(u.Result) })
	}
}

func tracksNotice(p room.Peer, ts []room.Track) any {
	return map[string]any{"peer": peerOnWire(p), "tracks": tracksOnWire(ts)}
}

func muteNotice(u room.MuteAsked) any {
	ask := map[string]any{"requested_by": idOrNothing(u.By), "value": u.Mute}
	if u.Kind != "" {
		ask["type"] = u.Kind
	}
	if u.Source != "" {
		ask["source"] = u.Source
	}
	return ask
}

func entriesNotice(entries []room.Entry) any {
	values := make([]wireEntry, 0, len(entries))
	for _, e := range entries {
		values = append(values, entryOnWire(e))
	}
	return map[string]any{"values": values}
}

func speakersNotice(speakers []room.Speaker) any {
	list := make([]any, 0, len(speakers))
	for _, sp := range speakers {
		list = append(list, map[string]any{"peer_id": sp.PeerID, "track_id": sp.TrackID, "level": sp.Level})
	}
	return map[string]any{"speaker-list": list}
}

func qualityNotice(scores map[room.PeerID]int) any {
	peers := make([]any, 0, len(scores))
	for id, score := range scores {
		peers = append(peers, map[string]any{"peer_id": id, "downlink_score": score})
	}
	return map[string]any{"peers": peers}
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

func (s *session) tellCounts(u room.CountsChanged, all *room.Shared) {
	info := func() any { return sessionInfoOnWire(s.p.RoomID(), u.SessionID, u.Peers, u.Tracks) }
	if s.p.Joined() {
		s.notifyListed(all, "session-info", info)
		return
	}
	s.notifyShared(all, "session-info", info)
	s.tellRoomState(all, s.p.Look)
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
