// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/live"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
)

// LiveConfig is what the routes of live measurements are built from.
type LiveConfig struct {
	Board    *live.Board
	Registry *registry.Registry
	Rooms    *room.Hub
}

// LiveRoutes are the rows of what is measured of running sessions; give them to Config.
func LiveRoutes(cfg LiveConfig) []Route {
	l := liveCalls{cfg}
	return []Route{
		{Pattern: "GET /api/v1/live", Serve: l.list},
		{Pattern: "GET /api/v1/live/{room}", Serve: l.get},
		{Pattern: "GET /api/v1/live/{room}/stream", Serve: l.stream},
		{Pattern: "POST /v2/active-rooms/{room}/peers/{peer}/mute", Op: fault.OpMute, MaxBody: 4 << 10, Serve: l.mute},
	}
}

type liveCalls struct{ LiveConfig }

// maxLiveRooms is how many rooms are listed, those with most participants first.
const maxLiveRooms = 1000

// liveRoomBody is a room in which a session runs.
type liveRoomBody struct {
	ID        string    `json:"room_id"`
	Name      string    `json:"room_name"`
	SessionID string    `json:"session_id"`
	Since     time.Time `json:"since"`
	Locked    bool      `json:"locked"`
	Peers     int       `json:"peers"`
	Tracks    int       `json:"tracks"`
}

type liveListBody struct {
	At    time.Time      `json:"at"`
	Rooms []liveRoomBody `json:"rooms"`
	Total int            `json:"total"` // rooms, also those that are not listed
	Peers int            `json:"peers"` // in all of them
}

// list lists the account's rooms in which a session runs.
func (l liveCalls) list(c *Call) (any, error) {
	body := liveListBody{At: time.Now().UTC(), Rooms: []liveRoomBody{}}
	for _, r := range l.Rooms.Rooms() {
		m, err := l.Registry.Room(c.Context(), r.ID())
		if errors.Is(err, fault.RoomNotFound) || err == nil && m.CustomerID != c.Claims.Account {
			continue
		}
		if err != nil {
			return nil, err
		}
		s, err := r.Snapshot(c.Context())
		if errors.Is(err, fault.SessionNotActive) { // it has just ended
			continue
		}
		if err != nil {
			return nil, err
		}
		one := liveRoomBody{ID: m.ID, Name: m.Name, SessionID: s.SessionID, Since: s.StartedAt.UTC(), Locked: s.Rules.Locked}
		one.Peers, one.Tracks = s.Counts()
		body.Total, body.Peers = body.Total+1, body.Peers+one.Peers
		body.Rooms = append(body.Rooms, one)
	}
	slices.SortFunc(body.Rooms, func(a, b liveRoomBody) int {
		return cmp.Or(cmp.Compare(b.Peers, a.Peers), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	body.Rooms = body.Rooms[:min(len(body.Rooms), maxLiveRooms)]
	return body, nil
}

// active finds the running session of the room of the path: fault.RoomNotFound,
// SessionNotActive.
func (l liveCalls) active(c *Call) (*room.Room, error) {
	m, err := roomOf(c, l.Registry, c.Path("room"))
	if err != nil {
		return nil, err
	}
	r := l.Rooms.Active(m.ID)
	if r == nil {
		return nil, fault.SessionNotActive.New("room_id", m.ID)
	}
	return r, nil
}

// get measures a room, or gives what was measured within the last second.
func (l liveCalls) get(c *Call) (any, error) {
	r, err := l.active(c)
	if err != nil {
		return nil, err
	}
	now, err := l.Board.Now(c.Context(), r.ID())
	if err != nil {
		return nil, err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	_, err = c.Writer.Write(now)
	if err != nil {
		c.Log.Debug("the caller did not take the reply", "err", err)
	}
	return Written{}, nil
}

// stream measures a room every second for as long as somebody reads, and sends each
// measurement as a server-sent event "live". A reader that is slow is sent the latest.
// The last event, "end", has the fault that ends it. It fails with fault.QueueFull when
// too many watch.
func (l liveCalls) stream(c *Call) (any, error) {
	r, err := l.active(c)
	if err != nil {
		return nil, err
	}
	w, err := l.Board.Watch(r.ID())
	if err != nil {
		return nil, err
	}
	defer w.Close()
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies that gather replies would hold the news back
	c.Writer.WriteHeader(http.StatusOK)
	for {
		now, err := w.Next(c.Context())
		if err != nil {
			if c.Context().Err() == nil {
				_ = c.push(endFrame(err))
			}
			return Written{}, nil
		}
		b := append(append([]byte("event: live\ndata: "), now...), "\n\n"...)
		if c.push(b) != nil {
			return Written{}, nil
		}
	}
}

// endFrame tells why a stream ends.
func endFrame(err error) []byte {
	f := fault.From(err, fault.OpAPI)
	return []byte("event: end\ndata: {\"fault\":\"" + f.Kind.ID + "\"}\n\n")
}

// mute asks a participant to mute or unmute what it publishes, as the server: one
// track, or all of a kind. A client may refuse; the reply names what was asked for. It
// fails with fault.FieldInvalid, PeerNotFound and TrackNotFound.
func (l liveCalls) mute(c *Call) (any, error) {
	var sent struct {
		Track string `json:"track_id"`
		Kind  string `json:"kind"`
		Mute  *bool  `json:"mute"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	switch {
	case sent.Kind != "" && sent.Kind != room.Audio && sent.Kind != room.Video:
		return nil, fault.FieldInvalid.New("field", "kind", "want", "audio or video")
	case sent.Kind != "" && sent.Track != "":
		return nil, fault.FieldInvalid.New("field", "kind", "reason", "is given beside track_id")
	}
	r, err := l.active(c)
	if err != nil {
		return nil, err
	}
	peer, on := room.PeerID(c.Path("peer")), sent.Mute == nil || *sent.Mute
	p, err := r.Peer(c.Context(), peer)
	if err != nil {
		return nil, err
	}
	asked := []string{}
	if sent.Track != "" {
		if err := r.Moderation().AskTrackMute(c.Context(), "", peer, room.TrackID(sent.Track), on); err != nil {
			return nil, err
		}
		asked = append(asked, sent.Track)
	}
	for id, t := range p.Tracks {
		if sent.Track != "" || t.Mute == on || sent.Kind != "" && t.Kind != sent.Kind {
			continue
		}
		err := r.Moderation().AskTrackMute(c.Context(), "", peer, id, on)
		if err != nil && !errors.Is(err, fault.TrackNotFound) {
			return nil, err
		}
		if err == nil {
			asked = append(asked, string(id))
		}
	}
	slices.Sort(asked)
	return muteBody{Mute: on, Tracks: asked}, nil
}

// muteBody is what a participant was asked for.
type muteBody struct {
	Mute   bool     `json:"mute"`
	Tracks []string `json:"tracks"` // ids
}
