// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/redialtest"
)

// app is a visitor under test: what it was given and what it said.
type app struct {
	t     *testing.T
	said  chan string
	ended chan error
	asked int // for tokens
}

// visit starts the app in a room. The tokens are what its backend would answer,
// one after the other.
func visit(t *testing.T, srv *redialtest.Server, tokens ...redialtest.Token) *app {
	a := &app{t: t, said: make(chan string, 100), ended: make(chan error, 1)}
	ctx, leave := context.WithCancel(context.Background())
	v := visitor{
		endpoint: srv.URL, name: "Ada", tries: 4, pause: time.Millisecond,
		token: func(context.Context) (string, error) {
			k := tokens[min(a.asked, len(tokens)-1)]
			a.asked++
			k.User = "ada"
			return srv.Token(t, k), nil
		},
		say: func(text string) { a.said <- text },
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		a.ended <- v.visit(ctx)
	}()
	t.Cleanup(func() { leave(); <-gone })
	return a
}

// says waits for the app's next lines.
func (a *app) says(lines ...string) {
	a.t.Helper()
	for _, want := range lines {
		select {
		case got := <-a.said:
			if got != want {
				a.t.Fatalf("the app says %q, want %q", got, want)
			}
		case <-time.After(30 * time.Second):
			a.t.Fatalf("the app does not say %q", want)
		}
	}
}

// endsWith waits until the app gives up.
func (a *app) endsWith(want *fault.Kind) {
	a.t.Helper()
	select {
	case err := <-a.ended:
		if !errors.Is(err, want) {
			a.t.Errorf("the app ended with %v, want %v", err, want)
		}
	case <-time.After(30 * time.Second):
		a.t.Errorf("the app does not end")
	}
}

func TestErrors(t *testing.T) {
	srv := redialtest.Start(t)

	t.Run("an expired token is renewed", func(t *testing.T) {
		room := srv.CreateRoom(t, redialtest.Room{})
		a := visit(t, srv, redialtest.Token{Room: room.ID, Lifetime: -time.Minute}, redialtest.Token{Room: room.ID})
		a.says("You are in.")
		if a.asked != 2 {
			t.Errorf("the backend was asked for %d tokens", a.asked)
		}
		srv.WaitForEvent(t, redialtest.Filter{Room: room.ID, User: "ada", Fault: "token.expired"})
	})

	t.Run("a revoked token is not tried again", func(t *testing.T) {
		room := srv.CreateRoom(t, redialtest.Room{})
		a := visit(t, srv, redialtest.Token{Room: room.ID, Revoked: true})
		a.says(fault.TokenRevoked.User)
		a.endsWith(fault.TokenRevoked)
		if a.asked != 1 {
			t.Errorf("the app tried %d times", a.asked)
		}
	})

	t.Run("a full room is tried again", func(t *testing.T) {
		room := srv.CreateRoom(t, redialtest.Room{})
		srv.Inject(t, redialtest.Injection{Fault: "room.full", Room: room.ID, Count: 2})
		visit(t, srv, redialtest.Token{Room: room.ID}).says("Trying again…", "Trying again…", "You are in.")
	})

	t.Run("a lost connection is shown, and its end as well", func(t *testing.T) {
		room := srv.CreateRoom(t, redialtest.Room{})
		a := visit(t, srv, redialtest.Token{Room: room.ID})
		a.says("You are in.")
		srv.Inject(t, redialtest.Injection{Fault: "cut", Room: room.ID, User: "ada"})
		a.says("Reconnecting…", "You are back.")
		srv.WaitForEvent(t, redialtest.Filter{Room: room.ID, User: "ada", Type: "client.disconnected"})
	})

	t.Run("whoever is removed is told so", func(t *testing.T) {
		room := srv.CreateRoom(t, redialtest.Room{})
		a := visit(t, srv, redialtest.Token{Room: room.ID})
		a.says("You are in.")
		srv.Inject(t, redialtest.Injection{Fault: "kick", Room: room.ID, User: "ada"})
		a.says(fault.PeerRemoved.User)
		a.endsWith(fault.PeerRemoved)
	})
}
