// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command media measures what a server pays to forward media, and how long joining
// takes: ours with each of its transports, beside a LiveKit server that is built from a
// checkout. All of them meet the same clients and the same packets, on loopback, in
// interleaved rounds.
//
//	make bench-media LIVEKIT=../livekit
//	make bench-links LIVEKIT=../livekit
//	make bench-room
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type options struct {
	livekit string
	only    string
	rounds  int
	window  time.Duration
	joins   int
	write   string
	links   bool
	span    time.Duration
	room    bool
	crowd   crowd
	soak    time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.livekit, "livekit", "", "a checkout of LiveKit's server, which is built and measured beside ours; empty: ours alone")
	flag.StringVar(&o.only, "only", "", "only the rows whose names have this in them, such as \"video\" or \"join\"")
	flag.IntVar(&o.rounds, "rounds", 3, "how often everything is measured, each server in turn")
	flag.DurationVar(&o.window, "window", 10*time.Second, "how long packets are counted in each round")
	flag.IntVar(&o.joins, "joins", 20, "joins of one figure")
	flag.StringVar(&o.write, "write", "", "file in which the table is put, between the marks that are there")
	flag.BoolVar(&o.links, "links", false, "measure instead what viewers get behind links that are narrow, lose, delay or change, and on a machine that is busy")
	flag.DurationVar(&o.span, "span", time.Minute, "how long each of these links is watched")
	flag.BoolVar(&o.room, "room", false, "measure instead what a large room costs our server")
	flag.IntVar(&o.crowd.publishers, "publishers", 200, "who publish in it, a picture a second each")
	flag.IntVar(&o.crowd.speakers, "speakers", 5, "how many of them speak as well")
	flag.IntVar(&o.crowd.viewers, "viewers", 1000, "who look at some of them")
	flag.IntVar(&o.crowd.looks, "looks", 9, "at how many")
	flag.DurationVar(&o.soak, "soak", 0, "instead forward to 60 viewers for so long and fail where the memory of our server grows")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "redial-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	servers, err := builds(ctx, o, dir)
	if err != nil {
		return err
	}
	api, err := newAPI()
	if err != nil {
		return err
	}
	if o.room {
		return fillRoom(ctx, o, servers, api, dir)
	}
	if o.soak > 0 {
		return soak(ctx, servers[1], api, dir, o.soak)
	}
	if o.links {
		return links(ctx, o, servers[1:], api, dir) // with the transport that is the default
	}
	t := newTable(servers)
	for round := range o.rounds {
		for i := range workloads {
			w := &workloads[i]
			if !strings.Contains(w.name, o.only) {
				continue
			}
			for turn := range servers {
				s := servers[(turn+round)%len(servers)]
				fmt.Fprintf(os.Stderr, "%s round %d of %d, %s: %s\n", time.Now().Format(time.TimeOnly), round+1, o.rounds, s.name, w.name)
				if err := w.run(ctx, s, api, dir, o, t); err != nil {
					return fmt.Errorf("%s, %s: %w", s.name, w.name, err)
				}
			}
		}
	}
	fmt.Println()
	t.print(os.Stdout)
	if o.write == "" {
		return nil
	}
	return t.write(o)
}

// builds makes the programs that are measured.
func builds(ctx context.Context, o options, dir string) ([]server, error) {
	ours := filepath.Join(dir, "redial")
	if err := build(ctx, ".", "github.com/redial-rtc/redial/cmd/redial", ours); err != nil {
		return nil, err
	}
	list := []server{redial(ours, "pion"), redial(ours, "own")}
	if o.livekit == "" {
		return list, nil
	}
	theirs := filepath.Join(dir, "livekit-server")
	if err := build(ctx, o.livekit, "./cmd/server", theirs); err != nil {
		return nil, err
	}
	rtc := ""
	if o.links {
		rtc = sendSide
	}
	return append(list, liveKitServer(theirs, rtc)), nil
}
