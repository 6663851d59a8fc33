// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	dir     string
	events  int
	ingest  int
	seconds time.Duration
	write   string
	only    string
	asks    int

	attempts int
	commands bool

	peers string
}

func main() {
	if os.Getenv(roleVar) == "server" {
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.StringVar(&o.dir, "dir", "", "directory of the histories, which are kept and used again; empty: a temporary one")
	flag.IntVar(&o.events, "events", 10_000_000, "events of the large history; the small one has a hundredth of them")
	flag.IntVar(&o.ingest, "ingest", 150_000, "events that are taken in for one figure of ingest")
	flag.DurationVar(&o.seconds, "pace", 15*time.Second, "how long the load of half the peak lasts")
	flag.StringVar(&o.write, "write", "", "file in which the results are put, between the marks that are there")
	flag.StringVar(&o.only, "only", "", "ingest, read or people: only that part; build: only make the histories; console: only make the large one, with a session of 100,000 events, for make bench-console")
	flag.IntVar(&o.asks, "asks", 300, "how often each question is asked")
	flag.IntVar(&o.attempts, "attempts", 0, "joins that are added for people to be found among, so that the index is that of a longer history")
	flag.BoolVar(&o.commands, "commands", true, "build the program and time whole commands as well")
	flag.StringVar(&o.peers, "peers", "", "measure the embedded store beside these, and nothing else: postgres,clickhouse; needs Debian's packages, which it installs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	began := time.Now()
	scratch, err := os.MkdirTemp("", "redial-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if o.dir == "" {
		o.dir = filepath.Join(scratch, "histories")
	}
	if o.peers != "" {
		list, err := measurePeers(ctx, o.peers, o.events, o.asks, scratch)
		if err != nil {
			return err
		}
		return writePeers(o, list)
	}
	if o.only == "build" {
		for _, n := range []int{small(o.events), o.events} {
			if _, err := openHistory(ctx, o.dir, n); err != nil {
				return err
			}
		}
		return nil
	}
	if o.only == "console" {
		h, err := openHistory(ctx, o.dir, o.events)
		if err != nil {
			return err
		}
		return h.addLongest(ctx)
	}
	t := &table{}
	if o.only != "read" && o.only != "people" {
		if err := measureIngest(ctx, o, scratch, t); err != nil {
			return err
		}
	}
	if o.only != "ingest" && o.only != "people" {
		if err := measureReading(ctx, o, t); err != nil {
			return err
		}
	}
	if o.only != "ingest" && o.only != "read" {
		if err := measurePeople(ctx, o, scratch, t); err != nil {
			return err
		}
	}
	fmt.Println()
	t.print(os.Stdout)
	fmt.Fprintf(os.Stderr, "took %s\n", time.Since(began).Round(time.Second))
	if o.write == "" {
		return nil
	}
	return t.write(o)
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
