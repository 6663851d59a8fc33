// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package live is how calls fare at this moment: what is measured of a running
// session, once a second and only while somebody watches.
package live

import (
	"math"
	"time"
)

// Room is a running session at one moment. Rates are of the time since the
// measurement before it, and nil where there was none.
type Room struct {
	At        time.Time `json:"at"`
	ID        string    `json:"room_id"`
	Name      string    `json:"room_name"`
	SessionID string    `json:"session_id"`
	Since     time.Time `json:"since"`
	Locked    bool      `json:"locked"`
	Peers     []Peer    `json:"peers"`
}

// Peer is a participant of a session. It has no addresses.
type Peer struct {
	ID       string    `json:"peer_id"`
	Name     string    `json:"name"`
	UserID   string    `json:"user_id"`
	Role     string    `json:"role"`
	JoinedAt time.Time `json:"joined_at"`
	Away     bool      `json:"away"`     // its socket is lost and its place is held
	Measured bool      `json:"measured"` // false: it did not answer in time, and nothing below is known
	Up       *Path     `json:"up"`       // on which it sends; nil: there is none
	Down     *Path     `json:"down"`     // on which it receives; nil: there is none
	Tracks   []Track   `json:"tracks"`   // that it publishes
	Open     int       `json:"open"`     // tracks that are forwarded to it
	Gates    []Gate    `json:"gates"`    // tracks that are not, and why
}

// Path is how the media of one direction goes. Of several connections of one direction
// it is the one that fares worst, with the rates of all of them.
type Path struct {
	State      string   `json:"state"`       // connecting, connected, disconnected, failed or closed
	Protocol   string   `json:"protocol"`    // udp or tcp; "" before there is a path
	LocalType  string   `json:"local_type"`  // host, srflx, prflx or relay, as RFC 8445 has them
	RemoteType string   `json:"remote_type"` // of the client
	RTT        *float64 `json:"rtt_ms"`      // by its receiver reports (RFC 3550, 6.4.1); down only
	Loss       *float64 `json:"loss"`        // share of packets lost, 0 to 1
	Bitrate    *uint64  `json:"bitrate"`     // bits of media a second, without headers
	Estimate   uint64   `json:"estimate"`    // bits a second that it can carry; 0: not known, or up
	Score      int      `json:"score"`       // 1 to 5, as clients are told it; 0: nothing arrives; -1: not known, or up

	packets, lost, bytes uint64 // since the beginning
}

// Track is a published track.
type Track struct {
	ID     string  `json:"track_id"`
	Kind   string  `json:"kind"`
	Source string  `json:"source"`
	Muted  bool    `json:"muted"`
	Codec  string  `json:"codec"` // "": nothing of it arrived yet
	Layers []Layer `json:"layers"`
}

// Layer is one received encoding of a track.
type Layer struct {
	Layer           string     `json:"layer"`
	Bitrate         uint64     `json:"bitrate"`
	Packets         uint64     `json:"packets"`
	Lost            uint64     `json:"lost"`
	Keyframes       uint64     `json:"keyframes"`
	KeyframesAsked  uint64     `json:"keyframe_requests"`
	LastPacket      *time.Time `json:"last_packet"` // nil: none came
	PacketsAskedFor uint64     `json:"nacks"`
}

// Gate is a track that is not forwarded to a peer.
type Gate struct {
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

// Count adds what a connection has carried since its beginning.
func (p *Path) Count(packets, lost, bytes uint64) {
	p.packets, p.lost, p.bytes = p.packets+packets, p.lost+lost, p.bytes+bytes
}

// compare fills in what takes two measurements.
func (r *Room) compare(before *Room) {
	if before == nil || before.SessionID != r.SessionID {
		return
	}
	passed := r.At.Sub(before.At).Seconds()
	if passed <= 0 {
		return
	}
	was := make(map[string]*Peer, len(before.Peers))
	for i := range before.Peers {
		was[before.Peers[i].ID] = &before.Peers[i]
	}
	for i := range r.Peers {
		p := &r.Peers[i]
		if old := was[p.ID]; old != nil {
			p.Up.compare(old.Up, passed)
			p.Down.compare(old.Down, passed)
		}
	}
}

func (p *Path) compare(old *Path, seconds float64) {
	if p == nil || old == nil || p.bytes < old.bytes || p.packets < old.packets { // a connection has ended
		return
	}
	rate := uint64(float64(p.bytes-old.bytes) * 8 / seconds)
	p.Bitrate = &rate
	if packets, lost := p.packets-old.packets, max(p.lost, old.lost)-old.lost; p.Loss == nil && packets > 0 {
		loss := Share(float64(lost) / float64(packets+lost))
		p.Loss = &loss
	}
}

// Share is a share to four digits.
func Share(f float64) float64 {
	return math.Round(f*1e4) / 1e4
}
