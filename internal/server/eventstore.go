// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/clickhouse"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/report"
)

// settle and keep are how long events stay in the spool before ClickHouse; 0 is
// what package clickhouse says. A test cannot wait for that.
var settle, keep time.Duration

// openEvents opens the store of a name that events.store can have. It fails with
// fault.ConfigInvalid and fault.StoreUnavailable.
func openEvents(ctx context.Context, name string, cfg config.Config, log *slog.Logger, metrics prometheus.Registerer) (event.Store, error) {
	switch name {
	case "sqlite":
		s, err := sqlite.Open(ctx, cfg.Data.Dir, log, sqlite.Words(report.Vocabulary()), sqlite.PeopleBytes(cfg.Events.PeopleBytes))
		if err != nil {
			return nil, err
		}
		if metrics != nil {
			metrics.MustRegister(
				prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "redial_people_bytes", Help: "Size of the index of people, roughly; events.people_bytes bounds it."},
					func() float64 { held, _ := s.PeopleSize(); return float64(held) }),
				prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "redial_people_evicted_total", Help: "Attempts that can no longer be found by name because the index of people was larger than events.people_bytes."},
					func() float64 { _, evicted := s.PeopleSize(); return float64(evicted) }),
				prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "redial_events_upgrade_left", Help: "Events of an earlier version that are still to be written anew, at most."},
					func() float64 { return float64(s.Upgrading()) }),
			)
		}
		return s, nil
	case "clickhouse":
		c := cfg.Events.ClickHouse
		password, err := c.Password()
		if err != nil {
			return nil, fault.ConfigInvalid.Wrap(err, "setting", "events.clickhouse.password_file")
		}
		return clickhouse.Open(ctx, cfg.Data.Dir, clickhouse.Config{
			URL: c.URL, Database: c.Database, User: c.User, Password: password, TakeOver: c.TakeOver, Shared: c.Shared, Log: log, Metrics: metrics,
			Settle: settle, Keep: keep, Words: report.Vocabulary(),
		})
	}
	return nil, fault.ConfigInvalid.New("setting", "events.store", "value", name)
}

// maxEventBytes is how large the store of events may become; 0 is no bound.
func maxEventBytes(e config.Events) int64 {
	if e.Store == "clickhouse" {
		return e.ClickHouse.MaxBytes
	}
	return e.MaxBytes
}

func eventQuotas(q config.Quotas) event.Quotas {
	return event.Quotas{
		Token: event.Quota{Events: q.TokenEvents, Bytes: q.TokenBytes}, Peer: event.Quota{Events: q.PeerEvents, Bytes: q.PeerBytes},
		Room: event.Quota{Events: q.RoomEvents, Bytes: q.RoomBytes}, Account: event.Quota{Events: q.AccountEvents, Bytes: q.AccountBytes},
		Managed: event.Quota{Events: q.ManagedEvents, Bytes: q.ManagedBytes},
	}
}
