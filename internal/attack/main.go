// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command attack floods a real server and tells what the floods cost it, and
// what they cost the people in a call on it.
//
//	go run ./internal/attack [-name NAME,...] [-seconds 10s] [-write docs/security.md]
//
// Each flood has a server of its own, "redial serve" with the settings it has by
// default, as a child process; the attacker is another child, on one processor
// and of low priority. This process is the two honest people: they talk to each
// other, and a third counts how long a ping over the signalling socket takes.
// Memory and processor time are the server's own, as the kernel counts them.
// Everything stays on loopback. It exits with 1 when a promise is broken.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redial-rtc/redial/internal/figures"
)

// options are the flags.
type options struct {
	names   string
	seconds time.Duration
	write   string
	binary  string
	logs    string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if name := os.Getenv(floodVar); name != "" {
		if err := attackAs(ctx, name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.StringVar(&o.names, "name", "", "only these floods, separated by commas; "+names())
	flag.DurationVar(&o.seconds, "seconds", 10*time.Second, "how long a flood lasts; some last longer, since what they look for does")
	flag.StringVar(&o.write, "write", "", "put the table between its marks in this `FILE`")
	flag.StringVar(&o.binary, "binary", os.Getenv("REDIAL_BINARY"), "the `PROGRAM` to attack; empty: build it from this module")
	flag.StringVar(&o.logs, "logs", "", "keep the servers' logs in this `DIR`")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "Floods a server of its own and prints what that costs it and an honest call. Floods:")
		for _, f := range floods {
			fmt.Fprintf(flag.CommandLine.Output(), "  %-10s %s\n", f.name, f.what)
		}
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

func names() string {
	var all []string
	for _, f := range floods {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

// chosen are the floods that a list of names means.
func chosen(list string) ([]flood, error) {
	if list == "" {
		return floods, nil
	}
	var out []flood
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(floods, func(f flood) bool { return f.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no flood %q; there are %s", name, names())
		}
		out = append(out, floods[i])
	}
	return out, nil
}

func run(ctx context.Context, o options) error {
	list, err := chosen(o.names)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "redial-attack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.binary == "" {
		o.binary = filepath.Join(dir, "redial")
		if err := build(ctx, o.binary); err != nil {
			return err
		}
	}
	if o.logs == "" {
		o.logs = dir
	}
	var rows []row
	broken := 0
	for _, f := range list {
		r, err := measure(ctx, o, f, filepath.Join(dir, f.name))
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s %s\n", time.Now().Format(time.TimeOnly), r)
		rows = append(rows, r)
		if len(r.broken) > 0 {
			broken++
		}
	}
	fmt.Println()
	printTable(os.Stdout, rows)
	if o.write != "" {
		if err := writeTable(o.write, rows, o.seconds); err != nil {
			return err
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d floods break a promise", broken, len(rows))
	}
	return nil
}

func build(ctx context.Context, to string) error {
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", to, "github.com/redial-rtc/redial/cmd/redial").CombinedOutput(); err != nil {
		return fmt.Errorf("building redial: %w\n%s", err, out)
	}
	return nil
}

// measure lets one flood loose on a server and says what came of it.
func measure(ctx context.Context, o options, f flood, dir string) (r row, err error) {
	r = row{flood: f}
	srv, err := startServer(ctx, o, f, dir)
	if err != nil {
		return r, err
	}
	defer func() {
		// A flood that is over must not keep the server from stopping in time.
		if bad := srv.end(); bad != nil && err == nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", f.name, bad)
			r.broken = append(r.broken, "stopping")
		}
	}()
	sc, err := srv.scene(ctx, f.length(o.seconds))
	if err != nil {
		return r, err
	}
	call, err := meet(ctx, srv, sc)
	if err != nil {
		return r, fmt.Errorf("the honest call: %w", err)
	}
	defer call.leave()
	if err := call.settle(ctx); err != nil {
		return r, err
	}
	rest := srv.memory(figures.Resident)
	figures.ResetPeak(srv.cmd.Process.Pid)
	call.begin()
	cpu, began := srv.processor(), time.Now()

	told, err := letLoose(ctx, f, sc)
	if err != nil {
		return r, err
	}
	took := time.Since(began)
	r.cpu = float64(srv.processor()-cpu) / float64(took)
	time.Sleep(time.Second) // what is under way arrives
	r.memory = srv.memory(figures.Peak) - rest
	r.pings, r.lost, r.silent, r.cut = call.sum()
	r.found = told.Found
	r.broken = append(r.broken, told.Broken...)
	if f.after != nil {
		found, broken, err := f.after(ctx, srv, sc)
		if err != nil {
			return r, err
		}
		r.found = strings.TrimPrefix(r.found+"; "+found, "; ")
		if broken != "" {
			r.broken = append(r.broken, broken)
		}
	}
	r.judge()
	return r, nil
}
