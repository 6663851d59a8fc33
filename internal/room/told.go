// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/redial-rtc/redial/internal/poll"
)

// Told is what calls have made their rooms tell members: each update for each
// member that was told it, in bytes.
type Told struct{ Bytes int }

type toldKey struct{}

// Counted returns a context that has calls of rooms add to told what they make the
// room tell, before they return.
func Counted(ctx context.Context, told *Told) context.Context {
	return context.WithValue(ctx, toldKey{}, told)
}

// outgoing is what a room has told its members since it was made.
type outgoing struct{ bytes int }

// counted is the way to a member, on which nothing goes uncounted.
type counted struct {
	Member
	out *outgoing
}

// Notify tells the member alone.
func (c counted) Notify(u Update) { c.share(u, nil) }

// share tells the member what others are told as well.
func (c counted) share(u Update, all *Shared) {
	c.out.bytes += updateCost + u.size()
	c.Member.Notify(u, all)
}

// tell gives an update to the members it is for; nil: to everybody.
func tell(r *Room, u Update, to func(*member) bool) {
	all := &Shared{}
	for _, m := range r.members {
		if to == nil || to(m) {
			m.to.share(u, all)
		}
	}
}

// updateCost is what an update costs that says hardly anything.
const updateCost = 128

func (u StateSync) size() int {
	n := 0
	for _, p := range u.Snapshot.Peers {
		n += updateCost + p.size() + tracksSize(maps.Values(p.Tracks))
	}
	return n
}

func (u PeerJoined) size() int    { return u.Peer.size() + tracksSize(maps.Values(u.Peer.Tracks)) }
func (u PeerLeft) size() int      { return u.Peer.size() + len(u.Reason) }
func (u PeerChanged) size() int   { return u.Peer.size() }
func (u TracksAdded) size() int   { return u.Peer.size() + tracksSize(slices.Values(u.Tracks)) }
func (u TracksChanged) size() int { return u.Peer.size() + tracksSize(slices.Values(u.Tracks)) }
func (u TracksRemoved) size() int {
	return u.Peer.size() + tracksSize(slices.Values(u.Tracks)) + len(u.Why)
}
func (u HushChanged) size() int     { return 0 }
func (u SourceReady) size() int     { return len(u.PeerID) + u.Track.size() }
func (u SourceGone) size() int      { return len(u.PeerID) + len(u.TrackID) }
func (u ModeChanged) size() int     { return u.Peer.size() }
func (u RulesChanged) size() int    { return 0 }
func (u LeaderChanged) size() int   { return len(u.PeerID) }
func (u PlayerMoved) size() int     { return len(u.State.From) + len(u.State.Data) }
func (u RoleChanged) size() int     { return len(u.Role) }
func (u RoleOffered) size() int     { return asked(u.By) + len(u.Role) + len(u.Token) }
func (u TrackMuteAsked) size() int  { return asked(u.By) + u.Track.size() }
func (u MuteAsked) size() int       { return asked(u.By) + len(u.Kind) + len(u.Source) }
func (u Removed) size() int         { return asked(u.By) + len(u.Reason) }
func (u SpeakersChanged) size() int { return updateCost * len(u.Speakers) }
func (u QualityChanged) size() int  { return updateCost * len(u.Scores) }
func (u CountsChanged) size() int   { return len(u.SessionID) }
func (u PollStarted) size() int     { return pollSize(u.Poll) }
func (u PollStopped) size() int     { return pollSize(u.Poll) }

func (u MessageSent) size() int {
	n := len(u.Message.Type) + len(u.Message.Body)
	if u.Message.From != nil {
		n += u.Message.From.size()
	}
	for _, role := range u.Message.Roles {
		n += len(role)
	}
	return n
}

func (u MetadataChanged) size() int {
	n := 0
	for _, e := range u.Entries {
		n += updateCost + len(e.Key) + len(e.Data)
	}
	return n
}

func (u PollStats) size() int {
	const number = 4 // digits and a comma
	n := 0
	for _, q := range u.Result.Questions {
		n += updateCost + number*len(q.Votes)
	}
	return n
}

func pollSize(p poll.Poll) int {
	n := len(p.ID) + len(p.Title)
	for _, role := range p.VoteRoles {
		n += len(role)
	}
	for _, role := range p.ViewRoles {
		n += len(role)
	}
	return n
}

// asked is who asks for something, who is named by the id only.
func asked(by *Peer) int {
	if by == nil {
		return 0
	}
	return len(by.ID)
}

// size of a peer without its tracks.
func (p Peer) size() int {
	n := len(p.ID) + len(p.UserID) + len(p.Name) + len(p.Data) + len(p.Role)
	for _, g := range p.Groups {
		n += len(g)
	}
	return n
}

func (t Track) size() int {
	return len(t.ID) + len(t.StreamID) + len(t.Kind) + len(t.Source) + len(t.Description) + len(t.Stream) + len(t.Title) + len(t.Initials)
}

func tracksSize(tracks iter.Seq[Track]) int {
	n := 0
	for t := range tracks {
		n += updateCost + t.size()
	}
	return n
}
