// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/redialtest"
)

// TestHealth probes a server that is well, one whose room is locked, and one that
// is gone, and demands an alert for each failure and none before.
func TestHealth(t *testing.T) {
	srv := redialtest.Start(t)
	room := srv.CreateRoom(t, redialtest.Room{})
	alerts := make(chan error, 99)
	well := make(chan time.Duration, 99)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	cfg := client.Config{Endpoint: srv.URL, RoomCode: srv.RoomCode(t, room.ID, "guest"), Name: "Health probe"}
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
	host, err := client.Join(t.Context(), client.Config{Endpoint: srv.URL, Token: srv.Token(t, redialtest.Token{Room: room.ID, Role: "host", User: "host"}), Name: "host"})
	if err != nil {
		t.Fatal(err)
	}
	if err := host.EndRoom(t.Context(), client.EndOptions{Reason: "closed", Lock: true}); err != nil {
		t.Fatal(err)
	}
	expect(fault.RoomLocked)
	srv.Stop(t)
	expect(fault.EndpointUnreachable)
	cancel()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Error("the probe does not end")
	}
}
