package sqlite

import (
	"context"

	"github.com/redial-rtc/redial/internal/event"
)

// Size tells how large the file is, without the pages that are free in it.
func (s *Store) Size(ctx context.Context) (event.Size, error) {
	size := event.Size{Accounts: map[string]event.AccountSize{}}
	err := s.read(ctx, func(c *conn) error {
		var pages, free, each int64
		if err := c.row(ctx, "SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size)").
			Scan(&pages, &free, &each); err != nil {
			return err
		}
		size.Bytes = (pages - free) * each
		return c.each(ctx, "SELECT account, scope, sum(n) FROM counts WHERE scope IN (?, ?) AND account IN (SELECT id FROM accounts) GROUP BY account, scope", func(row scanner) error {
			var account, scope, n int64
			if err := row.Scan(&account, &scope, &n); err != nil {
				return err
			}
			name := s.accounts.name(account)
			a := size.Accounts[name]
			if scope == ofBytes {
				a.Bytes = n
			} else {
				a.Evicted = n
			}
			size.Accounts[name] = a
			return nil
		}, ofBytes, ofEvicted)
	})
	return size, err
}

// prepareSize measures the events that were stored before they were measured.
func (s *Store) prepareSize(ctx context.Context) error {
	_, known, err := lookup(ctx, s.writer, "SELECT value FROM meta WHERE key = 'bytes'")
	if err != nil || known || s.spool {
		return err
	}
	return s.transact(ctx, func() error {
		if _, err := s.writer.exec(ctx, "INSERT INTO counts(account, scope, key, type, n) SELECT account, ?, '', type, sum(octet_length(doc)) FROM events GROUP BY account, type", ofBytes); err != nil {
			return err
		}
		return s.writeMeta(ctx, "bytes", 1)
	})
}
