// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package eventlog keeps events in one SQLite file, in the order in which they
// were appended: what the embedded store and the spool of another store share.
//
// It owns the file, its connections and its numbers: places in the order,
// accounts, ids. It appends, joins the two accounts of a failure, deletes and
// reads. Everything that can be made from the events is [Derived]: the counts,
// the segments of time and the window of recent failures, which every log has,
// and what its owner adds.
//
// One connection writes, a few read, and readers see the state before or after
// a transaction, never within (write-ahead log). A transaction is flushed to
// disk before Append returns (synchronous=FULL).
package eventlog

import (
	"cmp"
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver; no cgo

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
)

// File is the name of the database in its directory.
const File = "events.db"

// schemaVersion is kept in the file (PRAGMA user_version). A file of an earlier version
// is made one of this version; one of a later version is refused.
const schemaVersion = 7

//go:embed schema.sql
var schema string

//go:embed readable.sql
var readableSchema string

// Config is what a log is opened with.
type Config struct {
	Log     *slog.Logger     // nil: silent
	Words   event.Vocabulary // in which events are read; nil keeps words as they come
	Derived []Derived        // kept beside the events, after what every log has

	RunEvery int // events that postings are held in memory for; 0 is 2,048
}

// Log is an open file of events.
type Log struct {
	log   *slog.Logger
	path  string // of the file
	words event.Vocabulary

	Accounts Accounts // numbers of accounts

	turn    sync.Mutex // who may be the next to hold up those who store; taken before mu
	mu      inTurn     // one writer
	writer  *Conn
	last    int64 // place of the newest event ever
	aliases int64 // how many there are; 0 saves a look-up
	evicted int64 // place up to which rows have left: see Tx.Evict
	copying bool  // no second accounts are looked for: see Copy
	closed  bool

	counts   counts
	segments segments
	window   window
	derived  []Derived // all of them
	row, was Row       // lent to them
	doc      []byte    // a document being written
	docs     documents
	names    names
	runs     runs
	erasing  erasing

	checkpoints checkpointer
	upgrading   upgrading
	placing     placing

	readers  readers       // those that nobody uses
	reading  int           // how many there are
	stopping chan struct{} // closed by Close
	dbs      []*sql.DB
}

// Open opens or creates the file in a directory. It fails with
// fault.StoreUnavailable.
func Open(ctx context.Context, dir string, cfg Config) (*Log, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	l := &Log{log: cfg.Log, path: filepath.Join(dir, File), words: cfg.Words, mu: newInTurn(), stopping: make(chan struct{})}
	l.runs.every, l.runs.mergeFor, l.runs.full = cmp.Or(int64(cfg.RunEvery), runEvery), mergeFor, make(chan struct{}, 1)
	l.window.words = cfg.Words
	l.counts.runs, l.names.runs = &l.runs, &l.runs
	l.derived = append([]Derived{&l.counts, &l.segments, &l.window}, cfg.Derived...)
	if err := l.open(ctx); err != nil {
		_ = l.Close() // the first error is the one to tell
		return nil, datafile.Fault(l.path, err)
	}
	return l, nil
}

func (l *Log) open(ctx context.Context) (err error) {
	// A page that is written before its transaction ends is read and summed up once more with
	// all after it: so pages that have changed may be more than the cache otherwise holds, 64 MB.
	if l.writer, err = l.connect(ctx, "_txlock=immediate",
		"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-12288)", "cache_spill(16384)", fmt.Sprintf("wal_autocheckpoint(%d)", backstopPages), "journal_size_limit(67108864)"); err != nil {
		return err
	}
	// A damaged file is told now, and not by the pages that somebody asks for.
	if whole, err := datafile.QuickCheck(ctx, l.writer, l.path, datafile.Quick); err != nil {
		return err
	} else if !whole {
		l.log.Warn("the file is large and was checked in part; \"redial check\" reads all of it", "file", l.path)
	}
	version, err := l.prepareSchema(ctx)
	if err != nil {
		return err
	}
	if _, err := l.writer.ExecContext(ctx, namesSchema); err != nil {
		return err
	}
	if err := preparePostings(ctx, l.writer, l.log); err != nil {
		return err
	}
	if version < runsFrom {
		if err := l.writer.SetMeta(ctx, indexedIDs, 1); err != nil {
			return err
		}
	}
	if err := l.openDocs(ctx); err != nil {
		return err
	}
	if err := l.load(ctx); err != nil {
		return err
	}
	if err := l.prepareUpgrade(ctx, version); err != nil {
		return err
	}
	if err := l.placing.prepare(ctx, l); err != nil {
		return err
	}
	for _, d := range l.derived {
		if err := l.transact(ctx, func() error { return d.Prepare(ctx, Tx{l.writer, l}, maxSeq) }); err != nil {
			return err
		}
	}
	if err := l.loadDerived(ctx); err != nil {
		return err
	}
	n := max(4, background.Processors())
	l.readers.free = make(chan struct{}, n)
	for range n {
		c, err := l.connect(ctx, "_txlock=deferred", "query_only(1)", "cache_size(-8192)")
		if err != nil {
			return err
		}
		c.newer = &l.runs.tail
		l.readers.put(c)
		l.reading++
	}
	if err := l.startCheckpoints(ctx); err != nil {
		return err
	}
	l.startUpgrade()
	l.placing.start()
	l.startSeals()
	l.runs.done = make(chan struct{})
	go makeRuns(l)
	return nil
}

// prepareSchema makes the tables of a new file, refuses those of a version it
// does not know, and gives the version that it found.
func (l *Log) prepareSchema(ctx context.Context) (version int, err error) {
	if err := l.writer.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	switch version {
	case 1, 2, 3, 4, 5, 6, schemaVersion:
		if err := l.addDiagnoses(ctx); err != nil {
			return version, err
		}
		return version, addHappened(ctx, l.writer)
	case 0:
	default:
		return 0, fmt.Errorf("the file has schema version %d, this program knows %d", version, schemaVersion)
	}
	var b strings.Builder
	b.WriteString("BEGIN IMMEDIATE;\n")
	b.WriteString(schema + readableSchema)
	for t, code := range TypeCodes {
		fmt.Fprintf(&b, "INSERT INTO types VALUES (%d, '%s');\n", code, t)
	}
	fmt.Fprintf(&b, "PRAGMA user_version = %d;\nCOMMIT;", schemaVersion)
	_, err = l.writer.ExecContext(ctx, b.String())
	return schemaVersion, err
}

// lastPlace finds the place of the newest event ever.
const lastPlace = "SELECT max(coalesce((SELECT value FROM meta WHERE key = 'last_seq'), 0), coalesce((SELECT max(seq) FROM events), 0))"

// ReadLast gives the place of the newest event ever, within Read.
func ReadLast(ctx context.Context, c *Conn) (seq int64, err error) {
	err = c.Row(ctx, lastPlace).Scan(&seq)
	return seq, err
}

// load reads the numbers that are kept in memory.
func (l *Log) load(ctx context.Context) error {
	c := l.writer
	if err := l.Accounts.load(ctx, c); err != nil {
		return err
	}
	if err := l.names.load(ctx, c); err != nil {
		return err
	}
	if err := l.runs.load(ctx, c); err != nil {
		return err
	}
	var err error
	if l.last, err = ReadLast(ctx, c); err != nil {
		return err
	}
	if err := c.Row(ctx, "SELECT coalesce((SELECT value FROM meta WHERE key = 'shed'), 0)").Scan(&l.evicted); err != nil {
		return err
	}
	return c.Row(ctx, "SELECT count(*) FROM aliases").Scan(&l.aliases)
}

func (l *Log) loadDerived(ctx context.Context) error {
	for _, d := range l.derived {
		if err := d.Load(ctx, l.writer); err != nil {
			return err
		}
	}
	return nil
}

// Last gives the place of the newest event ever.
func (l *Log) Last(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}

// Close closes the file. Whatever has been acknowledged is in it.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	close(l.stopping)
	l.checkpoints.stop()
	l.stopUpgrade()
	l.placing.stop()
	l.stopSeals()
	l.runs.stop()
	for range l.reading {
		<-l.readers.free
		_ = l.readers.pop().close()
	}
	var first error
	if l.writer != nil { // last, since the last one empties the write-ahead log
		_ = l.writer.close()
	}
	if l.docs.packer != nil {
		l.docs.packer.Close()
	}
	for _, db := range l.dbs {
		if err := db.Close(); err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		return datafile.Fault(l.path, first)
	}
	return nil
}

// Read runs f on a reading connection, in one state of the file. It fails with
// what f fails with where that is a fault, and else with fault.StoreUnavailable.
func (l *Log) Read(ctx context.Context, f func(c *Conn) error) error {
	var c *Conn
	select {
	case <-l.readers.free:
		c = l.readers.pop()
	case <-l.stopping:
		return l.unavailable(ctx, sql.ErrConnDone)
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		c.held.drop()
		clear(c.counted)
		l.readers.put(c)
	}()
	c.mixed, c.version = l.upgrading.mixed.Load(), l.runs.tail.seen() // before the state is fixed that they are about
	if _, err := c.Exec(context.WithoutCancel(ctx), "BEGIN"); err != nil {
		return l.unavailable(ctx, err)
	}
	err := damaged(l.path, f(c))
	_, _ = c.Exec(context.WithoutCancel(ctx), "ROLLBACK") // nothing was written
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return l.unavailable(ctx, err)
}

// unavailable is how every failure of the file is told; a caller that gave up
// hears of itself instead.
func (l *Log) unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return datafile.Fault(l.path, err)
}
