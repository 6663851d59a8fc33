// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package policy

import "slices"

// The kinds of track a role can be allowed to publish.
const (
	Audio  = "audio"
	Video  = "video"
	Screen = "screen"
)

// The RIDs of simulcast layers, from the largest picture to the smallest.
const (
	High   = "f"
	Medium = "h"
	Low    = "q"
)

// NoSeats as Role.MaxPeers lets nobody in with that role.
const NoSeats = -1

// Role is what a peer may do.
type Role struct {
	Name        string
	Priority    int // 1 is the highest; clients use it to order people
	Publish     Publish
	Subscribe   Subscribe
	Permissions Permissions
	MaxPeers    int // seats for this role in one session; 0 = no limit, NoSeats = none
}

// Publish says which kinds of track a role publishes, and how.
type Publish struct {
	Allowed   []string // of Audio, Video and Screen
	Audio     AudioQuality
	Video     VideoQuality
	Screen    VideoQuality
	Simulcast Simulcast
}

// AudioQuality is how a microphone is encoded.
type AudioQuality struct {
	BitRate int    // kbit/s
	Codec   string // "opus"
}

// VideoQuality is how a camera or a screen is captured and encoded.
type VideoQuality struct {
	BitRate   int    // kbit/s; 0 leaves it to the client
	Codec     string // "vp8", "vp9", "h264" or "av1"
	FrameRate int
	Width     int // pixels
	Height    int // pixels
}

// Simulcast lists the encodings a publisher sends of one track. No layers
// means a single encoding.
type Simulcast struct {
	Video  Layers
	Screen Layers
}

// Layers is a list of encodings, the largest first.
type Layers struct {
	Layers []Layer
}

// Layer is one simulcast encoding (RFC 8853).
type Layer struct {
	RID                   string  // High, Medium or Low
	ScaleResolutionDownBy float64 // 1 or more
	MaxBitrate            int     // kbit/s
	MaxFramerate          int
}

// Subscribe says whose media a role receives.
type Subscribe struct {
	ToRoles     []string
	MaxBitRate  int // kbit/s over all tracks; 0 = no limit
	Degradation Degradation
}

// Degradation says when video is withheld to keep the rest flowing.
type Degradation struct {
	PacketLossThreshold int // percent; 0 = never
	DegradeGrace        int // how long the loss must last
	RecoverGrace        int // how long the calm must last
}

// Permissions is what a role may do to others and to the session.
type Permissions struct {
	EndRoom          bool
	RemoveOthers     bool
	Mute             bool
	Unmute           bool
	ChangeRole       bool
	HLSStreaming     bool
	RTMPStreaming    bool
	BrowserRecording bool
	PollRead         bool
	PollWrite        bool
	SendRoomState    bool // see who is inside before joining
}

// MayPublish tells whether the role publishes tracks of a kind: [Audio],
// [Video] or [Screen].
func (r Role) MayPublish(kind string) bool { return slices.Contains(r.Publish.Allowed, kind) }

// HasSeat tells whether one more peer may take the role when taken have it.
func (r Role) HasSeat(taken int) bool { return r.MaxPeers == 0 || taken < r.MaxPeers }

// SubscribesTo tells whether the role receives the media of peers of another.
func (r Role) SubscribesTo(role string) bool { return slices.Contains(r.Subscribe.ToRoles, role) }
