package sqlite

import "context"

// The scopes of a count.
const (
	ofAccount = 0
	ofRoom    = 1
	ofSession = 2
	ofUser    = 3
	ofBytes   = 4 // not events but bytes of documents, of the account
	ofEvicted = 5 // events that went for want of room, of the account
)

// counterKey is what an event is counted under.
type counterKey struct {
	account, typ        int64
	room, session, user string
}

type countKey struct {
	account, scope, typ int64
	key                 string
}

// tally collects how a transaction changes the counts, so that each is written
// once.
type tally map[countKey]int64

func (t tally) add(p counterKey, n int64) {
	t[countKey{p.account, ofAccount, p.typ, ""}] += n
	if p.room != "" {
		t[countKey{p.account, ofRoom, p.typ, p.room}] += n
	}
	if p.session != "" {
		t[countKey{p.account, ofSession, p.typ, p.session}] += n
	}
	if p.user != "" {
		t[countKey{p.account, ofUser, p.typ, p.user}] += n
	}
}

// grow notes bytes of documents. A spool counts none, since what leaves it is not
// measured.
func (s *Store) grow(t tally, account, typ int64, n int) {
	if !s.spool {
		t[countKey{account, ofBytes, typ, ""}] += int64(n)
	}
}

func (t tally) write(ctx context.Context, c *conn) error {
	for k, n := range t {
		if n == 0 {
			continue
		}
		if _, err := c.exec(ctx, `INSERT INTO counts(account, scope, key, type, n) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT(account, scope, key, type) DO UPDATE SET n = n + excluded.n`, k.account, k.scope, k.key, k.typ, n); err != nil {
			return err
		}
		if n < 0 {
			if _, err := c.exec(ctx, "DELETE FROM counts WHERE account = ? AND scope = ? AND key = ? AND type = ? AND n <= 0",
				k.account, k.scope, k.key, k.typ); err != nil {
				return err
			}
		}
	}
	return nil
}
