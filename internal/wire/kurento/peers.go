// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/internal/room"
)

// IDPrefix begins the ids of connections that came by this wire, and StreamsPrefix
// those of clients whose connections have several streams.
const (
	IDPrefix      = "con_"
	StreamsPrefix = "otc_"
)

// The shapes of the wire. Times are milliseconds since the epoch.
type (
	connection struct {
		ID        room.PeerID `json:"id"`
		CreatedAt int64       `json:"createdAt"`
		Metadata  string      `json:"metadata"`
		Streams   []Stream    `json:"streams,omitempty"`

		// For clients that know each other by name, and the types of participants.
		Name string `json:"participantName,omitempty"`
		Type string `json:"type,omitempty"`
		// For clients that are told what each may do.
		Capabilities *Capabilities `json:"capabilities,omitempty"`
	}
	// Stream is what a peer publishes, as clients of this wire know it.
	Stream struct {
		ID          string `json:"id"`
		CreatedAt   int64  `json:"createdAt"`
		HasAudio    bool   `json:"hasAudio"`
		HasVideo    bool   `json:"hasVideo"`
		AudioActive bool   `json:"audioActive"`
		VideoActive bool   `json:"videoActive"`
		TypeOfVideo string `json:"typeOfVideo,omitempty"`
		FrameRate   int    `json:"frameRate,omitempty"`
		Dimensions  string `json:"videoDimensions,omitempty"` // JSON as text; see [dimensions]
		Name        string `json:"name,omitempty"`            // as its publisher calls it
		Initials    string `json:"initials,omitempty"`        // shown while there is no picture

		audio, video room.TrackID // "" where there is none
		picture      room.Picture
	}
)

// Audio is the track of its sound, "" where there is none.
func (st Stream) Audio() room.TrackID { return st.audio }

// tracks are the ids of what the stream carries.
func (st Stream) tracks() []room.TrackID {
	return slices.DeleteFunc([]room.TrackID{st.audio, st.video}, func(id room.TrackID) bool { return id == "" })
}

// told is what a client knows of a peer, or of one of its streams.
type told struct {
	stream Stream
	owner  room.PeerID // the peer
	conn   room.PeerID // the connection as the client knows it
	taken  bool        // it has asked for the stream before
}

// connectionOf is a peer without its stream. Apps look for the name of a peer
// of this wire where its own app has put it, and for that of others where nearly
// every app does.
func connectionOf(p room.Peer) connection {
	c := connection{ID: p.ID, CreatedAt: p.JoinedAt.UnixMilli(), Metadata: p.Data}
	if !strings.HasPrefix(string(p.ID), IDPrefix) {
		b, _ := json.Marshal(map[string]string{"clientData": p.Name})
		c.Metadata = joinData(string(b), p.Data)
	}
	return c
}

// DataOf is what clients of this wire read as a connection's data.
func DataOf(p room.Peer) string { return connectionOf(p).Metadata }

// The types of video.
const (
	camera = "CAMERA"
	screen = "SCREEN"
	custom = "CUSTOM"
)

// sourceCustom is the source of video that an app makes itself.
const sourceCustom = "custom"

// sourceOf is the source of what a client says is of a type.
func sourceOf(typeOfVideo string) string {
	switch typeOfVideo {
	case screen:
		return room.SourceScreen
	case custom:
		return sourceCustom
	}
	return room.SourceRegular
}

// typeOf is the reverse of sourceOf.
func typeOf(source string) string {
	switch source {
	case room.SourceScreen:
		return screen
	case sourceCustom:
		return custom
	}
	return camera
}

// ScreenSuffix ends the id of the connection that stands for a peer's screen.
const ScreenSuffix = "_SCREEN"

// peerOf is the peer that a connection stands for.
func peerOf(id room.PeerID) room.PeerID {
	return room.PeerID(strings.TrimSuffix(string(id), ScreenSuffix))
}

// view is a peer, or the screen of one, as a connection with its stream; no id of
// a stream where it publishes none. For clients whose connections have several
// streams each of these is a view of its own, beside that of the peer without one.
type view struct {
	connection
	stream Stream
	owner  room.PeerID // the peer
	key    room.PeerID // under which the client's session knows it: of the connection, or of the stream
}

// part tells whether the view is one of several streams of its connection.
func (v view) part() bool { return v.key != v.ID }

// published is the view as a client is told of it.
func (v view) published() connection {
	c := v.connection
	if v.stream.ID != "" {
		c.Streams = []Stream{v.stream}
	}
	return c
}

// views are what clients of this wire see of a peer. A connection has one stream,
// with one track of each kind, so a screen beside a camera is a connection of its
// own, as apps of this wire have it themselves.
func views(p room.Peer) []view {
	c := connectionOf(p)
	camera, screen := streamOf(p, p.ID, false), streamOf(p, p.ID, true)
	switch {
	case camera.ID == "":
		return []view{{c, screen, p.ID, c.ID}}
	case screen.ID == "":
		return []view{{c, camera, p.ID, c.ID}}
	}
	beside := c
	beside.ID += ScreenSuffix
	return []view{{c, camera, p.ID, c.ID}, {beside, streamOf(p, beside.ID, true), p.ID, beside.ID}}
}

// parts are what clients see of a peer whose connections have several streams: the
// connection without any, and each stream.
func parts(p room.Peer) []view {
	c := connectionOf(p)
	all := []view{{c, Stream{}, p.ID, c.ID}}
	for _, st := range Parts(p) {
		all = append(all, view{c, st, p.ID, room.PeerID(st.ID)})
	}
	return all
}

// Parts are the streams of a peer, each of which has one track of a kind: as its
// publisher has put them together, or else its camera and its screen.
func Parts(p room.Peer) (all []Stream) {
	groups := map[string]map[room.TrackID]room.Track{}
	for id, t := range p.Tracks {
		if groups[t.Stream] == nil {
			groups[t.Stream] = map[room.TrackID]room.Track{}
		}
		groups[t.Stream][id] = t
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		one := p
		one.Tracks = groups[name]
		for _, ofScreen := range []bool{false, true} {
			if st := streamOf(one, p.ID, ofScreen); st.ID != "" {
				all = append(all, st)
			}
		}
	}
	return all
}

// views are what the client sees of a peer.
func (s *session) views(p room.Peer) []view {
	of := views
	if s.h.style.several() {
		of = parts
	}
	all := of(p)
	s.h.style.describe(s, p, all)
	return all
}

// roster is what a client knows of the others: by the connection or, see [view], by
// the stream.
type roster map[room.PeerID]told

// owner is the peer behind what the client names.
func (r roster) owner(key room.PeerID) room.PeerID {
	if t, known := r[key]; known {
		return t.owner
	}
	return peerOf(key)
}

// conn is the connection as the client knows it that a stream is of.
func (r roster) conn(key room.PeerID) room.PeerID {
	if t, known := r[key]; known {
		return t.conn
	}
	return key
}

// streamOf is the stream of a peer's camera and microphone, or of its screen,
// under a connection. Its id is another one as soon as it has other tracks, as no
// client of this wire changes what it has negotiated.
func streamOf(p room.Peer, id room.PeerID, ofScreen bool) Stream {
	st := Stream{CreatedAt: p.JoinedAt.UnixMilli()}
	group, any := "", false // the first, of several
	for _, t := range p.Tracks {
		if (t.Source == room.SourceScreen) == ofScreen && (!any || t.Stream < group) {
			group, any = t.Stream, true
		}
	}
	for _, t := range p.Tracks {
		if (t.Source == room.SourceScreen) != ofScreen || t.Stream != group {
			continue
		}
		st.Name, st.Initials = t.Title, t.Initials
		switch {
		case t.Kind == room.Audio && (st.audio == "" || t.ID < st.audio):
			st.audio, st.HasAudio, st.AudioActive = t.ID, true, !t.Mute
		case t.Kind == room.Video && (st.video == "" || t.ID < st.video):
			st.video, st.HasVideo, st.VideoActive, st.TypeOfVideo = t.ID, true, !t.Mute, typeOf(t.Source)
			st.picture, st.FrameRate, st.Dimensions = t.Picture, t.Picture.FrameRate, dimensions(t.Picture)
		}
	}
	if st.audio == "" && st.video == "" {
		return Stream{}
	}
	if group != "" && id == p.ID && strings.HasPrefix(string(p.ID), StreamsPrefix) {
		st.ID = group
		return st
	}
	sum := sha256.Sum256([]byte(st.audio + "\n" + st.video))
	kind := "MIC_"
	if st.HasVideo {
		kind = st.TypeOfVideo[:3] + "_"
	}
	st.ID = "str_" + kind + hex.EncodeToString(sum[:3]) + "_" + string(id)
	return st
}

// Streams are what clients of this wire know that a peer publishes.
func Streams(p room.Peer) (all []Stream) {
	for _, v := range views(p) {
		if v.stream.ID != "" {
			all = append(all, v.stream)
		}
	}
	return all
}
