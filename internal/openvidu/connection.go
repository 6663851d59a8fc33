// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package openvidu

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// connection is a connection as the API has it: made and not taken, or of
// somebody who is inside, whatever wire they came by.
type connection struct {
	ID          string  `json:"id"`
	Connection  string  `json:"connectionId"`
	Object      string  `json:"object"`
	Type        string  `json:"type"`
	Status      string  `json:"status"`
	Session     string  `json:"sessionId"`
	CreatedAt   int64   `json:"createdAt"`
	ActiveAt    *int64  `json:"activeAt"`
	Location    *string `json:"location"`
	IP          *string `json:"ip"`
	Platform    *string `json:"platform"`
	Token       *string `json:"token"`
	ServerData  string  `json:"serverData"`
	ClientData  *string `json:"clientData"`
	Record      bool    `json:"record"`
	Role        string  `json:"role"`
	Publishers  []any   `json:"publishers"`
	Subscribers []any   `json:"subscribers"`

	ICEServers []kurento.ICEServer `json:"customIceServers"`
	Kurento    json.RawMessage     `json:"kurentoOptions"`

	// Of IP cameras, which there are none of.
	RTSP         *string `json:"rtspUri"`
	Adaptive     *bool   `json:"adaptativeBitrate"`
	OnlyPlay     *bool   `json:"onlyPlayWithSubscribers"`
	NetworkCache *int    `json:"networkCache"`
}

// wordPending is a connection that nobody has taken; s.mu is held.
func wordPending(c *seat) connection {
	w := connection{
		ID: c.id, Connection: c.id, Object: "connection", Type: "WEBRTC", Status: "pending", Session: c.session.id,
		CreatedAt: c.createdAt.UnixMilli(),
	}
	w.made(c)
	return w
}

// made is what the backend said of a connection when it made it.
func (w *connection) made(c *seat) {
	w.CreatedAt, w.Token, w.ServerData, w.Role, w.Record = c.createdAt.UnixMilli(), &c.url, c.data, c.role, c.record
	w.Kurento, w.ICEServers = c.kurento, append([]kurento.ICEServer{}, c.ice...)
}

// nowhere is said of a place that is not looked up.
const nowhere = "unknown"

// wordActive is somebody who is inside; s.mu is held. Of somebody who came by
// another wire less is known.
func (s *Service) wordActive(n *session, c *seat, p room.Peer) connection {
	at := p.JoinedAt.UnixMilli()
	said, _, _ := strings.Cut(kurento.DataOf(p), kurento.Separator)
	location, address, platform := nowhere, "", nowhere
	w := connection{
		ID: string(p.ID), Connection: string(p.ID), Object: "connection", Type: "WEBRTC", Status: "active", Session: n.id,
		CreatedAt: at, ActiveAt: &at, ClientData: &said, Location: &location, IP: &address, Platform: &platform,
		Record: true, ICEServers: []kurento.ICEServer{}, Publishers: []any{}, Subscribers: []any{},
	}
	if c != nil {
		w.made(c)
		if said == c.data { // it said nothing itself
			said = ""
		}
	}
	w.Role = kurento.RoleOf(n.template.Roles[p.Role]) // it may have changed since
	for _, st := range kurento.Streams(p) {
		w.Publishers = append(w.Publishers, map[string]any{"streamId": st.ID, "createdAt": st.CreatedAt, "mediaOptions": st})
	}
	about, known := s.Wire.About(n.roomID, p.ID)
	if !known {
		return w
	}
	if about.Platform != "" {
		platform = about.Platform
	}
	if about.Address.IsValid() {
		address = about.Address.String()
	}
	for _, one := range about.Receives {
		w.Subscribers = append(w.Subscribers, map[string]any{"streamId": one.Stream, "publisher": one.Publisher, "createdAt": one.Since.UnixMilli()})
	}
	return w
}

// connection is one connection, taken or not. Fails with fault.PeerNotFound.
func (s *Service) connection(r call, n *session, id string) (any, error) {
	all, err := s.connections(r, n, true)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.(connection).ID == id {
			return c, nil
		}
	}
	return nil, fault.PeerNotFound.New("peer", clip(id))
}

// peers are those who are inside.
func (s *Service) peers(r call, n *session) ([]room.Peer, error) {
	live := s.cfg.Rooms.Active(n.roomID)
	if live == nil {
		return nil, nil
	}
	snap, err := live.Snapshot(r.Context())
	if errors.Is(err, fault.SessionNotActive) {
		err = nil
	}
	return snap.Peers, err
}

// connections are those of a session: who is inside, and with pending what
// nobody has taken yet.
func (s *Service) connections(r call, n *session, pending bool) ([]any, error) {
	peers, err := s.peers(r, n)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []connection
	for _, p := range peers {
		all = append(all, s.wordActive(n, n.seats[string(p.ID)], p))
	}
	for _, c := range n.seats {
		if c.takenAt.IsZero() && pending {
			all = append(all, wordPending(c))
		}
	}
	slices.SortFunc(all, func(a, b connection) int { return int(a.CreatedAt - b.CreatedAt) })
	out := make([]any, len(all))
	for i, c := range all {
		out[i] = c
	}
	return out, nil
}
