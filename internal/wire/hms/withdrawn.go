// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import "github.com/redial-rtc/redial/internal/room"

// withdrawals keep word of withdrawn videos back. A client that asks for videos
// takes one that goes off its connection for one that it may ask for again, and
// shows it as an empty picture: that it is withdrawn has to come afterwards.
type withdrawals struct {
	m    *media
	held map[room.TrackID]room.TracksRemoved // of one track each
}

// take tells of tracks that were withdrawn, of some later.
func (w withdrawals) take(u room.TracksRemoved, all *room.Shared) {
	now := room.TracksRemoved{Peer: u.Peer}
	for _, t := range u.Tracks {
		if w.m.asks() && t.Kind == room.Video && w.m.sub != nil && w.m.sub.Removing(t.ID) {
			w.held[t.ID] = room.TracksRemoved{Peer: u.Peer, Tracks: []room.Track{t}}
			continue
		}
		now.Tracks = append(now.Tracks, t)
	}
	if len(now.Tracks) < len(u.Tracks) {
		all = nil // others are told more, or less
	}
	if len(now.Tracks) > 0 {
		w.m.s.notifyListed(all, "on-track-remove", func() any { return tracksNotice(now.Peer, now.Tracks) })
	}
}

// tell says what was kept back of a track, if anything was.
func (w withdrawals) tell(id room.TrackID) {
	if u, held := w.held[id]; held {
		delete(w.held, id)
		w.m.s.notifyListed(nil, "on-track-remove", func() any { return tracksNotice(u.Peer, u.Tracks) })
	}
}

func (w withdrawals) tellAll() {
	for id := range w.held {
		w.tell(id)
	}
}
