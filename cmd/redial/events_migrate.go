// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/server"
)

const migrateHelp = `Copies all events from one store to the other, in their order and with their
ids, and leaves the first as it is: to the store that events.store names, from
the other one. No server may run on the data directory meanwhile. Interrupted,
it goes on where it was when it is called again; nothing is copied twice.`

func runEventsMigrate(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "events migrate [-config FILE] [-to STORE]", migrateHelp)
	file := f.String("config", "", "read the settings from this YAML `FILE`")
	to := f.String("to", "", "copy to this `STORE`, sqlite or clickhouse (default events.store)")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	cfg, err := config.Load(*file, e.getenv)
	if err != nil {
		return err
	}
	target := cmp.Or(*to, cfg.Events.Store)
	source := map[string]string{"sqlite": "clickhouse", "clickhouse": "sqlite"}[target]
	if source == "" {
		return usagef("-to %q is neither sqlite nor clickhouse", target)
	}
	if cfg.Events.ClickHouse.URL == "" {
		return usagef("events.clickhouse.url is not set, so there is nothing to copy %s", map[string]string{"sqlite": "from", "clickhouse": "to"}[target])
	}
	return withEvents(ctx, e, cfg, func(files *server.EventFiles) error {
		bar := newBar(e.stdout, e.isTerminal)
		p, err := files.Migrate(ctx, source, target, bar.show)
		bar.end()
		if err != nil {
			if p.Done > 0 {
				fmt.Fprintf(e.stderr, "Stopped after %d of %d places; the same command goes on from there.\n", p.Done, p.Total)
			}
			return err
		}
		fmt.Fprintf(e.stdout, "%s has all events of %s now: %d were copied, %d were there already.\n", target, source, p.Added, p.Known)
		return nil
	})
}

const exportHelp = `Writes every event of a data directory as one line of JSON, oldest first, as the
API gives it with what each side told, and with its place and the ids of reports
that became part of it. No server may run on the directory meanwhile; of one that
runs, "redial events -n 0 -json" gives the events without these two.`

func runEventsExport(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "events export [-config FILE] [-o FILE]", exportHelp)
	file := f.String("config", "", "read the settings from this YAML `FILE`")
	out := f.String("o", "", "write to this `FILE`, which must not exist (default standard output)")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	cfg, err := config.Load(*file, e.getenv)
	if err != nil {
		return err
	}
	return withEvents(ctx, e, cfg, func(files *server.EventFiles) (err error) {
		w, bar := e.stdout, newBar(io.Discard, false)
		if *out != "" {
			o, err := os.OpenFile(*out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, o.Close()) }()
			w, bar = o, newBar(e.stdout, e.isTerminal)
		}
		buffered := bufio.NewWriter(w)
		p, err := files.Export(ctx, buffered, bar.show)
		bar.end()
		if err = errors.Join(err, buffered.Flush()); err == nil {
			fmt.Fprintf(e.stderr, "%d events.\n", p.Added)
		}
		return err
	})
}

const importHelp = `Stores events as "redial events export" wrote them, from a file or standard
input. Those that are there already count once, so it can be repeated. No server
may run on the data directory meanwhile.`

func runEventsImport(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "events import [-config FILE] [FILE]", importHelp)
	file := f.String("config", "", "read the settings from this YAML `FILE`")
	rest, err := f.parse(args, 0, 1)
	if err != nil {
		return err
	}
	cfg, err := config.Load(*file, e.getenv)
	if err != nil {
		return err
	}
	return withEvents(ctx, e, cfg, func(files *server.EventFiles) error {
		r := e.stdin
		if len(rest) == 1 && rest[0] != "-" {
			in, err := os.Open(rest[0])
			if err != nil {
				return err
			}
			defer in.Close()
			r = in
		}
		bar := newBar(e.stdout, e.isTerminal)
		p, err := files.Import(ctx, r, bar.show)
		bar.end()
		fmt.Fprintf(e.stdout, "%d events were stored, %d were there already.\n", p.Added, p.Known)
		return err
	})
}

// withEvents runs f on the events of a data directory that is ours alone.
func withEvents(ctx context.Context, e *env, cfg config.Config, f func(*server.EventFiles) error) (err error) {
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	files, err := server.OpenEventFiles(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() {
		if bad := files.Close(); err == nil {
			err = bad
		}
	}()
	return f(files)
}

// bar draws how far a copy is: over and over on a terminal, every few seconds a
// line elsewhere.
type bar struct {
	w        io.Writer
	terminal bool
	began    time.Time
	shown    time.Time
	drawn    bool
}

func newBar(w io.Writer, terminal bool) *bar {
	return &bar{w: w, terminal: terminal, began: time.Now(), shown: time.Now()}
}

const barWidth = 30

func (b *bar) show(p server.Progress) {
	every := 10 * time.Second
	if b.terminal {
		every = 100 * time.Millisecond
	}
	now := time.Now()
	if now.Sub(b.shown) < every && p.Done != p.Total {
		return
	}
	b.shown = now
	rate := float64(p.Added+p.Known) / max(now.Sub(b.began).Seconds(), 0.001)
	text := fmt.Sprintf("%d events, %.0f/s", p.Added+p.Known, rate)
	if p.Total > 0 {
		part := min(1, float64(p.Done)/float64(p.Total))
		text = fmt.Sprintf("%3.0f%%  %s", 100*part, text)
		if b.terminal {
			full := int(part * barWidth)
			text = "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "] " + text
		}
	}
	if b.terminal {
		fmt.Fprintf(b.w, "\r\x1b[K%s", text)
		b.drawn = true
		return
	}
	fmt.Fprintln(b.w, text)
}

func (b *bar) end() {
	if b.drawn {
		fmt.Fprintln(b.w)
	}
}
