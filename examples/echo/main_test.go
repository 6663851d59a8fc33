// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/redialtest"
)

// TestEcho talks to the bot, in chat and in sound, twice: the second speaker is
// heard when the first has gone.
func TestEcho(t *testing.T) {
	srv := redialtest.Start(t)
	room := srv.CreateRoom(t, redialtest.Room{})
	code := srv.RoomCode(t, room.ID, "guest")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, client.Config{Endpoint: srv.URL, RoomCode: code, Name: "Echo"}) }()

	for range 2 {
		said := make(chan client.Message, 9)
		tracks := make(chan *client.RemoteTrack, 9)
		cfg := client.Config{Endpoint: srv.URL, Token: srv.Token(t, redialtest.Token{Room: room.ID, Role: "host", User: "host"}), Name: "speaker"}
		cfg.Listener.OnMessage = func(m client.Message) { said <- m }
		cfg.Listener.OnTrack = func(tr *client.RemoteTrack) { tracks <- tr }
		speaker, err := client.Join(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		var back *client.RemoteTrack
		select {
		case back = <-tracks:
		case <-time.After(20 * time.Second):
			t.Fatal("the bot sends no sound")
		}
		if _, err := speaker.SendMessage(t.Context(), client.NewMessage{Body: "hello?"}); err != nil {
			t.Fatal(err)
		}
		select {
		case m := <-said:
			if m.Body != "hello?" || m.From != back.Info().PeerID || !m.Private {
				t.Errorf("the bot said %+v", m)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the bot says nothing")
		}
		// What comes back is the tone, packet for packet: silence would not do.
		if _, err := speaker.Publish(t.Context(), client.Tone()); err != nil {
			t.Fatal(err)
		}
		in, stop := context.WithTimeout(t.Context(), 20*time.Second)
		samples := back.Samples()
		seen := map[string]bool{}
		for len(seen) < 5 {
			one, err := samples.Read(in)
			if err != nil {
				t.Fatalf("after %d different packets: %v", len(seen), err)
			}
			if len(one.Data) < 20 || bytes.Equal(one.Data, []byte{0xf8, 0xff, 0xfe}) {
				t.Fatalf("% x is no tone", one.Data)
			}
			seen[string(one.Data)] = true
		}
		stop()
		speaker.Leave()
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the bot does not end")
	}
}
