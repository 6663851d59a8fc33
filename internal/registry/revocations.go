// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// forgetAfter is how long a revocation outlives the token: clocks differ, and
// a peer may resume with a token that has just expired.
const forgetAfter = time.Hour

// Revoke refuses the token with this id from now on. It may be forgotten some
// time after until, when the token has expired anyway; the zero time keeps it
// for good. Of several calls the latest date counts. Fails with
// fault.FieldMissing.
func (r *Registry) Revoke(ctx context.Context, jti string, until time.Time) error {
	if jti == "" {
		return fault.FieldMissing.New("field", "jti")
	}
	var over []string
	if err := r.inTx(ctx, func(tx *sql.Tx) (err error) {
		over, err = list(ctx, tx, scanID, `DELETE FROM revocations WHERE until < ? RETURNING jti`, stamp(r.now().Add(-forgetAfter)))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO revocations (jti, until) VALUES (?, ?)
			ON CONFLICT (jti) DO UPDATE SET until = CASE
				WHEN until IS NULL OR excluded.until IS NULL THEN NULL ELSE MAX(until, excluded.until) END`,
			jti, stampOrNull(until))
		return err
	}); err != nil {
		return err
	}
	r.revoked.change(jti, over)
	return nil
}

// Revoked tells whether a token id has been revoked. It fails with fault.StoreUnavailable.
func (r *Registry) Revoked(ctx context.Context, jti string) (bool, error) {
	if found, known := r.revoked.has(jti); known {
		return found, nil
	}
	var found bool
	err := r.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM revocations WHERE jti = ?)`, jti).Scan(&found)
	return found, r.broken(ctx, err)
}

// Readable fails with fault.StoreUnavailable where the file cannot be read.
func (r *Registry) Readable(ctx context.Context) error {
	var found bool
	return r.broken(ctx, r.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM revocations)`).Scan(&found))
}

// maxRevoked is how many ids are in memory, with some 50 bytes for each. Where there are more,
// the file is asked.
const maxRevoked = 10_000

// revoked has the ids of the revoked tokens that are in the file, by their SHA-256, since an id
// may be long: every call asks for one.
type revoked struct {
	mu  sync.RWMutex
	ids map[[sha256.Size]byte]struct{} // nil: there are too many
}

// load reads the ids. It fails with fault.StoreUnavailable.
func (k *revoked) load(ctx context.Context, db querier) error {
	all, err := list(ctx, db, scanID, `SELECT jti FROM revocations LIMIT ?`, maxRevoked+1)
	if err != nil || len(all) > maxRevoked {
		return err
	}
	k.ids = map[[sha256.Size]byte]struct{}{}
	for _, jti := range all {
		k.ids[hashed(jti)] = struct{}{}
	}
	return nil
}

func scanID(r row) (id string, err error) {
	err = r.Scan(&id)
	return id, err
}

func hashed(jti string) [sha256.Size]byte { return sha256.Sum256([]byte(jti)) }

// change notes that an id has come into the file, and that others have gone.
func (k *revoked) change(jti string, gone []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ids == nil {
		return
	}
	for _, old := range gone {
		delete(k.ids, hashed(old))
	}
	if k.ids[hashed(jti)] = struct{}{}; len(k.ids) > maxRevoked {
		k.ids = nil
	}
}

// has tells whether an id is there; not known means that the file is to be asked.
func (k *revoked) has(jti string) (found, known bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, found = k.ids[hashed(jti)]
	return found, k.ids != nil
}
