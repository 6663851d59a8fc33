// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command restart measures how long calls stand still when the server is replaced
// under them: rooms of two Go clients each, and a service that is restarted as systemd does
// it, with the socket of http.address kept open, and killed with -9.
//
//	make bench-restart
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	rooms    int
	rounds   int
	patience time.Duration
	binary   string
	write    string
}

func main() {
	var o options
	flag.IntVar(&o.rooms, "rooms", 20, "rooms, of two participants each")
	flag.IntVar(&o.rounds, "rounds", 3, "restarts of each way")
	flag.DurationVar(&o.patience, "patience", time.Minute, "how long calls may take to come back")
	flag.StringVar(&o.binary, "binary", os.Getenv("REDIAL_BINARY"), "the program; empty: it is built")
	flag.StringVar(&o.write, "write", "", "file in which the results are put, between the marks that are there")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "restart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "redial-restart-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := newService(ctx, dir, o.binary)
	if err != nil {
		return err
	}
	defer s.close()
	calls, err := newCalls(ctx, s, o.rooms)
	if err != nil {
		return err
	}
	defer calls.leave()
	if err := calls.flowing(ctx, time.Now(), o.patience); err != nil {
		return err
	}
	var all []outcome
	for _, way := range []way{stopped, killed} {
		for range o.rounds {
			r, err := restart(ctx, s, calls, way, o.patience)
			if err != nil {
				return err
			}
			fmt.Fprintln(os.Stderr, r)
			all = append(all, r)
		}
	}
	print(os.Stdout, all)
	if o.write != "" {
		return write(o, all)
	}
	return nil
}

// outcome is what one restart was to the calls.
type outcome struct {
	way   way
	took  []spell // of every participant, by what it receives
	down  time.Duration
	ended int // participants that were told that their call is over
}

// spell is how long one participant was without what it receives.
type spell struct {
	sound, video time.Duration // from the signal until it flows again
	gap          time.Duration // the longest time without one of both
}

func (s spell) both() time.Duration { return max(s.sound, s.video) }

// restart replaces the server and waits until everybody receives again what they did.
func restart(ctx context.Context, s *service, c *calls, w way, patience time.Duration) (outcome, error) {
	c.mark()
	at := time.Now()
	if err := s.restart(ctx, w); err != nil {
		return outcome{}, err
	}
	up := time.Now()
	err := c.flowing(ctx, up, patience)
	r := outcome{way: w, took: c.spells(at), down: up.Sub(at), ended: c.ended()}
	if r.ended > 0 {
		err = errors.Join(err, fmt.Errorf("%s: %d participants were told that their call is over: %v", w, r.ended, c.reasons()))
	}
	return r, err
}
