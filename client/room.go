// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"slices"
	"strings"
)

// Room is a session of this client in a room: from Join until it ends. Its
// methods may be called from any goroutine, callbacks included.
//
// Calls that need the server wait for a lost socket to come back for as long as
// their context allows, [Config.CallTimeout] when it has no deadline. Besides
// the faults each method names, all fail with fault.ClientNotConnected once the
// session has ended, fault.SignalLost when the socket is lost and stays so,
// fault.SignalSilent when no answer comes, and fault.RequestCancelled.
type Room struct{ s *session }

// Join enters a room. It returns when the room's peers are known; media may
// still be connecting. It makes one attempt, plus up to two more, with pauses,
// when the server is overloaded or restarting (5xx, 429). It always returns
// within [Config.JoinTimeout], plus at most two seconds in which a server that
// answers is told of the failure.
//
// Ending ctx later leaves the room. Join fails with fault.EndpointInvalid;
// fault.TokenMissing, TokenMalformed, TokenPayload or TokenPayloadJSON for a
// token that cannot be read; fault.EndpointUnreachable when nothing answers (DNS
// included), fault.TLSFailed; fault.ResponseNotJSON, ResponseEmpty,
// ResponseMalformed, ResponseStatus or InitConfigMissing for a server that talks
// rubbish; fault.SignalUpgrade, SignalLost or SignalSilent when the socket
// cannot be opened, breaks or says nothing; fault.RequestCancelled; and with
// every refusal of the server, such as fault.TokenExpired, TokenRevoked,
// AccessKeyUnknown, TokenRoomUnknown, TokenRole, RoomLocked, RoomDisabled,
// RoomFull, RoleFull, PeerAlreadyJoined or Draining.
func Join(ctx context.Context, cfg Config) (*Room, error) {
	p, err := StartPreview(ctx, cfg)
	if err != nil {
		return nil, err
	}
	r, err := p.Join(ctx)
	if err != nil {
		p.Close()
		return nil, err
	}
	return r, nil
}

// Leave leaves the room and waits until nothing of the session is left. Called
// from a callback it does not wait for that callback. It may be called more than
// once and after the session has ended by itself. With a dead network the goodbye
// and the reports that wait are given up after a few seconds.
func (r *Room) Leave() {
	r.s.shutdown(nil, true)
	r.s.cb.close()
}

// Done is closed when the session has ended, whoever ended it.
func (r *Room) Done() <-chan struct{} { return r.s.done }

// Err returns the terminal error that ended the session; nil before that and
// after Leave.
func (r *Room) Err() error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.s.err == nil {
		return nil
	}
	return r.s.err
}

// State returns where the session is in its life.
func (r *Room) State() State {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.state
}

// Self returns this peer, with its publications.
func (r *Room) Self() Peer {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	p := r.s.roster.self
	p.Role = r.s.roster.role.Name
	for _, pub := range r.s.pubs {
		p.Tracks = append(p.Tracks, pub.Info())
	}
	return p
}

// PeerID returns the id of this peer, which it keeps through reconnections.
func (r *Room) PeerID() string { return r.s.id }

// RoomInfo is what a room and its session are called.
type RoomInfo struct {
	ID        string
	Name      string
	SessionID string
}

// Info returns what the room and its session are called.
func (r *Room) Info() RoomInfo {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return RoomInfo{ID: r.s.roster.roomID, Name: r.s.roster.roomName, SessionID: r.s.roster.sessionID}
}

// Role returns this peer's role.
func (r *Room) Role() Role {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.roster.role
}

// Roles returns every role of the room, by name. The map must not be changed.
func (r *Room) Roles() map[string]Role {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.roster.roles
}

// Peers returns everybody else, ordered by id.
func (r *Room) Peers() []Peer {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	out := make([]Peer, 0, len(r.s.roster.peers))
	for _, p := range r.s.roster.peers {
		out = append(out, r.s.roster.withTracks(p))
	}
	slices.SortFunc(out, func(a, b Peer) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Tracks returns the tracks of others, ordered by id.
func (r *Room) Tracks() []*RemoteTrack {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	var out []*RemoteTrack
	for _, t := range r.s.roster.tracks {
		if t.known {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *RemoteTrack) int { return strings.Compare(a.ID(), b.ID()) })
	return out
}

// Publications returns what this peer publishes, in the order of publishing.
func (r *Room) Publications() []*Publication {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return slices.Clone(r.s.pubs)
}

// Stats returns the session in numbers.
func (r *Room) Stats() Stats {
	r.s.mu.Lock()
	s := Stats{State: r.s.state, Reconnects: r.s.reconnects, Outage: r.s.outage, Tracks: map[string]TrackStats{}}
	pubs := slices.Clone(r.s.pubs)
	tracks := make([]*RemoteTrack, 0, len(r.s.roster.tracks))
	for _, t := range r.s.roster.tracks {
		tracks = append(tracks, t)
	}
	r.s.mu.Unlock()
	for _, p := range pubs {
		s.PacketsSent += p.PacketsSent()
	}
	for _, t := range tracks {
		s.Tracks[t.ID()] = t.Stats()
	}
	return s
}
