// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/policy"
)

// PeerID names a peer; the client chooses it, a UUID per join.
type PeerID string

// TrackID names a published track; the client chooses it.
type TrackID string

// Kinds of media a track can carry.
const (
	Audio = "audio"
	Video = "video"
)

// Sources with a meaning of their own; any other word is the app's.
const (
	SourceRegular = "regular"
	SourceScreen  = "screen"
)

// HandRaise is the group whose members have their hand up.
const HandRaise = "_handraise"

// Track is what a peer says of something it publishes.
type Track struct {
	ID          TrackID
	StreamID    string
	Kind        string // Audio or Video
	Source      string
	Mute        bool
	Description string
	Picture     Picture // what its publisher says of a video
	Stream      string  // which of its publisher's streams it belongs to, of one that has several; else ""
	Title       string  // how its publisher calls that stream
	Initials    string  // of who is seen there, for when no picture is
}

// Picture is the size of a video in pixels and its frames a second, as far as its
// publisher has said so.
type Picture struct{ Width, Height, FrameRate int }

// publishKind is the permission a track needs: a screen is allowed apart from
// the camera, its sound included.
func (t Track) publishKind() string {
	if t.Source == SourceScreen {
		return SourceScreen
	}
	return t.Kind
}

// Source is the media of a track as the room sees it: something whose loudness
// it may ask. Level is in -dBov as RFC 6464 has it: 0 is the loudest, 127 is
// silence.
type Source interface {
	ID() string
	Level() uint8
}

// Peer is one participant.
type Peer struct {
	ID        PeerID
	UserID    string
	UserProof string // how UserID is proven, in the words of package token; only "token" is proof
	Resume    string // by which the peer is known again; kept for the record and told to nobody
	Name      string
	Data      string // the app's own text about the peer
	Role      string
	Groups    []string
	JoinedAt  time.Time
	Tracks    map[TrackID]Track

	Mode       Mode
	UniqueName bool // nobody else may be called the same when it joins
	Watches    bool // its app has a player that follows that of the leader; see Player
}

// clone gives a copy that may leave the room's goroutine.
func (p Peer) clone() Peer {
	p.Groups = slices.Clone(p.Groups)
	tracks := make(map[TrackID]Track, len(p.Tracks))
	for id, t := range p.Tracks {
		tracks[id] = t
	}
	p.Tracks = tracks
	return p
}

// InGroup tells whether the peer is a member of the named group.
func (p Peer) InGroup(name string) bool { return slices.Contains(p.Groups, name) }

// Spec is what a room is made from. It comes from the registry and stays as it is
// while the room lives.
type Spec struct {
	ID           string
	Name         string
	Description  string
	Template     policy.Template
	MaxPeers     int           // 0 takes the hub's limit
	MaxStreaming int           // peers that publish at once; 0 is no limit
	MaxDuration  time.Duration // a session is ended after this; 0 never
	Large        bool          // clients page through peers instead of knowing them all
	SessionID    string        // a session left open by an earlier process, to be continued; usually ""
	SessionFrom  time.Time
	Metadata     []Entry              // of that session
	Removed      map[PeerID]time.Time // peers removed from that session, and when
}

// Snapshot is a room at one moment, as one viewer may see it.
type Snapshot struct {
	RoomID      string
	Name        string
	Description string
	TemplateID  string
	MaxPeers    int
	Large       bool
	SessionID   string // "" before the first peer has joined
	StartedAt   time.Time
	Peers       []Peer // sorted by time of joining; without tracks the viewer's role does not subscribe to
	Sources     []SourceReady
	Rules       Rules
	Streaming   int         // peers that publish something, seen or not
	Leader      PeerID      // who leads the player; "" when nobody does
	Player      PlayerState // what it last said; nobody's when it has said nothing
	Hushed      bool        // whoever publishes sound is asked to mute it
}

// Counts is how many peers are inside and how many tracks they publish.
func (s Snapshot) Counts() (peers, tracks int) {
	for _, p := range s.Peers {
		tracks += len(p.Tracks)
	}
	return len(s.Peers), tracks
}

// Message is something said to peers of the room.
type Message struct {
	ID      string
	At      time.Time
	From    *Peer // nil when the server itself speaks
	To      PeerID
	Roles   []string
	Type    string
	Body    string
	Private bool // to one peer only
}

// Entry is one value of the session's shared metadata.
type Entry struct {
	Key       string
	Data      json.RawMessage
	Version   int64 // grows with each change of this key, from 1
	UpdatedAt time.Time
	UpdatedBy PeerID // "" when the server wrote it
}

// Speaker is one audible peer.
type Speaker struct {
	PeerID  PeerID
	TrackID TrackID
	Level   int // 0 to 100, 100 the loudest
}
