package sqlite

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// Documents of schema version 1 had the words of the readers' vocabulary and one
// half of what was told twice. They are read as they are, and written anew
// beside everything else while the store serves. How far that has come is in the
// file, so that the next start goes on from there.
const (
	upgradedTo    = "documents.upto"          // meta: place up to which documents are of this version
	upgradeBatch  = 200                       // documents of one transaction
	upgradePause  = 10 * time.Millisecond     // between two, so that writers are not held up
	upgradeReport = 10 * time.Second          // how often progress is logged
	fromVersion1  = "PRAGMA user_version = 2" // so that no earlier program takes the file, which it would misread
)

// upgrading is the rewriting of documents in the background.
type upgrading struct {
	upto int64         // the last place that may be of an earlier version; 0 when there is none
	done chan struct{} // closed when it has ended; nil when there was nothing to do
}

// prepareUpgrade finds out whether there are documents of an earlier version.
func (s *Store) prepareUpgrade(ctx context.Context, version int) error {
	if version == 1 {
		if err := s.transact(ctx, func() error { return s.writeMeta(ctx, upgradedTo+".last", s.last) }); err != nil {
			return err
		}
		if _, err := s.writer.ExecContext(ctx, fromVersion1); err != nil {
			return err
		}
	}
	upto, found, err := lookup(ctx, s.writer, "SELECT value FROM meta WHERE key = ?", upgradedTo+".last")
	if err != nil || !found {
		return err
	}
	s.upgrading = upgrading{upto: upto, done: make(chan struct{})}
	go s.upgrade()
	return nil
}

// upgrade rewrites documents until there are no more or the store is closed.
func (s *Store) upgrade() {
	defer close(s.upgrading.done)
	ctx := context.Background()
	s.log.Info("documents of an earlier version are written anew in the background", "upto", s.upgrading.upto)
	told, total := time.Now(), 0
	for {
		at, n, err := s.upgradeSome(ctx)
		total += n
		switch {
		case err != nil:
			s.log.Error("documents of an earlier version stay as they are until the next start; they can be read", "error", err)
			return
		case at >= s.upgrading.upto:
			s.log.Info("all documents are of this version", "written", total)
			return
		case time.Since(told) >= upgradeReport:
			told = time.Now()
			s.log.Info("documents of an earlier version are written anew", "at", at, "upto", s.upgrading.upto, "written", total)
		}
		select {
		case <-time.After(upgradePause):
		case <-s.stopping:
			return
		}
	}
}

// upgradeSome rewrites the next documents and tells how far they go.
func (s *Store) upgradeSome(ctx context.Context) (at int64, n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.upgrading.upto, 0, nil
	}
	c := s.writer
	if at, _, err = lookup(ctx, c, "SELECT value FROM meta WHERE key = ?", upgradedTo); err != nil {
		return 0, 0, err
	}
	type row struct {
		seq, account, typ int64
		doc               []byte
	}
	var rows []row
	read := 0
	err = c.each(ctx, "SELECT seq, account, type, doc FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", func(r scanner) error {
		var next row
		if err := r.Scan(&next.seq, &next.account, &next.typ, &next.doc); err != nil {
			return err
		}
		read++
		at = next.seq
		if event.Outdated(next.doc) {
			rows = append(rows, next)
		}
		return nil
	}, at, s.upgrading.upto, upgradeBatch)
	if err != nil {
		return 0, 0, err
	}
	if read < upgradeBatch {
		at = s.upgrading.upto
	}
	err = s.transact(ctx, func() error {
		tally := tally{}
		for _, r := range rows {
			var e event.Event
			if event.Decode(r.doc, s.words, &e) != nil {
				continue // damaged from outside
			}
			doc := e.AppendStored(nil, s.words)
			if _, err := c.exec(ctx, "UPDATE events SET doc = ? WHERE seq = ?", string(doc), r.seq); err != nil {
				return err
			}
			s.grow(tally, r.account, r.typ, len(doc)-len(r.doc))
			n++
		}
		if err := tally.write(ctx, c); err != nil {
			return err
		}
		if at >= s.upgrading.upto {
			_, err := c.exec(ctx, "DELETE FROM meta WHERE key IN (?, ?)", upgradedTo, upgradedTo+".last")
			return err
		}
		return s.writeMeta(ctx, upgradedTo, at)
	})
	return at, n, err
}

// stopUpgrade returns when the rewriting has ended, if it ever began.
func (s *Store) stopUpgrade() {
	if s.upgrading.done != nil {
		<-s.upgrading.done
	}
}
