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

// TestHealth probes a server that is well, one whose room is locked, and one that
// is gone, and demands an alert for each failure and none before.
func TestHealth(t *testing.T) {
	s, d := serve(t)
	alerts := make(chan error, 99)
	well := make(chan time.Duration, 99)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	cfg := client.Config{Endpoint: s.URL(), RoomCode: d.Codes["guest"], Name: "Health probe"}
	go func() {
		defer close(done)
		watch(ctx, cfg, 20*time.Millisecond, func(took time.Duration) { well <- took }, func(err error) { alerts <- err })
	}()
	for range 2 {
		select {
		case <-well:
		case err := <-alerts:
			t.Fatalf("an alert while all is well: %v", err)
		case <-time.After(30 * time.Second):
			t.Fatal("no probe has ended")
		}
	}
	expect := func(want *fault.Kind) {
		t.Helper()
		for until := time.After(30 * time.Second); ; {
			select {
			case err := <-alerts:
				if errors.Is(err, want) {
					return
				}
				t.Logf("meanwhile: %v", err) // a probe under way fails in its own words
			case <-until:
				t.Fatalf("no alert of %s", want.ID)
			}
		}
	}
	host, err := client.Join(t.Context(), client.Config{Endpoint: s.URL(), Token: d.Tokens["host"], Name: "host"})
	if err != nil {
		t.Fatal(err)
	}
	if err := host.EndRoom(t.Context(), "closed", true); err != nil {
		t.Fatal(err)
	}
	expect(fault.RoomLocked)
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	expect(fault.EndpointUnreachable)
	cancel()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Error("the probe does not end")
	}
}
