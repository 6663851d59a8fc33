// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command probe provokes the errors of the Go client that "redial join" has no
// reason to: a call made wrongly, a process that may not see its network, and a
// server in between that garbles what it passes on. One only sits in a room. It
// is for the tests and not shipped.
//
//	probe twice ADDRESS TOKEN PEER      joins, and joins again
//	probe name ADDRESS TOKEN PEER       publishes a track whose id is no word
//	probe sit ADDRESS TOKEN PEER        sends sound and a picture, and prints whose of both it receives
//	probe confine COMMAND ...           runs a command that may not ask for the network interfaces
//	probe relay ADDRESS                 stands before a server and, after POST /arm, spoils its offers
//	probe proxy LISTEN ADDRESS AFTER    carries connections to a server, each until it has lasted so long
//	probe prefix LISTEN ADDRESS         carries requests to a server, each under another path
//
// The first three print lines of JSON like those of "redial join -json".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 4 && args[0] == "twice":
		return twice(ctx, args[1:])
	case len(args) == 4 && args[0] == "name":
		return name(ctx, args[1:])
	case len(args) == 4 && args[0] == "sit":
		return sit(ctx, args[1:])
	case len(args) >= 2 && args[0] == "confine":
		return confine(args[1:])
	case len(args) == 2 && args[0] == "relay":
		return relay(ctx, args[1])
	case len(args) == 4 && args[0] == "proxy":
		return proxy(ctx, args[1], args[2], args[3])
	case len(args) == 3 && args[0] == "prefix":
		return prefix(ctx, args[1], args[2])
	}
	return fmt.Errorf("usage: probe twice|name|sit ADDRESS TOKEN PEER, probe confine COMMAND ..., probe relay ADDRESS, probe proxy LISTEN ADDRESS AFTER, probe prefix LISTEN ADDRESS")
}

// say prints what happened; err may be nil.
func say(event string, err error) {
	line := struct {
		At      time.Time       `json:"at"`
		Event   string          `json:"event"`
		Problem *client.Problem `json:"problem,omitempty"`
	}{At: time.Now().UTC(), Event: event}
	if err != nil {
		d := client.Describe(err)
		line.Problem = &d
	}
	_ = json.NewEncoder(os.Stdout).Encode(line)
}

func config(args []string) client.Config {
	return client.Config{
		Endpoint: args[0], Token: args[1], PeerID: args[2], Name: "probe",
		Listener: client.Listener{
			OnError: func(f *fault.Error) { say("error", f) },
			OnEnd:   func(*fault.Error) { say("ended", nil) },
		},
	}
}

// twice joins from a preview that was joined from already, and stays.
func twice(ctx context.Context, args []string) error {
	preview, err := client.StartPreview(ctx, config(args))
	if err != nil {
		return err
	}
	room, err := preview.Join(ctx)
	if err != nil {
		return err
	}
	defer room.Leave()
	say("joined", nil)
	_, err = preview.Join(ctx)
	say("error", err)
	return stay(ctx, room)
}

// name publishes a track whose id ends a line of a session description.
func name(ctx context.Context, args []string) error {
	room, err := client.Join(ctx, config(args))
	if err != nil {
		return err
	}
	defer room.Leave()
	say("joined", nil)
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "my\nmicrophone", "desk")
	if err != nil {
		return err
	}
	_, err = room.Publish(ctx, track)
	say("error", err)
	// The session is as good as before.
	if _, err := room.Publish(ctx, client.Tone()); err != nil {
		return err
	}
	say("publishing", nil)
	return stay(ctx, room)
}

func stay(ctx context.Context, room *client.Room) error {
	select {
	case <-ctx.Done():
		return nil
	case <-room.Done():
		return room.Err()
	}
}
