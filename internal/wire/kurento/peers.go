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

		audio, video room.TrackID // "" where there is none
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

func toldOf(p room.Peer) told {
	st, _ := streamOf(p)
	return told{stream: st}
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

// The types of video.
const (
	camera = "CAMERA"
	screen = "SCREEN"
)

// streamOf is what a peer publishes as clients of this wire know it: one stream,
// with one track of each kind. The camera and the microphone come before the
// screen. Its id is another one as soon as it has other tracks, as no client of
// this wire changes what it has negotiated.
func streamOf(p room.Peer) (Stream, bool) {
	st := Stream{CreatedAt: p.JoinedAt.UnixMilli()}
	for _, source := range []bool{false, true} {
		for _, t := range p.Tracks {
			if (t.Source == room.SourceScreen) != source {
				continue
			}
			switch {
			case t.Kind == room.Audio && (st.audio == "" || t.ID < st.audio):
				st.audio, st.HasAudio, st.AudioActive = t.ID, true, !t.Mute
			case t.Kind == room.Video && (st.video == "" || t.ID < st.video):
				st.video, st.HasVideo, st.VideoActive, st.TypeOfVideo = t.ID, true, !t.Mute, camera
				if source {
					st.TypeOfVideo = screen
				}
			}
		}
		if st.audio != "" || st.video != "" {
			break
		}
	}
	if st.audio == "" && st.video == "" {
		return Stream{}, false
	}
	sum := sha256.Sum256([]byte(st.audio + "\n" + st.video))
	kind := "MIC_"
	if st.HasVideo {
		kind = st.TypeOfVideo[:3] + "_"
	}
	st.ID = "str_" + kind + hex.EncodeToString(sum[:3]) + "_" + string(p.ID)
	return st, true
}

// Streams are what clients of this wire know that a peer publishes: one or
// none.
func Streams(p room.Peer) []Stream {
	if st, ok := streamOf(p); ok {
		return []Stream{st}
	}
	return nil
}
