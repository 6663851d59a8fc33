// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// roster is who and what is in the room, as the server has told. It belongs to
// one session and is used under that session's mu.
type roster struct {
	s              *session
	role           Role
	roles          map[string]Role
	template       string
	roomID         string
	roomName       string
	sessionID      string
	sessionStarted time.Time
	peerCount      int
	self           Peer
	peers          map[string]Peer
	away           map[string]bool // not in the list, but expected back
	awayTracks     map[string]bool
	lenientUntil   time.Time
	preview        map[string]wirePeer // non-nil until joined
	tracks         map[string]*RemoteTrack
}

func (ro *roster) heardPolicy(w wirePolicy) {
	role, ok := w.KnownRoles[w.Name]
	if !ok {
		role = Role{Name: w.Name}
	}
	changed := ro.role.Name != "" && ro.role.Name != role.Name
	ro.role, ro.roles, ro.template = role, w.KnownRoles, w.TemplateID
	if changed {
		post(ro.s, ro.s.cfg.Listener.OnRoleChange, role)
	}
	select {
	case ro.s.greeted <- struct{}{}:
	default:
	}
}

func (ro *roster) heardRoomState(w wirePeerList) {
	if ro.preview != nil {
		ro.preview = w.Peers
	}
}

func (ro *roster) heardRoomInfo(w struct {
	ID   string `json:"room_id"`
	Name string `json:"name"`
}) {
	ro.roomID, ro.roomName = w.ID, w.Name
}

func (ro *roster) heardSession(w struct {
	ID    string `json:"session_id"`
	Peers int    `json:"peer_count"`
}) {
	ro.sessionID, ro.peerCount = w.ID, w.Peers
}

// heardList brings the room in line with the whole truth. After the server
// was restarted others may still be on their way back; they are given time. On
// a socket that resumes it is not known yet whether the server was restarted.
func (ro *roster) heardList(l *link, raw json.RawMessage) {
	var w wirePeerList
	if err := json.Unmarshal(raw, &w); err != nil {
		ro.s.log.Warn("the peer list cannot be read", "err", err)
		return
	}
	ro.roomName, ro.sessionID = w.Room.Name, w.Room.SessionID
	ro.sessionStarted = millis(w.Room.StartedAt)
	for id, p := range w.Peers {
		p.ID = id
		ro.upsert(p)
	}
	var missing []string
	for id := range ro.peers {
		if _, here := w.Peers[id]; !here {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	if ro.lenient() || l == ro.s.coming && ro.s.entered {
		for _, id := range missing {
			ro.away[id] = true
		}
	} else {
		for _, id := range missing {
			ro.drop(id)
		}
	}
	select {
	case ro.s.listed <- struct{}{}:
	default:
	}
}

// lenient tells that others may still be on their way back.
func (ro *roster) lenient() bool { return time.Now().Before(ro.lenientUntil) }

// settle lets go of whom and what did not come back.
func (s *session) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.roster.lenient() {
		return // moved again meanwhile
	}
	for id := range s.roster.away {
		s.roster.drop(id)
	}
	for id := range s.roster.awayTracks {
		s.roster.withdraw(id)
	}
}

// upsert takes a peer with everything it publishes.
func (ro *roster) upsert(w wirePeer) {
	if w.ID == ro.s.id || w.ID == "" {
		return
	}
	delete(ro.away, w.ID)
	was, known := ro.peers[w.ID]
	p := peerOf(w)
	ro.peers[w.ID] = p
	switch {
	case !known:
		post(ro.s, ro.s.cfg.Listener.OnPeerJoin, ro.withTracks(p))
	case was.Name != p.Name || was.Role != p.Role || was.Metadata != p.Metadata || !slices.Equal(was.Groups, p.Groups):
		post(ro.s, ro.s.cfg.Listener.OnPeerUpdate, ro.withTracks(p))
	}
	for id, t := range w.Tracks {
		t.ID = id
		ro.announce(w.ID, t)
	}
	for id, t := range ro.tracks {
		if _, still := w.Tracks[id]; still || t.info.PeerID != w.ID || !t.known {
			continue
		}
		if ro.lenient() || ro.s.coming != nil && ro.s.entered {
			ro.awayTracks[id] = true
		} else {
			ro.withdraw(id)
		}
	}
}

func peerOf(w wirePeer) Peer {
	return Peer{
		ID: w.ID, Name: w.Info.Name, Role: w.Role, UserID: w.Info.UserID, Metadata: w.Info.Data,
		Groups: w.Groups, JoinedAt: millis(w.JoinedAt),
	}
}

// withTracks is a peer as the app sees it.
func (ro *roster) withTracks(p Peer) Peer {
	for _, t := range ro.tracks {
		if info := t.Info(); info.PeerID == p.ID && t.known {
			p.Tracks = append(p.Tracks, info)
		}
	}
	slices.SortFunc(p.Tracks, func(a, b TrackInfo) int { return strings.Compare(a.ID, b.ID) })
	return p
}

func (ro *roster) heardUpdate(w wirePeer) {
	if w.ID == ro.s.id {
		ro.self = peerOf(w)
		post(ro.s, ro.s.cfg.Listener.OnPeerUpdate, ro.self)
		return
	}
	if _, known := ro.peers[w.ID]; !known {
		return
	}
	p := peerOf(w)
	ro.peers[w.ID] = p
	post(ro.s, ro.s.cfg.Listener.OnPeerUpdate, ro.withTracks(p))
}

func (ro *roster) heardLeave(w wirePeer) { ro.drop(w.ID) }

// drop forgets a peer and its tracks.
func (ro *roster) drop(id string) {
	p, known := ro.peers[id]
	if !known {
		return
	}
	delete(ro.away, id)
	p = ro.withTracks(p)
	for _, t := range p.Tracks {
		ro.withdraw(t.ID)
	}
	delete(ro.peers, id)
	post(ro.s, ro.s.cfg.Listener.OnPeerLeave, p)
}

func (ro *roster) heardTracks(w wirePeerTracks) {
	for id, t := range w.Tracks {
		t.ID = id
		ro.announce(w.Peer.ID, t)
	}
}

func (ro *roster) heardTracksGone(w wirePeerTracks) {
	for id := range w.Tracks {
		ro.withdraw(id)
	}
}

// announce takes what is said about a track, new or changed.
func (ro *roster) announce(peer string, w wireTrack) {
	delete(ro.awayTracks, w.ID)
	t := ro.tracks[w.ID]
	if t == nil {
		t = newRemote(ro.s, w.ID)
		ro.tracks[w.ID] = t
		// Some clients publish anew under other ids after the server moved.
		for id := range ro.awayTracks {
			if old := ro.tracks[id]; old != nil && old.info.PeerID == peer && old.info.Kind == w.Kind && old.info.Source == w.Source {
				ro.withdraw(id)
			}
		}
	}
	info := TrackInfo{w.ID, w.StreamID, peer, w.Kind, w.Source, w.Mute, w.Description}
	t.mu.Lock()
	was, known := t.info, t.known
	t.info, t.known = info, true
	if !known && w.Kind == "video" && t.desiredLayer == "" {
		t.desiredLayer = ro.s.cfg.AutoSubscribe
	}
	t.mu.Unlock()
	switch {
	case !known:
		post(ro.s, ro.s.cfg.Listener.OnTrack, t)
		if t.hasSubscription() {
			ro.s.sendSubscription(t)
		}
	case was != info:
		post(ro.s, ro.s.cfg.Listener.OnTrackUpdate, t)
	}
}

// sendSubscription tells the server what is wanted of a track, without making anybody wait.
func (s *session) sendSubscription(t *RemoteTrack) {
	s.spawn(func() {
		if err := t.tell(s.ctx); err != nil {
			s.log.Debug("a subscription was not granted", "track", t.ID(), "err", err)
		}
	})
}

// resendSubscriptions repeats them all, to a server that may know none of them.
func (s *session) resendSubscriptions(m *media) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.media != m {
		return
	}
	for _, t := range s.roster.tracks {
		if t.hasSubscription() {
			s.sendSubscription(t)
		}
	}
}

func (ro *roster) withdraw(id string) {
	t := ro.tracks[id]
	if t == nil {
		return
	}
	delete(ro.tracks, id)
	delete(ro.awayTracks, id)
	t.end()
	if t.known {
		post(ro.s, ro.s.cfg.Listener.OnTrackEnd, t)
	}
}

// remote is the track that media belongs to, announced or not yet.
func (s *session) remote(id string) *RemoteTrack {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == StateEnded {
		return nil
	}
	t := s.roster.tracks[id]
	if t == nil {
		t = newRemote(s, id)
		s.roster.tracks[id] = t
	}
	return t
}
