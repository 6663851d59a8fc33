// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"sync"

	"github.com/redial-rtc/redial/internal/datafile"
)

const (
	readers     = 4   // connections that read
	maxPrepared = 100 // statements that are kept; what is asked for often is among the first
)

// prepared is a pool of connections that keeps its statements, since to parse one and plan
// it takes several times as long as to find a row by its key.
type prepared struct {
	*sql.DB

	mu   sync.RWMutex
	kept map[string]*sql.Stmt
}

// openReaders opens connections that read.
func openReaders(path string) (*prepared, error) {
	db, err := openDB(path, "query_only(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers) // else two are opened and closed all the time
	return &prepared{DB: db, kept: map[string]*sql.Stmt{}}, nil
}

// QueryContext is that of a pool, but that a question which has begun is not given up: none
// reads more than a page, and two goroutines would have to wait for that beside each.
// On a busy machine whoever asks would wait for a processor behind those, with the
// connection that others wait for.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	if st := p.statement(ctx, query); st != nil {
		return st.QueryContext(ctx, args...)
	}
	return p.DB.QueryContext(ctx, query, args...)
}

// QueryRowContext is as QueryContext.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if ctx.Err() != nil {
		return p.DB.QueryRowContext(ctx, query, args...) // which says so
	}
	ctx = context.WithoutCancel(ctx)
	if st := p.statement(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return p.DB.QueryRowContext(ctx, query, args...)
}

// statement gives a statement that is prepared, nil where there are enough of them or it
// cannot be: then the query itself tells why.
func (p *prepared) statement(ctx context.Context, query string) *sql.Stmt {
	p.mu.RLock()
	st, full := p.kept[query], len(p.kept) >= maxPrepared
	p.mu.RUnlock()
	if st != nil || full {
		return st
	}
	st, err := p.DB.PrepareContext(ctx, datafile.ToKeep(query))
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if was := p.kept[query]; was != nil { // another was faster
		_ = st.Close()
		return was
	}
	p.kept[query] = st
	return st
}

// Close closes the pool with its statements.
func (p *prepared) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, st := range p.kept {
		_ = st.Close()
	}
	clear(p.kept)
	return p.DB.Close()
}
