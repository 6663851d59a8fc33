// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package sqlite keeps events in one SQLite file, which any tool can open: the
// embedded store.
//
// It is a log (package eventlog) with indexes. Totals are kept, not counted, and
// every documented filter has an index in the order of a page, so the cost of a
// page does not grow with what is stored.
package sqlite

import (
	"context"
	"log/slog"
	"math"
	"path/filepath"

	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/people"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

// File is the name of the database in the data directory.
const File = eventlog.File

// Store is an open database of events.
type Store struct {
	*eventlog.Log
	words     event.Vocabulary
	cursors   *eventjson.Cursors
	deferred  deferred
	bitmaps   *bitmapIndex
	builder   keyBuilder
	grouper   grouper
	summaries summaries
	people    *people.Index
	folding   folding
	keeper    *rollup.Keeper
	maxPeople int64 // bytes of it
	lookedAt  int   // as the constant; tests choose another
	runEvery  int   // as of eventlog.Config; tests choose it
}

// Option is a choice for Open.
type Option func(*Store)

// Words has what the server saw read in a vocabulary, and what clients report
// understood by it. Without one, a store keeps all words as they come.
func Words(v event.Vocabulary) Option { return func(s *Store) { s.words = v } }

// Open opens or creates the events of a data directory. It fails with
// fault.StoreUnavailable.
func Open(ctx context.Context, dir string, log *slog.Logger, options ...Option) (*Store, error) {
	s := &Store{lookedAt: lookedAt, bitmaps: newBitmapIndex()}
	for _, choose := range options {
		choose(s)
	}
	var err error
	if s.cursors, err = eventjson.OpenCursors(dir); err != nil {
		return nil, datafile.Fault(filepath.Join(dir, File), err)
	}
	s.people = people.New(s.maxPeople)
	s.deferred = deferred{words: s.words, at: maxTail, due: make(chan struct{}, 1), list: []*part{
		ofSummaries: {Derived: &s.summaries, meta: summariesTo},
		ofBitmaps:   {Derived: s.bitmaps, meta: bitmapsTo},
		ofPeople:    {Derived: s.people, meta: peopleTo, slice: peopleSlice},
	}}
	s.Log, err = eventlog.Open(ctx, dir, eventlog.Config{Log: log, Words: s.words, RunEvery: s.runEvery, Derived: []eventlog.Derived{&sizes{}, &s.deferred}})
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s.builder.start(s.Log, s.bitmaps, log)
	s.grouper.start(s.Log, s.bitmaps, log)
	s.people.Start(s.Log, log)
	s.keeper = s.summaries.Keep(s.Log, log)
	s.startFolding(log)
	return s, nil
}

// JoinCounts hands over the joins of every hour, in no order.
func (s *Store) JoinCounts(ctx context.Context, f func(rollup.JoinCount) error) error {
	return rollup.JoinCounts(ctx, s.Log, math.MinInt64, f)
}

// CopyJoins takes over counts of joins; copying twice counts once.
func (s *Store) CopyJoins(ctx context.Context, counts []rollup.JoinCount) error {
	return s.summaries.CopyJoins(ctx, s.Log, counts)
}

// CountJoins adds joins that succeeded.
func (s *Store) CountJoins(ctx context.Context, joins []event.Join) error {
	return s.Change(context.WithoutCancel(ctx), func(ctx context.Context, tx eventlog.Tx) error {
		if err := s.summaries.CountJoins(ctx, tx, joins); err != nil {
			return err
		}
		return s.people.Joined(ctx, tx, joins)
	})
}
