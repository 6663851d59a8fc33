// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/opentok"
	"github.com/redial-rtc/redial/internal/sink"
)

// startSinks begins to send events to those who want them. It fails with
// fault.ConfigInvalid and fault.StoreUnavailable.
func startSinks(ctx context.Context, cfg config.Config, projects *opentok.Projects, events *event.Recorder, log *slog.Logger, metrics prometheus.Registerer) (*sink.Sinks, error) {
	w := cfg.Webhooks
	c := sink.Config{
		Dir: cfg.Data.Dir, Events: events, Account: cfg.Access.AccountID,
		Concurrency: w.Concurrency, Timeout: w.Timeout, PauseAfter: w.PauseAfter, LogRetention: w.LogRetention,
		Collector: sink.Collector{
			Endpoint: cfg.OTLP.Endpoint, Headers: headers(cfg.OTLP.Headers), Timeout: cfg.OTLP.Timeout,
			UserIDs: cfg.OTLP.UserIDs, Version: version(),
		},
		Callbacks: callbacks(cfg.OpenTok, projects), Log: log, Metrics: metrics,
	}
	for i, h := range w.Hooks {
		one := sink.Hook{Name: h.Name, URL: h.URL, Secrets: h.Secrets, Headers: headers(h.Headers)}
		for _, t := range h.Types {
			if t == sink.Verdicts {
				one.Verdicts = true
				continue
			}
			if !slices.Contains(event.Types, event.Type(t)) {
				return nil, fault.ConfigInvalid.New("setting", fmt.Sprintf("webhooks.hooks[%d].types", i), "got", t, "want", append(slices.Clone(event.Types), sink.Verdicts))
			}
			one.Types = append(one.Types, event.Type(t))
		}
		c.Hooks = append(c.Hooks, one)
	}
	for _, text := range w.AllowNetworks {
		network, err := config.ParseNetwork(text)
		if err != nil {
			return nil, fault.ConfigInvalid.Wrap(err, "setting", "webhooks.allow_networks")
		}
		c.AllowNetworks = append(c.AllowNetworks, network)
	}
	return sink.Start(ctx, c)
}

// headers reads lines of "Name: value" that were checked.
func headers(lines []string) map[string]string {
	all := map[string]string{}
	for _, line := range lines {
		if name, value, ok := config.ParseHeader(line); ok {
			all[name] = value
		}
	}
	return all
}

// version is that of the program, as it was built.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}
