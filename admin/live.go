// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"io"
	"time"
)

// LiveRooms lists the rooms in which a session runs, those with most participants
// first, up to a thousand of them.
type LiveRooms struct {
	At    time.Time       `json:"at"`
	Rooms []LiveRoomCount `json:"rooms"`
	Total int             `json:"total"` // rooms, also those that are not listed
	Peers int             `json:"peers"` // in all of them
}

// LiveRoomCount is a room in which a session runs.
type LiveRoomCount struct {
	ID        string    `json:"room_id"`
	Name      string    `json:"room_name"`
	SessionID string    `json:"session_id"`
	Since     time.Time `json:"since"`
	Locked    bool      `json:"locked"`
	Peers     int       `json:"peers"`
	Tracks    int       `json:"tracks"`
}

// LiveRoom is a running session as it was measured at one moment. Rates are of the
// time since the measurement before it, and nil where there was none.
type LiveRoom struct {
	At        time.Time  `json:"at"`
	ID        string     `json:"room_id"`
	Name      string     `json:"room_name"`
	SessionID string     `json:"session_id"`
	Since     time.Time  `json:"since"`
	Locked    bool       `json:"locked"`
	Peers     []LivePeer `json:"peers"`
}

// LivePeer is a participant of a running session.
type LivePeer struct {
	ID       string      `json:"peer_id"`
	Name     string      `json:"name"`
	UserID   string      `json:"user_id"`
	Role     string      `json:"role"`
	JoinedAt time.Time   `json:"joined_at"`
	Away     bool        `json:"away"`     // its socket is lost and its place is held
	Measured bool        `json:"measured"` // false: it did not answer in time, and nothing below is known
	Up       *LivePath   `json:"up"`       // on which it sends; nil: there is none
	Down     *LivePath   `json:"down"`     // on which it receives; nil: there is none
	Tracks   []LiveTrack `json:"tracks"`   // that it publishes
	Open     int         `json:"open"`     // tracks that are forwarded to it
	Gates    []LiveGate  `json:"gates"`    // tracks that are not, and why
}

// LivePath is how the media of one direction goes. Of several connections of one
// direction it is the one that fares worst, with the rates of all of them.
type LivePath struct {
	State      string   `json:"state"`       // connecting, connected, disconnected, failed or closed
	Protocol   string   `json:"protocol"`    // udp or tcp; "" before there is a path
	LocalType  string   `json:"local_type"`  // host, srflx, prflx or relay, as RFC 8445 has them
	RemoteType string   `json:"remote_type"` // of the client
	RTT        *float64 `json:"rtt_ms"`      // by its receiver reports (RFC 3550, 6.4.1); down only
	Loss       *float64 `json:"loss"`        // share of packets lost, 0 to 1
	Bitrate    *uint64  `json:"bitrate"`     // bits of media a second, without headers
	Estimate   uint64   `json:"estimate"`    // bits a second that it can carry; 0: not known, or up
	Score      int      `json:"score"`       // 1 to 5, as clients are told it; 0: nothing arrives; -1: not known, or up
}

// LiveTrack is a published track.
type LiveTrack struct {
	ID     string      `json:"track_id"`
	Kind   string      `json:"kind"`
	Source string      `json:"source"`
	Muted  bool        `json:"muted"`
	Codec  string      `json:"codec"` // "": nothing of it arrived yet
	Layers []LiveLayer `json:"layers"`
}

// LiveLayer is one received encoding of a track.
type LiveLayer struct {
	Layer          string     `json:"layer"`
	Bitrate        uint64     `json:"bitrate"`
	Packets        uint64     `json:"packets"`
	Lost           uint64     `json:"lost"`
	Keyframes      uint64     `json:"keyframes"`
	KeyframesAsked uint64     `json:"keyframe_requests"`
	LastPacket     *time.Time `json:"last_packet"` // nil: none came
	NACKs          uint64     `json:"nacks"`       // packets asked for again
}

// LiveGate is a track that is not forwarded to a peer.
type LiveGate struct {
	TrackID        string     `json:"track_id"`
	Kind           string     `json:"kind"`
	From           string     `json:"from"`      // peer id of who publishes it; "": they have just left
	FromName       string     `json:"from_name"` // how they are called
	State          string     `json:"state"`     // negotiating, unsupported, paused, starved, keyframe, silent or ended
	Since          *time.Time `json:"since"`     // nil: it has just begun
	Wanted         string     `json:"wanted"`    // layer that the peer asks for
	Target         string     `json:"target"`    // layer that is aimed at
	Current        string     `json:"current"`   // layer that is forwarded
	KeyframesAsked uint64     `json:"keyframe_requests"`
	Keyframes      uint64     `json:"keyframes"`
}

// Muted is what a participant was asked for.
type Muted struct {
	Mute   bool     `json:"mute"`
	Tracks []string `json:"tracks"` // ids
}

// MuteRequest says what a participant is to mute: a track by its id, else all of a
// kind, "audio" or "video", else all.
type MuteRequest struct {
	Track  string `json:"track_id,omitempty"`
	Kind   string `json:"kind,omitempty"`
	Unmute bool   `json:"-"` // the other way round
}

// Rooms lists the rooms in which a session runs.
func (c Live) Rooms(ctx context.Context) (LiveRooms, error) {
	return fetch[LiveRooms](ctx, c, get("/api/v1/live"))
}

// Get returns what was measured of a room, by id or name, within the last second:
// [fault.RoomNotFound], [fault.SessionNotActive].
func (c Live) Get(ctx context.Context, room string) (LiveRoom, error) {
	path, err := at("/api/v1/live/", room)
	if err != nil {
		return LiveRoom{}, err
	}
	return fetch[LiveRoom](ctx, c, get(path))
}

// LiveStream is an open stream of measurements.
type LiveStream struct{ *eventStream }

// Stream opens a stream of what is measured of a room, once a second. Close it. It
// fails with [fault.RoomNotFound], [fault.SessionNotActive], and with
// [fault.QueueFull] when as many watch the room as may.
func (c Live) Stream(ctx context.Context, room string) (*LiveStream, error) {
	path, err := at("/api/v1/live/", room, "/stream")
	if err != nil {
		return nil, err
	}
	s, err := c.open(ctx, get(path))
	if err != nil {
		return nil, err
	}
	return &LiveStream{s}, nil
}

// Next waits for the next measurement. It fails with [io.EOF] when the session or the
// server has ended, and with [fault.EndpointUnreachable] when the stream was cut off.
func (s *LiveStream) Next() (LiveRoom, error) {
	var now LiveRoom
	err := s.next(&now)
	if err == nil && now.ID == "" { // the end, with its reason
		err = io.EOF
	}
	return now, err
}

// Mute asks a participant to mute or unmute what it publishes, as the server, and
// returns which tracks it was asked for; its app may refuse. It fails with
// [fault.RoomNotFound], [fault.SessionNotActive], [fault.PeerNotFound],
// [fault.TrackNotFound].
func (c ActiveRooms) Mute(ctx context.Context, room, peer string, m MuteRequest) (Muted, error) {
	path, err := at("/v2/active-rooms/", room, "/peers/", peer, "/mute")
	if err != nil {
		return Muted{}, err
	}
	return fetch[Muted](ctx, c, post(path, struct {
		MuteRequest
		Mute bool `json:"mute"`
	}{m, !m.Unmute}).repeatable())
}
