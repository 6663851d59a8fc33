// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command retry stays in a room for ever: when the client itself gives up after
// its 50 seconds, it joins again, as long as that can help.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/redial-rtc/redial/client"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: retry ADDRESS ROOMCODE")
		os.Exit(2)
	}
	ctx, quit := signal.NotifyContext(context.Background(), os.Interrupt)
	defer quit()
	err := stay(ctx, client.Config{Endpoint: os.Args[1], RoomCode: os.Args[2], Name: "Persistent"}, 5*time.Second)
	log.Fatal(client.Describe(err).User)
}

// stay joins again and again, until joining again cannot work: that is what
// CanRetry tells. It returns why, or the error of ctx.
func stay(ctx context.Context, cfg client.Config, pause time.Duration) error {
	for ctx.Err() == nil {
		room, err := client.Join(ctx, cfg)
		if err == nil {
			<-room.Done()
			err = room.Err()
		}
		if err != nil && !client.Describe(err).CanRetry && ctx.Err() == nil {
			return err
		}
		time.Sleep(pause)
	}
	return ctx.Err()
}
