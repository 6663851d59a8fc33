// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command recorder writes every track of a room into files, until Ctrl-C or
// the end of the session.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"sync"

	"github.com/redial-rtc/redial/client"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: recorder ADDRESS ROOMCODE DIRECTORY")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, client.Config{Endpoint: os.Args[1], RoomCode: os.Args[2], Name: "Recorder"}, os.Args[3]); err != nil {
		log.Fatal(client.Describe(err).Message)
	}
}

// run records until ctx or the session ends.
func run(ctx context.Context, cfg client.Config, dir string) error {
	var files sync.WaitGroup
	defer files.Wait() // after leaving, which ends the tracks
	cfg.AutoSubscribe = client.LayerHigh
	cfg.Listener.OnTrack = func(t *client.RemoteTrack) {
		files.Go(func() {
			file, err := client.Record(ctx, t, filepath.Join(dir, fmt.Sprintf("%s-%x", t.Info().Kind, t.ID())))
			log.Print("recorded ", file, " ", err)
		})
	}
	room, err := client.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer room.Leave()
	select {
	case <-ctx.Done():
		return nil
	case <-room.Done():
		return room.Err()
	}
}
