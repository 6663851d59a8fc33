// Package sqlite keeps events in one SQLite file, which any tool can open.
//
// One connection writes, a few read, and readers see the state before or after
// a transaction, never within (write-ahead log). A transaction is flushed to
// disk before Append returns (synchronous=FULL). Totals are kept, not counted,
// and every documented filter has an index in the order of a page, so the cost
// of a page does not grow with what is stored.
package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver; no cgo

	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
)

// File is the name of the database in the data directory.
const File = "events.db"

// schemaVersion is kept in the file (PRAGMA user_version). A file of version 1 is
// made one of this version; one of a later version is refused.
const schemaVersion = 2

//go:embed schema.sql
var schema string

// Store is an open database of events.
type Store struct {
	log     *slog.Logger
	path    string // of the file
	cursors *event.Cursors

	mu       sync.Mutex // one writer
	writer   *conn
	last     int64 // place of the newest event ever
	segments segments
	aliases  int64 // how many there are; 0 saves a look-up
	evicted  int64 // place up to which rows have left: see Evict
	copying  bool  // no second accounts are looked for: see Copy
	window   window
	closed   bool
	accounts accounts

	flushing  flushing
	summaries summaries   // what the transaction under way changes
	bitmaps   bitmapIndex // the same
	spool     bool        // another store's front: see OpenSpool
	words     event.Vocabulary

	foldAt, lookedAt int // as the constants; tests choose others

	checkpoints checkpointer
	upgrading   upgrading

	readers  chan *conn    // those that nobody uses
	reading  int           // how many there are
	stopping chan struct{} // closed by Close
	dbs      []*sql.DB
}

// Open opens or creates the events of a data directory.
func Open(ctx context.Context, dir string, log *slog.Logger, options ...Option) (*Store, error) {
	return start(ctx, dir, log, false, options)
}

// Option is a choice for Open.
type Option func(*Store)

// Words has what the server saw read in a vocabulary, and what clients report
// understood by it. Without one, a store keeps all words as they come.
func Words(v event.Vocabulary) Option { return func(s *Store) { s.words = v } }

func start(ctx context.Context, dir string, log *slog.Logger, spool bool, options []Option) (*Store, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Store{log: log, path: filepath.Join(dir, File), stopping: make(chan struct{}), spool: spool, foldAt: flushAt, lookedAt: lookedAt}
	for _, choose := range options {
		choose(s)
	}
	s.summaries.spool, s.summaries.words = spool, s.words
	if err := s.open(ctx, dir); err != nil {
		_ = s.Close() // the first error is the one to tell
		return nil, datafile.Fault(s.path, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, dir string) (err error) {
	if s.cursors, err = event.OpenCursors(dir); err != nil {
		return err
	}
	path := s.path
	if s.writer, err = s.connect(ctx, path, "_txlock=immediate",
		"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-32768)", fmt.Sprintf("wal_autocheckpoint(%d)", backstopPages), "journal_size_limit(67108864)"); err != nil {
		return err
	}
	// A damaged file is told now, and not by the pages that somebody asks for.
	if whole, err := datafile.QuickCheck(ctx, s.writer, path, datafile.Quick); err != nil {
		return err
	} else if !whole {
		s.log.Warn("the file is large and was checked in part; \"redial check\" reads all of it", "file", path)
	}
	version, err := s.prepareSchema(ctx)
	if err != nil {
		return err
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	if s.spool {
		if err := s.prepareSpool(ctx); err != nil {
			return err
		}
	}
	if err := s.prepareSummary(ctx); err != nil {
		return err
	}
	if err := s.prepareSize(ctx); err != nil {
		return err
	}
	if err := s.prepareBitmaps(ctx); err != nil {
		return err
	}
	n := max(4, runtime.GOMAXPROCS(0))
	s.readers = make(chan *conn, n)
	for range n {
		c, err := s.connect(ctx, path, "_txlock=deferred", "query_only(1)", "cache_size(-8192)")
		if err != nil {
			return err
		}
		s.readers <- c
		s.reading++
	}
	if err := s.startCheckpoints(ctx, path); err != nil {
		return err
	}
	return s.prepareUpgrade(ctx, version)
}

func (s *Store) connect(ctx context.Context, path, option string, pragmas ...string) (*conn, error) {
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + option + "&_pragma=busy_timeout(10000)"
	for _, p := range pragmas {
		dsn += "&_pragma=" + url.QueryEscape(p)
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s.dbs = append(s.dbs, db)
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, stmts: map[string]*sql.Stmt{}}, nil
}

// prepareSchema makes the tables of a new file, refuses those of a version it
// does not know, and gives the version that it found.
func (s *Store) prepareSchema(ctx context.Context) (version int, err error) {
	if err := s.writer.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	switch version {
	case 1, schemaVersion:
		return version, nil
	case 0:
	default:
		return 0, fmt.Errorf("the file has schema version %d, this program knows %d", version, schemaVersion)
	}
	var b strings.Builder
	b.WriteString("BEGIN IMMEDIATE;\n")
	b.WriteString(schema)
	for t, code := range typeCodes {
		fmt.Fprintf(&b, "INSERT INTO types VALUES (%d, '%s');\n", code, t)
	}
	fmt.Fprintf(&b, "PRAGMA user_version = %d;\nCOMMIT;", schemaVersion)
	_, err = s.writer.ExecContext(ctx, b.String())
	return schemaVersion, err
}

// load reads what the writer keeps in memory. It is called when the store is
// opened and after a transaction has failed.
func (s *Store) load(ctx context.Context) error {
	if err := s.accounts.load(ctx, s.writer); err != nil {
		return err
	}
	c := s.writer
	if err := c.row(ctx, lastPlace).Scan(&s.last); err != nil {
		return err
	}
	if err := c.row(ctx, "SELECT coalesce((SELECT value FROM meta WHERE key = 'shed'), 0)").Scan(&s.evicted); err != nil {
		return err
	}
	if err := c.row(ctx, "SELECT count(*) FROM aliases").Scan(&s.aliases); err != nil {
		return err
	}
	if err := s.segments.load(ctx, c); err != nil {
		return err
	}
	s.bitmaps.known = nil
	if err := s.flushing.load(ctx, c, s.words); err != nil {
		return err
	}
	return s.window.load(ctx, c, s.words, time.Now())
}

// Close closes the file. Whatever has been acknowledged is in it.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.stopping)
	s.checkpoints.stop()
	s.stopUpgrade()
	for range s.reading {
		_ = (<-s.readers).close()
	}
	var first error
	if s.writer != nil { // last, since the last one empties the log
		_ = s.writer.close()
	}
	for _, db := range s.dbs {
		if err := db.Close(); err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		return datafile.Fault(s.path, first)
	}
	return nil
}

// conn is a connection with its prepared statements. One goroutine at a time
// uses it.
type conn struct {
	*sql.Conn
	stmts map[string]*sql.Stmt
}

// maxStmts bounds the statements kept. The shapes of queries are few, so this
// is only ever reached by somebody who tries.
const maxStmts = 200

// close closes the statements with the connection. SQLite keeps a connection,
// and its files, for as long as one of them is left (sqlite3_close_v2).
func (c *conn) close() error {
	for _, st := range c.stmts {
		_ = st.Close()
	}
	clear(c.stmts)
	return c.Conn.Close()
}

func (c *conn) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := c.stmts[query]; ok {
		return st, nil
	}
	if len(c.stmts) >= maxStmts {
		for q, st := range c.stmts {
			_ = st.Close()
			delete(c.stmts, q)
		}
	}
	st, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%w in %q", err, query)
	}
	c.stmts[query] = st
	return st, nil
}

func (c *conn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	st, err := c.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row gives the one row of a query; what went wrong is in its Scan.
func (c *conn) row(ctx context.Context, query string, args ...any) scanner {
	st, err := c.stmt(ctx, query)
	if err != nil {
		return failed{err}
	}
	return st.QueryRowContext(ctx, args...)
}

// each calls f for every row.
func (c *conn) each(ctx context.Context, query string, f func(scanner) error, args ...any) error {
	st, err := c.stmt(ctx, query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

type scanner interface{ Scan(...any) error }

type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

// unavailable is how every failure of the file is told; a caller that gave up
// hears of itself instead.
func (s *Store) unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return datafile.Fault(s.path, err)
}
