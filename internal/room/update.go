// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import "github.com/redial-rtc/redial/internal/poll"

// Update is something a member is told.
type Update interface {
	// size is about how many bytes it says of what peers have chosen, on any wire.
	size() int
}

// Member is how a room speaks to whoever is in it. Notify never blocks: it is
// called from the room's goroutine. An update that others are told as well comes with
// what their wires have made of it, any other with nil.
type Member interface {
	Notify(Update, *Shared)
}

type (
	// StateSync gives the whole room to a peer that asked for it.
	StateSync struct{ Snapshot Snapshot }
	// PeerJoined tells of a new peer.
	PeerJoined struct{ Peer Peer }
	// PeerLeft tells that a peer is gone for good.
	PeerLeft struct {
		Peer   Peer
		Reason string
	}
	// PeerChanged tells of a new name, data, role or group. The peer itself
	// hears it as well, but of a mere role as RoleChanged.
	PeerChanged struct{ Peer Peer }
	// TracksAdded tells of tracks the viewer may subscribe to.
	TracksAdded struct {
		Peer   Peer
		Tracks []Track
	}
	// TracksChanged tells of a mute, unmute or new description.
	TracksChanged struct {
		Peer   Peer
		Tracks []Track
	}
	// TracksRemoved tells of tracks that ended or may no longer be seen.
	TracksRemoved struct {
		Peer   Peer
		Tracks []Track
		Why    string // a word of the wire that ended them; "" when nothing is said
	}
	// SourceReady tells that the media of a track flows and can be subscribed to.
	SourceReady struct {
		PeerID PeerID
		Track  Track
		Source Source
	}
	// SourceGone tells that the media of a track must no longer be forwarded.
	SourceGone struct {
		PeerID  PeerID
		TrackID TrackID
	}
	// ModeChanged tells that a peer takes part in another way now.
	ModeChanged struct{ Peer Peer }
	// RulesChanged gives the rules of the session as they are now.
	RulesChanged struct{ Rules Rules }
	// LeaderChanged tells who leads the player now; "" is nobody.
	LeaderChanged struct{ PeerID PeerID }
	// PlayerMoved tells what the leader says of its player.
	PlayerMoved struct{ State PlayerState }
	// RoleChanged tells a peer that its own role is another one now.
	RoleChanged struct{ Role string }
	// RoleOffered asks a peer to accept a role; Token must come back with the
	// acceptance.
	RoleOffered struct {
		By    *Peer
		Role  string
		Token string
	}
	// TrackMuteAsked asks a peer to mute or unmute one of its tracks.
	TrackMuteAsked struct {
		By    *Peer
		Track Track
		Mute  bool
	}
	// MuteAsked asks a peer to mute or unmute all its tracks that match.
	MuteAsked struct {
		By           *Peer
		Kind, Source string // "" matches all
		Mute         bool
	}
	// HushChanged tells whether whoever publishes sound is asked to mute it.
	HushChanged struct{ Hushed bool }
	// Removed tells a peer that it is out of the room.
	Removed struct {
		By     *Peer
		Reason string
		Ended  bool // the session was ended for everybody
	}
	// MessageSent delivers a message.
	MessageSent struct{ Message Message }
	// MetadataChanged delivers values of observed keys.
	MetadataChanged struct{ Entries []Entry }
	// SpeakersChanged lists who is audible, loudest first; empty after the last
	// one fell silent.
	SpeakersChanged struct{ Speakers []Speaker }
	// QualityChanged gives the downlink scores of peers, 0 (lost) to 5 (excellent).
	QualityChanged struct{ Scores map[PeerID]int }
	// CountsChanged gives counts, and to watchers the peers without tracks.
	CountsChanged struct {
		Peers, Tracks int
		SessionID     string
	}
	// PollStarted tells of a poll that takes answers now.
	PollStarted poll.Started
	// PollStopped tells of a poll that takes none any more.
	PollStopped poll.Stopped
	// PollStats gives counts of a running poll to those who may see them.
	PollStats poll.Stats
)
