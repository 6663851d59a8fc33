// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

// inherited is the socket for http.address that systemd has opened and keeps over a
// restart (sd_listen_fds(3)); nil for none.
func inherited() (net.Listener, error) {
	all, err := activation.Listeners()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if len(all) > 1 || all[0] == nil {
		return nil, fmt.Errorf("the socket unit passes %d sockets; one stream socket is expected, for http.address", len(all))
	}
	return all[0], nil
}

// tell says to systemd that the server is ready, that it lives, as often as
// WatchdogSec= wants, and, once ctx ends, that it stops (sd_notify(3)). Without
// systemd it does nothing.
func tell(ctx context.Context, log *slog.Logger) {
	say := func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			log.Warn("systemd cannot be told", "state", state, "err", err)
		}
	}
	say(daemon.SdNotifyReady)
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the watchdog of systemd is not understood", "err", err)
	}
	var tick <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every / 2)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-tick:
			say(daemon.SdNotifyWatchdog)
		case <-ctx.Done():
			say(daemon.SdNotifyStopping)
			return
		}
	}
}
