// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"maps"
	"slices"

	"github.com/redial-rtc/redial/fault"
)

// Published is what came of a Publish.
type Published struct {
	Added, Removed, Changed []Track
	Refused                 []error // one fault per track the role may not publish, or whose id is another peer's; such tracks are not announced
}

// Publish states the complete set of tracks a peer publishes. Tracks that were
// not there are announced, missing ones withdrawn. Tracks the role does not
// allow are left out and listed in Refused, and so are those that a change of role
// withdrew, until the peer has published without them: clients give tracks up one
// after the other, and what they offer meanwhile comes when they may have the right
// again. Fails with fault.TrackLimit.
func (r *Room) Publish(ctx context.Context, id PeerID, tracks []Track) (Published, error) {
	return call(ctx, r, func() (Published, error) { return r.publish(id, tracks) })
}

func (r *Room) publish(id PeerID, tracks []Track) (Published, error) {
	var p Published
	m, err := r.member(id)
	if err != nil {
		return p, err
	}
	if len(tracks) > r.opt.MaxTracks {
		return p, fault.TrackLimit.New("limit", r.opt.MaxTracks, "tracks", len(tracks))
	}
	want := make(map[TrackID]Track, len(tracks))
	for _, t := range tracks {
		if err := r.canPublish(m, t); err != nil {
			p.Refused = append(p.Refused, err)
			continue
		}
		// Viewers know a track by its id alone; nobody may speak in another's name.
		if other := publisherOf(r, t.ID); other != nil && other != m {
			p.Refused = append(p.Refused, fault.FieldInvalid.New("field", "track_id", "track", t.ID, "reason", "another peer publishes a track of this id"))
			continue
		}
		if _, twice := want[t.ID]; twice {
			continue
		}
		was, known := m.Tracks[t.ID]
		if !known && !r.hub.takeTrack() {
			p.Refused = append(p.Refused, fault.Overloaded.New("limit", "limits.tracks", "max", r.opt.NodeTracks, "track", t.ID, "retry_after_seconds", 5))
			continue
		}
		want[t.ID] = t
		switch {
		case !known:
			p.Added = append(p.Added, t)
		case was != t:
			p.Changed = append(p.Changed, t)
		}
	}
	for tid, t := range m.Tracks {
		if _, keep := want[tid]; !keep {
			p.Removed = append(p.Removed, t)
		}
	}
	maps.DeleteFunc(m.lost, func(id TrackID, _ bool) bool {
		return !slices.ContainsFunc(tracks, func(t Track) bool { return t.ID == id })
	})
	r.withdraw(m, p.Removed, "")
	for _, t := range append(p.Added, p.Changed...) {
		m.Tracks[t.ID] = t
	}
	if len(p.Added) > 0 {
		r.notifyViewers(m, TracksAdded{m.Peer.clone(), p.Added})
	}
	if len(p.Changed) > 0 {
		r.notifyViewers(m, TracksChanged{m.Peer.clone(), p.Changed})
	}
	if len(p.Added)+len(p.Removed) > 0 {
		r.notifyCounts()
	}
	r.moderation.published(m, p.Added)
	return p, nil
}

// Withdraw ends some of the tracks that a peer publishes, and returns those that
// were there. Why is told to those who saw them.
func (r *Room) Withdraw(ctx context.Context, id PeerID, tracks []TrackID, why string) ([]Track, error) {
	return call(ctx, r, func() ([]Track, error) {
		m, err := r.member(id)
		if err != nil {
			return nil, err
		}
		var gone []Track
		for _, tid := range tracks {
			delete(m.lost, tid)
			if t, there := m.Tracks[tid]; there {
				gone = append(gone, t)
			}
		}
		r.withdraw(m, gone, why)
		if len(gone) > 0 {
			r.notifyCounts()
		}
		return gone, nil
	})
}

// publisherOf finds who publishes a track, or nil.
func publisherOf(r *Room, id TrackID) *member {
	for _, m := range r.members {
		if _, ok := m.Tracks[id]; ok {
			return m
		}
	}
	return nil
}

// withdraw ends tracks of a member and tells those who saw them.
func (r *Room) withdraw(m *member, tracks []Track, why string) {
	if len(tracks) == 0 {
		return
	}
	for _, t := range tracks {
		delete(m.Tracks, t.ID)
		r.hub.tracks.Add(-1)
		if _, flowing := m.sources[t.ID]; flowing {
			delete(m.sources, t.ID)
			r.notifyViewers(m, SourceGone{m.ID, t.ID})
		}
	}
	r.notifyViewers(m, TracksRemoved{m.Peer.clone(), tracks, why})
}

// UpdateTracks takes mute states, descriptions and pictures of tracks the peer
// publishes and returns those that changed; unknown ones are passed over, as
// they may have been withdrawn while the message was under way.
func (r *Room) UpdateTracks(ctx context.Context, id PeerID, tracks []Track) ([]Track, error) {
	return call(ctx, r, func() ([]Track, error) {
		m, err := r.member(id)
		if err != nil {
			return nil, err
		}
		var changed []Track
		for _, t := range tracks {
			known, ok := m.Tracks[t.ID]
			if !ok || (known.Mute == t.Mute && known.Description == t.Description && known.Picture == t.Picture) {
				continue
			}
			known.Mute, known.Description, known.Picture = t.Mute, t.Description, t.Picture
			m.Tracks[t.ID] = known
			changed = append(changed, known)
		}
		if len(changed) > 0 {
			r.notifyViewers(m, TracksChanged{m.Peer.clone(), changed})
		}
		return changed, nil
	})
}

// SetSource states that the media of a published track flows. A track the
// room does not know of is refused with fault.TrackNotFound.
func (r *Room) SetSource(ctx context.Context, id PeerID, tid TrackID, s Source) error {
	return act(ctx, r, func() error {
		m, err := r.member(id)
		if err != nil {
			return err
		}
		t, ok := m.Tracks[tid]
		if !ok {
			return fault.TrackNotFound.New("track", tid)
		}
		if m.sources[tid] == s {
			return nil
		}
		m.sources[tid] = s
		r.notifyViewers(m, SourceReady{id, t, s})
		return nil
	})
}

// ClearSource states that the given media has ended, while the track may stay
// announced. A source that was replaced meanwhile is left alone.
func (r *Room) ClearSource(ctx context.Context, id PeerID, tid TrackID, s Source) {
	_ = r.do(ctx, func() {
		m := r.members[id]
		if m == nil || m.sources[tid] == nil || (s != nil && m.sources[tid] != s) {
			return
		}
		delete(m.sources, tid)
		r.notifyViewers(m, SourceGone{id, tid})
	})
}
