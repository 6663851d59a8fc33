// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/redial-rtc/redial/internal/server"
)

// withstand makes the process outlive the customary signals of a service and
// the end of whoever reads its output: the write then fails with EPIPE instead
// of raising SIGPIPE (os/signal, "SIGPIPE"). It is called before the server
// starts, so that a signal during the start waits in the queue for [answer].
//
// The context ends when the terminal that the program was started from has
// closed, which is told by SIGHUP as well. A process for which SIGHUP is ignored
// already (nohup) is left that way.
func withstand(ctx context.Context) (context.Context, <-chan os.Signal, context.CancelFunc) {
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(ctx)
	hadTerminal := hasTerminal()
	raw, told := make(chan os.Signal, 8), make(chan os.Signal, 8)
	for _, s := range customary {
		if !signal.Ignored(s) {
			signal.Notify(raw, s)
		}
	}
	go func() {
		defer signal.Stop(raw)
		for {
			select {
			case s := <-raw:
				if s == syscall.SIGHUP && hadTerminal && !hasTerminal() {
					cancel()
					return
				}
				select {
				case told <- s:
				default: // as many wait already
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, told, cancel
}

// answer does what a running server does about customary signals until ctx
// ends: SIGHUP reloads, the others are logged.
func answer(ctx context.Context, signals <-chan os.Signal, s *server.Server, log *slog.Logger) {
	for {
		select {
		case got := <-signals:
			if got == syscall.SIGHUP {
				s.Reload()
				continue
			}
			log.Info("signal ignored", "signal", got.String())
		case <-ctx.Done():
			return
		}
	}
}
