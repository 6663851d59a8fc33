// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"time"

	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/server"
)

const serveHelp = `Runs the server with the settings of a file. It refuses to start when a setting
is wrong, when there is no key or a weak one, when a public address has neither
TLS nor a proxy, and when clients could not reach the media addresses it would
tell them; each refusal says what to change. "redial config" prints a file to
start from.

SIGTERM stops it: no new joins, clients are sent to reconnect, events are
written. SIGHUP reads the certificate again; every other setting takes a restart.
SIGUSR1, SIGUSR2 and the end of whoever reads its output do nothing to it.

Under systemd it tells when it is ready, feeds the watchdog, and takes the socket
of http.address from a socket unit if there is one.`

func runServe(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "serve [-config FILE]", serveHelp)
	file := f.String("config", "", "read the settings from this YAML `FILE` (default only the defaults and the environment)")
	format := f.String("log-format", "", "text or json, instead of log.format")
	level := f.String("log-level", "", "debug, info, warn or error, instead of log.level")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	cfg, err := config.Load(*file, e.getenv)
	if err != nil {
		return err
	}
	if err := overrideLog(&cfg, *format, *level); err != nil {
		return err
	}
	lines := server.NewLogWriter(e.stderr, cfg.Log)
	defer lines.Close(logPatience)
	log := server.NewLog(lines, cfg.Log)
	ctx, signals, cancel := withstand(ctx)
	defer cancel()
	for _, doubt := range cfg.Doubts() {
		log.Warn("worth a second look", "setting", doubt.Field, "what", doubt.What, "fix", doubt.Fix)
	}
	listener, err := inherited()
	if err != nil {
		return err
	}
	background.Reserve()
	s, err := server.Start(ctx, cfg, log, server.Options{Log: lines, Listener: listener})
	if errors.Is(err, context.Canceled) {
		return nil // told to stop before it had started
	}
	if err != nil {
		return err
	}
	go answer(ctx, signals, s, log)
	go tell(ctx, log)
	return s.Run(ctx)
}

// logPatience is how long the end waits for whoever reads the log.
const logPatience = time.Second

// overrideLog lets flags win over the file.
func overrideLog(cfg *config.Config, format, level string) error {
	if format != "" {
		cfg.Log.Format = format
	}
	if level != "" {
		cfg.Log.Level = level
	}
	for _, p := range cfg.Problems() {
		switch p.Field {
		case "log.format":
			return usagef("-log-format: %s; %s", p.What, p.Fix)
		case "log.level":
			return usagef("-log-level: %s; %s", p.What, p.Fix)
		}
	}
	return nil
}
