// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/redialtest"
)

// TestStay lets the client give up on a server that is down for longer than it
// tries, and demands that the app is back all the same once there is a server,
// and gives up itself once it is not wanted.
func TestStay(t *testing.T) {
	srv := redialtest.Start(t)
	room := srv.CreateRoom(t, redialtest.Room{})
	token := func(role string) string {
		return srv.Token(t, redialtest.Token{Room: room.ID, Role: role, User: role})
	}

	gaveUp := make(chan *fault.Error, 9)
	heard := make(chan struct{}, 9)
	stayed := make(chan error, 1)
	app := client.Config{Endpoint: srv.URL, Token: token("guest"), Name: "stayer", ReconnectWindow: 300 * time.Millisecond}
	app.Listener.OnEnd = func(why *fault.Error) { gaveUp <- why }
	app.Listener.OnMessage = func(client.Message) { heard <- struct{}{} }
	go func() { stayed <- stay(t.Context(), app, 20*time.Millisecond) }()

	meet := func() *client.Room { // waits until the app is there, and knows it itself
		t.Helper()
		host, err := client.Join(t.Context(), client.Config{Endpoint: srv.URL, Token: token("host"), Name: "host"})
		if err != nil {
			t.Fatal(err)
		}
		for until := time.Now().Add(20 * time.Second); len(host.Peers()) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatal("the app is not there")
			}
		}
		if _, err := host.SendMessage(t.Context(), client.NewMessage{Body: "are you there?"}); err != nil {
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
	srv.Stop(t)
	select {
	case why := <-gaveUp:
		if d := client.Describe(why); !d.Terminal || !d.CanRetry {
			t.Errorf("the client gave up because of %v", why)
		}
	case <-time.After(10 * time.Second): // it was just joining, which failed
	}
	srv.Restart(t)
	host := meet() // it is back
	if err := host.EndRoom(t.Context(), client.EndOptions{Reason: "that was all", Lock: true}); err != nil {
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
