package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/server"
)

// serve runs a server and returns it with a room to join.
func serve(t *testing.T) (*server.Server, server.Demo) {
	t.Helper()
	cfg := config.Default()
	cfg.HTTP.Address, cfg.Media.UDP, cfg.Media.TCP = "127.0.0.1:0", "127.0.0.1:0", ""
	cfg.Data.Dir = t.TempDir()
	cfg.Access.Keys = []config.Key{{Access: "AK", Secret: "0123456789abcdefghijklmnopqrstuvwxyz"}}
	s, err := server.Start(context.Background(), cfg, server.NewLog(t.Output(), cfg.Log), server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	d, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}

// TestEcho talks to the bot, in chat and in sound, twice: the second speaker is
// heard when the first has gone.
func TestEcho(t *testing.T) {
	s, d := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, client.Config{Endpoint: s.URL(), RoomCode: d.Codes["guest"], Name: "Echo"}) }()

	for range 2 {
		said := make(chan client.Message, 9)
		tracks := make(chan *client.RemoteTrack, 9)
		cfg := client.Config{Endpoint: s.URL(), Token: d.Tokens["host"], Name: "speaker"}
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
		if _, err := speaker.Send(t.Context(), client.To{}, "chat", "hello?"); err != nil {
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
