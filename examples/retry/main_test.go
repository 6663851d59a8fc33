package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/server"
)

// serve runs a server of the given configuration.
func serve(t *testing.T, cfg config.Config) (*server.Server, server.Demo) {
	t.Helper()
	s, err := server.Start(context.Background(), cfg, server.NewLog(t.Output(), cfg.Log), server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}

// TestStay lets the client give up on a server that is down for longer than it
// tries, and demands that the app is back all the same once there is a server,
// and gives up itself once it is not wanted.
func TestStay(t *testing.T) {
	cfg := config.Default()
	cfg.HTTP.Address, cfg.Media.UDP, cfg.Media.TCP = "127.0.0.1:0", "127.0.0.1:0", ""
	cfg.Data.Dir = t.TempDir()
	cfg.Access.Keys = []config.Key{{Access: "AK", Secret: "0123456789abcdefghijklmnopqrstuvwxyz"}}
	s, d := serve(t, cfg)
	cfg.HTTP.Address = s.URL()[len("http://"):]

	gaveUp := make(chan *fault.Error, 9)
	heard := make(chan struct{}, 9)
	stayed := make(chan error, 1)
	app := client.Config{Endpoint: s.URL(), Token: d.Tokens["guest"], Name: "stayer", ReconnectWindow: 300 * time.Millisecond}
	app.Listener.OnEnd = func(why *fault.Error) { gaveUp <- why }
	app.Listener.OnMessage = func(client.Message) { heard <- struct{}{} }
	go func() { stayed <- stay(t.Context(), app, 20*time.Millisecond) }()

	meet := func() *client.Room { // waits until the app is there, and knows it itself
		t.Helper()
		host, err := client.Join(t.Context(), client.Config{Endpoint: s.URL(), Token: d.Tokens["host"], Name: "host"})
		if err != nil {
			t.Fatal(err)
		}
		for until := time.Now().Add(20 * time.Second); len(host.Peers()) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatal("the app is not there")
			}
		}
		if _, err := host.Send(t.Context(), client.To{}, "chat", "are you there?"); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard:
		case <-time.After(20 * time.Second):
			t.Fatal("the app does not hear")
		}
		return host
	}
	meet().Leave()
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	select {
	case why := <-gaveUp:
		if d := client.Describe(why); !d.Terminal || !d.CanRetry {
			t.Errorf("the client gave up because of %v", why)
		}
	case <-time.After(10 * time.Second): // it was just joining, which failed
	}
	s, d = serve(t, cfg)
	defer func() { _ = s.Stop(context.Background()) }()
	host := meet() // it is back
	if err := host.EndRoom(t.Context(), "that was all", true); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-stayed:
		if !errors.Is(err, fault.RoomEnded) && !errors.Is(err, fault.RoomLocked) || client.Describe(err).CanRetry {
			t.Errorf("gave up because of %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("still trying although the room is ended and locked")
	}
}
