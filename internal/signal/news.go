package signal

import (
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// hear turns news of the room into frames and into media. News about who is
// there is withheld until the client has the peer list, which holds it already.
func (s *seat) hear(u room.Update) {
	switch u := u.(type) {
	case room.Refreshed:
		s.showRoom(u.Snapshot)
	case room.CensusChanged:
		s.hearCensus(u)
	case room.PeerJoined:
		s.tellListed("on-peer-join", fullPeerOnWire(u.Peer))
	case room.PeerLeft:
		s.tellListed("on-peer-leave", peerOnWire(u.Peer))
	case room.PeerChanged:
		s.tellListed("on-peer-update", peerOnWire(u.Peer))
	case room.TracksAdded:
		s.tellListed("on-track-add", tracksNews(u.Peer, u.Tracks))
	case room.TracksChanged:
		s.tellListed("on-track-update", tracksNews(u.Peer, u.Tracks))
	case room.TracksRemoved:
		for _, t := range u.Tracks {
			delete(s.media.layers, t.ID)
			delete(s.media.silent, t.ID)
			delete(s.media.told, t.ID)
		}
		s.tellListed("on-track-remove", tracksNews(u.Peer, u.Tracks))
	case room.SourceReady:
		s.media.sources[u.Track.ID] = u
		s.forward(u)
	case room.SourceGone:
		s.unforward(u.TrackID)
	case room.RoleChanged:
		s.role = u.Role
		s.inject.Rename(s.name, s.role)
		s.tell("on-policy-change", policyOnWire(s.role, s.place.Facts.Template))
	case room.RoleOffered:
		s.tellKept("on-role-change-request", map[string]any{
			"requested_by": idOrNothing(u.By), "role": u.Role, "token": u.Token,
		})
	case room.TrackMuteAsked:
		s.tellKept("on-track-update-request", map[string]any{
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
		s.tellKept("on-change-track-mute-state-request", ask)
	case room.Removed:
		s.expelled(u)
	case room.MessageSent:
		s.tellKept("on-broadcast", messageOnWire(u.Message))
	case room.MetadataChanged:
		values := make([]wireEntry, 0, len(u.Entries))
		for _, e := range u.Entries {
			values = append(values, entryOnWire(e))
		}
		s.tellKept("on-metadata-change", map[string]any{"values": values})
	case room.SpeakersChanged:
		list := make([]any, 0, len(u.Speakers))
		for _, sp := range u.Speakers {
			list = append(list, map[string]any{"peer_id": sp.PeerID, "track_id": sp.TrackID, "level": sp.Level})
		}
		s.tellListed("active-speakers", map[string]any{"speaker-list": list})
	case room.QualityChanged:
		peers := make([]any, 0, len(u.Scores))
		for id, score := range u.Scores {
			peers = append(peers, map[string]any{"peer_id": id, "downlink_score": score})
		}
		s.tellListed("on-connection-quality-update", map[string]any{"peers": peers})
	case room.PollStarted:
		s.tellKept("on-poll-start", pollNews(u.Poll))
	case room.PollStopped:
		s.tellKept("on-poll-stop", pollNews(u.Poll))
	case room.PollStats:
		s.tellListed("on-poll-stats", statsNews(u.Result))
	}
}

// tellListed sends news that makes sense only beside the peer list.
func (s *seat) tellListed(method string, p any) {
	if s.listed {
		s.tell(method, p)
	}
}

func tracksNews(p room.Peer, ts []room.Track) any {
	return map[string]any{"peer": peerOnWire(p), "tracks": tracksOnWire(ts)}
}

// showRoom gives the client the whole room: after joining, after a lost
// connection and after a move. What flows is brought in line, too.
func (s *seat) showRoom(snap room.Snapshot) {
	s.session = snap.SessionID
	flowing := make(map[room.TrackID]bool, len(snap.Sources))
	for _, src := range snap.Sources {
		flowing[src.Track.ID] = true
		s.media.sources[src.Track.ID] = src
	}
	for id := range s.media.sources {
		if !flowing[id] {
			s.unforward(id)
		}
	}
	if s.conn == nil {
		return
	}
	s.tell("room-info", roomInfoOnWire(snap))
	s.tell("peer-list", peerListOnWire(snap, s.key.peer))
	peers, tracks := snap.Counts()
	s.tell("session-info", sessionInfoOnWire(snap.RoomID, snap.SessionID, peers, tracks))
	s.listed = true
	for _, b := range s.takeAway() {
		s.conn.sendKept(b)
	}
	s.startSubscribing()
	for _, src := range snap.Sources {
		s.forward(src)
	}
}

func (s *seat) hearCensus(u room.CensusChanged) {
	s.session = u.SessionID
	if s.joined {
		s.tellListed("session-info", sessionInfoOnWire(s.key.room, u.SessionID, u.Peers, u.Tracks))
		return
	}
	s.tell("session-info", sessionInfoOnWire(s.key.room, u.SessionID, u.Peers, u.Tracks))
	if r := s.h.cfg.Hub.Active(s.key.room); r != nil {
		if snap, err := r.Snapshot(s.ctx); err == nil {
			s.tellRoomState(snap)
		}
	}
}

// expelled sends the peer away. It is out of the room already; the client is
// given a moment to go by itself before the socket closes.
func (s *seat) expelled(u room.Removed) {
	why := fault.PeerRemoved
	if u.Ended {
		why = fault.RoomEnded
	}
	s.out.Store(why)
	s.recordTracksGone()
	s.joined, s.leaving, s.listed = false, true, false
	s.tell("on-peer-leave-request", map[string]any{
		"requested_by": idOrNothing(u.By), "reason": u.Reason, "room_end": u.Ended,
	})
	if s.conn == nil {
		s.finishSeat("removed")
		return
	}
	s.after(removeGrace, func() { s.finishSeat("removed") })
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

// toldLayer is what a client was told about a video.
type toldLayer struct {
	now, wish sfu.Layer
	at        time.Time
}

// tellLayer says over the data channel which layer a video has come to, and
// whether that is less than the client asked for. A client takes the layer it is
// told for the one it is on and asks for no other in its place, so it must never
// hear of a change that is still under way.
func (s *seat) tellLayer(track string, now, aim sfu.Layer) {
	id := room.TrackID(track)
	wish := s.media.layers[id]
	switch {
	case s.media.sub == nil || now != aim || wish == "" || wish == sfu.LayerNone:
		return
	case now == sfu.LayerNone && !s.media.sub.Withheld(track):
		return // it has not begun, or has ended
	}
	s.sayLayer(id, now, wish)
}

// sayNone corrects what a client may have taken for the answer to its wish for
// nothing: a layer it was told while that wish was on its way.
func (s *seat) sayNone(id room.TrackID) {
	if time.Since(s.media.told[id].at) < 5*time.Second && s.media.layers[id] == sfu.LayerNone {
		s.sayLayer(id, sfu.LayerNone, sfu.LayerNone)
	}
}

func (s *seat) sayLayer(id room.TrackID, now, wish sfu.Layer) {
	if was := s.media.told[id]; was.now == now && was.wish == wish {
		return
	}
	s.media.told[id] = toldLayer{now, wish, time.Now()}
	s.channelSend(news("on-track-layer-update", map[string]any{"tracks": map[string]any{string(id): map[string]any{
		"track_id": id, "current_layer": now, "expected_layer": wish,
		"subscriber_degraded": now.Below(wish), "publisher_degraded": false,
	}}}))
}
