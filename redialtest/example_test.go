// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/redialtest"
)

// A test that runs a server of its own, and an error that the app must know.
func ExampleStart() {
	_ = func(t *testing.T) { // func TestTheRoomIsLocked(t *testing.T)
		srv := redialtest.Start(t)
		room := srv.CreateRoom(t, redialtest.Room{})
		srv.Inject(t, redialtest.Injection{Fault: "room.locked", Room: room.ID})

		_, err := client.Join(t.Context(), client.Config{
			Endpoint: srv.URL,
			Token:    srv.Token(t, redialtest.Token{Room: room.ID, User: "ada"}),
		})

		if !errors.Is(err, fault.RoomLocked) {
			t.Errorf("joining: %v", err)
		}
		e := srv.WaitForEvent(t, redialtest.Filter{Room: room.ID, User: "ada", Failures: true})
		if e.Data.Code != 403 || !e.Redial.Injected {
			t.Errorf("on record: %v", e)
		}
	}
}

// One server for all the tests of a package; each test makes a room of its own.
func ExampleOpen() {
	var srv *redialtest.Server
	_ = func(m *testing.M) { // func TestMain(m *testing.M)
		var err error
		if srv, err = redialtest.Open(context.Background(), redialtest.Config{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		code := m.Run()
		if err := srv.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err, srv.Log())
			code = 1
		}
		os.Exit(code)
	}
}

// Tokens that must not let anybody in.
func ExampleServer_Token() {
	_ = func(t *testing.T) {
		srv := redialtest.Start(t)
		room, other := srv.CreateRoom(t, redialtest.Room{}), srv.CreateRoom(t, redialtest.Room{})
		for _, bad := range []redialtest.Token{
			{Room: room.ID, Lifetime: -5 * time.Minute}, // expired
			{Room: room.ID, NotBefore: time.Hour},       // not yet good
			{Room: room.ID, Revoked: true},
			{Room: room.ID, Forged: true},
			{Room: room.ID, Role: "no-such-role"},
			{Room: other.ID}, // good, for another room
		} {
			fmt.Println(srv.Token(t, bad))
		}
	}
}

// A server that goes away in the middle of a call, and comes back.
func ExampleServer_Restart() {
	_ = func(t *testing.T) {
		srv := redialtest.Start(t)
		// ... the app joins ...
		srv.Kill(t)
		// ... the app says that it reconnects ...
		srv.Restart(t)
		// ... the app is back in the same room ...
	}
}
