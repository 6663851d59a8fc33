// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

const (
	foldAgain = time.Second          // how long is waited after the tail could not be taken in
	foldPause = 5 * time.Millisecond // between two transactions, so that writers are not held up
	foldFor   = 5 * time.Millisecond // after which a transaction that is done in slices ends
)

// folding has the deferred indexes take in the tail beside everything else.
type folding struct {
	stop, done chan struct{}
	once       sync.Once // closes stop
}

func (s *Store) startFolding(log *slog.Logger) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s.folding.stop, s.folding.done = make(chan struct{}), make(chan struct{})
	go func() {
		background.Thread()
		defer close(s.folding.done)
		for {
			select {
			case <-s.deferred.due:
			case <-s.folding.stop:
				return
			}
			err := s.fold(context.Background(), s.deferred.list...)
			if err == nil {
				continue
			}
			log.Warn("events could not be put into indexes; they are found without", "error", err)
			select { // a full disk, say, which is not to be tried at every event
			case <-time.After(foldAgain):
			case <-s.folding.stop:
				return
			}
		}
	}()
}

func (f *folding) end() {
	f.once.Do(func() { close(f.stop) })
	<-f.done
}

// fold has each deferred index take in the tail as it is now, in transactions of its own:
// who stores an event meanwhile waits for one of these, and not for all. They need not be
// on disk at once: what is not there after a crash is in the tail again.
func (s *Store) fold(ctx context.Context, parts ...*part) error {
	to, err := s.Last(ctx)
	if err != nil {
		return err
	}
	for _, p := range parts {
		for more := true; more; {
			if more, err = s.foldTurn(ctx, p, to); err != nil {
				return err
			}
			select {
			case <-time.After(foldPause):
			case <-s.folding.stop:
				return nil
			}
		}
	}
	return nil
}

// foldTurn is foldSome in a transaction.
func (s *Store) foldTurn(ctx context.Context, p *part, to int64) (more bool, err error) {
	err = s.Rearrange(ctx, func(ctx context.Context, tx eventlog.Tx) error {
		more, err = s.deferred.foldSome(ctx, tx.Conn, p, to)
		return err
	})
	return more, err
}

// foldSome has an index take in what of the tail there is up to a place, or as many slices of
// it as there is time for, and tells whether there is more.
func (f *deferred) foldSome(ctx context.Context, c *eventlog.Conn, p *part, to int64) (more bool, err error) {
	long := foldFor
	if f.behind(p) > f.at/2 { // before whoever stores an event has to do it
		long *= 2
	}
	for began := time.Now(); ; {
		before := p.upto
		if err := f.take(ctx, c, p, to, p.slice); err != nil || p.slice == 0 {
			return false, err
		}
		if err := p.Flush(ctx, c); err != nil { // which is what takes the time
			return false, err
		}
		more = p.upto > before && p.upto < to
		if !more || time.Since(began) >= long {
			return more, nil
		}
	}
}

// Settle does at once what is done by itself later: the indexes take in the tail, sets of
// filters are put together, and days that are over at a time are added up. It fails with
// fault.StoreUnavailable.
func (s *Store) Settle(ctx context.Context, now time.Time) error {
	if err := s.fold(ctx, s.deferred.list...); err != nil {
		return err
	}
	if err := s.grouper.run(ctx, s.Log, s.bitmaps, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	for more := true; more; {
		var err error
		if more, err = s.summaries.Tidy(ctx, s.Log, now, nil); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the file. Whatever has been acknowledged is in it.
func (s *Store) Close() error {
	s.folding.end()
	s.keeper.Stop()
	s.builder.stop()
	s.grouper.stop()
	s.people.Stop()
	return s.Log.Close()
}
