// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
)

// TestLiveOnAServer: real calls are seen as they fare: who sends, who receives, what is
// not forwarded and why; and a participant is asked to mute.
func TestLiveOnAServer(t *testing.T) {
	s := newStage(t)
	if _, errs, code := s.call(t.Context(), t, "live"); code != exitOK || !strings.Contains(errs, "Nobody is in a call.") {
		t.Errorf("nobody: %d %q", code, errs)
	}
	join := func(name string) *client.Room {
		t.Helper()
		r, err := client.Join(t.Context(), client.Config{Endpoint: s.server.URL(), Token: s.roomToken(t, "consult"), Name: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Leave() })
		return r
	}
	otto := join("Otto")
	sound, err := otto.Publish(t.Context(), client.Tone())
	if err != nil {
		t.Fatal(err)
	}
	join("Mia \x1b[31m")

	api, err := admin.New(admin.Config{URL: s.server.URL(), Token: s.token})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := api.Live.Stream(t.Context(), "consult")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var now admin.LiveRoom
	for deadline := time.Now().Add(2 * time.Minute); ; {
		if now, err = stream.Next(); err != nil {
			t.Fatal(err)
		}
		if len(now.Peers) == 2 && now.Peers[0].Up != nil && now.Peers[0].Up.Bitrate != nil && *now.Peers[0].Up.Bitrate > 0 &&
			now.Peers[1].Open == 1 && now.Peers[1].Down.Bitrate != nil && *now.Peers[1].Down.Bitrate > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no media was measured: %+v", now)
		}
	}
	sends, hears := now.Peers[0], now.Peers[1]
	if sends.Name != "Otto" || sends.Up.State != "connected" || sends.Up.Protocol != "udp" || len(sends.Tracks) != 1 ||
		len(sends.Tracks[0].Layers) != 1 || sends.Tracks[0].Layers[0].LastPacket == nil || !sends.Measured {
		t.Errorf("who sends: %+v %+v", sends, sends.Up)
	}
	if len(hears.Gates) != 0 || hears.Down.State != "connected" || hears.Away {
		t.Errorf("who hears: %+v", hears)
	}

	out, errs, code := s.call(t.Context(), t, "live", "-room", "consult", "-once")
	if code != exitOK || !strings.Contains(out, "Otto") || !strings.Contains(out, "kbit/s") || strings.Contains(out, "\x1b") {
		t.Errorf("in words: %d %q %q", code, out, errs)
	}
	if out, _, _ := s.call(t.Context(), t, "live"); !strings.Contains(out, "consult") {
		t.Errorf("rooms: %q", out)
	}
	out, _, code = s.call(t.Context(), t, "live", "-room", "consult", "-once", "-json")
	var read admin.LiveRoom
	if err := json.Unmarshal([]byte(out), &read); code != exitOK || err != nil || len(read.Peers) != 2 {
		t.Errorf("as JSON: %d %v %q", code, err, out)
	}

	asked, err := api.ActiveRooms.Mute(t.Context(), "consult", sends.ID, admin.MuteRequest{Kind: "audio"})
	if err != nil || len(asked.Tracks) != 1 || asked.Tracks[0] != sends.Tracks[0].ID || !asked.Mute {
		t.Errorf("muted %+v, %v", asked, err)
	}
	_ = sound
	if _, errs, code := s.call(t.Context(), t, "live", "-room", "nowhere"); code != exitFailure || !strings.Contains(errs, "nowhere") {
		t.Errorf("no such room: %d %q", code, errs)
	}

	if err := api.ActiveRooms.End(t.Context(), "consult", admin.EndOptions{}); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := stream.Next(); err != nil {
			break // the session has ended, and the stream with it
		}
	}
}
