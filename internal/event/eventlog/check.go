// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event/docpack"
	"github.com/redial-rtc/redial/internal/event/postings"
)

// maxDamages is how many damaged documents and blocks Check names.
const maxDamages = 10

// Check unpacks every document of a file of events, without changing it, also while a
// server uses it. It fails with fault.StoreDamaged, naming the events of up to ten
// documents and blocks of documents that cannot be read, or with what else keeps it from
// reading.
func Check(ctx context.Context, path string) error {
	db, err := datafile.OpenReadOnly(path)
	if err != nil {
		return err
	}
	found, err := damages(ctx, db)
	if err = errors.Join(err, db.Close()); err != nil {
		return datafile.Fault(path, err)
	}
	return damaged(path, errors.Join(found...))
}

// damages lists what cannot be unpacked.
func damages(ctx context.Context, db *sql.DB) (found []error, err error) {
	var packed, listed bool
	if err := db.QueryRowContext(ctx, "SELECT count(*) = 2 FROM sqlite_master WHERE name IN ('runs', 'postings')").Scan(&listed); err != nil {
		return nil, err
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) = 3 FROM sqlite_master WHERE name IN ('docs', 'doc_blocks', 'dictionaries')").Scan(&packed); err != nil || !packed {
		return nil, err // of before documents were packed
	}
	known, newest := map[uint32][]byte{}, uint32(0)
	err = eachRow(ctx, db, "SELECT id, text FROM dictionaries", func(row *sql.Rows) error {
		var id uint32
		var text []byte
		err := row.Scan(&id, &text)
		known[id], newest = text, max(newest, id)
		return err
	})
	if err != nil || len(known) == 0 {
		return nil, err // nothing is packed without one
	}
	p, err := docpack.New(known, newest)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	enough := errors.New("enough is damaged")
	note := func(bad error) error {
		if bad != nil {
			found = append(found, bad)
		}
		if len(found) >= maxDamages {
			return enough
		}
		return nil
	}
	err = eachRow(ctx, db, "SELECT seq, doc FROM docs ORDER BY seq", func(row *sql.Rows) error {
		var seq int64
		var doc sql.RawBytes
		if err := row.Scan(&seq, &doc); err != nil {
			return err
		}
		_, err := p.Unpack(doc)
		if err != nil {
			err = fmt.Errorf("the document of event %d: %w", seq, err)
		}
		return note(err)
	})
	if err == nil {
		err = eachRow(ctx, db, "SELECT first, last, n, docs FROM doc_blocks ORDER BY first", func(row *sql.Rows) error {
			var b block
			var docs sql.RawBytes
			if err := row.Scan(&b.first, &b.last, &b.n, &docs); err != nil {
				return err
			}
			return note(b.check(p, docs))
		})
	}
	if err == nil && listed {
		err = eachRow(ctx, db, "SELECT coalesce(runs.first, 0), coalesce(runs.last, 0), postings.block FROM postings LEFT JOIN runs ON runs.run = postings.run", func(row *sql.Rows) error {
			var r run
			var b []byte
			if err := row.Scan(&r.first, &r.last, &b); err != nil {
				return err
			}
			_, err := r.entries(b, func(e postings.Entry) (more bool, err error) {
				_, err = e.Postings(nil, 0)
				return true, err
			})
			return note(err)
		})
	}
	if errors.Is(err, enough) {
		err = nil
	}
	return found, err
}

// check unpacks a block and compares it with what its row says.
func (b *block) check(p *docpack.Packer, packed []byte) error {
	docs, err := p.UnpackBlock(packed, b.first)
	if err == nil && (len(docs) != b.n || len(docs) > 0 && docs[len(docs)-1].Seq != b.last) {
		err = fmt.Errorf("%w: it has %d documents in place of %d", docpack.ErrDamaged, len(docs), b.n)
	}
	if err != nil {
		return fmt.Errorf("the documents of events %d to %d: %w", b.first, b.last, err)
	}
	return nil
}

// eachRow calls f for every row.
func eachRow(ctx context.Context, db *sql.DB, query string, f func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err below tells
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
