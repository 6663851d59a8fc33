// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command echo is a bot that says back what it hears: every message, and the
// sound of whoever speaks.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: echo ADDRESS ROOMCODE")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, client.Config{Endpoint: os.Args[1], RoomCode: os.Args[2], Name: "Echo"}); err != nil {
		log.Fatal(client.Describe(err).Message)
	}
}

// run echoes until ctx or the session ends.
func run(ctx context.Context, cfg client.Config) error {
	var room *client.Room
	ready := make(chan struct{})
	tracks := make(chan *client.RemoteTrack, 16)
	cfg.Listener = client.Listener{
		OnMessage: func(m client.Message) {
			<-ready
			if _, err := room.SendMessage(ctx, client.NewMessage{Body: m.Body, Type: m.Type, PeerID: m.From}); err != nil {
				log.Print("echo: ", err)
			}
		},
		OnTrack: func(t *client.RemoteTrack) {
			if t.Info().Kind == "audio" {
				select {
				case tracks <- t:
				default: // more speakers than anybody could follow
				}
			}
		},
		OnReconnecting: func(cause *fault.Error) { log.Print("reconnecting: ", cause) },
		OnReconnected:  func() { log.Print("back again") },
	}
	room, err := client.Join(ctx, cfg)
	if err != nil {
		return err
	}
	close(ready)
	defer room.Leave()
	out, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, uuid.NewString(), uuid.NewString())
	if err != nil {
		return err
	}
	if _, err := room.Publish(ctx, out); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-room.Done():
			return room.Err()
		case t := <-tracks:
			speech := t.Samples()
			for { // one speaker at a time, until they stop publishing
				s, err := speech.Read(ctx)
				if err != nil {
					break
				}
				if err := out.WriteSample(media.Sample{Data: s.Data, Duration: s.Duration}); err != nil {
					return err
				}
			}
		}
	}
}
