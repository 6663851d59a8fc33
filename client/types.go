// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"slices"
	"time"
)

// Role is what a peer may do, as the server's template says.
type Role struct {
	Name     string `json:"name"`
	Priority int    `json:"priority"` // 1 is the highest
	Publish  struct {
		Allowed []string `json:"allowed"` // of "audio", "video" and "screen"
		Video   struct {
			Codec     string `json:"codec"`
			BitRate   int    `json:"bitRate"` // kbit/s
			FrameRate int    `json:"frameRate"`
			Width     int    `json:"width"`
			Height    int    `json:"height"`
		} `json:"video"`
	} `json:"publishParams"`
	Subscribe struct {
		ToRoles []string `json:"subscribeToRoles"`
	} `json:"subscribeParams"`
	Permissions struct {
		EndRoom      bool `json:"endRoom"`
		RemoveOthers bool `json:"removeOthers"`
		Mute         bool `json:"mute"`
		Unmute       bool `json:"unmute"`
		ChangeRole   bool `json:"changeRole"`
	} `json:"permissions"`
}

// MayPublish tells whether the role publishes "audio", "video" or "screen".
func (r Role) MayPublish(kind string) bool { return slices.Contains(r.Publish.Allowed, kind) }

// GroupHandRaised is the group a peer is in while it raises its hand.
const GroupHandRaised = "_handraise"

// Peer is somebody in the room, as known at one moment.
type Peer struct {
	ID       string
	Name     string
	Role     string
	UserID   string // the app's own id, from the token
	Metadata string
	Groups   []string
	JoinedAt time.Time
	Tracks   []TrackInfo // what the peer publishes, ordered by id
}

// HandRaised tells whether the peer raises its hand.
func (p Peer) HandRaised() bool { return slices.Contains(p.Groups, GroupHandRaised) }

// The sources of a track that have a meaning of their own; an app may use
// others.
const (
	SourceRegular = "regular"
	SourceScreen  = "screen"
)

// TrackInfo is what is told about a published track.
type TrackInfo struct {
	ID          string
	StreamID    string
	PeerID      string
	Kind        string // "audio" or "video"
	Source      string
	Muted       bool
	Description string
}

// Message is something a peer or the server said.
type Message struct {
	ID      string
	From    string // peer id; "" for the server
	At      time.Time
	Private bool // for this peer alone
	Roles   []string
	Type    string // the app's own, "chat" by convention
	Body    string
}

// MetadataEntry is one value of the session's metadata.
type MetadataEntry struct {
	Key       string
	Data      json.RawMessage // null when there is none
	Version   int64
	UpdatedAt time.Time
	UpdatedBy string // peer id
}

// RoleRequest asks this peer to take another role; see [Room.AcceptRole].
type RoleRequest struct {
	By    string // peer id, "" for the server
	Role  string
	Token string
}

// MuteRequest asks this peer to mute or unmute. Muting has been done already
// when it is told; unmuting is for the app to decide.
type MuteRequest struct {
	By      string
	TrackID string // "" for all tracks of the kind and source
	Kind    string // "" for both
	Source  string // "" for all
	Mute    bool
}

// ConnectionQuality is how well a peer receives.
type ConnectionQuality struct {
	PeerID string
	Score  int // 0 (lost) to 5 (as sent)
}

// Speaker is one of the active speakers.
type Speaker struct {
	PeerID  string
	TrackID string
	Level   int // 0 to 100
}

// Layer is one of the sizes in which a video track can be received.
type Layer string

// The layers. New video arrives with none unless [Config.AutoSubscribe] says
// otherwise. A track that is not simulcast sends its one size for any but none.
const (
	LayerNone   Layer = "none"
	LayerLow    Layer = "low"
	LayerMedium Layer = "medium"
	LayerHigh   Layer = "high"
)

// State is where a session is in its life.
type State string

// The states.
const (
	StateJoined       State = "joined"
	StateReconnecting State = "reconnecting"
	StateEnded        State = "ended"
)
