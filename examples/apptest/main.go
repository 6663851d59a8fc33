// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command apptest is an app with the handling of errors that every app needs, and
// main_test.go shows how each piece of it is tested: against failures that happen.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: apptest ADDRESS TOKEN")
		os.Exit(2)
	}
	ctx, quit := signal.NotifyContext(context.Background(), os.Interrupt)
	defer quit()
	v := visitor{
		endpoint: os.Args[1], name: "Visitor", tries: 4, pause: 2 * time.Second,
		token: func(context.Context) (string, error) { return os.Args[2], nil },
		say:   func(text string) { log.Print(text) },
	}
	if err := v.visit(ctx); err != nil {
		os.Exit(1)
	}
}

// visitor is somebody in a call.
type visitor struct {
	endpoint, name string
	token          func(context.Context) (string, error) // asks the app's backend
	say            func(string)                          // shows a line to the user

	tries int           // to get in
	pause time.Duration // before the second; it doubles
}

// visit is in the room until ctx ends, which is no error, or the call does.
func (v visitor) visit(ctx context.Context) error {
	room, err := v.join(ctx)
	if err == nil {
		v.say("You are in.")
		select {
		case <-room.Done():
			err = room.Err()
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		v.say(client.Describe(err).User)
	}
	return err
}

// join tries again where that can help: at once with a new token when the old one
// has expired, after a pause when the server asks for patience, and not at all
// when the answer would be the same.
func (v visitor) join(ctx context.Context) (*client.Room, error) {
	pause := v.pause
	for n := 1; ; n++ {
		token, err := v.token(ctx)
		if err != nil {
			return nil, err
		}
		room, err := client.Join(ctx, client.Config{Endpoint: v.endpoint, Token: token, Name: v.name, Listener: client.Listener{
			OnReconnecting: func(*fault.Error) { v.say("Reconnecting…") },
			OnReconnected:  func() { v.say("You are back.") },
		}})
		stale := errors.Is(err, fault.TokenExpired)
		if err == nil || n == v.tries || !stale && !client.Describe(err).CanRetry {
			return room, err
		}
		if stale {
			continue
		}
		v.say("Trying again…")
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
