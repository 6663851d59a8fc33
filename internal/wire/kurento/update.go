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
	switch u := u.(type) {
	case room.PeerJoined:
		s.tellPeer(u.Peer)
	case room.PeerLeft:
		s.tellGone(u.Peer.ID, goneFor(u.Reason))
	case room.TracksAdded:
		s.tellStream(u.Peer)
	case room.TracksRemoved:
		s.tellStream(u.Peer)
	case room.TracksChanged:
		s.tellMutes(u.Peer)
	case room.RoleChanged:
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
	here := map[room.PeerID]bool{}
	for _, p := range snap.Peers {
		if here[p.ID] = true; p.ID == s.p.ID() {
			continue
		}
		if _, known := s.told[p.ID]; !known {
			s.tellPeer(p)
			continue
		}
		s.tellStream(p)
		s.tellMutes(p)
	}
	for id := range s.told {
		if !here[id] {
			s.tellGone(id, goneFor("lost"))
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

// tellPeer tells of a peer that is new to the client.
func (s *session) tellPeer(p room.Peer) {
	if _, known := s.told[p.ID]; known {
		return
	}
	s.told[p.ID] = told{}
	s.notify("participantJoined", connectionOf(p))
	s.tellStream(p)
}

// tellGone tells that a peer has left.
func (s *session) tellGone(id room.PeerID, why string) {
	if _, known := s.told[id]; !known {
		return
	}
	delete(s.told, id)
	delete(s.early, id)
	s.drop(id)
	s.notify("participantLeft", map[string]any{"connectionId": id, "reason": why})
}

// tellStream tells of what a peer publishes now, if that is another stream than
// before.
func (s *session) tellStream(p room.Peer) {
	was, known := s.told[p.ID]
	now, publishes := streamOf(p)
	if !known || was.stream.ID == now.ID {
		return
	}
	s.told[p.ID] = told{stream: now}
	if was.stream.ID != "" {
		s.drop(p.ID)
		s.notify("participantUnpublished", map[string]any{"connectionId": p.ID, "reason": "unpublish"})
	}
	if publishes {
		c := connectionOf(p)
		c.Streams = []Stream{now}
		s.notify("participantPublished", c)
	}
}

// tellMutes tells what a peer has muted or unmuted of its stream.
func (s *session) tellMutes(p room.Peer) {
	was, known := s.told[p.ID]
	now, publishes := streamOf(p)
	if !known || !publishes || was.stream.ID != now.ID {
		return
	}
	s.told[p.ID] = told{now, was.taken}
	tell := func(property, reason string, active bool) {
		s.notify("streamPropertyChanged", map[string]any{
			"connectionId": p.ID, "streamId": now.ID, "property": property, "newValue": strconv.FormatBool(active), "reason": reason,
		})
	}
	if now.AudioActive != was.stream.AudioActive {
		tell("audioActive", "publishAudio", now.AudioActive)
	}
	if now.VideoActive != was.stream.VideoActive {
		tell("videoActive", "publishVideo", now.VideoActive)
	}
}
