// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bufio"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/live"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// serveLive has a room with two people, of whom nothing is measured but that they are
// there.
func serveLive(t *testing.T, watchers int) (f *fixture, id string) {
	t.Helper()
	var hub *room.Hub
	board := live.NewBoard(live.Config{Watchers: watchers, Measure: func(ctx context.Context, id string) (*live.Room, error) {
		r := hub.Active(id)
		if r == nil {
			return nil, fault.SessionNotActive.New("room_id", id)
		}
		s, err := r.Snapshot(ctx)
		return &live.Room{At: time.Now(), ID: id, SessionID: s.SessionID, Peers: make([]live.Peer, len(s.Peers))}, err
	}})
	t.Cleanup(board.Close)
	f = serve(t, func(c *api.Config) {
		hub = c.Rooms
		c.Routes = api.LiveRoutes(api.LiveConfig{Board: board, Registry: c.Registry, Rooms: c.Rooms})
	})
	id = f.newRoom("consult")
	f.join(id, "ada-1", "host")
	f.join(id, "bob-1", "host")
	return f, id
}

// TestLive: an account sees its own rooms that run, and only those; what is refused says
// why.
func TestLive(t *testing.T) {
	f, id := serveLive(t, 2)
	f.newRoom("empty")
	f.get("/api/v1/live").ok().has(object{"total": 1, "peers": 2, "rooms.0.room_name": "consult", "rooms.0.peers": 2, "rooms.0.room_id": id, "rooms.1": nil})
	f.get("/api/v1/live/consult").ok().has(object{"room_id": id, "peers.1.measured": false, "peers.2": nil})
	f.get("/api/v1/live/empty").refused(404, fault.SessionNotActive.ID)
	f.get("/api/v1/live/nowhere").refused(404, fault.RoomNotFound.ID)

	foreign := f.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	foreign.get("/api/v1/live").ok().has(object{"total": 0, "rooms": []any{}})
	for _, path := range []string{"/api/v1/live/" + id, "/api/v1/live/" + id + "/stream"} {
		foreign.get(path).refused(404, fault.RoomNotFound.ID)
		f.as("").get(path).refused(401, fault.TokenMissing.ID)
	}
	foreign.post("/v2/active-rooms/"+id+"/peers/ada-1/mute", object{}).refused(404, fault.RoomNotFound.ID)
}

// TestLiveStream: one measurement a second, no more readers than may, and the reason of
// the end.
func TestLiveStream(t *testing.T) {
	f, id := serveLive(t, 2)
	open := func() (*bufio.Scanner, func()) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/api/v1/live/consult/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+f.token)
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%v %v", res, err)
		}
		return bufio.NewScanner(res.Body), func() { _ = res.Body.Close() }
	}
	first, closeFirst := open()
	defer closeFirst()
	second, closeSecond := open()
	if !first.Scan() || !second.Scan() || first.Text() != "event: live" {
		t.Fatalf("the first line is %q", first.Text())
	}
	f.get("/api/v1/live/consult/stream").refused(429, fault.QueueFull.ID)
	closeSecond()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) { // the server hears of it when it writes
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/api/v1/live/consult/stream", nil)
		req.Header.Set("Authorization", "Bearer "+f.token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a place that was given up is not free again")
		}
	}
	f.post("/v2/active-rooms/"+id+"/end-room", object{}).ok()
	var last string
	for first.Scan() {
		if first.Text() != "" {
			last = first.Text()
		}
	}
	if last != `data: {"fault":"`+fault.SessionNotActive.ID+`"}` {
		t.Errorf("the stream ended with %q", last)
	}
}

// TestMuteByTheServer: whoever is asked hears of it, and what makes no sense is refused.
func TestMuteByTheServer(t *testing.T) {
	f, id := serveLive(t, 1)
	r := f.hub.Active(id)
	if _, err := r.Publish(t.Context(), "ada-1", []room.Track{
		{ID: "cam", StreamID: "s", Kind: room.Video, Source: room.SourceRegular}, {ID: "mic", StreamID: "s", Kind: room.Audio, Source: room.SourceRegular},
	}); err != nil {
		t.Fatal(err)
	}
	at := "/v2/active-rooms/consult/peers/ada-1/mute"
	f.post(at, object{}).ok().has(object{"mute": true, "tracks": []any{"cam", "mic"}})
	f.post(at, object{"kind": "audio"}).ok().has(object{"tracks": []any{"mic"}})
	f.post(at, object{"track_id": "cam"}).ok().has(object{"tracks": []any{"cam"}})
	f.post(at, object{"mute": false}).ok().has(object{"mute": false, "tracks": []any{}}) // nothing is muted
	f.post(at, object{"track_id": "x"}).refused(404, fault.TrackNotFound.ID)
	f.post(at, object{"kind": "x"}).refused(400, fault.FieldInvalid.ID, "kind")
	f.post(at, object{"kind": "audio", "track_id": "cam"}).refused(400, fault.FieldInvalid.ID, "kind")
	f.post(at, object{"mute": "yes"}).refused(400, fault.FieldInvalid.ID, "mute")
	f.post("/v2/active-rooms/consult/peers/nobody/mute", object{}).refused(404, fault.PeerNotFound.ID)
}

// TestTheLivePageIsComplete: docs/live.md has every route.
func TestTheLivePageIsComplete(t *testing.T) {
	documented(t, "live.md", append(api.LiveRoutes(api.LiveConfig{}), api.HealthRoutes(nil)...))
}
