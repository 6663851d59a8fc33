// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command health finds out from outside whether calls work: once a minute two
// clients join, one sends, the other must receive. What fails is said in words on
// standard error; put your pager where alert is.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: health ADDRESS ROOMCODE")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	cfg := client.Config{Endpoint: os.Args[1], RoomCode: os.Args[2], Name: "Health probe"}
	watch(ctx, cfg, time.Minute, well, alert)
}

// well is told of every probe that did not fail, and how long it took.
func well(took time.Duration) {
	fmt.Printf("%s ok, media after %v\n", time.Now().Format(time.RFC3339), took.Round(time.Millisecond))
}

// alert is told of every probe that failed.
func alert(err error) {
	d := client.Describe(err)
	fmt.Fprintf(os.Stderr, "%s ALERT %s %d (%s): %s\n  %s\n", time.Now().Format(time.RFC3339), d.Fault, d.Code, d.Category, d.Message, d.Description)
}

// watch probes until ctx ends.
func watch(ctx context.Context, cfg client.Config, every time.Duration, well func(time.Duration), alert func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ctx.Err() == nil {
		began := time.Now()
		if err := probe(ctx, cfg); err != nil && ctx.Err() == nil {
			alert(err)
		} else if err == nil {
			well(time.Since(began))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// probe joins twice, sends from one and waits for media at the other.
func probe(ctx context.Context, cfg client.Config) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	sender, err := client.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer sender.Leave()
	tracks := make(chan *client.RemoteTrack, 64)
	hears := cfg
	hears.AutoSubscribe = client.LayerLow
	hears.Listener.OnTrack = func(t *client.RemoteTrack) {
		if t.Info().PeerID == sender.PeerID() {
			tracks <- t
		}
	}
	receiver, err := client.Join(ctx, hears)
	if err != nil {
		return err
	}
	defer receiver.Leave()
	if _, err := sender.Publish(ctx, client.Pattern()); err != nil {
		return err
	}
	select {
	case t := <-tracks:
		if _, err := t.ReadRTP(ctx); err != nil {
			return fault.PublishTimeout.Wrap(err)
		}
		return nil
	case <-ctx.Done():
		return fault.PublishTimeout.Wrap(ctx.Err())
	}
}
