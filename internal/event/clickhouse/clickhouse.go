// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package clickhouse keeps events in ClickHouse, for those who outgrow one
// machine.
//
// Events arrive in a spool (package spool), in a directory of its own: there they are made durable before Append returns, get their place in the
// order, and are found to be known or the second account of a failure. A
// forwarder ships them to ClickHouse in their order, once nothing can join them
// any more, and their rows leave the spool when they have been seen in ClickHouse
// twice, an hour apart. Their ids stay, so a report counts once wherever its
// event is.
//
// Every event is thus asked for in one place: ClickHouse up to the place the
// spool has evicted, the spool beyond it. Nothing lags and nothing shows twice.
// While ClickHouse is away, appending goes on as before; what has left the spool
// cannot be read until it is back.
//
// Beside the events there is a table of their keys, so that the first page of a
// room, session, user or peer and its total cost what that has, not what the
// history has. Totals of whole accounts are kept in memory, by day.
//
// Several servers may write to one database, each with a number of its own before its
// places (see number). Pages and summaries have what all of them have shipped; each tells
// how far it is, so that no snapshot changes by what another ships late (see others).
package clickhouse

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/spool"
)

// Dir is the spool's directory in the data directory.
const Dir = "events-spool"

// Config is where ClickHouse is and how events get there.
type Config struct {
	URL      string // clickhouse://host:9000, more hosts after commas, options as the driver has them
	Database string // made when missing and allowed; "" is redial
	User     string // "" is what the URL says
	Password string

	// Settle is how long an event stays in the spool at least, so that its
	// second account still finds it there. 0 is a little more than
	// event.PairWindow.
	Settle time.Duration
	// Keep is how long rows stay in the spool after they were shipped: longer
	// than ClickHouse's machine needs to bring its writes to disk. 0 is an hour.
	Keep time.Duration
	// TakeOver lets a new spool continue a database that another one wrote to.
	TakeOver bool
	// Shared lets a new spool join a database that others write to.
	Shared bool

	Words event.Vocabulary // in which events are read; nil keeps words as they come

	Log     *slog.Logger          // nil: silent
	Metrics prometheus.Registerer // nil: none
}

// Store is a spool and the ClickHouse behind it.
type Store struct {
	cfg     Config
	log     *slog.Logger
	conn    driver.Conn
	spool   *spool.Spool
	cursors *eventjson.Cursors
	writer  uint64 // who we are in events_writers
	number  number // and which of the servers there
	others  others
	m       *metrics

	// edge is held for reading while the spool is asked, and for writing while
	// rows leave it: evicted moves with them.
	edge    sync.RWMutex
	evicted int64 // places up to this one are asked of ClickHouse
	days    days  // how many of them there are, by day; moves with evicted

	lowWatermarks lowWatermarks
	facets        facets
	joins         joins
	ship          forwarder

	stop context.CancelFunc
	done chan struct{} // closed when the forwarder has stopped
	once sync.Once
}

// Open opens or creates the spool in a data directory and begins to ship. A
// spool that ClickHouse knows opens without ClickHouse; a new one needs it, to
// learn which places are taken. It fails with fault.StoreUnavailable.
func Open(ctx context.Context, dir string, cfg Config) (*Store, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Settle == 0 {
		cfg.Settle = event.PairWindow + 10*time.Second
	}
	if cfg.Keep == 0 {
		cfg.Keep = time.Hour
	}
	if cfg.Database == "" {
		cfg.Database = "redial"
	}
	s := &Store{cfg: cfg, log: cfg.Log, done: make(chan struct{})}
	if err := s.open(ctx, dir); err != nil {
		if s.spool != nil {
			_ = s.spool.Close() // the first error is the one to tell
		}
		if s.conn != nil {
			_ = s.conn.Close()
		}
		return nil, broken(err)
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	go s.forward(ctx)
	return s, nil
}

func (s *Store) open(ctx context.Context, dir string) (err error) {
	options, err := s.cfg.options()
	if err != nil {
		return err
	}
	if s.conn, err = driver.Open(options); err != nil {
		return err
	}
	if s.cursors, err = eventjson.OpenCursors(dir); err != nil {
		return err
	}
	dir = filepath.Join(dir, Dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if s.spool, err = spool.Open(ctx, dir, s.log, s.cfg.Words); err != nil {
		return err
	}
	known, err := s.spool.Meta(ctx, "writer")
	if err != nil {
		return err
	}
	if s.writer = uint64(known); known == 0 {
		if err := s.begin(ctx); err != nil {
			return err
		}
	}
	n, err := s.spool.Meta(ctx, "number")
	if err != nil {
		return err
	}
	s.number = number(n)
	met, err := s.spool.Meta(ctx, othersKey)
	if err != nil {
		return err
	}
	s.others.alone = met == 0
	s.lowWatermarks.save, s.lowWatermarks.drop = s.spool.SetMeta, s.spool.DropMeta
	if s.lowWatermarks.all, err = s.spool.Meta(ctx, lowWatermarkKey); err != nil {
		return err
	}
	if s.lowWatermarks.own, err = s.spool.Metas(ctx, accountWatermarkKey); err != nil {
		return err
	}
	if s.joins.from, err = s.spool.Meta(ctx, joinsKey); err != nil {
		return err
	}
	s.evicted = s.spool.EvictedUpTo()
	s.ship.shipped = s.evicted
	s.ship.reached.Store(s.evicted)
	s.m = newMetrics(s.cfg.Metrics, s.waiting)
	return nil
}

// begin makes a new spool known to ClickHouse and takes over the ids of what is
// there. When it is interrupted it is done again.
func (s *Store) begin(ctx context.Context) error {
	claiming, err := s.spool.Meta(ctx, "claiming")
	if err != nil {
		return err
	}
	if s.writer = uint64(claiming); claiming == 0 {
		s.writer = uint64(rand.Int64N(1<<62) + 1)
		if err := s.spool.SetMeta(ctx, "claiming", int64(s.writer)); err != nil {
			return err
		}
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.spool.SetMeta(ctx, "number", int64(s.number)); err != nil {
		return err
	}
	if s.number > 0 {
		if err := s.others.refresh(ctx, s); err != nil {
			return err
		}
	}
	if err := s.adopt(ctx); err != nil {
		return err
	}
	if err := s.joins.adopt(ctx, s); err != nil {
		return err
	}
	if s.facets.able.Load() && s.spool.EvictedUpTo() == 0 && s.others.haveFacets() { // no event lacks them
		if err := s.spool.SetMeta(ctx, facetsKey, math.MaxInt64); err != nil {
			return err
		}
	}
	return s.spool.SetMeta(ctx, "writer", int64(s.writer))
}

func (c *Config) options() (*driver.Options, error) {
	options, err := driver.ParseDSN(c.URL)
	if err != nil {
		return nil, err
	}
	options.Auth.Database = c.Database
	if c.User != "" {
		options.Auth.Username = c.User
	}
	if c.Password != "" {
		options.Auth.Password = c.Password
	}
	if options.DialTimeout == 0 {
		options.DialTimeout = 5 * time.Second
	}
	options.ClientInfo.Products = append(options.ClientInfo.Products, struct{ Name, Version string }{"redial", ""})
	return options, nil
}

// Append makes events durable in the spool.
func (s *Store) Append(ctx context.Context, events []event.Event) ([]event.Outcome, error) {
	return s.spool.Append(ctx, events)
}

// Amend adds to events that have not been shipped yet, which takes longer than two
// observations of a failure may be apart. It fails with fault.StoreUnavailable.
func (s *Store) Amend(ctx context.Context, list []event.Amendment) error {
	var here []event.Amendment
	for _, a := range list {
		seq, found, err := s.spool.Seq(ctx, a.ID)
		if err != nil {
			return err
		}
		if found && seq > s.ship.reached.Load() {
			here = append(here, a)
		}
	}
	if len(here) == 0 {
		return nil
	}
	return s.spool.Amend(ctx, here)
}

// Last gives the place of the newest event.
func (s *Store) Last(ctx context.Context) (int64, error) { return s.spool.Last(ctx) }

// Close stops shipping and closes the spool. What has not been shipped is in it
// and is shipped after the next Open.
func (s *Store) Close() error {
	var err error
	s.once.Do(func() {
		s.stop()
		<-s.done
		s.m.unregister()
		err = s.spool.Close()
		_ = s.conn.Close() // nothing is lost with it
	})
	return err
}

// waiting is how many events have a place and are not in ClickHouse yet.
func (s *Store) waiting() float64 {
	last, err := s.spool.Last(context.Background())
	if err != nil {
		return 0
	}
	return float64(max(0, last-s.ship.reached.Load()))
}

// broken makes err the fault a store's caller sees.
func broken(err error) error {
	if f := fault.From(err, ""); err == nil || f.Kind != fault.Internal {
		return err
	}
	return fault.StoreUnavailable.Wrap(err)
}
