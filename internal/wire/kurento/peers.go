// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/internal/room"
)

// IDPrefix begins the ids of connections that came by this wire.
const IDPrefix = "con_"

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

		audio, video room.TrackID // "" where there is none
		picture      room.Picture
	}
)

// tracks are the ids of what the stream carries.
func (st Stream) tracks() []room.TrackID {
	return slices.DeleteFunc([]room.TrackID{st.audio, st.video}, func(id room.TrackID) bool { return id == "" })
}

// told is what a client knows of a peer.
type told struct {
	stream Stream
	taken  bool // it has asked for the stream before
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
)

// ScreenSuffix ends the id of the connection that stands for a peer's screen.
const ScreenSuffix = "_SCREEN"

// peerOf is the peer that a connection stands for.
func peerOf(id room.PeerID) room.PeerID {
	return room.PeerID(strings.TrimSuffix(string(id), ScreenSuffix))
}

// view is a peer, or the screen of one, as a connection with its stream; no id of
// a stream where it publishes none.
type view struct {
	connection
	stream Stream
}

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
		return []view{{c, screen}}
	case screen.ID == "":
		return []view{{c, camera}}
	}
	beside := c
	beside.ID += ScreenSuffix
	return []view{{c, camera}, {beside, streamOf(p, beside.ID, true)}}
}

// views are what the client sees of a peer.
func (s *session) views(p room.Peer) []view {
	all := views(p)
	s.h.style.describe(p, all)
	return all
}

// streamOf is the stream of a peer's camera and microphone, or of its screen,
// under a connection. Its id is another one as soon as it has other tracks, as no
// client of this wire changes what it has negotiated.
func streamOf(p room.Peer, id room.PeerID, ofScreen bool) Stream {
	st := Stream{CreatedAt: p.JoinedAt.UnixMilli()}
	for _, t := range p.Tracks {
		if (t.Source == room.SourceScreen) != ofScreen {
			continue
		}
		switch {
		case t.Kind == room.Audio && (st.audio == "" || t.ID < st.audio):
			st.audio, st.HasAudio, st.AudioActive = t.ID, true, !t.Mute
		case t.Kind == room.Video && (st.video == "" || t.ID < st.video):
			st.video, st.HasVideo, st.VideoActive, st.TypeOfVideo = t.ID, true, !t.Mute, camera
			if ofScreen {
				st.TypeOfVideo = screen
			}
			st.picture, st.FrameRate, st.Dimensions = t.Picture, t.Picture.FrameRate, dimensions(t.Picture)
		}
	}
	if st.audio == "" && st.video == "" {
		return Stream{}
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
