// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
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
	return r.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM revocations WHERE until < ?`, stamp(r.now().Add(-forgetAfter)))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO revocations (jti, until) VALUES (?, ?)
			ON CONFLICT (jti) DO UPDATE SET until = CASE
				WHEN until IS NULL OR excluded.until IS NULL THEN NULL ELSE MAX(until, excluded.until) END`,
			jti, stampOrNull(until))
		return err
	})
}

// Revoked tells whether a token id has been revoked.
func (r *Registry) Revoked(ctx context.Context, jti string) (bool, error) {
	var found bool
	err := r.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM revocations WHERE jti = ?)`, jti).Scan(&found)
	return found, r.broken(ctx, err)
}
